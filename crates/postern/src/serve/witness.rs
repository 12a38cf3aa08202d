//! Between core and the journal: what is written there is counted and noted for those who look for it, and the list of
//! sessions is kept beside it.
//!
//! Evidence is the journal's alone. A session that the list does not take does not open; its end is another matter.

use std::sync::Arc;

use postern_adapters::index::Index;
use postern_adapters::journal::Journal;
use postern_adapters::store::Store;
use postern_api::Counts;
use postern_core::Fault;
use postern_core::journal::{Appended, Draft, Event};
use postern_core::ports::{Append, Later, Listed};

/// Passes drafts on to the journal.
pub(super) struct Witness {
    journal: Arc<Journal>,
    store: Arc<Store>,
    index: Arc<Index>,
    counts: Arc<Counts>,
}

impl Witness {
    pub(super) fn new(journal: Arc<Journal>, store: Arc<Store>, index: Arc<Index>, counts: Arc<Counts>) -> Self {
        Self { journal, store, index, counts }
    }

    async fn pass(&self, drafts: Vec<Draft>) -> Result<Appended, Fault> {
        for session in drafts.iter().filter_map(opened) {
            self.store.session_opened(&session).await?;
        }
        let failed = |_: &Fault| self.counts.unwritten();
        let entered = self.journal.enter(&drafts).inspect_err(failed)?;
        // before anything is waited for: whoever asked may stop waiting, and the records stand all the same
        self.counts.written(&drafts);
        self.index.note(entered.sequence, &drafts);
        let appended = entered.lasting().await.inspect_err(failed)?;
        self.note_ends(&drafts).await;
        Ok(appended)
    }

    async fn note_ends(&self, drafts: &[Draft]) {
        for draft in drafts {
            if let (Some(id), Event::SessionClosed { reason }) = (draft.session, &draft.event)
                && let Err(fault) = self.store.session_closed(id, draft.at, reason).await
            {
                tracing::warn!(session = %id, %fault, cause = fault.cause, "the list of sessions misses an end");
            }
        }
    }
}

impl Append for Witness {
    fn append(&self, drafts: Vec<Draft>) -> Later<'_, Result<Appended, Fault>> {
        Box::pin(self.pass(drafts))
    }

    fn soon(&self, drafts: Vec<Draft>) -> Result<(), Fault> {
        let sequence = self.journal.soon(&drafts).inspect_err(|_| self.counts.unwritten())?;
        self.counts.written(&drafts);
        self.index.note(sequence, &drafts);
        Ok(())
    }
}

fn opened(draft: &Draft) -> Option<Listed> {
    let Event::SessionOpened { principal, client, protocol, target, .. } = &draft.event else { return None };
    Some(Listed {
        id: draft.session?,
        principal: principal.clone(),
        target: target.clone(),
        protocol: protocol.clone(),
        client: client.clone(),
        started: draft.at,
        ended: None,
        reason: None,
    })
}
