//! What can stand in the journal.
//!
//! Values of the client (statements, parameters) appear only sealed. Names, verbs, verdicts and times are in clear,
//! so that an auditor without the seal key sees what was done, by whom and why.

#![expect(clippy::wildcard_enum_match_arm, reason = "what is sealed stands in few kinds of records")]

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::approval::Choice;
use crate::clock::Micros;
use crate::id::{ApprovalId, CredentialId, OperationId, SessionId};
use crate::identity::PrincipalSummary;
use crate::journal::keys::Sealed;
use crate::record::Hash;

/// Something to be written, not yet chained.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The session it belongs to; `None` for the gateway's own affairs.
    pub session: Option<SessionId>,
    /// When it happened.
    pub at: Micros,
    /// What happened.
    pub event: Event,
}

/// One line of the journal as it is read back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record<E = Event> {
    /// Its number in the gateway's journal, from 1 without gaps.
    pub seq: u64,
    /// The running hash over all lines before it, in hexadecimal.
    pub head: String,
    /// When it happened.
    pub at: Micros,
    /// The session it belongs to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub session: Option<SessionId>,
    /// Its number in that session's chain, from 1 without gaps.
    pub n: u64,
    /// The hash of the line before it in that chain, in hexadecimal; empty for the first.
    pub prev: String,
    /// What happened.
    pub event: E,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A segment begins.
    SegmentOpened {
        /// The segment's number, from 1.
        segment: u64,
        /// The gateway's version.
        version: String,
        /// How the segment before it ended: number of bytes of whole lines in it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        previous_bytes: Option<u64>,
        /// Bytes of a line after those that a crash left unfinished.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        torn_bytes: Option<u64>,
        /// How many lines before it no checkpoint covers: the gateway before was killed.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        unsigned: Option<u64>,
    },
    /// A signed statement over every line before this one.
    Checkpoint {
        /// The Ed25519 signature over all else in this record, the running hash among it, in base64.
        signature: String,
    },
    /// A client could not log in.
    LoginRefused {
        /// From where it came.
        client: String,
        /// What the client called itself, which was not believed.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        called: Option<String>,
        /// The protocol it spoke.
        protocol: String,
        /// The code of the reason.
        code: String,
        /// The reason.
        message: String,
    },
    /// A principal begins a session with a target.
    SessionOpened {
        /// Who.
        principal: PrincipalSummary,
        /// From where.
        client: String,
        /// What the client called itself, which was not believed.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        called: Option<String>,
        /// Which protocol.
        protocol: String,
        /// Which target.
        target: String,
        /// The credential that it was opened with, where that was not the proof itself.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        credential: Option<CredentialId>,
        /// Which database of it, where there are several.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        space: Option<String>,
        /// The policy in force.
        policy: String,
    },
    /// A principal got a credential in exchange for a proof.
    CredentialIssued {
        /// The credential.
        credential: CredentialId,
        /// What it is.
        kind: String,
        /// Who.
        principal: PrincipalSummary,
        /// From where.
        client: String,
        /// The only target that it is for.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        target: Option<String>,
        /// When it ends.
        expires: Micros,
    },
    /// A credential was taken back.
    CredentialRevoked {
        /// The credential.
        credential: CredentialId,
        /// Who took it back.
        by: PrincipalSummary,
    },
    /// A principal asked for a target, or for a credential, and did not get it.
    SessionRefused {
        /// Who.
        principal: PrincipalSummary,
        /// From where.
        client: String,
        /// What was asked for.
        target: String,
        /// The code of the reason.
        code: String,
        /// The reason.
        message: String,
    },
    /// Policy decided about an operation. For an allowed one this stands before its first byte is forwarded.
    Operation {
        /// The operation.
        id: OperationId,
        /// The protocol's verbs, one for each statement in it.
        actions: Arc<[String]>,
        /// What it touches.
        touches: Arc<[String]>,
        /// Whether it was only to be prepared.
        #[serde(skip_serializing_if = "std::ops::Not::not", default)]
        prepare: bool,
        /// What was decided.
        decided: Decided,
        /// The masks that cover something in it.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        masks: Vec<String>,
        /// The policy that decided.
        policy: String,
        /// What an approval of it is bound to.
        digest: String,
        /// Its text and parameters.
        sealed: Sealed,
    },
    /// Somebody answers an approval. It stands before the answer counts, and in the gateway's own chain: the session
    /// that waits may be over.
    ApprovalAnswered {
        /// The approval.
        approval: ApprovalId,
        /// Who answered.
        by: PrincipalSummary,
        /// Yes or no.
        choice: Choice,
        /// The reason given.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        reason: Option<String>,
    },
    /// What became of an answer. Where it is missing, the gateway ended first, and only the approval itself tells.
    AnswerTaken {
        /// The approval.
        approval: ApprovalId,
        /// The number of the line with the answer.
        answer: u64,
        /// How the approval stands since, where the answer counted.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        state: Option<String>,
        /// Why it did not count, where it did not.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        refused: Option<String>,
    },
    /// Somebody looked for records.
    JournalSearched {
        /// The search.
        id: OperationId,
        /// Who looked.
        by: PrincipalSummary,
        /// What they looked for.
        sealed: Sealed,
    },
    /// A held operation was settled.
    ApprovalSettled {
        /// The operation.
        id: OperationId,
        /// The approval.
        approval: ApprovalId,
        /// Granted, denied, expired or withdrawn.
        state: String,
        /// Who answered.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        by: Option<PrincipalSummary>,
        /// The reason given.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        reason: Option<String>,
    },
    /// The gateway sends something of its own to the target.
    Own {
        /// The operation.
        id: OperationId,
        /// What it sends, in full: it is the gateway's own, and constant.
        text: String,
    },
    /// How an operation that was forwarded ended.
    Finished {
        /// The operation.
        id: OperationId,
        /// How it ended.
        outcome: Outcome,
    },
    /// Something that somebody should look at.
    Alert {
        /// The code.
        code: String,
        /// What happened.
        message: String,
    },
    /// How far the recording of a session has got: from here on, a recording that does not have this is not whole.
    Recorded {
        /// How many chunks there are.
        chunks: u64,
        /// How many bytes they take up.
        bytes: u64,
        /// The hash over all of them.
        head: Hash,
    },
    /// Somebody ends a session of others. It stands before it happens, and in the gateway's own chain: the session may
    /// be over.
    SessionKilled {
        /// Which session.
        session: SessionId,
        /// Who.
        by: PrincipalSummary,
        /// Why.
        reason: String,
    },
    /// Somebody looks at a recording.
    RecordingViewed {
        /// Whose.
        session: SessionId,
        /// Who looks.
        by: PrincipalSummary,
        /// Whether as long as the session lasts.
        #[serde(skip_serializing_if = "std::ops::Not::not", default)]
        follow: bool,
    },
    /// A recording is removed, because it need not be kept any longer. It stands before that happens.
    RecordingRemoved {
        /// Whose.
        session: SessionId,
        /// How many chunks of it there were, all of them verified.
        chunks: u64,
        /// How many bytes they took up.
        bytes: u64,
        /// The hash over all of them.
        head: Hash,
        /// Why.
        reason: String,
    },
    /// A session is over.
    SessionClosed {
        /// Why.
        reason: String,
    },
}

impl Event {
    /// Leaves out what is sealed in it, for whoever has opened that or has no use for it.
    pub fn forget_sealed(&mut self) {
        if let Self::Operation { sealed, .. } | Self::JournalSearched { sealed, .. } = self {
            *sealed = Sealed::default();
        }
    }

    /// What is sealed in it, and the name that it was sealed under.
    #[must_use]
    pub fn sealed(&self) -> Option<(OperationId, &Sealed)> {
        match self {
            Self::Operation { id, sealed, .. } | Self::JournalSearched { id, sealed, .. } => Some((*id, sealed)),
            _ => None,
        }
    }
}

/// What policy decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Decided {
    /// It may run.
    Allow {
        /// The rules that allowed it.
        rules: Vec<String>,
        /// The approval it used.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        approval: Option<ApprovalId>,
    },
    /// It waits for a human.
    Hold {
        /// The rules that asked for one.
        rules: Vec<String>,
        /// The approval.
        approval: ApprovalId,
    },
    /// It may not run.
    Deny {
        /// The rule that forbade it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        rule: Option<String>,
        /// The code of the reason.
        code: String,
        /// The reason.
        message: String,
    },
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "as", rename_all = "snake_case")]
pub enum Outcome {
    /// The target did it.
    Done {
        /// The target's own word for what it did, such as a command tag.
        note: String,
    },
    /// The target refused it.
    Failed {
        /// The target's own code.
        code: String,
    },
    /// The connection ended first: it may or may not have happened.
    Unknown,
}
