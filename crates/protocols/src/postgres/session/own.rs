//! Names that nobody but the gateway gives or asks for, other ones in each session.
//!
//! THREAT: what has the gateway's name is the client's, or the other way round: a question that failed may still stand
//! under its name, and SQL reaches whatever is prepared. So no client can know them.

#![expect(clippy::wildcard_enum_match_arm, reason = "most messages name nothing")]

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use bytes::Bytes;
use data_encoding::HEXLOWER;
use postern_core::{Code, Fault};

use super::super::wire::report::field;
use super::super::wire::{Frontend, Named, Report};

/// The names of one session.
pub(super) struct Own {
    /// What the gateway's own statements and portals are called.
    pub(super) question: Bytes,
    /// What nothing is ever called.
    pub(super) absent: Bytes,
}

impl Own {
    pub(super) fn new() -> Result<Self, Fault> {
        let mut random = [0; 8];
        let silent = |_| Fault::gateway(Code::Internal, "the machine gives no random numbers");
        SystemRandom::new().fill(&mut random).map_err(silent)?;
        let digits = HEXLOWER.encode(&random);
        let name = |what: &str| Bytes::from(format!("postern {digits} {what}"));
        Ok(Self { question: name("asks"), absent: name("lacks") })
    }

    /// What has the server say that there is no such statement or portal as `message` uses: the same of one that nobody
    /// can have made. It runs nothing.
    ///
    /// INVARIANT: what has no name may be there all the same, and is closed first. The client has no right to it, or it
    /// would be known here.
    pub(super) fn missing(&self, message: &Frontend) -> Vec<Frontend> {
        let nameless = Bytes::new();
        match message {
            Frontend::Bind { statement, .. } => {
                let bind = |statement| Frontend::Bind {
                    portal: nameless.clone(),
                    statement,
                    parameter_formats: Vec::new(),
                    parameters: Vec::new(),
                    result_formats: Vec::new(),
                };
                self.of_statement(statement, bind)
            }
            Frontend::Describe { kind: Named::Statement, name } => {
                self.of_statement(name, |name| Frontend::Describe { kind: Named::Statement, name })
            }
            Frontend::Describe { kind: Named::Portal, .. } => {
                vec![Frontend::Describe { kind: Named::Portal, name: self.absent.clone() }]
            }
            Frontend::Execute { .. } => vec![Frontend::Execute { portal: self.absent.clone(), max_rows: 0 }],
            _ => Vec::new(),
        }
    }

    /// The server speaks of a statement without a name in words of their own.
    fn of_statement(&self, name: &Bytes, ask: impl Fn(Bytes) -> Frontend) -> Vec<Frontend> {
        if name.is_empty() {
            return vec![Frontend::Close { kind: Named::Statement, name: name.clone() }, ask(name.clone())];
        }
        vec![ask(self.absent.clone())]
    }

    /// What the server said of what is not there, with the name that the client gave it.
    pub(super) fn told(&self, report: &Report, name: &[u8]) -> Report {
        let fields = report.fields.iter().map(|(kind, text)| match *kind {
            field::MESSAGE => (*kind, exchanged(text, &self.absent, name)),
            kind => (kind, text.clone()),
        });
        Report { fields: fields.collect() }
    }
}

/// What a message uses by name.
pub(super) fn used(message: &Frontend) -> Option<(Named, Bytes)> {
    match message {
        Frontend::Bind { statement, .. } => Some((Named::Statement, statement.clone())),
        Frontend::Describe { kind, name } => Some((*kind, name.clone())),
        Frontend::Execute { portal, .. } => Some((Named::Portal, portal.clone())),
        _ => None,
    }
}

/// A text with one part of it exchanged for another, where it is there.
fn exchanged(text: &Bytes, part: &[u8], other: &[u8]) -> Bytes {
    let Some(at) = text.windows(part.len()).position(|window| window == part) else { return text.clone() };
    let (before, rest) = text.split_at_checked(at).unwrap_or_default();
    let after = rest.get(part.len()..).unwrap_or_default();
    [before, other, after].concat().into()
}

#[cfg(test)]
mod tests;
