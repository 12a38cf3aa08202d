//! The `tls-server-end-point` channel binding (RFC 5929 §4.1): a certificate's hash, under the hash function of its own
//! signature, or SHA-256 where that is MD5 or SHA-1.
//!
//! It reaches for the signature's algorithm and verifies nothing.

use aws_lc_rs::digest::{self, Algorithm, SHA224, SHA256, SHA384, SHA512};

use super::der::{FIRST_FIELD, SEQUENCE, element};

/// The binding of a certificate in DER. `None` where its signature uses no single hash function (Ed25519), for which
/// the binding is not defined.
pub(crate) fn of(certificate: &[u8]) -> Option<Vec<u8>> {
    let hash = hash_of_signature(certificate)?;
    Some(digest::digest(hash, certificate).as_ref().to_vec())
}

const OBJECT_IDENTIFIER: u8 = 0x06;

fn hash_of_signature(certificate: &[u8]) -> Option<&'static Algorithm> {
    let (certificate, _) = element(certificate, SEQUENCE)?;
    let (_to_be_signed, rest) = element(certificate, SEQUENCE)?;
    let (algorithm, _signature) = element(rest, SEQUENCE)?;
    let (identifier, parameters) = element(algorithm, OBJECT_IDENTIFIER)?;
    match identifier {
        // PKCS #1 (RFC 8017 A.2.4), 1.2.840.113549.1.1.x: MD5 and SHA-1 are too weak for the binding.
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, last] => match last {
            4 | 5 | 11 => Some(&SHA256),
            12 => Some(&SHA384),
            13 => Some(&SHA512),
            14 => Some(&SHA224),
            10 => hash_of_pss(parameters),
            _ => None,
        },
        // ECDSA (RFC 3279 §2.2.3, RFC 5758 §3.2): 1.2.840.10045.4.1, and 1.2.840.10045.4.3.x.
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01] => Some(&SHA256),
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, last] => match last {
            1 => Some(&SHA224),
            2 => Some(&SHA256),
            3 => Some(&SHA384),
            4 => Some(&SHA512),
            _ => None,
        },
        _ => None,
    }
}

/// RFC 8017 A.2.3; the hash function left out is SHA-1.
fn hash_of_pss(parameters: &[u8]) -> Option<&'static Algorithm> {
    let (fields, _) = element(parameters, SEQUENCE)?;
    // `hashAlgorithm`
    let Some((hash, _)) = element(fields, FIRST_FIELD) else {
        return Some(&SHA256);
    };
    let (algorithm, _) = element(hash, SEQUENCE)?;
    let (identifier, _) = element(algorithm, OBJECT_IDENTIFIER)?;
    match identifier {
        // 1.3.14.3.2.26, SHA-1; then NIST's 2.16.840.1.101.3.4.2.x.
        [0x2b, 0x0e, 0x03, 0x02, 0x1a] => Some(&SHA256),
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, last] => match last {
            1 => Some(&SHA256),
            2 => Some(&SHA384),
            3 => Some(&SHA512),
            4 => Some(&SHA224),
            _ => None,
        },
        _ => None,
    }
}
