//! Reading back what a client saw: recorded bytes of the server's side become columns, rows, messages.
//!
//! It reads what may have been shown long ago, by a hostile server, in pieces of any size. Whatever comes, it says
//! something and goes on; it keeps no more than one message of [`LONGEST`] bytes. Enter at [`Reel::default`].

#![expect(clippy::wildcard_enum_match_arm, reason = "most messages show nothing")]

mod values;

use bytes::{Bytes, BytesMut};
use postern_core::OperationId;
use postern_core::record::{Message, Replay, Shown, ShownColumn};

use super::wire::report::field;
use super::wire::{Backend, Field, Frame, Limit, Report, frame, row, tag};

/// The longest message that is put together, in bytes.
const LONGEST: usize = 4 << 20;

/// The most that a row is as text, in bytes: bytes as text are twice as long, numbers may be more.
const MOST_TEXT: usize = 2 * LONGEST;

/// The longest that a server may send, in bytes: what claims to be longer is no message.
const LARGEST: usize = 1 << 30;
/// The byte before a message's length, which does not count it.
const TAG: usize = 1;

/// What is known so far of what one client saw.
#[derive(Default)]
pub(super) struct Reel {
    buffer: BytesMut,
    /// How much of an overlong message is still to come.
    skip: usize,
    /// Nothing can be told apart any more.
    lost: bool,
    about: Option<OperationId>,
    columns: Option<Vec<Field>>,
    /// Whether they have been told.
    told: bool,
}

impl Replay for Reel {
    fn shown(&mut self, operation: Option<OperationId>, bytes: &[u8]) -> Vec<Shown> {
        self.turn_to(operation);
        let mut shown = Vec::new();
        if self.lost {
            shown.push(left_out(bytes.len()));
            return shown;
        }
        let bytes = self.pass_over(bytes);
        self.buffer.extend_from_slice(bytes);
        while self.next(&mut shown) {}
        shown
    }

    fn aside(&mut self, operation: Option<OperationId>, bytes: &[u8]) -> Vec<Shown> {
        self.turn_to(operation);
        let mut bytes = BytesMut::from(bytes);
        if let Ok(Some(frame)) = frame::next(&mut bytes, Limit::server(LONGEST))
            && let Ok(Backend::RowDescription(fields)) = Backend::decode(&frame)
        {
            (self.columns, self.told) = (Some(fields), false);
        }
        Vec::new()
    }
}

impl Reel {
    /// Columns of one operation are not those of another.
    fn turn_to(&mut self, operation: Option<OperationId>) {
        if operation.is_some() && operation != self.about {
            (self.about, self.columns, self.told) = (operation, None, false);
        }
    }

    /// Drops what belongs to an overlong message, and gives the rest.
    fn pass_over<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let passed = self.skip.min(bytes.len());
        self.skip = self.skip.saturating_sub(passed);
        bytes.get(passed..).unwrap_or_default()
    }

    /// Reads the next message; tells whether there may be another.
    fn next(&mut self, shown: &mut Vec<Shown>) -> bool {
        let Some((_, length)) = frame::header(&self.buffer) else { return false };
        let size = usize::try_from(length).unwrap_or(usize::MAX).saturating_add(TAG);
        if (LONGEST..=LARGEST).contains(&size) {
            shown.push(left_out(size));
            self.skip = size;
            let came = self.buffer.split();
            let rest = BytesMut::from(self.pass_over(&came));
            self.buffer = rest;
            return true;
        }
        match frame::next(&mut self.buffer, Limit::server(LONGEST)) {
            Ok(Some(frame)) => {
                self.message(&frame, shown);
                true
            }
            Ok(None) => false,
            Err(_) => {
                self.lost = true;
                shown.push(left_out(self.buffer.split().len()));
                false
            }
        }
    }

    fn message(&mut self, frame: &Frame, shown: &mut Vec<Shown>) {
        match frame.tag {
            tag::server::DATA_ROW => self.row(&frame.body(), shown),
            tag::server::COPY_DATA => shown.push(Shown::Data { text: values::text(&frame.body()) }),
            // what a function returned that was called by number, behind its length (55.7, "FunctionCallResponse")
            tag::server::FUNCTION_CALL_RESPONSE => {
                let value = frame.body().get(size_of::<i32>()..).map(values::text).unwrap_or_default();
                shown.push(Shown::Data { text: value });
            }
            _ => match Backend::decode(frame) {
                Ok(message) => self.decoded(message, shown),
                Err(_) => shown.push(left_out(frame.raw.len())),
            },
        }
    }

    fn decoded(&mut self, message: Backend, shown: &mut Vec<Shown>) {
        match message {
            Backend::RowDescription(fields) => {
                (self.columns, self.told) = (Some(fields), false);
                self.tell_columns(shown);
            }
            Backend::ErrorResponse(report) | Backend::NoticeResponse(report) => {
                shown.push(Shown::Message(said(&report)));
            }
            Backend::CommandComplete { tag } => shown.push(Shown::Done { note: lossy(&tag) }),
            Backend::EmptyQueryResponse => shown.push(Shown::Done { note: String::new() }),
            Backend::NotificationResponse { channel, payload, .. } => shown.push(Shown::Message(Message {
                severity: "NOTIFICATION".to_owned(),
                message: lossy(&channel),
                detail: Some(lossy(&payload)).filter(|payload| !payload.is_empty()),
                ..Message::default()
            })),
            _ => {}
        }
    }

    fn row(&mut self, body: &Bytes, shown: &mut Vec<Shown>) {
        self.tell_columns(shown);
        let (mut cells, mut room) = (Vec::new(), MOST_TEXT);
        for (index, cell) in row::cells(body).enumerate() {
            let Ok(cell) = cell else { return shown.push(left_out(body.len())) };
            let text = cell.map(|cell| match &self.columns {
                Some(columns) => values::shown(columns.get(index), cell),
                None => values::bytes(cell),
            });
            // THREAT: a row that takes hundreds of times its size to show
            let Some(left) = room.checked_sub(text.as_ref().map_or(0, String::len)) else {
                return shown.push(left_out(body.len()));
            };
            room = left;
            cells.push(text);
        }
        shown.push(Shown::Row { cells });
    }

    fn tell_columns(&mut self, shown: &mut Vec<Shown>) {
        let Some(fields) = self.columns.as_ref().filter(|fields| !self.told && !fields.is_empty()) else { return };
        let column = |field: &Field| ShownColumn { name: lossy(&field.name), kind: values::type_name(field.type_oid) };
        shown.push(Shown::Columns { columns: fields.iter().map(column).collect() });
        self.told = true;
    }
}

fn said(report: &Report) -> Message {
    let text = |kind| report.field(kind).map(lossy);
    let severity = text(field::SEVERITY_PLAIN).or_else(|| text(field::SEVERITY));
    Message {
        severity: severity.unwrap_or_default(),
        code: text(field::CODE).unwrap_or_default(),
        message: text(field::MESSAGE).unwrap_or_default(),
        detail: text(field::DETAIL),
        hint: text(field::HINT),
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn left_out(bytes: usize) -> Shown {
    Shown::LeftOut { bytes: u64::try_from(bytes).unwrap_or(u64::MAX) }
}

#[cfg(test)]
mod tests;
