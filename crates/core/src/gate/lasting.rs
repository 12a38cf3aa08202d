//! When a session must end although neither side wants it to: its time is over, the policy lets it in no more, somebody
//! ends it, its credential was taken back, it cannot be recorded, or the gateway does not go on.
//!
//! Nothing is journalled here; whoever serves the session closes it with the reason. Enter at [`Gate::over`].

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use crate::clock::Micros;
use crate::code::Code;
use crate::fault::Fault;
use crate::gate::admission::Admission;
use crate::gate::recording::watched;
use crate::gate::seldom::seldom;
use crate::gate::{Gate, House, Open};
use crate::id::CredentialId;
use crate::identity::Principal;
use crate::ports::Later;
use crate::verdict::Revision;

/// How long sessions may last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// The longest that a session lasts.
    pub longest: Duration,
    /// Whether it ends with the token that it was opened with.
    pub ends_with_token: bool,
}

impl Default for Lifetime {
    fn default() -> Self {
        Self { longest: Duration::from_secs(8 * 60 * 60), ends_with_token: false }
    }
}

impl Lifetime {
    /// The end of a session that `principal` opens `now`.
    pub(super) fn end(self, now: Micros, principal: &Principal) -> End {
        let latest = now.after(self.longest);
        match principal.expires() {
            token if self.ends_with_token && token < latest => End { at: token, why: "its token has expired" },
            _ => End { at: latest, why: "it has lasted as long as a session may" },
        }
    }
}

/// The last moment of a session, and why it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    at: Micros,
    why: &'static str,
}

impl End {
    /// Whether it has not come yet.
    pub(super) fn is_ahead(self, now: Micros) -> Result<(), Fault> {
        if now < self.at { Ok(()) } else { Err(self.fault()) }
    }

    fn fault(self) -> Fault {
        let message = format!("the session ends here: {}", self.why);
        Fault::gateway(Code::SessionOver, message).hint("connect again, with a token that is still good")
    }
}

impl Gate<Open> {
    /// Resolves to why the session must end. As long as it is awaited, the journal hears how far the recording has got.
    pub fn over(&self) -> Later<'static, Fault> {
        let Open { admission, scope, end, tape, alive, .. } = &self.state;
        seldom(first([
            alive.killed(),
            tape.failed(),
            Box::pin(watched(Arc::clone(&self.house), self.session, Arc::clone(tape))),
            Box::pin(stopped(Arc::clone(&self.house))),
            Box::pin(timed_out(Arc::clone(&self.house), *end)),
            Box::pin(shut_out(Arc::clone(&self.house), admission.clone(), scope.revision())),
            Box::pin(taken_back(Arc::clone(&self.house), admission.credential())),
        ]))
    }
}

async fn stopped(house: Arc<House>) -> Fault {
    house.halted().await.fault()
}

async fn timed_out(house: Arc<House>, end: End) -> Fault {
    house.clock.until(end.at).await;
    end.fault()
}

/// Looks at every policy that comes in force, until one lets the session in no more.
async fn shut_out(house: Arc<House>, mut admission: Admission, mut seen: Revision) -> Fault {
    loop {
        house.policy.changed(seen).await;
        let rulebook = house.policy.rulebook();
        seen = rulebook.revision;
        match admission.under(&rulebook, house.clock.now()) {
            Ok((still, _)) => admission = still,
            Err(fault) => return fault,
        }
    }
}

/// Waits until the credential that the session was opened with is taken back.
async fn taken_back(house: Arc<House>, credential: Option<CredentialId>) -> Fault {
    let Some(credential) = credential else { return std::future::pending().await };
    house.credentials.revoked(credential).await;
    Fault::client(Code::CredentialRevoked, "the credential that this session was opened with was revoked")
        .hint("connect again, with a new one")
}

/// What the first of them says.
pub(super) fn first<'a, T: Send + 'a, const N: usize>(mut all: [Later<'a, T>; N]) -> Later<'a, T> {
    Box::pin(poll_fn(move |cx| {
        let mut said = all.iter_mut().map(|one| one.as_mut().poll(cx));
        said.find(Poll::is_ready).unwrap_or(Poll::Pending)
    }))
}
