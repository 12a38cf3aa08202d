//! TLS on both sides of the gateway: towards targets and issuers as client, towards clients as server.
//!
//! TLS 1.2 at least, one crypto provider, no session is ever resumed: who is at the other end is proved in each
//! connection. `target` is the client's side, [`listener`] the server's, `end_point` the channel binding.

mod der;
pub(crate) mod end_point;
pub mod listener;
pub(crate) mod target;
mod validity;

#[cfg(test)]
mod tests;

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use postern_core::ports::TlsVersion;
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, ProtocolVersion, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// Why authorities cannot be had: what to say, and what only the log says.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) what: String,
    pub(crate) cause: String,
}

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// Whom to believe about certificates.
#[derive(Clone, Debug)]
pub(crate) struct Authorities {
    pub(crate) roots: RootCertStore,
    /// The certificates that a CA file lists, as they stand there; none of the system's.
    pub(crate) listed: Vec<CertificateDer<'static>>,
}

impl Authorities {
    /// Those in the PEM file `ca`, or the system's.
    pub(crate) fn read(ca: Option<&Path>) -> Result<Self, Unreadable> {
        match ca {
            Some(path) => Self::from_file(path),
            None => Self::of_system(),
        }
    }

    fn of_system() -> Result<Self, Unreadable> {
        let system = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(system.certs);
        if roots.is_empty() {
            let cause = system.errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            let what = "this system has no trusted authorities: install its `ca-certificates`, or name a CA file";
            return Err(Unreadable { what: what.to_owned(), cause });
        }
        Ok(Self { roots, listed: Vec::new() })
    }

    fn from_file(path: &Path) -> Result<Self, Unreadable> {
        let unreadable = |what: &str, error: &dyn Error| Unreadable {
            what: format!("the CA file `{}` {what}", path.display()),
            cause: chain(error),
        };
        let pem = std::fs::read(path).map_err(|error| unreadable("cannot be read", &error))?;
        let (mut roots, mut listed) = (RootCertStore::empty(), Vec::new());
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|error| unreadable("is not well-formed PEM", &error))?;
            listed.push(certificate.clone());
            roots.add(certificate).map_err(|error| unreadable("holds a certificate that is none", &error))?;
        }
        if roots.is_empty() {
            let what = format!("the CA file `{}` holds no certificate", path.display());
            return Err(Unreadable { what, cause: String::new() });
        }
        Ok(Self { roots, listed })
    }
}

/// A client that wants a certificate of one of these authorities, made for the name it asks for.
pub(crate) fn verified_by(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// The version that both ends have settled on; none older than these is ever offered.
pub(crate) fn version(agreed: Option<ProtocolVersion>) -> TlsVersion {
    if agreed == Some(ProtocolVersion::TLSv1_3) { TlsVersion::V1_3 } else { TlsVersion::V1_2 }
}

/// An error with all that caused it, on one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}
