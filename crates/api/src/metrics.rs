//! What the gateway counts, in the text form that Prometheus reads.
//!
//! Everything is counted from the journal's drafts, so the numbers and the evidence cannot disagree. No label holds a
//! name of a person, a target or a statement.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use postern_core::journal::{Decided, Draft, Event};

/// Counters since the gateway's start.
#[derive(Debug, Default)]
pub struct Counts {
    sessions: AtomicU64,
    sessions_closed: AtomicU64,
    sessions_refused: AtomicU64,
    logins_refused: AtomicU64,
    allowed: AtomicU64,
    held: AtomicU64,
    denied: AtomicU64,
    answers: AtomicU64,
    answers_refused: AtomicU64,
    alerts: AtomicU64,
    records: AtomicU64,
    failures: AtomicU64,
    reloads_failed: AtomicU64,
}

impl Counts {
    /// Counts what was written to the journal.
    pub fn written(&self, drafts: &[Draft]) {
        for draft in drafts {
            one(&self.records);
            match &draft.event {
                Event::SessionOpened { .. } => one(&self.sessions),
                Event::SessionClosed { .. } => one(&self.sessions_closed),
                Event::SessionRefused { .. } => one(&self.sessions_refused),
                Event::LoginRefused { .. } => one(&self.logins_refused),
                Event::Operation { decided: Decided::Allow { .. }, .. } => one(&self.allowed),
                Event::Operation { decided: Decided::Hold { .. }, .. } => one(&self.held),
                Event::Operation { decided: Decided::Deny { .. }, .. } => one(&self.denied),
                Event::AnswerTaken { state: Some(_), .. } => one(&self.answers),
                Event::AnswerTaken { state: None, .. } => one(&self.answers_refused),
                Event::Alert { .. } => one(&self.alerts),
                Event::SegmentOpened { .. }
                | Event::Checkpoint { .. }
                | Event::JournalSearched { .. }
                | Event::CredentialIssued { .. }
                | Event::CredentialRevoked { .. }
                | Event::ApprovalAnswered { .. }
                | Event::ApprovalSettled { .. }
                | Event::Own { .. }
                | Event::Recorded { .. }
                | Event::SessionKilled { .. }
                | Event::RecordingViewed { .. }
                | Event::RecordingRemoved { .. }
                | Event::Finished { .. } => {}
            }
        }
    }

    /// Counts that the journal did not take a record.
    pub fn unwritten(&self) {
        one(&self.failures);
    }

    /// Counts that a changed configuration was not taken up.
    pub fn reload_failed(&self) {
        one(&self.reloads_failed);
    }

    /// All of them as text.
    #[must_use]
    pub fn text(&self) -> String {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut text = String::new();
        let mut family = |name: &str, kind: &str, help: &str, samples: &[(&str, u64)]| {
            let mut lines = format!("# HELP postern_{name} {help}\n# TYPE postern_{name} {kind}\n");
            for (labels, value) in samples {
                // a String takes all that is written to it
                let _written = writeln!(lines, "postern_{name}{labels} {value}");
            }
            text.push_str(&lines);
        };
        let open = count(&self.sessions).saturating_sub(count(&self.sessions_closed));
        family("build_info", "gauge", "The gateway's version.", &[(VERSION, 1)]);
        family("sessions_open", "gauge", "Sessions that are open now.", &[("", open)]);
        family("sessions_total", "counter", "Sessions that were opened.", &[("", count(&self.sessions))]);
        let refused = count(&self.sessions_refused);
        family("sessions_refused_total", "counter", "Sessions that did not open.", &[("", refused)]);
        let refused = count(&self.logins_refused);
        family("logins_refused_total", "counter", "Logins that made no principal.", &[("", refused)]);
        let verdicts = [
            ("{verdict=\"allow\"}", count(&self.allowed)),
            ("{verdict=\"hold\"}", count(&self.held)),
            ("{verdict=\"deny\"}", count(&self.denied)),
        ];
        family("operations_total", "counter", "Operations by verdict.", &verdicts);
        let answers = [("{counted=\"yes\"}", count(&self.answers)), ("{counted=\"no\"}", count(&self.answers_refused))];
        family("approval_answers_total", "counter", "Answers to approvals.", &answers);
        family("alerts_total", "counter", "Things that somebody should look at.", &[("", count(&self.alerts))]);
        family("journal_records_total", "counter", "Records the journal has taken.", &[("", count(&self.records))]);
        let failures = count(&self.failures);
        family("journal_failures_total", "counter", "Records the journal did not take.", &[("", failures)]);
        let failed = count(&self.reloads_failed);
        family("reload_failures_total", "counter", "Configurations that were not taken up.", &[("", failed)]);
        text
    }
}

const VERSION: &str = concat!("{version=\"", env!("CARGO_PKG_VERSION"), "\"}");

fn one(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
