//! A client that says exactly what a test wants it to say, message by message, and hears everything.
//!
//! It writes and reads with the crate's own codec, so a test reads like a protocol trace. Enter at [`Raw::log_in`].

use std::net::SocketAddr;

use anyhow::{Context as _, Result, anyhow, bail};
use bytes::{Bytes, BytesMut};
use postern_protocols::postgres::wire::{
    Authentication, Backend, Frame, Frontend, Limit, Named, TransactionStatus, frame, password, report::field, row,
    startup,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Duration, timeout};

use crate::gateway::{APP, Gateway};

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
    input: BytesMut,
    pub(crate) key: (i32, Bytes),
    /// The minor version that is spoken, and the options that are not.
    pub(crate) spoken: (u16, Vec<Bytes>),
}

/// Frontend messages by short names.
pub(crate) fn query(text: &str) -> Frontend {
    Frontend::Query { text: Bytes::copy_from_slice(text.as_bytes()) }
}

pub(crate) fn parse(name: &str, text: &str) -> Frontend {
    Frontend::Parse { name: bytes(name), text: bytes(text), types: Vec::new() }
}

pub(crate) fn bind(portal: &str, statement: &str, parameters: &[&str]) -> Frontend {
    Frontend::Bind {
        portal: bytes(portal),
        statement: bytes(statement),
        parameter_formats: Vec::new(),
        parameters: parameters.iter().map(|value| Some(bytes(value))).collect(),
        result_formats: Vec::new(),
    }
}

pub(crate) fn execute(portal: &str) -> Frontend {
    Frontend::Execute { portal: bytes(portal), max_rows: 0 }
}

pub(crate) fn close(name: &str) -> Frontend {
    Frontend::Close { kind: Named::Statement, name: bytes(name) }
}

/// One statement from Parse to Execute, without its Sync.
pub(crate) fn extended(text: &str) -> Vec<Frontend> {
    vec![parse("", text), bind("", "", &[]), execute("")]
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

impl Raw {
    pub(crate) async fn log_in(gateway: &Gateway) -> Result<Self> {
        Self::log_in_with(gateway, &[("user", "bot"), ("database", "shop")]).await
    }

    pub(crate) async fn log_in_with(gateway: &Gateway, parameters: &[(&str, &str)]) -> Result<Self> {
        Self::log_in_by(gateway, 0, parameters).await
    }

    /// The same in this minor version of the protocol.
    pub(crate) async fn log_in_by(gateway: &Gateway, minor: u16, parameters: &[(&str, &str)]) -> Result<Self> {
        Self::log_in_at(gateway.address, minor, parameters).await
    }

    /// The same without the gateway, as the account that it injects, which the server must trust.
    pub(crate) async fn log_in_directly(gateway: &Gateway) -> Result<Self> {
        Self::log_in_at(gateway.server.address(), 0, &[("user", APP), ("database", "postgres")]).await
    }

    async fn log_in_at(address: SocketAddr, minor: u16, parameters: &[(&str, &str)]) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        let mut raw = Self { stream, input: BytesMut::new(), key: (0, Bytes::new()), spoken: (minor, Vec::new()) };
        let mut out = BytesMut::new();
        startup::encode_open(minor, parameters, &mut out)?;
        raw.stream.write_all(&out).await?;
        loop {
            match raw.hear().await? {
                Backend::Authentication(Authentication::CleartextPassword) => {
                    let mut out = BytesMut::new();
                    password::encode_password(b"token-of-bot", &mut out)?;
                    raw.stream.write_all(&out).await?;
                }
                Backend::BackendKeyData { process, key } => raw.key = (process, key),
                Backend::NegotiateProtocolVersion { minor, unknown, .. } => raw.spoken = (minor, unknown),
                Backend::ReadyForQuery { .. } => return Ok(raw),
                Backend::ErrorResponse(report) => {
                    let why = String::from_utf8_lossy(report.message().unwrap_or_default()).into_owned();
                    return Err(anyhow!(why).context(describe(&Backend::ErrorResponse(report))));
                }
                _ => {}
            }
        }
    }

    pub(crate) fn encode(messages: &[Frontend]) -> Result<BytesMut> {
        let mut out = BytesMut::new();
        for message in messages {
            message.encode(&mut out)?;
        }
        Ok(out)
    }

    pub(crate) async fn say(&mut self, messages: &[Frontend]) -> Result<()> {
        let out = Self::encode(messages)?;
        self.stream.write_all(&out).await.context("the gateway closed the connection")
    }

    pub(crate) async fn hear(&mut self) -> Result<Backend> {
        Ok(Backend::decode(&self.hear_frame().await?)?)
    }

    /// The next message as it came.
    pub(crate) async fn hear_frame(&mut self) -> Result<Frame> {
        timeout(PATIENCE, async {
            loop {
                if let Some(frame) = frame::next(&mut self.input, Limit::SERVER)? {
                    return Ok(frame);
                }
                if self.stream.read_buf(&mut self.input).await? == 0 {
                    bail!("the connection was closed");
                }
            }
        })
        .await
        .context("nothing was heard")?
    }

    /// Everything up to so many `ReadyForQuery`, a word or two each.
    pub(crate) async fn until_ready(&mut self, times: usize) -> Result<Vec<String>> {
        let mut heard = Vec::new();
        let mut ready = 0;
        while ready < times {
            let message = self.hear().await?;
            ready += usize::from(matches!(message, Backend::ReadyForQuery { .. }));
            heard.push(describe(&message));
        }
        Ok(heard)
    }

    pub(crate) async fn ask(&mut self, messages: &[Frontend]) -> Result<Vec<String>> {
        self.say(messages).await?;
        let ends = messages.iter().filter(|one| matches!(one, Frontend::Query { .. } | Frontend::Sync)).count();
        self.until_ready(ends).await
    }
}

pub(crate) fn describe(message: &Backend) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match message {
        Backend::ReadyForQuery { status: TransactionStatus::Idle } => "ready".to_owned(),
        Backend::ReadyForQuery { status: TransactionStatus::InTransaction } => "ready in transaction".to_owned(),
        Backend::ReadyForQuery { status: TransactionStatus::Failed } => "ready in failed transaction".to_owned(),
        Backend::CommandComplete { tag } => text(tag),
        Backend::ErrorResponse(report) => {
            format!("error {}", text(report.field(field::CODE).unwrap_or_default()))
        }
        Backend::NoticeResponse(report) => format!("notice {}", text(report.message().unwrap_or_default())),
        Backend::DataRow(body) => {
            let cells: Vec<String> = row::cells(body)
                .map(|cell| cell.map_or_else(|error| error.to_string(), |cell| cell.map_or("NULL".to_owned(), text)))
                .collect();
            format!("row {}", cells.join("|"))
        }
        Backend::RowDescription(fields) => {
            format!("fields {}", fields.iter().map(|field| text(&field.name)).collect::<Vec<_>>().join("|"))
        }
        Backend::ParseComplete => "parsed".to_owned(),
        Backend::BindComplete => "bound".to_owned(),
        Backend::CloseComplete => "closed".to_owned(),
        other => format!("{other:?}").split([' ', '(', '{']).next().unwrap_or_default().to_owned(),
    }
}
