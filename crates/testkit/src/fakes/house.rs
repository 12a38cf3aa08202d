//! A whole house of fakes, and the handles to move each of them.
//!
//! It knows no protocol but the toy one, unless it is told of others. Enter at [`HouseBuilder::new`].

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use postern_core::approval::{Answered, Choice};
use postern_core::gate::{Accepted, Allotment, Gate, Halt, House, Lifetime, Live, Open};
use postern_core::journal::Sealer;
use postern_core::record::RecordKeys;
use postern_core::vocabulary::Vocabulary;
use postern_core::{ApprovalId, Claim, Fault, Secret};
use tokio::sync::watch;

use super::credentials::Verifiers;
use super::{
    KnownTokens, MemoryApprovals, MemoryCredentials, MemoryJournal, MemoryRecordings, MemoryVault, NoAuthority,
    PolicyError, Reach, StillClock, SwapPolicy, TOY, rulebook,
};

/// Builds a [`House`] of fakes around one policy.
pub struct HouseBuilder {
    policy: String,
    vocabularies: Vec<&'static Vocabulary>,
    reach: Reach,
    lifetime: Lifetime,
    allotment: usize,
}

/// A house, and what stands behind its doors.
pub struct Dwelling {
    /// The house itself.
    pub house: Arc<House>,
    /// What time it is.
    pub clock: Arc<StillClock>,
    /// What was written.
    pub journal: Arc<MemoryJournal>,
    /// What waits for humans.
    pub approvals: Arc<MemoryApprovals>,
    /// What was recorded.
    pub recordings: Arc<MemoryRecordings>,
    /// Which secrets there are.
    pub vault: Arc<MemoryVault>,
    /// Which tokens are good.
    pub tokens: Arc<KnownTokens>,
    /// The policy in force.
    pub policy: Arc<SwapPolicy>,
    /// What targets are.
    pub reach: Reach,
    /// Opens what was sealed.
    pub sealer: Sealer,
    /// Ends all sessions.
    pub halt: watch::Sender<Halt>,
    vocabularies: Vec<&'static Vocabulary>,
}

impl HouseBuilder {
    /// A house under this policy, with the toy protocol, where no target can be reached.
    pub fn new(policy: impl Into<String>) -> Self {
        Self {
            policy: policy.into(),
            vocabularies: vec![&TOY],
            reach: Reach::nothing(),
            lifetime: Lifetime::default(),
            allotment: Allotment::USUAL,
        }
    }

    /// Speaks these protocols instead of the toy one.
    #[must_use]
    pub fn speaking(mut self, vocabularies: impl IntoIterator<Item = &'static Vocabulary>) -> Self {
        self.vocabularies = vocabularies.into_iter().collect();
        self
    }

    /// Reaches targets so.
    #[must_use]
    pub fn reaching(mut self, reach: Reach) -> Self {
        self.reach = reach;
        self
    }

    /// Where long messages may take up so many bytes together.
    #[must_use]
    pub fn allotting(mut self, bytes: usize) -> Self {
        self.allotment = bytes;
        self
    }

    /// Lets sessions last so long.
    #[must_use]
    pub fn lasting(mut self, lifetime: Lifetime) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Builds it.
    ///
    /// # Errors
    /// What is wrong with the policy, or with the sealing key.
    pub fn build(self) -> anyhow::Result<Dwelling> {
        let clock = Arc::new(StillClock::default());
        let journal = Arc::new(MemoryJournal::new());
        let approvals = Arc::new(MemoryApprovals::new(Arc::clone(&clock)));
        let recordings = Arc::new(MemoryRecordings::new(record_keys()?));
        let vault = Arc::new(MemoryVault::default());
        let tokens = Arc::new(KnownTokens::default());
        let policy = Arc::new(SwapPolicy::new(rulebook(&self.policy, &self.vocabularies)?));
        let credentials = Arc::new(MemoryCredentials::new(Arc::clone(&clock))?);
        let identify = Verifiers { tokens: Arc::clone(&tokens), credentials: Arc::clone(&credentials) };
        let (halt, halted) = watch::channel(Halt::Running);
        let house = House {
            policy: policy.clone(),
            identify: Arc::new(identify),
            credentials,
            credential_max: Duration::from_secs(900),
            approvals: approvals.clone(),
            vault: vault.clone(),
            dial: Arc::new(self.reach.clone()),
            certify: Arc::new(NoAuthority),
            append: journal.clone(),
            record: recordings.clone(),
            sessions: journal.clone(),
            clock: clock.clone(),
            sealer: sealer()?,
            usage: Arc::default(),
            record_keys: record_keys()?,
            live: Live::default(),
            lifetime: self.lifetime,
            allotment: Allotment::of(self.allotment),
            halt: halted,
            approvals_url: "https://gateway.test/approvals/".to_owned(),
        };
        Ok(Dwelling {
            house: Arc::new(house),
            clock,
            journal,
            approvals,
            recordings,
            vault,
            tokens,
            policy,
            reach: self.reach,
            sealer: sealer()?,
            halt,
            vocabularies: self.vocabularies,
        })
    }
}

/// The same key for everybody: what is sealed in a test is opened in it.
fn sealer() -> Result<Sealer, Fault> {
    Sealer::derive(&Secret::new(vec![7; 32]))
}

fn record_keys() -> Result<RecordKeys, Fault> {
    RecordKeys::derive(&Secret::new(vec![7; 32]))
}

impl Dwelling {
    /// Where clients of [`Self::accept`] come from.
    pub const CLIENT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)), 50_123);

    /// The gate of a client that has just connected with the first protocol spoken.
    #[must_use]
    pub fn accept(&self) -> Gate<Accepted> {
        let protocol = self.vocabularies.first().map_or("toy", |one| one.protocol);
        Gate::accept(Arc::clone(&self.house), protocol, Self::CLIENT)
    }

    /// The gate of a session on a target, for whoever holds the token.
    ///
    /// # Errors
    /// Why it does not open.
    pub async fn open(&self, token: &str, target: &str) -> Result<Gate<Open>, Fault> {
        let known = self.accept().identify(claim(token)).await?;
        known.open(target, None).await.map(|(gate, _, _)| gate)
    }

    /// Puts another policy in force.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn change(&self, policy: &str) -> Result<(), PolicyError> {
        self.policy.swap(rulebook(policy, &self.vocabularies)?);
        Ok(())
    }

    /// Answers a question as whoever holds the token.
    ///
    /// # Errors
    /// Where the token is nobody's, or the store or the journal fails.
    pub async fn answer(&self, token: &str, id: ApprovalId, choice: Choice) -> Result<Answered, Fault> {
        let by = self.house.recognise(&claim(token)).await?;
        self.house.answer(id, &by, choice, Some("a test said so")).await
    }
}

pub(super) fn claim(token: &str) -> Claim {
    Claim::Token(Secret::new(token.as_bytes()))
}
