//! The way to a server: what encrypts it, and what either side proves.
//!
//! It says what a login came to; what a login insists on is [`crate::postgres::login`]'s. Enter at [`to_server`].

use std::time::Duration;

use postern_core::examination::{Finding, Gravity, Subject};
use postern_core::ports::{Asked, TlsVersion};
use postern_core::target::{Login, TargetTls};

use super::role::Role;
use super::sql::name;
use crate::postgres::asking::Heard;
use crate::postgres::login::target::Proof;

#[cfg(test)]
mod tests;

/// How long before its end a certificate wants attention.
const SOON: Duration = Duration::from_secs(30 * 24 * 60 * 60);
const DAY: u64 = 24 * 60 * 60;

/// What is to be said of the way, whoever logs in.
pub(super) fn to_server(subject: &Subject<'_>, heard: &Heard, role: &Role) -> Vec<Finding> {
    let mut found = Vec::new();
    let Some((version, until)) = heard.proved.tls else {
        found.extend(unencrypted(heard.peer.ip().is_loopback()));
        return found;
    };
    if matches!(subject.target.tls, TargetTls::VerifyCa { .. }) {
        let what = "the server's certificate is not compared with the name of its host (`tls = \"verify-ca\"`)";
        let why = "whoever has any certificate of the same authority can stand in the server's place";
        let advice = "use the name that the certificate is made for as `address`, and tls = \"verify-full\"";
        found.push(Finding::new(Gravity::Warning, "tls-name", what, why).advice(advice));
    }
    let now = subject.means.clock.now();
    if let Some(until) = until
        && until.since(now) < SOON
    {
        let days = until.since(now).as_secs() / DAY;
        let what = format!("the server's certificate ends on {until}, in {days} days");
        let why = "from then on no session opens";
        found.push(Finding::new(Gravity::Warning, "tls-certificate", what, why).advice("renew it on the server"));
    }
    if version < TlsVersion::V1_3 {
        let what = "the server speaks TLS 1.2 and not 1.3";
        let why = "in TLS 1.2 certificates cross the network in the open, and weak parameters can be agreed on";
        let advice = "see `ssl_max_protocol_version`, and the TLS library that the server is built with";
        found.push(Finding::new(Gravity::Note, "tls-version", what, why).advice(advice));
    }
    if matches!(role.oldest_tls.as_str(), "TLSv1" | "TLSv1.1" | "") {
        let oldest = if role.oldest_tls.is_empty() { "any version of TLS" } else { &role.oldest_tls };
        let what = format!("the server takes {oldest} from others");
        let why = "versions before 1.2 are broken, and others than Postern may log in with them";
        // it runs in no transaction, and so not in the script
        let advice = "by itself: ALTER SYSTEM SET ssl_min_protocol_version = 'TLSv1.2'; then reload the server";
        found.push(Finding::new(Gravity::Warning, "tls-oldest", what, why).advice(advice));
    }
    found
}

fn unencrypted(loopback: bool) -> Option<Finding> {
    if loopback {
        return None;
    }
    let what = "the way to the server is not encrypted (`tls = \"disable\"`), and it leaves this machine";
    let why = "whoever is on the way reads and changes statements and rows: past rules, masks and the journal";
    let advice = "turn on `ssl` in the server, and tls = \"verify-full\" in the target";
    Some(Finding::new(Gravity::Grave, "tls-off", what, why).advice(advice))
}

/// What is to be said of how an account proved itself.
pub(super) fn of_account(login: &Login, heard: &Heard) -> Option<Finding> {
    let encrypted = heard.proved.tls.is_some();
    let finding = match heard.proved.by {
        // a certificate is the proof, or may be: the server says no more
        Proof::Nothing if heard.proved.asked == Asked::Shown => return None,
        Proof::Nothing => Finding::new(
            Gravity::Grave,
            "login-trust",
            format!("the server lets `{}` in without any proof", login.user),
            "whoever reaches the server is that account, past Postern",
        )
        .advice("in pg_hba.conf, write `scram-sha-256` in place of `trust` for this account"),
        Proof::ClearText => Finding::new(
            Gravity::Warning,
            "login-clear-text",
            format!("the server asks for the password of `{}` itself", login.user),
            "whoever poses as the server, or reads its memory, has the password",
        )
        .advice("in pg_hba.conf, write `scram-sha-256` in place of `password`"),
        Proof::Md5 => Finding::new(
            Gravity::Warning,
            "login-md5",
            format!("the server keeps the password of `{}` as MD5", login.user),
            "what is kept so is enough to log in with, and quickly guessed from",
        )
        .advice(format!(
            "set password_encryption = 'scram-sha-256', give the password again with \\password {}, and write \
             `scram-sha-256` in pg_hba.conf",
            name(&login.user)
        )),
        Proof::Scram { bound: false } if encrypted => Finding::new(
            Gravity::Note,
            "login-unbound",
            format!("the login of `{}` is not bound to its TLS connection (SCRAM without PLUS)", login.user),
            "whoever has a certificate that passes can stand between and pass the login on",
        )
        .advice("use a server certificate signed with RSA or ECDSA, and let no proxy end TLS before the server"),
        Proof::Scram { .. } => return None,
    };
    Some(finding)
}
