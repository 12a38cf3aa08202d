//! A plain connection to a real server, by the crate's own codec.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Result, bail};
use bytes::{Bytes, BytesMut};
use postern_protocols::postgres::catalog::Row;
use postern_protocols::postgres::wire::backend::Field;
use postern_protocols::postgres::wire::{Backend, Frontend, Limit, Named, frame, row, startup};

pub(crate) struct Line {
    stream: TcpStream,
    input: BytesMut,
}

/// What a statement answered: its columns and its rows.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) fields: Vec<Field>,
    pub(crate) rows: Vec<Row>,
}

impl Line {
    pub(crate) fn open(address: SocketAddr, database: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let mut line = Self { stream, input: BytesMut::new() };
        let mut out = BytesMut::new();
        startup::encode_open(0, &[("user", "postgres"), ("database", database)], &mut out)?;
        line.stream.write_all(&out)?;
        line.until_ready()?;
        Ok(line)
    }

    /// Runs a statement.
    pub(crate) fn run(&mut self, text: &str) -> Result<Answer> {
        self.say(&[Frontend::Query { text: bytes(text) }])?;
        self.until_ready()
    }

    /// Asks what a statement would return, without running it.
    pub(crate) fn describe(&mut self, text: &str) -> Result<Vec<Field>> {
        self.say(&[
            Frontend::Parse { name: Bytes::new(), text: bytes(text), types: Vec::new() },
            Frontend::Describe { kind: Named::Statement, name: Bytes::new() },
            Frontend::Sync,
        ])?;
        Ok(self.until_ready()?.fields)
    }

    fn say(&mut self, messages: &[Frontend]) -> Result<()> {
        let mut out = BytesMut::new();
        for message in messages {
            message.encode(&mut out)?;
        }
        Ok(self.stream.write_all(&out)?)
    }

    fn until_ready(&mut self) -> Result<Answer> {
        let mut answer = Answer::default();
        let mut failed = None;
        loop {
            #[expect(clippy::wildcard_enum_match_arm, reason = "only columns, rows, errors and ends matter here")]
            match self.hear()? {
                Backend::RowDescription(fields) => answer.fields = fields,
                Backend::DataRow(body) => {
                    let text = |cell: &[u8]| String::from_utf8_lossy(cell).into_owned();
                    let cells = row::cells(&body).map(|cell| Ok(cell?.map(text)));
                    answer.rows.push(cells.collect::<Result<_>>()?);
                }
                Backend::ErrorResponse(report) => {
                    failed = Some(String::from_utf8_lossy(report.message().unwrap_or_default()).into_owned());
                }
                Backend::ReadyForQuery { .. } => match failed {
                    Some(message) => bail!("{message}"),
                    None => return Ok(answer),
                },
                _ => {}
            }
        }
    }

    fn hear(&mut self) -> Result<Backend> {
        loop {
            if let Some(frame) = frame::next(&mut self.input, Limit::SERVER)? {
                return Ok(Backend::decode(&frame)?);
            }
            let mut chunk = [0; 8192];
            let length = self.stream.read(&mut chunk)?;
            if length == 0 {
                bail!("the server closed the connection");
            }
            self.input.extend_from_slice(chunk.get(..length).unwrap_or_default());
        }
    }
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}
