//! A client inside the process: it says what a case wants, cut anywhere, and keeps all that it hears.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, bail, ensure};
use bytes::{Bytes, BytesMut};
use postern_core::ports::Duplex;
use postern_protocols::postgres::wire::{
    Authentication, Backend, Frontend, Limit, Named, TransactionStatus, frame, password, report::field, row, startup,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::task::JoinSet;

use crate::chance::Chance;
use crate::target::cut;

type Stream = Box<dyn Duplex>;

pub(crate) struct Client {
    to: Option<WriteHalf<Stream>>,
    heard: Arc<Mutex<Vec<Backend>>>,
    /// Ends with the connection; wrong where what came is no whole message.
    listening: JoinSet<Result<()>>,
    pub(crate) key: (i32, Bytes),
}

impl Client {
    /// Logs in as the bot.
    pub(crate) async fn log_in(stream: Stream, chance: &mut Chance) -> Result<Self> {
        Self::log_in_as(stream, &[("user", "bot"), ("database", "shop")], chance).await
    }

    /// Logs in with these parameters.
    pub(crate) async fn log_in_as(stream: Stream, parameters: &[(&str, &str)], chance: &mut Chance) -> Result<Self> {
        let (mut from, mut to) = tokio::io::split(stream);
        let mut out = BytesMut::new();
        startup::encode_open(0, parameters, &mut out)?;
        cut(&mut to, &out, chance).await?;
        let (mut input, mut key) = (BytesMut::new(), (0, Bytes::new()));
        loop {
            match hear(&mut from, &mut input).await? {
                Some(Backend::Authentication(Authentication::CleartextPassword)) => {
                    let mut out = BytesMut::new();
                    password::encode_password(b"token-of-bot", &mut out)?;
                    cut(&mut to, &out, chance).await?;
                }
                Some(Backend::BackendKeyData { process, key: secret }) => key = (process, secret),
                Some(Backend::ReadyForQuery { .. }) => break,
                Some(Backend::ErrorResponse(report)) => bail!("{}", describe(&Backend::ErrorResponse(report))),
                Some(_) => {}
                None => bail!("the gateway closed the connection as it was logged in to"),
            }
        }
        let heard = Arc::new(Mutex::new(Vec::new()));
        let mut listening = JoinSet::new();
        let keep = Arc::clone(&heard);
        listening.spawn(async move {
            while let Some(message) = hear(&mut from, &mut input).await? {
                keep.lock().unwrap_or_else(PoisonError::into_inner).push(message);
            }
            ensure!(input.is_empty(), "the gateway ends within a message: {:?}", &input[..]);
            Ok(())
        });
        Ok(Self { to: Some(to), heard, listening, key })
    }

    pub(crate) async fn say(&mut self, messages: &[Frontend], chance: &mut Chance) {
        let mut out = BytesMut::new();
        messages.iter().for_each(|message| message.encode(&mut out).unwrap());
        self.write(&out, chance).await;
    }

    /// Says what may be no message.
    pub(crate) async fn write(&mut self, bytes: &[u8], chance: &mut Chance) {
        if let Some(to) = &mut self.to {
            // a gateway that has ended the session takes nothing
            cut(to, bytes, chance).await.ok();
        }
    }

    /// What was heard since this was last asked.
    pub(crate) fn heard(&self) -> Vec<Backend> {
        std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the gateway has closed the connection.
    pub(crate) fn is_over(&mut self) -> bool {
        self.listening.try_join_next().is_some() || self.listening.is_empty()
    }

    /// Whether the connection is over and all that came on it was whole messages.
    pub(crate) fn examine(&mut self) -> Result<()> {
        self.listening.try_join_next().context("the gateway keeps the connection open")??
    }

    /// Says nothing more, and closes its end.
    pub(crate) async fn leave(&mut self) {
        if let Some(mut to) = self.to.take() {
            to.shutdown().await.ok();
        }
    }
}

async fn hear(from: &mut ReadHalf<Stream>, input: &mut BytesMut) -> Result<Option<Backend>> {
    loop {
        if let Some(frame) = frame::next(input, Limit::SERVER)? {
            return Ok(Some(Backend::decode(&frame)?));
        }
        if from.read_buf(input).await? == 0 {
            return Ok(None);
        }
    }
}

pub(crate) fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

pub(crate) fn query(text: impl AsRef<str>) -> Frontend {
    Frontend::Query { text: bytes(text.as_ref()) }
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

pub(crate) fn execute(portal: &str, max_rows: i32) -> Frontend {
    Frontend::Execute { portal: bytes(portal), max_rows }
}

pub(crate) fn close(kind: Named, name: &str) -> Frontend {
    Frontend::Close { kind, name: bytes(name) }
}

/// A message in a word or two: what a client acts on.
pub(crate) fn describe(message: &Backend) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = |report: &postern_protocols::postgres::wire::Report| text(report.field(field::CODE).unwrap_or_default());
    match message {
        Backend::ReadyForQuery { status: TransactionStatus::Idle } => "ready".to_owned(),
        Backend::ReadyForQuery { status: TransactionStatus::InTransaction } => "ready in transaction".to_owned(),
        Backend::ReadyForQuery { status: TransactionStatus::Failed } => "ready in failed transaction".to_owned(),
        Backend::CommandComplete { tag } => text(tag),
        Backend::ErrorResponse(report) => format!("error {}", code(report)),
        Backend::NoticeResponse(report) => format!("notice {}", code(report)),
        Backend::DataRow(body) => {
            let cell = |cell: Option<&[u8]>| cell.map_or("NULL".to_owned(), text);
            let cells = row::cells(body).map(|one| one.map_or_else(|error| error.to_string(), cell));
            format!("row {}", cells.collect::<Vec<_>>().join("|"))
        }
        Backend::RowDescription(fields) => {
            format!("fields {}", fields.iter().map(|field| text(&field.name)).collect::<Vec<_>>().join("|"))
        }
        Backend::CopyData(data) => format!("data {}", text(data).trim_end()),
        Backend::ParameterDescription(types) => format!("takes {}", types.len()),
        other => format!("{other:?}").split([' ', '(', '{']).next().unwrap_or_default().to_owned(),
    }
}

/// The same with what an error says.
pub(crate) fn in_full(message: &Backend) -> String {
    match message {
        Backend::ErrorResponse(report) => {
            let said = String::from_utf8_lossy(report.message().unwrap_or_default()).into_owned();
            format!("{} {said}", describe(message))
        }
        other => describe(other),
    }
}
