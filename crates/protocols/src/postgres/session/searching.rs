//! What leaves beside cells, for whoever is bound by a mask that looks for something: lines of a COPY, words of the server.
//!
//! It decides nothing: what is looked for is core's to say, and how a line or a word is written anew [`super::super::cells`]'s.
//! Enter at `Session::pass`.

use super::super::analyze::Kind;
use super::super::cells::{copied, reported};
use super::super::wire::{Backend, Frame, Report, tag};
use super::Session;
use super::reply::Reply;

impl Session<'_> {
    /// Passes on a message that is about no single cell.
    pub(super) fn pass(&mut self, frame: &Frame) {
        let line = if frame.tag == tag::server::COPY_DATA { self.line(frame) } else { None };
        match line {
            Some(line) => self.say(&line),
            None => self.to_client.push(&frame.raw),
        }
    }

    /// A line of a COPY in which something is found, without that. What a walsender copies is no lines.
    fn line(&mut self, frame: &Frame) -> Option<Backend> {
        let (flow, statement) = match self.replies.first() {
            Some(Reply::Query(query)) => (&query.flow, query.statements.get(query.done)),
            Some(Reply::Execute { portal }) => (&portal.flow, portal.statements.first()),
            _ => return None,
        };
        let lines = self.replication.is_none() || statement.is_some_and(|statement| statement.kind == Kind::CopyOut);
        let masks = flow.masks();
        if !lines || masks.searches().next().is_none() {
            return None;
        }
        copied(&frame.body(), statement, masks).map(Backend::CopyData)
    }

    /// A report for whoever is bound by masks.
    pub(super) fn for_the_bound(&mut self, report: &Report) -> Report {
        let report = if self.gate.masks().is_empty() { report.clone() } else { self.without_values(report) };
        reported(report, self.gate.masks())
    }
}
