//! The client's side of TLS: makes sure that the target is the target, or says why it is not.
//!
//! Enter at [`TargetSide::new`].

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use postern_core::code::Code;
use postern_core::fault::Fault;
use postern_core::ports::{Asked, ClientCertificate, Duplex, Encrypt, Encrypted, Later};
use postern_core::target::Target;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{AlertDescription, CertificateError, DigitallySignedStruct, PeerMisbehaved, SignatureScheme};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::TlsConnector;

use super::{Authorities, end_point, validity};

const PATIENCE: Duration = Duration::from_secs(10);

/// Which part of a target's certificate must be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// Its authority, its time and its name.
    Full,
    /// Its authority and its time.
    Authority,
}

/// Encrypts connections to one target.
pub(crate) struct TargetSide {
    target: String,
    address: String,
    name: ServerName<'static>,
    connector: TlsConnector,
    answer: Arc<Answer>,
}

impl TargetSide {
    pub(crate) fn new(
        target: &Target,
        check: Check,
        authorities: Authorities,
        certificate: Option<ClientCertificate>,
        speaks: Option<&str>,
    ) -> Result<Self, Fault> {
        let host = target.host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let address = format!("{}:{}", target.host, target.port);
        let target = target.name.to_string();
        let broken = |message: String| Fault::target(Code::TargetCertificate, message);
        let name = ServerName::try_from(host).map_err(|error| {
            broken(format!("no certificate can be made for the address of target `{target}`"))
                .hint("the host in its `address` must be a DNS name or an IP address")
                .cause(format!("{address}: {error}"))
        })?;
        let mut config = super::verified_by(authorities.roots.clone())
            .map_err(|error| broken(format!("TLS to target `{target}` cannot be prepared")).cause(error))?;
        // THREAT: whoever stands between leads the connection to another service with the same certificate (ALPACA). What
        // names another protocol is refused; older servers name none.
        config.alpn_protocols = speaks.iter().map(|name| name.as_bytes().to_vec()).collect();
        let verifier = Verifier { check, authorities, provider: super::provider() };
        config.dangerous().set_certificate_verifier(Arc::new(verifier));
        let answer = Arc::new(Answer::with(certificate.as_ref(), &target)?);
        config.client_auth_cert_resolver = Arc::<Answer>::clone(&answer);
        Ok(Self { target, address, name, connector: TlsConnector::from(Arc::new(config)), answer })
    }

    async fn handshake(&self, plain: Box<dyn Duplex>) -> Result<Encrypted, Fault> {
        let handshake = self.connector.connect(self.name.clone(), plain);
        let stream = match tokio::time::timeout(PATIENCE, handshake).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(self.failed(&error)),
            Err(_) => {
                let message = format!("target `{}` did not finish the TLS handshake in 10 seconds", self.target);
                return Err(Fault::target(Code::TargetUnreachable, message).cause(&self.address));
            }
        };
        let (_, session) = stream.get_ref();
        let certificate = session.peer_certificates().and_then(<[_]>::first);
        let end_point = certificate.and_then(|certificate| end_point::of(certificate));
        let until = certificate.and_then(|certificate| validity::end_of(certificate));
        let protocol = session.alpn_protocol().map(<[u8]>::to_vec);
        let (asked, version) = (self.answer.asked(), super::version(session.protocol_version()));
        Ok(Encrypted { stream: Box::new(stream), end_point, protocol, server_name: None, asked, version, until })
    }

    fn failed(&self, error: &io::Error) -> Fault {
        let target = &self.target;
        let cause = format!("{}: {}", self.address, super::chain(error));
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if let Some(rustls::Error::InvalidCertificate(reason)) = inner {
            let (what, hint) = explained(reason);
            return Fault::target(Code::TargetCertificate, format!("the certificate of target `{target}` {what}"))
                .hint(hint)
                .cause(cause);
        }
        let fault = Fault::target(Code::TargetUnreachable, format!("target `{target}` did not agree on TLS"));
        let hint = match inner {
            Some(
                rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol)
                | rustls::Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedApplicationProtocol),
            ) => "what answers at the target's `address` speaks another protocol",
            Some(_) => "the target must speak TLS 1.2 or 1.3 with a current cipher",
            None => "see the target's log: it closed the connection while TLS began",
        };
        fault.hint(hint).cause(cause)
    }
}

impl Encrypt for TargetSide {
    fn encrypt(&self, plain: Box<dyn Duplex>) -> Later<'_, Result<Encrypted, Fault>> {
        Box::pin(self.handshake(plain))
    }
}

/// What one target hears that asks for a certificate.
#[derive(Debug)]
pub(super) struct Answer {
    certified: Option<Arc<CertifiedKey>>,
    asked: AtomicBool,
    /// Whether it takes signatures that the key can make.
    shown: AtomicBool,
}

impl Answer {
    pub(super) fn with(certificate: Option<&ClientCertificate>, target: &str) -> Result<Self, Fault> {
        let certified = certificate.map(|certificate| certified(certificate, target)).transpose()?.map(Arc::new);
        Ok(Self { certified, asked: AtomicBool::new(false), shown: AtomicBool::new(false) })
    }

    pub(super) fn asked(&self) -> Asked {
        match (self.asked.load(Ordering::Relaxed), self.shown.load(Ordering::Relaxed)) {
            (false, _) => Asked::Nothing,
            (true, false) => Asked::InVain,
            (true, true) => Asked::Shown,
        }
    }
}

impl ResolvesClientCert for Answer {
    fn resolve(&self, _authorities: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        let fits = |certified: &&Arc<CertifiedKey>| certified.key.choose_scheme(schemes).is_some();
        let certified = self.certified.as_ref().filter(fits).cloned();
        self.shown.store(certified.is_some(), Ordering::Relaxed);
        certified
    }

    fn has_certs(&self) -> bool {
        self.certified.is_some()
    }
}

/// The gateway's own certificate for a target. Its key goes to the TLS library and nowhere else.
fn certified(certificate: &ClientCertificate, target: &str) -> Result<CertifiedKey, Fault> {
    let unusable = |what: &str, hint: &str| {
        let message = format!("the gateway's certificate for target `{target}` {what}");
        Fault::gateway(Code::CertificateUnusable, message).hint(hint)
    };
    let chain = CertificateDer::pem_slice_iter(certificate.chain.expose())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| unusable("is not well-formed PEM", "see what `certificate` names").cause(error))?;
    if chain.is_empty() {
        let hint = "what `certificate` names must be PEM: -----BEGIN CERTIFICATE-----";
        return Err(unusable("is not there", hint));
    }
    let key = PrivateKeyDer::from_pem_slice(certificate.key.expose()).map_err(|error| {
        let hint = "what `key` names must be PEM, without a passphrase: -----BEGIN PRIVATE KEY-----";
        unusable("has no private key", hint).cause(error)
    })?;
    CertifiedKey::from_der(chain, key, &super::provider())
        .map_err(|error| unusable("and its key do not belong together", "see `certificate` and `key`").cause(error))
}

/// What is wrong with a certificate, and what to do about it.
fn explained(reason: &CertificateError) -> (&'static str, &'static str) {
    use CertificateError as Reason;
    if matches!(reason, Reason::Expired | Reason::ExpiredContext { .. }) {
        return ("has expired", "renew it on the target");
    }
    if matches!(reason, Reason::NotValidYet | Reason::NotValidYetContext { .. }) {
        return ("is not valid yet", "check the clocks of the gateway and of the machine that made it");
    }
    if matches!(reason, Reason::NotValidForName | Reason::NotValidForNameContext { .. }) {
        return (
            "is made for another host",
            "use the name that it is made for in the target's `address`, or say tls = \"verify-ca\"",
        );
    }
    if matches!(reason, Reason::UnknownIssuer | Reason::BadSignature) {
        return ("is not from a trusted authority", "name the authority that issued it as the target's `ca`");
    }
    if matches!(reason, Reason::InvalidPurpose | Reason::InvalidPurposeContext { .. }) {
        return ("is not made for a server", "issue one with the extended key usage serverAuth");
    }
    if is_authority(reason) {
        return (
            "is an authority's, not a server's",
            "issue a server certificate from it, or name it as the target's `ca`",
        );
    }
    ("cannot be verified", "see the gateway's log for what is wrong with it")
}

fn is_authority(reason: &CertificateError) -> bool {
    matches!(reason, CertificateError::Other(other)
        if matches!(other.0.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity)))
}

/// Wants a certificate that was issued by a known authority, or is itself one that the CA file lists: what
/// `openssl req -x509` makes is both at once, and operators name it as their `ca`.
#[derive(Debug)]
struct Verifier {
    check: Check,
    authorities: Authorities,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Authorities { roots, listed } = &self.authorities;
        let algorithms = self.provider.signature_verification_algorithms.all;
        let certificate = ParsedCertificate::try_from(end_entity)?;
        match verify_server_cert_signed_by_trust_anchor(&certificate, roots, intermediates, now, algorithms) {
            Ok(()) => {}
            // INVARIANT: its time was checked before its kind was, so an expired one does not come here.
            Err(rustls::Error::InvalidCertificate(reason)) if is_authority(&reason) && listed.contains(end_entity) => {}
            Err(error) => return Err(error),
        }
        match self.check {
            Check::Full => verify_server_name(&certificate, server_name)?,
            Check::Authority => {}
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
