//! A client's login: who it is, which target, and the way there.
//!
//! A client tries all the keys that it has, and is told of none whether it is known but by being let in. One password is
//! one login: where it fails, the connection ends with the reason. The client has [`DEADLINE`] for its part. Enter at
//! [`log_in`].

pub(super) mod host;

use std::time::Duration;

use postern_core::gate::{Accepted, Gate, Known, Open};
use postern_core::identity::Claim;
use postern_core::mask::echo::Echo;
use postern_core::ports::Client;
use postern_core::{Code, Fault, Side};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use super::forward::Target;
use super::refuse;
use super::transport::server::{self, Attempt, Server};
use super::transport::{Answer, Deaf, FromTarget, keys};

/// The time that a client has for its part of a login.
/// INVARIANT: with [`GOODBYE`] it makes 20 s, after which whoever dribbles is gone.
const DEADLINE: Duration = Duration::from_secs(14);
/// The time that it has to hear why it is refused.
pub(super) const GOODBYE: Duration = Duration::from_secs(5);

/// A session that is about to begin.
pub(super) struct LoggedIn {
    pub(super) gate: Gate<Open>,
    pub(super) client: Server,
    pub(super) target: Target,
    pub(super) from_target: mpsc::Receiver<FromTarget>,
    /// Listens for the credential that was injected.
    pub(super) echo: Echo,
}

/// Somebody who has proved who they are, and what they called the gateway with.
struct Proved {
    known: Gate<Known>,
    user: String,
    answer: Answer,
}

/// Their session, and the target that they wanted.
struct Admitted {
    gate: Gate<Open>,
    target: Target,
    from_target: mpsc::Receiver<FromTarget>,
    echo: Echo,
}

/// Takes a connection to the beginning of its session. Where there is none, the client was told why.
pub(super) async fn log_in(client: Client, gate: Gate<Accepted>) -> Result<LoggedIn, Fault> {
    let until = Instant::now().checked_add(DEADLINE).unwrap_or_else(Instant::now);
    let Some(host_key) = keys::host(&client.host_seed) else {
        let fault = Fault::gateway(Code::Internal, "the gateway has no host key to show to SSH clients");
        return Err(gate.refused_login(fault).await);
    };
    let mut client = match timeout_at(until, server::listen(client.stream, host_key)).await {
        Ok(Ok(client)) => client,
        Ok(Err(deaf)) => return Err(gate.refused_login(broken(&deaf)).await),
        Err(_) => return Err(gate.refused_login(late()).await),
    };
    let Proved { known, user, answer } = match prove(&mut client, gate, until).await {
        Ok(proved) => proved,
        Err((fault, answer)) => {
            tell(&mut client, &fault, answer.map(|answer| (answer, false))).await;
            return Err(fault);
        }
    };
    let (account, target) = wanted(&user);
    match enter(known, target, account).await {
        Ok(Admitted { gate, target, from_target, echo }) => {
            if answer.send(true).is_err() {
                gate.close(&left().message).await?;
                return Err(left());
            }
            Ok(LoggedIn { gate, client, target, from_target, echo })
        }
        Err(fault) => {
            // it is clear who that is, and a client hears why it gets no further only once it is told so
            tell(&mut client, &fault, Some((answer, true))).await;
            Err(fault)
        }
    }
}

/// The account, where one is named, and the target that a client was called with: `ACCOUNT@TARGET` or `TARGET`.
fn wanted(user: &str) -> (Option<&str>, &str) {
    match user.rsplit_once('@') {
        Some((account, target)) => (Some(account).filter(|account| !account.is_empty()), target),
        None => (None, user),
    }
}

/// Hears what a client proves, until that makes it somebody.
async fn prove(
    client: &mut Server,
    mut gate: Gate<Accepted>,
    until: Instant,
) -> Result<Proved, (Fault, Option<Answer>)> {
    let mut unknown = None;
    loop {
        let Attempt { user, claim, answer } = match attempt(client, until).await {
            Ok(attempt) => attempt,
            // a client that has no more keys leaves, and what it lacked is that they are known
            Err(fault) => return Err((gate.refused_login(unknown.unwrap_or(fault)).await, None)),
        };
        let another = matches!(claim, Claim::Key(_) | Claim::Certificate(_));
        match gate.called(&user).attempt(claim).await {
            Ok(known) => return Ok(Proved { known, user, answer }),
            Err((again, fault)) if another && fault.side != Side::Gateway => {
                gate = again;
                // what is wrong with a certificate says more than that its key alone is nobody's
                let told = unknown.as_ref().is_some_and(|before: &Fault| before.code != Code::NoPrincipal);
                unknown = if told { unknown } else { Some(fault) };
                // where nobody waits for it the client is gone, as is heard next
                answer.send(false).ok();
            }
            Err((gate, fault)) => return Err((gate.refused_login(fault).await, Some(answer))),
        }
    }
}

/// The next proof that a client brings.
async fn attempt(client: &mut Server, until: Instant) -> Result<Attempt, Fault> {
    // where the connection is over, nobody makes attempts
    let next = timeout_at(until, client.attempts.recv()).await;
    next.map_err(|_| late())?.ok_or_else(left)
}

/// Opens the target, and logs in there.
async fn enter(known: Gate<Known>, target: &str, account: Option<&str>) -> Result<Admitted, Fault> {
    let (gate, lease, link) = known.open(target, account).await?;
    let (proof, secrets) = match host::proof(&lease) {
        Ok(proofs) => proofs,
        Err(fault) => {
            gate.close(&fault.to_string()).await?;
            return Err(fault);
        }
    };
    let echo = Echo::besides(&secrets, &gate.target().names(&lease.user));
    let over = gate.over();
    let entered = tokio::select! {
        entered = host::log_in(gate.target(), gate.now(), &lease.user, proof, link.stream) => entered,
        fault = over => Err(fault),
    };
    match entered {
        Ok((target, from_target)) => Ok(Admitted { gate, target: Target::new(target), from_target, echo }),
        Err(fault) => {
            gate.close(&fault.to_string()).await?;
            Err(fault)
        }
    }
}

/// Tells a client why its connection ends, behind the answer that it waits for.
async fn tell(client: &mut Server, fault: &Fault, answer: Option<(Answer, bool)>) {
    let told = async {
        client.dismiss(&refuse::farewell(fault)).await;
        if let Some((waiting, known)) = answer {
            waiting.send(known).ok();
        }
        client.over().await;
    };
    timeout(GOODBYE, told).await.ok();
}

fn late() -> Fault {
    let message = format!("the login took longer than {} s", DEADLINE.as_secs());
    Fault::client(Code::LoginTimeout, message).hint("connect again")
}

fn left() -> Fault {
    Fault::client(Code::ProofMissing, "the client left before it was let in")
}

fn broken(deaf: &Deaf) -> Fault {
    Fault::client(Code::ClientViolation, "the client does not speak SSH as it should").cause(deaf)
}
