//! What all sessions of a gateway share: its ports, its sealing key, and whether it goes on.
//!
//! It is made once, where the gateway is put together, and never knows which protocols there are. Enter at [`House`].

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::approval::{Answered, Choice};
use crate::code::Code;
use crate::excerpt::Excerpt;
use crate::fault::Fault;
use crate::gate::admission::vouches;
use crate::gate::allotment::Allotment;
use crate::gate::lasting::Lifetime;
use crate::gate::live::Live;
use crate::gate::question::Pending;
use crate::gate::usage::Usage;
use crate::gate::verdicts::Told;
use crate::id::{ApprovalId, OperationId, SessionId};
use crate::identity::{Claim, Principal, VerifiedClaims};
use crate::inventory::Means;
use crate::journal::{Appended, Decided, Draft, Event, Sealer};
use crate::ports::{Append, Approvals, Certify, Clock, Credentials, Dial, Identify, Policy, Recorder, Sessions, Vault};
use crate::record::{Note, RecordKeys};
use crate::verdict::Duties;

/// Why every session must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// They need not.
    Running,
    /// The gateway is being stopped.
    Stopping,
    /// The journal cannot be written any more.
    JournalLost,
}

impl Halt {
    /// What a client hears of it.
    pub(super) fn fault(self) -> Fault {
        match self {
            Self::JournalLost => {
                let message = "the gateway cannot write its journal and lets nothing through";
                Fault::gateway(Code::JournalUnavailable, message).hint("tell whoever runs the gateway")
            }
            Self::Running | Self::Stopping => {
                Fault::gateway(Code::Stopping, "the gateway is stopping").hint("connect again")
            }
        }
    }
}

/// Everything a gate reaches the outside through.
pub struct House {
    /// The policy in force.
    pub policy: Arc<dyn Policy>,
    /// Verifies claims.
    pub identify: Arc<dyn Identify>,
    /// Makes credentials, and takes them back.
    pub credentials: Arc<dyn Credentials>,
    /// Keeps what waits for humans.
    pub approvals: Arc<dyn Approvals>,
    /// Fetches secrets.
    pub vault: Arc<dyn Vault>,
    /// Reaches targets.
    pub dial: Arc<dyn Dial>,
    /// Certifies keys of accounts.
    pub certify: Arc<dyn Certify>,
    /// Writes the journal.
    pub append: Arc<dyn Append>,
    /// Keeps recordings.
    pub record: Arc<dyn Recorder>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Seals statements.
    pub sealer: Sealer,
    /// What principals use of targets.
    pub usage: Arc<Usage>,
    /// How long credentials may last.
    pub credential_max: Duration,
    /// Keeps the list of sessions.
    pub sessions: Arc<dyn Sessions>,
    /// Opens recordings.
    pub record_keys: RecordKeys,
    /// The sessions that are open.
    pub live: Live,
    /// How long sessions may last.
    pub lifetime: Lifetime,
    /// What their long messages may take up together.
    pub allotment: Arc<Allotment>,
    /// Whether the gateway goes on.
    pub halt: watch::Receiver<Halt>,
    /// Where a human opens an approval: the id is appended.
    pub approvals_url: String,
}

impl House {
    /// The principal that a claim proves, or why it proves none.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn recognise(&self, claim: &Claim) -> Result<Principal, Fault> {
        let (claims, principal) = self.vouched(claim).await?;
        // THREAT: a restriction that a login has and another door forgets
        if let Some(target) = claims.credential().and_then(|through| through.target.as_ref()) {
            let message = format!("this credential is for target `{target}`, and for nothing else");
            return Err(Fault::client(Code::CredentialBound, message).hint("send the token that it was made of"));
        }
        Ok(principal)
    }

    /// The same, with what was proved.
    pub(super) async fn vouched(&self, claim: &Claim) -> Result<(VerifiedClaims, Principal), Fault> {
        if matches!(claim, Claim::Token(token) if token.is_empty()) {
            return Err(Fault::client(Code::ProofMissing, "no token was given").hint("send a token as the password"));
        }
        let claims = self.identify.identify(claim).await?;
        let rulebook = self.policy.rulebook();
        vouches(&claims, &rulebook)?;
        let principal = Principal::from_claims(&claims, &rulebook.trust).ok_or_else(|| {
            let (what, hint) = match claim {
                Claim::Token(_) | Claim::Response(_) | Claim::Certificate(_) => {
                    (format!("the token of `{}`", claims.issuer()), "a [[principal]] entry must match its claims")
                }
                Claim::Key(_) => (
                    format!("the key `{}`", claims.subject()),
                    "a [[principal]] entry must name it; of a certificate of it that has expired nothing is heard",
                ),
            };
            let message = format!("{what} is genuine, but no trust rule makes it a principal");
            Fault::client(Code::NoPrincipal, message).hint(hint)
        })?;
        Ok((claims, principal))
    }

    /// Takes an answer to an approval. What runs since then is the waiting session's to record.
    ///
    /// # Errors
    /// Where the store or the journal fails.
    pub async fn answer(
        &self,
        id: ApprovalId,
        by: &Principal,
        choice: Choice,
        reason: Option<&str>,
    ) -> Result<Answered, Fault> {
        // INVARIANT: an answer stands in the journal before it counts, so that nothing runs by one that nobody can prove
        let given =
            Event::ApprovalAnswered { approval: id, by: by.summary(), choice, reason: reason.map(str::to_owned) };
        let answer = self.write(None, given).await?.sequence;
        let answered = self.approvals.answer(id, by, choice, reason).await?;
        let (state, refused) = match answered {
            Answered::Counted(state) => (Some(state.word().to_owned()), None),
            Answered::Refused(refusal) => (None, Some(refusal.to_string())),
        };
        self.write(None, Event::AnswerTaken { approval: id, answer, state, refused }).await?;
        Ok(answered)
    }

    /// Writes down that somebody looks for records, before they are shown.
    ///
    /// # Errors
    /// Where the journal fails.
    pub async fn searched(&self, by: &Principal, query: &str) -> Result<(), Fault> {
        let id = OperationId::at(self.clock.now());
        let sealed = self.sealer.seal(&id.to_string(), &[query], &Excerpt::default())?;
        self.write(None, Event::JournalSearched { id, by: by.summary(), sealed }).await.map(drop)
    }

    /// How targets are reached.
    pub(super) fn means(&self) -> Means {
        Means {
            vault: Arc::clone(&self.vault),
            dial: Arc::clone(&self.dial),
            certify: Some(Arc::clone(&self.certify)),
            clock: Arc::clone(&self.clock),
        }
    }

    /// Resolves when sessions must end.
    pub(super) async fn halted(&self) -> Halt {
        let mut halt = self.halt.clone();
        match halt.wait_for(|halt| *halt != Halt::Running).await {
            Ok(halt) => *halt,
            Err(_) => Halt::Stopping,
        }
    }

    pub(super) async fn write(&self, session: Option<SessionId>, event: Event) -> Result<Appended, Fault> {
        self.write_all(session, [event]).await
    }

    pub(super) async fn write_all(
        &self,
        session: Option<SessionId>,
        events: impl IntoIterator<Item = Event>,
    ) -> Result<Appended, Fault> {
        let at = self.clock.now();
        self.append.append(events.into_iter().map(|event| Draft { session, at, event }).collect()).await
    }

    /// Writes down what has happened already, before whatever is written next.
    pub(super) fn write_soon(&self, session: SessionId, events: impl Iterator<Item = Event>) -> Result<(), Fault> {
        let (session, at) = (Some(session), self.clock.now());
        self.append.soon(events.map(|event| Draft { session, at, event }).collect())
    }

    /// What is written down about a decision: in the journal, and in the session's recording.
    pub(super) fn decided(
        &self,
        pending: &Pending,
        sent: Option<&str>,
        Told { actions, touches }: Told,
        decided: Decided,
        due: &Duties,
    ) -> Result<(Event, Note), Fault> {
        let operations = &pending.operations;
        let sent = sent.map(|sent| format!("-- sent as: {sent}"));
        let texts = operations.iter().map(|operation| &*operation.text).chain(sent.as_deref());
        let texts: Vec<&str> = texts.collect();
        let parameters: Vec<_> = operations.iter().flat_map(|operation| operation.parameters.iter().cloned()).collect();
        let values = Excerpt::of(&parameters);
        let masks = operations.iter().filter_map(|operation| due.masks.screen(operation).ok()).flatten();
        let masks: BTreeSet<String> = masks.map(|mask| mask.name.to_string()).collect();
        let masks: Vec<String> = masks.into_iter().collect();
        let (id, prepare) = (pending.id, pending.prepares());
        let sealed = self.sealer.seal(&id.to_string(), &texts, &values)?;
        let note = Note::Operation {
            id,
            actions: actions.clone(),
            touches: touches.clone(),
            prepare,
            decided: decided.clone(),
            masks: masks.clone(),
            text: texts.join("; "),
            values,
        };
        let (policy, digest) = (due.revision.to_string(), pending.digest.clone());
        let event = Event::Operation { id, actions, touches, prepare, decided, masks, policy, digest, sealed };
        Ok((event, note))
    }
}

impl std::fmt::Debug for House {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("House")
    }
}
