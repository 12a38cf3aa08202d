//! The gateway's own login at a host, whether for a session or for questions of its own.
//!
//! INVARIANT: whoever logs in there does so by these means alone, so that what is examined is what sessions meet. Enter at
//! [`log_in`].

use std::time::Duration;

use postern_core::gate::Lease;
use postern_core::ports::{Duplex, LoginKey};
use postern_core::target::{Target, TargetTls};
use postern_core::{Code, Fault, Micros, Secret};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::ssh::transport::target::{self, Known, Proof, Refused};
use crate::ssh::transport::{FromTarget, keys};

/// The time that a host has to let the gateway in.
const PATIENCE: Duration = Duration::from_secs(15);

/// Makes sure that it is the host, and logs in.
pub(in crate::ssh) async fn log_in(
    place: &Target,
    now: Micros,
    user: &str,
    proof: Proof,
    stream: Box<dyn Duplex>,
) -> Result<(target::Target, mpsc::Receiver<FromTarget>), Fault> {
    let known = known(place, now)?;
    timely(target::connect(stream, known, user, proof)).await
}

/// How an account may log in at a host, as the host says before anything is proved to it.
pub(in crate::ssh) async fn methods(
    place: &Target,
    now: Micros,
    user: &str,
    stream: Box<dyn Duplex>,
) -> Result<Vec<String>, Fault> {
    let known = known(place, now)?;
    timely(target::methods(stream, known, user)).await
}

async fn timely<T>(asked: impl Future<Output = Result<T, Refused>>) -> Result<T, Fault> {
    let late = |_| Fault::target(Code::TargetUnreachable, "the target takes too long to let the gateway in");
    timeout(PATIENCE, asked).await.map_err(late)?.map_err(refused)
}

fn known(place: &Target, now: Micros) -> Result<Known, Fault> {
    let TargetTls::HostKeys { keys, authorities } = &place.tls else {
        return Err(Fault::gateway(Code::Internal, "nothing says which key this host has"));
    };
    Ok(Known { host: place.host.clone(), keys: keys.clone(), authorities: authorities.clone(), now })
}

fn refused(refused: Refused) -> Fault {
    match refused {
        Refused::Stranger => {
            let message = "the target shows another host key than the one that it is known by";
            Fault::target(Code::TargetUnproved, message).hint(
                "either somebody stands in the way, or the host has a new key: compare it there, then write it as `host_key`",
            )
        }
        refused @ Refused::Login { .. } => {
            let message = "the target refused the credential that the gateway holds for it";
            let hint =
                "tell whoever runs the gateway: the login of this target, or what the host trusts as TrustedUserCAKeys";
            Fault::target(Code::TargetLogin, message).hint(hint).cause(refused)
        }
        Refused::Failed(error) => {
            Fault::target(Code::TargetUnreachable, "the target does not speak SSH as it should").cause(error)
        }
    }
}

/// What the gateway proves itself with, and what must never come back of it.
pub(in crate::ssh) fn proof(lease: &Lease) -> Result<(Proof, Vec<Secret>), Fault> {
    let unusable = |what: &str| {
        let message = format!("the {what} of the target's login `{}` cannot be used", lease.user);
        Fault::gateway(Code::CertificateUnusable, message)
    };
    match (&lease.key, &lease.password) {
        (Some(LoginKey { private, certificate }), _) => {
            let (proof, secrets) = keys::own(private, certificate.as_deref()).ok_or_else(|| {
                unusable("key")
                    .hint("write it as ssh-keygen does: Ed25519 or ECDSA, OpenSSH's own format, no passphrase")
            })?;
            Ok((proof, secrets))
        }
        (None, Some(password)) => {
            let text = std::str::from_utf8(password.expose()).map_err(|_| unusable("password"))?;
            Ok((Proof::Password(text.to_owned()), vec![Secret::new(password.expose())]))
        }
        (None, None) => Err(unusable("proof").hint("give the login of the target a `key` or a `password`")),
    }
}
