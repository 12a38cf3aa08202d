//! What the target says beside its answers: notices, settings, notifications.
//!
//! They carry values with no column. For whoever is bound by masks nothing of them is passed on that may hold one.

use bytes::Bytes;
use postern_core::{Code, Fault};

use super::super::analyze::setting;
use super::super::wire::report::field;
use super::super::wire::{Backend, Frame, Report};
use super::reply::Reply;
use super::target::broken;
use super::{End, Session};

/// What a notification says in place of what may be a masked value.
const WITHHELD: &[u8] = b"withheld, because it may hold masked values";

impl Session<'_> {
    /// A notice. What is said of the gateway's own questions is not the client's: with `log_statement` a server says each
    /// to whoever asks for messages of that level.
    pub(super) fn notice(&mut self, frame: &Frame) -> Result<(), End> {
        if matches!(self.replies.first(), Some(Reply::Own(_) | Reply::OwnSync | Reply::Opening | Reply::Refused(_))) {
            return Ok(());
        }
        if self.gate.masks().is_empty() {
            self.to_client.push(&frame.raw);
            return Ok(());
        }
        let Backend::NoticeResponse(report) = Backend::decode(frame).map_err(broken)? else { return Ok(()) };
        self.say(&Backend::NoticeResponse(without_values(&report)));
        Ok(())
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
        self.to_client.push(&frame.raw);
        Ok(())
    }

    /// A notification. Whoever sends one says what it likes, and a trigger may send a row.
    pub(super) fn notification(&mut self, frame: &Frame) -> Result<(), End> {
        if self.gate.masks().is_empty() {
            self.to_client.push(&frame.raw);
            return Ok(());
        }
        let Backend::NotificationResponse { process, channel, payload } = Backend::decode(frame).map_err(broken)?
        else {
            return Ok(());
        };
        let payload = if payload.is_empty() { payload } else { Bytes::from_static(WITHHELD) };
        self.say(&Backend::NotificationResponse { process, channel, payload });
        Ok(())
    }
}

/// A report without the parts that quote values of rows. What a data error or code of others says may quote them
/// anywhere; what is wrong with names, rights or the session does not.
///
/// THREAT: a trigger that quotes a row, under a code and beside names of its own choice (`RAISE … USING`). What comes out of
/// code has a context, or the routine that raises.
pub(super) fn without_values(report: &Report) -> Report {
    let mut quotes = vec![field::DETAIL, field::WHERE, field::INTERNAL_QUERY, field::INTERNAL_POSITION, field::HINT];
    let raised = report.field(field::WHERE).is_some() || report.field(field::ROUTINE) == Some(b"exec_stmt_raise");
    if raised {
        quotes.extend([field::SCHEMA, field::TABLE, field::COLUMN, field::DATA_TYPE, field::CONSTRAINT]);
    }
    let plain = report.code().and_then(|code| code.get(..2)).is_some_and(|class| PLAIN.contains(&class));
    let mut fields: Vec<_> = report.fields.iter().filter(|(kind, _)| !quotes.contains(kind)).cloned().collect();
    if raised || !plain {
        let message = Bytes::from_static(b"the server's message is left out, because it may quote masked values");
        fields.iter_mut().filter(|(kind, _)| *kind == field::MESSAGE).for_each(|(_, text)| *text = message.clone());
    }
    Report { fields }
}

/// Classes of SQLSTATE whose messages name objects and never values (PostgreSQL documentation, appendix A).
const PLAIN: &[&[u8]] =
    &[b"02", b"08", b"0A", b"25", b"26", b"28", b"34", b"3D", b"3F", b"40", b"42", b"53", b"55", b"57", b"58"];
