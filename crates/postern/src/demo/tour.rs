//! The tour: every promise of the demo tried with the real clients, each with what was expected and what was seen.
//!
//! A step that fails does not end the tour, and the tour fails with it. What a step does is in [`super::steps`].

use anyhow::Result;

use super::show::Show;
use super::steps::{Outcome, Steps};

/// A tour that is being taken.
pub(super) struct Tour<'s, 'w> {
    show: &'s mut Show<'w>,
    number: usize,
    failed: usize,
}

impl<'s, 'w> Tour<'s, 'w> {
    pub(super) fn new(show: &'s mut Show<'w>) -> Self {
        Self { show, number: 0, failed: 0 }
    }

    /// What clients see while the gateway runs.
    pub(super) async fn visit(&mut self, steps: &Steps<'_>) -> Result<()> {
        self.note(&steps.masked_select().await)?;
        self.note(&steps.masked_alias().await)?;
        self.note(&steps.masked_cast().await)?;
        self.note(&steps.masked_json().await)?;
        self.note(&steps.clear_for_dana().await)?;
        self.note(&steps.drop_refused().await)?;
        self.note(&steps.delete_approved().await)?;
        self.note(&steps.delete_denied().await)?;
        self.note(&steps.no_self_approval().await)
    }

    /// What is left once it has stopped. Tells how many steps did not come out right.
    pub(super) async fn look_back(mut self, steps: &Steps<'_>) -> Result<usize> {
        self.note(&steps.password_nowhere())?;
        self.note(&steps.journal_verifies().await)?;
        self.note(&steps.flipped_byte_shows().await)?;
        self.show.result(self.number, self.failed)?;
        Ok(self.failed)
    }

    fn note(&mut self, outcome: &Outcome) -> Result<()> {
        self.number = self.number.saturating_add(1);
        self.failed = self.failed.saturating_add(usize::from(!outcome.ok));
        self.show.step(self.number, outcome)
    }
}
