//! What tests need around Postern: real servers, certificates, and an issuer that can misbehave.
//!
//! For tests only: nothing that ships depends on it.
//!
//! | module | gives |
//! |---|---|
//! | [`postgres`] | a real PostgreSQL 15 or 18 on loopback, with TLS, stopped with its owner |
//! | [`certificates`] | an authority, and certificates that are right or wrong in one chosen way |
//! | [`fakes`] | what stands behind every door of core, in memory, and a whole house of it |
//! | [`conformance`](mod@conformance) | what every protocol must hold to, as one suite |
//! | [`issuer`] | a *fake* token issuer: signs any claims, rotates keys, redirects, hangs, lies |
//! | [`sshd`] | a real OpenSSH server on loopback, stopped with its owner |
//! | [`openid_provider`] | a *real* OpenID provider (npm `oidc-provider`), for what the fake would only assume |

pub mod certificates;
pub mod conformance;
pub mod fakes;
pub mod issuer;
pub mod openid_provider;
pub mod postgres;
pub mod sshd;
