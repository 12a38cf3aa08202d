//! The server's side of TLS: the gateway's certificate, from files or made by itself and kept.
//!
//! Enter at [`Certificate::load`] or [`Certificate::self_signed`].

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use postern_core::clock::Micros;
use postern_core::code::Code;
use postern_core::fault::Fault;
use postern_core::ports::{Asked, Duplex, Encrypt, Encrypted, Later};
use postern_core::secret::Secret;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::server::NoServerSessionStorage;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::end_point;

/// The gateway's certificate with its key.
#[derive(Clone, Debug)]
pub struct Certificate {
    certified: Arc<CertifiedKey>,
}

impl Certificate {
    /// A certificate, with its chain, and its key from PEM files.
    ///
    /// # Errors
    /// [`Code::Internal`] where a file cannot be read, is not what it should be, or the two do not belong together.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, Fault> {
        let pem = read(certificate, "certificate")?;
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem)
            .collect::<Result<_, _>>()
            .map_err(|error| broken(certificate, "is not well-formed PEM").cause(error))?;
        if chain.is_empty() {
            return Err(broken(certificate, "holds no certificate").hint("it must be PEM: -----BEGIN CERTIFICATE-----"));
        }
        let pem = Secret::new(read(key, "key")?);
        let parsed = PrivateKeyDer::from_pem_slice(pem.expose()).map_err(|error| {
            broken(key, "holds no private key").hint("it must be PEM: -----BEGIN PRIVATE KEY-----").cause(error)
        })?;
        if fs::metadata(key).is_ok_and(|metadata| metadata.permissions().mode() & 0o007 != 0) {
            tracing::warn!(path = %key.display(), "everybody on this machine may read the gateway's TLS key");
        }
        let certified = CertifiedKey::from_der(chain, parsed, &super::provider())
            .map_err(|error| broken(key, "does not belong to the certificate, or cannot be used").cause(error))?;
        Ok(Self { certified: Arc::new(certified) })
    }

    /// The self-signed certificate in `folder`, `tls.crt` with `tls.key`; made for `names` where there is none yet.
    /// Clients that verify use `tls.crt` as their authority.
    ///
    /// # Errors
    /// [`Code::Internal`] where it can be neither read nor written.
    pub fn self_signed(folder: &Path, names: &[String], now: Micros) -> Result<Self, Fault> {
        let (certificate, key) = (folder.join("tls.crt"), folder.join("tls.key"));
        if !certificate.exists() {
            let unwritable = |error: io::Error| {
                broken(folder, "takes no self-signed certificate").cause(&error).hint(error.to_string())
            };
            let (certificate_pem, key_pem) =
                issue(names, now).map_err(|error| broken(folder, "takes no self-signed certificate").cause(error))?;
            fs::create_dir_all(folder).map_err(unwritable)?;
            write(&key, key_pem.as_bytes(), 0o600).map_err(unwritable)?;
            write(&certificate, certificate_pem.as_bytes(), 0o644).map_err(unwritable)?;
        }
        Self::load(&certificate, &key)
    }

    /// The `tls-server-end-point` binding of this certificate, where it has one.
    #[must_use]
    pub fn end_point(&self) -> Option<Vec<u8>> {
        self.certified.cert.first().and_then(|certificate| end_point::of(certificate))
    }

    /// TLS as a server, with this certificate, for clients that speak one of `protocols` (ALPN) or do not say.
    ///
    /// # Errors
    /// [`Code::Internal`] where the crypto provider has no common version; it always has.
    pub fn config(&self, protocols: &[&[u8]]) -> Result<Arc<ServerConfig>, Fault> {
        let mut config = ServerConfig::builder_with_provider(super::provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| Fault::gateway(Code::Internal, "TLS cannot be prepared").cause(error))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(&self.certified))));
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }

    /// Encrypts connections that clients have opened; `protocols` as in [`Self::config`].
    ///
    /// # Errors
    /// As [`Self::config`].
    pub fn encrypt(&self, protocols: &[&[u8]]) -> Result<Arc<dyn Encrypt>, Fault> {
        let acceptor = TlsAcceptor::from(self.config(protocols)?);
        Ok(Arc::new(ListenerSide { acceptor, end_point: self.end_point() }))
    }
}

struct ListenerSide {
    acceptor: TlsAcceptor,
    end_point: Option<Vec<u8>>,
}

impl Encrypt for ListenerSide {
    fn encrypt(&self, plain: Box<dyn Duplex>) -> Later<'_, Result<Encrypted, Fault>> {
        Box::pin(async move {
            let stream = self.acceptor.accept(plain).await.map_err(|error| {
                Fault::client(Code::ClientViolation, "the TLS handshake failed").cause(super::chain(&error))
            })?;
            let (_, session) = stream.get_ref();
            let protocol = session.alpn_protocol().map(<[u8]>::to_vec);
            let server_name = session.server_name().map(str::to_owned);
            let (asked, version) = (Asked::Nothing, super::version(session.protocol_version()));
            let end_point = self.end_point.clone();
            Ok(Encrypted { stream: Box::new(stream), end_point, protocol, server_name, asked, version, until: None })
        })
    }
}

/// A new key, and a certificate for it that is valid for about ten years.
fn issue(names: &[String], now: Micros) -> Result<(String, String), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(names)?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, "Postern, self-signed");
    params.distinguished_name = subject;
    let year: i32 = now.to_string().get(..4).and_then(|year| year.parse().ok()).unwrap_or(1970);
    params.not_before = date_time_ymd(year.saturating_sub(1), 1, 1);
    params.not_after = date_time_ymd(year.saturating_add(10).min(9999), 1, 1);
    let certificate = params.self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

/// Writes a file whole or not at all.
fn write(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let unfinished = path.with_extension("new");
    let _ = fs::remove_file(&unfinished);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&unfinished)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(unfinished, path)
}

fn read(path: &Path, what: &str) -> Result<Vec<u8>, Fault> {
    fs::read(path).map_err(|error| {
        Fault::gateway(Code::Internal, format!("the TLS {what} `{}` cannot be read", path.display()))
            .hint(format!("see that it is there and the gateway may read it: {error}"))
    })
}

fn broken(path: &Path, what: &str) -> Fault {
    Fault::gateway(Code::Internal, format!("`{}` {what}", path.display()))
}
