//! Reaches targets directly: TCP, then the means to encrypt it as the target's configuration says.
//!
//! Sends nothing itself. Enter at [`Direct::dial`].

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use postern_core::code::Code;
use postern_core::fault::Fault;
use postern_core::ports::{ClientCertificate, Dial, Duplex, Encrypt, Later, Link};
use postern_core::target::{Target, TargetTls};
use tokio::net::{TcpStream, ToSocketAddrs};

use crate::tcp;
use crate::tls::target::{Check, TargetSide};
use crate::tls::{Authorities, Unreadable};

#[cfg(test)]
mod tests;

const PATIENCE: Duration = Duration::from_secs(10);

/// Dials targets from this machine.
#[derive(Debug, Default)]
pub struct Direct {
    system: OnceLock<Authorities>,
    /// What each protocol is called inside TLS (ALPN).
    called: BTreeMap<&'static str, &'static str>,
}

impl Direct {
    /// Dials targets whose protocols are called so inside TLS.
    #[must_use]
    pub fn calling(called: impl IntoIterator<Item = (&'static str, &'static str)>) -> Self {
        Self { called: called.into_iter().collect(), ..Self::default() }
    }

    async fn link(&self, target: &Target, certificate: Option<ClientCertificate>) -> Result<Link, Fault> {
        // Certificates first: what cannot be encrypted is not even called.
        let tls = self.encryption(target, certificate)?;
        // Tries the addresses of the name one after the other.
        let host = target.host.trim_start_matches('[').trim_end_matches(']');
        let stream = connect(target, (host, target.port)).await?;
        let peer = stream.peer_addr().map_err(|error| lost(target, &error))?;
        Ok(Link { stream: Box::new(stream), tls, peer })
    }

    fn encryption(
        &self,
        target: &Target,
        certificate: Option<ClientCertificate>,
    ) -> Result<Option<Arc<dyn Encrypt>>, Fault> {
        let (check, ca) = match &target.tls {
            TargetTls::VerifyFull { ca } => (Check::Full, ca),
            TargetTls::VerifyCa { ca } => (Check::Authority, ca),
            TargetTls::Disable | TargetTls::HostKeys { .. } => return Ok(None),
        };
        let authorities = self.authorities(ca.as_deref()).map_err(|unreadable| {
            Fault::target(Code::TargetCertificate, format!("target `{}`: {}", target.name, unreadable.what))
                .cause(unreadable.cause)
        })?;
        let speaks = self.called.get(target.protocol).copied();
        Ok(Some(Arc::new(TargetSide::new(target, check, authorities, certificate, speaks)?)))
    }

    /// A CA file is read at each session, so that a new one takes effect; the system's are read once.
    fn authorities(&self, ca: Option<&Path>) -> Result<Authorities, Unreadable> {
        if ca.is_some() {
            return Authorities::read(ca);
        }
        if let Some(system) = self.system.get() {
            return Ok(system.clone());
        }
        let system = Authorities::read(None)?;
        Ok(self.system.get_or_init(|| system).clone())
    }
}

impl Dial for Direct {
    fn dial<'a>(
        &'a self,
        target: &'a Target,
        certificate: Option<ClientCertificate>,
    ) -> Later<'a, Result<Link, Fault>> {
        Box::pin(self.link(target, certificate))
    }

    fn again<'a>(&'a self, target: &'a Target, peer: SocketAddr) -> Later<'a, Result<Box<dyn Duplex>, Fault>> {
        Box::pin(async move {
            let stream: Box<dyn Duplex> = Box::new(connect(target, peer).await?);
            Ok(stream)
        })
    }
}

async fn connect(target: &Target, address: impl ToSocketAddrs) -> Result<TcpStream, Fault> {
    let stream = match tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            let (what, hint) = explained(&error);
            return Err(unreachable(target, what, error).hint(hint));
        }
        Err(_) => {
            return Err(unreachable(target, "does not answer", "no connection in 10 seconds")
                .hint("see that it runs, and that no firewall stands between it and the gateway"));
        }
    };
    tcp::tune(&stream).map_err(|error| lost(target, &error))?;
    Ok(stream)
}

fn unreachable(target: &Target, what: &str, cause: impl Display) -> Fault {
    Fault::target(Code::TargetUnreachable, format!("target `{}` {what}", target.name))
        .cause(format!("{}:{}: {cause}", target.host, target.port))
}

fn lost(target: &Target, error: &io::Error) -> Fault {
    unreachable(target, "was lost as soon as it was reached", error)
}

fn explained(error: &io::Error) -> (&'static str, &'static str) {
    let kind = error.kind();
    if kind == io::ErrorKind::ConnectionRefused {
        return ("refuses connections", "see that it runs and listens on this port");
    }
    if matches!(kind, io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable) {
        return ("is on a network that cannot be reached", "see the gateway's routes to it");
    }
    // The resolver's errors have no kind of their own, but they alone are not the kernel's.
    if error.raw_os_error().is_none() {
        return (
            "has an address that cannot be resolved",
            "see that the host in its `address` is right and in the DNS",
        );
    }
    ("cannot be reached", "see the gateway's log for the reason")
}
