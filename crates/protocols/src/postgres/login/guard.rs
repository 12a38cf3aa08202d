//! What must never come back from a target: the password that was put into a session, and what the server keeps of it.
//!
//! It opens the secret once, as the session begins, and hands on what listens for it and cannot tell it. Enter at
//! [`Guards::of`].

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::BASE64;
use postern_core::credential::{Challenge, Verifier};
use postern_core::gate::Lease;
use postern_core::mask::echo::{Echo, Echoes, SHORTEST};
use postern_core::target::Target;
use postern_core::{Fault, Secret, TargetName};
use postgres_protocol::password::md5;

/// How a server keeps a password (`pg_authid.rolpassword`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::postgres) enum Kept {
    /// As the MD5 of the password and the account's name.
    Md5,
    /// As the keys of SCRAM.
    Scram(Challenge),
    /// Nobody knows: it did not say, or did not ask for it.
    Otherwise,
}

/// The most that a password may be hashed, which a server decides: PostgreSQL does so 4,096 times unless it is told to.
///
/// THREAT: a target that keeps the gateway hashing.
const MOST_ITERATIONS: u32 = 1_000_000;

impl Kept {
    /// Reads a server's first message of SCRAM (RFC 5802, section 7).
    pub(super) fn read(challenge: &[u8]) -> Result<Self, ()> {
        let text = std::str::from_utf8(challenge).map_err(|_| ())?;
        let part = |name: &str| text.split(',').find_map(|part| part.strip_prefix(name)).ok_or(());
        let salt = BASE64.decode(part("s=")?.as_bytes()).map_err(|_| ())?;
        let iterations = part("i=")?.parse().map_err(|_| ())?;
        if iterations > MOST_ITERATIONS { Err(()) } else { Ok(Self::Scram(Challenge { salt, iterations })) }
    }

    /// All that makes it another one.
    fn parts(&self) -> [Vec<u8>; 3] {
        match self {
            Self::Md5 => [b"md5".to_vec(), Vec::new(), Vec::new()],
            Self::Scram(Challenge { salt, iterations }) => {
                [b"scram".to_vec(), salt.clone(), iterations.to_be_bytes().to_vec()]
            }
            Self::Otherwise => [Vec::new(), Vec::new(), Vec::new()],
        }
    }

    /// What a server keeps of this password.
    fn of(&self, user: &str, password: &Secret) -> Vec<Secret> {
        match self {
            // what stands before it, `md5`, is no part of any secret
            Self::Md5 => vec![Secret::new(md5(password.expose(), user).split_off("md5".len()))],
            Self::Scram(challenge) => {
                let verifier = Verifier::of(password, challenge);
                let (stored, server) = verifier.keys();
                vec![Secret::new(stored), Secret::new(server)]
            }
            Self::Otherwise => Vec::new(),
        }
    }
}

/// What listens in all sessions.
#[derive(Default)]
pub(in crate::postgres) struct Guards {
    echoes: Echoes,
    /// The targets of which it was said that their password is too short to be listened for, or a name.
    told: Mutex<BTreeSet<TargetName>>,
}

impl Guards {
    /// What listens in a session that was opened with this lease. To a walsender what the server keeps of the password is
    /// data like any other: whoever has a copy of the whole server has that, by a rule's leave.
    pub(super) fn of(&self, target: &Target, lease: &Lease, kept: &Kept, walsender: bool) -> Arc<Echo> {
        let kept = if walsender { &Kept::Otherwise } else { kept };
        let Some(password) = lease.password.as_ref().filter(|password| !password.is_empty()) else {
            return self.echoes.of(&[], || Echo::of([]));
        };
        let [how, salt, times] = kept.parts();
        let parts: [&[u8]; 5] = [lease.user.as_bytes(), password.expose(), &how, &salt, &times];
        let echo = self.echoes.of(&parts, || {
            let kept = kept.of(&lease.user, password);
            Echo::besides(kept.iter().chain([password]), &target.names(&lease.user))
        });
        if echo.unguarded() > 0 && self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(target.name.clone())
        {
            tracing::warn!(
                target_name = %target.name,
                "the password of this target's `login` has fewer than {SHORTEST} bytes, or is the name of its account, host or \
                 database: replies are not searched for it"
            );
        }
        echo
    }
}

/// A fault of a login without the password in what the log says.
pub(super) fn unsaid(fault: Fault, lease: &Lease) -> Fault {
    let said = |cause: &String| Echo::of(&lease.password).within(cause.as_bytes());
    if fault.cause.as_ref().is_some_and(said) { fault.cause("its words hold the password") } else { fault }
}

#[cfg(test)]
mod tests;
