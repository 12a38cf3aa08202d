//! Certificates for tests: an authority, and leaves that are right or wrong in one chosen way.
//!
//! Keys are new in every process, so no private key stands in the repository.
//! Validity is in fixed years, so no clock is read.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

/// The names of this machine's loopback interface.
pub const LOOPBACK: &[&str] = &["localhost", "127.0.0.1", "::1"];

/// When a certificate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// 2020 to 2100.
    Current,
    /// 2000 to 2001.
    Expired,
    /// 2100 to 2101.
    Future,
    /// 2020 to the beginning of this day.
    Until(i32, u8, u8),
}

/// A certificate authority of its own; two of them trust each other in nothing.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    /// A new authority.
    ///
    /// # Errors
    /// Where no key could be made.
    pub fn new(name: &str) -> Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        set_validity(&mut params, Validity::Current);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        Ok(Self { issuer })
    }

    /// The authority's certificate, for a `ca_file`.
    #[must_use]
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A server certificate for `names` (host names and addresses), valid now.
    ///
    /// # Errors
    /// Where a name is no DNS name.
    pub fn leaf(&self, names: &[&str]) -> Result<Leaf> {
        self.leaf_valid(names, Validity::Current)
    }

    /// A server certificate for `names` with the given validity.
    ///
    /// # Errors
    /// Where a name is no DNS name.
    pub fn leaf_valid(&self, names: &[&str], validity: Validity) -> Result<Leaf> {
        self.issue(names, validity, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// A client certificate for the account `name`, valid now.
    ///
    /// # Errors
    /// Where the name is no DNS name.
    pub fn client(&self, name: &str) -> Result<Leaf> {
        self.issue(&[name], Validity::Current, ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn issue(&self, names: &[&str], validity: Validity, usage: ExtendedKeyUsagePurpose) -> Result<Leaf> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names.clone())?;
        params.distinguished_name.push(DnType::CommonName, names.first().context("a leaf needs a name")?);
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        params.use_authority_key_identifier_extension = true;
        set_validity(&mut params, validity);
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Leaf { certificate: certificate.der().clone(), pem: certificate.pem(), key })
    }

    /// A TLS client that trusts this authority and no other.
    ///
    /// # Errors
    /// Where rustls refuses the authority.
    pub fn client_config(&self) -> Result<Arc<ClientConfig>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone())?;
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Arc::new(config))
    }
}

fn set_validity(params: &mut CertificateParams, validity: Validity) {
    let (from, (until, month, day)) = match validity {
        Validity::Current => (2020, (2100, 1, 1)),
        Validity::Expired => (2000, (2001, 1, 1)),
        Validity::Future => (2100, (2101, 1, 1)),
        Validity::Until(year, month, day) => (2020, (year, month, day)),
    };
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(until, month, day);
}

/// A certificate with its private key.
pub struct Leaf {
    certificate: CertificateDer<'static>,
    pem: String,
    key: KeyPair,
}

impl Leaf {
    /// The certificate, PEM.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The private key, PKCS #8 PEM.
    #[must_use]
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    /// A TLS server that shows this certificate and asks clients for none.
    ///
    /// # Errors
    /// Where rustls refuses the pair.
    pub fn server_config(&self) -> Result<Arc<ServerConfig>> {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], key)?;
        Ok(Arc::new(config))
    }
}

#[cfg(test)]
mod tests;
