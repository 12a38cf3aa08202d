//! What the target says beside its answers: notices, settings, notifications.
//!
//! They carry values with no column. For whoever is bound by masks nothing of them is passed on that may hold one.

use std::collections::VecDeque;

use bytes::Bytes;
use postern_core::{Code, Effect, Fault, Touch};

use super::super::analyze::{Kind, LONGEST_NAME, Statement, setting};
use super::super::catalog::RelationKind;
use super::super::cells::said;
use super::super::wire::report::field;
use super::super::wire::{Backend, Frame, Report};
use super::reply::Reply;
use super::submission::runs_code;
use super::target::broken;
use super::{End, Session};

/// What a notification, or a setting, says in place of what may be a masked value.
const WITHHELD: &[u8] = b"withheld, because it may hold masked values";

/// The settings that a server reports and that take any text.
const FREE: &[&str] = &["application_name", "search_path"];

/// How many values of theirs are kept that the client gave: as far back as a rollback is told of.
const MOST_GIVEN: usize = 16;

/// The values of settings that the client knows already.
#[derive(Default)]
pub(super) struct Spelled {
    greeted: Vec<Bytes>,
    given: VecDeque<String>,
}

impl Spelled {
    /// Those that the server greets with.
    pub(super) fn as_greeted(parameters: &[(Bytes, Bytes)]) -> Self {
        let free = parameters.iter().filter(|(name, _)| FREE.iter().any(|free| free.as_bytes() == name));
        Self { greeted: free.map(|(_, value)| Bytes::copy_from_slice(value)).collect(), given: VecDeque::new() }
    }

    /// A statement is on its way that may set one.
    pub(super) fn set_off(&mut self, statement: &Statement) {
        let Kind::Set { name, value: Some(value), .. } = &statement.kind else { return };
        if FREE.contains(&name.as_str()) && !self.given.contains(value) {
            self.given.truncate(MOST_GIVEN.saturating_sub(1));
            self.given.push_front(value.clone());
        }
    }

    /// Whether a value tells the client nothing. The server cuts one to the length of a name.
    fn knows(&self, value: &[u8]) -> bool {
        let cut = |given: &[u8]| value.len() == LONGEST_NAME && given.starts_with(value);
        let given = self.given.iter().map(String::as_bytes);
        value.is_empty() || given.chain(self.greeted.iter().map(AsRef::as_ref)).any(|one| one == value || cut(one))
    }
}

impl Session<'_> {
    /// A notice. What is said of the gateway's own questions is not the client's: with `log_statement` a server says each
    /// to whoever asks for messages of that level.
    pub(super) fn notice(&mut self, frame: &Frame) -> Result<(), End> {
        if matches!(self.replies.first(), Some(Reply::Own(_) | Reply::OwnSync | Reply::Opening | Reply::Refused(_))) {
            return Ok(());
        }
        if self.gate.masks().lets_pass() {
            self.to_client.push(&frame.raw);
            return Ok(());
        }
        let Backend::NoticeResponse(report) = Backend::decode(frame).map_err(broken)? else { return Ok(()) };
        let report = self.for_the_bound(&report);
        self.say(&Backend::NoticeResponse(report));
        Ok(())
    }

    /// A report for whoever is bound by masks of columns.
    pub(super) fn without_values(&mut self, report: &Report) -> Report {
        let apart = self.stands_apart();
        without_values(report, apart)
    }

    /// Whether what is answered now has nothing to do with any masked column: it was read, it runs no code of which nobody
    /// knows what it does, and it touches nothing but tables that no mask binds. What is not there yet holds nothing.
    fn stands_apart(&mut self) -> bool {
        let statements = match self.replies.first() {
            Some(Reply::Query(query)) => &query.statements,
            Some(Reply::Parse { prepared, .. } | Reply::Fields { prepared }) => &prepared.statements,
            Some(Reply::Bind { portal, .. } | Reply::Execute { portal }) => &portal.statements,
            _ => return false,
        };
        let (catalog, masks) = (&self.names.catalog, self.gate.masks());
        let table = |schema: &str, kind| {
            let holds_its_own =
                matches!(kind, RelationKind::Table | RelationKind::Partitioned | RelationKind::Sequence);
            holds_its_own && !SYSTEM.contains(&schema)
        };
        let apart = |touch: &Touch| {
            let known = match touch.object.path.as_slice() {
                [schema, name] => catalog.relation(schema, name).map(|relation| table(schema, relation.kind)),
                _ => None,
            };
            let free = masks.within(&touch.object).is_none();
            touch.effect == Effect::Session || (free && known.unwrap_or(touch.effect == Effect::Define))
        };
        // at its end a transaction does what was put off, for whatever tables
        let ends = |one: &Statement| matches!(one.kind, Kind::Commit { .. } | Kind::PrepareTransaction);
        let plain = |one: &Statement| !runs_code(one) && !ends(one) && one.touches.iter().all(apart);
        !statements.is_empty() && statements.iter().all(plain)
    }

    /// THREAT: a setting that changes how text is read, changed where the analyzer does not see it.
    pub(super) async fn setting(&mut self, frame: &Frame) -> Result<(), End> {
        let Backend::ParameterStatus { name, value } = Backend::decode(frame).map_err(broken)? else { return Ok(()) };
        let [name, value] = [&name, &value].map(|told| String::from_utf8_lossy(told));
        // the server tells a value as it was spelled in some cases: `UNICODE` is one
        if setting::strays(&name, &value) {
            let message = format!("setting `{name}` changed, and statements can no longer be read for certain");
            self.gate.alert(Code::SettingPinned, &message).await?;
            return Err(End::Fault(
                Fault::client(Code::SettingPinned, message).hint("connect again and leave it as it is"),
            ));
        }
        // THREAT: another principal's name in the server's log, by way of a function or a parameter
        if value.as_bytes() != self.called && setting::poses(&name, &value) {
            self.gate.alert(Code::SettingPinned, setting::POSING).await?;
            return Err(End::Fault(Fault::client(Code::SettingPinned, setting::POSING).hint("connect again")));
        }
        // THREAT: code that tags its session with a value of the row at hand
        if !self.gate.masks().is_empty() && FREE.contains(&&*name) && !self.spelled.knows(value.as_bytes()) {
            let name = Bytes::copy_from_slice(name.as_bytes());
            self.say(&Backend::ParameterStatus { name, value: Bytes::from_static(WITHHELD) });
            return Ok(());
        }
        self.to_client.push(&frame.raw);
        Ok(())
    }

    /// A notification. Whoever sends one says what it likes, and a trigger may send a row.
    pub(super) fn notification(&mut self, frame: &Frame) -> Result<(), End> {
        let masks = self.gate.masks();
        if masks.lets_pass() {
            self.to_client.push(&frame.raw);
            return Ok(());
        }
        let Backend::NotificationResponse { process, channel, payload } = Backend::decode(frame).map_err(broken)?
        else {
            return Ok(());
        };
        let payload = match masks.is_empty() {
            true => said(&payload, masks).unwrap_or(payload),
            false if payload.is_empty() => payload,
            false => Bytes::from_static(WITHHELD),
        };
        self.say(&Backend::NotificationResponse { process, channel, payload });
        Ok(())
    }
}

/// A report without the parts that quote values of rows. What a data error or code of others says may quote them
/// anywhere, and functions of the server's own quote what they cannot read under codes that speak of names; so the message
/// stays only where it is about names for certain: `apart`, with a place in the client's own text, or under a code that
/// nothing raises which has looked at a row.
///
/// THREAT: a trigger that quotes a row, under a code and beside names of its own choice (`RAISE … USING`, `plpy.error`).
/// What comes out of code has a context.
fn without_values(report: &Report, apart: bool) -> Report {
    let mut quotes = vec![field::DETAIL, field::WHERE, field::INTERNAL_QUERY, field::INTERNAL_POSITION, field::HINT];
    let routine = report.field(field::ROUTINE).unwrap_or_default();
    let raised = routine == b"exec_stmt_raise" || routine.starts_with(b"PLy");
    if raised {
        quotes.extend([field::SCHEMA, field::TABLE, field::COLUMN, field::DATA_TYPE, field::CONSTRAINT]);
    }
    let code = report.code().unwrap_or_default();
    let of_names = NAMES.iter().any(|begin| code.starts_with(begin)) && code != b"53400";
    let of_names = of_names || (code == b"0A000" && routine == b"RevalidateCachedQuery");
    let of_names = of_names || apart || report.field(field::POSITION).is_some();
    let mut fields: Vec<_> = report.fields.iter().filter(|(kind, _)| !quotes.contains(kind)).cloned().collect();
    if raised || !of_names || report.field(field::WHERE).is_some() {
        let message = Bytes::from_static(b"the server's message is left out, because it may quote masked values");
        fields.iter_mut().filter(|(kind, _)| *kind == field::MESSAGE).for_each(|(_, text)| *text = message.clone());
    }
    Report { fields }
}

/// How codes begin whose messages name objects, and that no function raises of the values it is given (PostgreSQL
/// documentation, appendix A).
const NAMES: &[&[u8]] = &[
    b"08P01", b"25", b"26", b"40", b"42501", b"42701", b"42P03", b"42P04", b"42P05", b"42P06", b"42P07", b"53",
    b"55006", b"55P03", b"57014", b"57P0",
];

/// The schemas whose tables hold what others hold, as statistics do.
const SYSTEM: &[&str] = &["pg_catalog", "information_schema"];
