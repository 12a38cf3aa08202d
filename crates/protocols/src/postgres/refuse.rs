//! How refusals and faults sound in PostgreSQL: SQLSTATE, message, detail, hint.
//!
//! It decides nothing: it gets a [`Denial`] or a [`Fault`] and finds the client's words for it.

#![expect(clippy::wildcard_enum_match_arm, reason = "the rest share the code of their side")]

use postern_core::fault::{Fault, Side};
use postern_core::gate::Held;
use postern_core::{Code, Denial};

use super::wire::{Named, Report};

/// SQLSTATEs (PostgreSQL documentation, appendix A).
pub(super) mod sqlstate {
    pub(crate) const INSUFFICIENT_PRIVILEGE: &str = "42501";
    pub(crate) const FEATURE_NOT_SUPPORTED: &str = "0A000";
    pub(crate) const INVALID_PASSWORD: &str = "28P01";
    pub(crate) const INVALID_AUTHORIZATION: &str = "28000";
    pub(crate) const INVALID_CATALOG_NAME: &str = "3D000";
    pub(crate) const PROTOCOL_VIOLATION: &str = "08P01";
    pub(crate) const INVALID_PARAMETER: &str = "22023";
    pub(crate) const CONNECTION_FAILURE: &str = "08006";
    pub(crate) const QUERY_CANCELED: &str = "57014";
    pub(crate) const ADMIN_SHUTDOWN: &str = "57P01";
    pub(crate) const SESSION_TIMEOUT: &str = "57P05";
    pub(crate) const TOO_MANY_CONNECTIONS: &str = "53300";
    pub(crate) const OUT_OF_MEMORY: &str = "53200";
    pub(crate) const CONFIGURATION_LIMIT: &str = "53400";
    pub(crate) const LIMIT_EXCEEDED: &str = "54000";
    pub(crate) const SYSTEM_ERROR: &str = "58000";
    pub(crate) const FAILED_TRANSACTION: &str = "25P02";
    pub(crate) const UNDEFINED_STATEMENT: &str = "26000";
    pub(crate) const UNDEFINED_CURSOR: &str = "34000";
    pub(crate) const SYNTAX_ERROR: &str = "42601";
}

/// The report of a refusal; the session goes on.
pub(super) fn denial(denial: &Denial) -> Report {
    let state = match denial.code {
        Code::NotSupported | Code::PreparedOtherwise => sqlstate::FEATURE_NOT_SUPPORTED,
        Code::ApprovalWithdrawn | Code::TooLong => sqlstate::QUERY_CANCELED,
        Code::TooOften => sqlstate::CONFIGURATION_LIMIT,
        Code::TooManyRows => sqlstate::LIMIT_EXCEEDED,
        Code::NoRoom => sqlstate::OUT_OF_MEMORY,
        _ => sqlstate::INSUFFICIENT_PRIVILEGE,
    };
    let detail = match &denial.rule {
        Some(rule) => format!("Rule \"{rule}\" ({}).", denial.code),
        None => format!("{}.", denial.code),
    };
    let report = Report::error(state, &denial.message).detail(&detail);
    // drivers prepare anew what the server calls so
    let report = if denial.code == Code::PreparedOtherwise { report.routine("RevalidateCachedQuery") } else { report };
    denial.hint.iter().fold(report, |report, hint| report.hint(hint))
}

/// The report of a fault; the session ends.
pub(super) fn fault(fault: &Fault) -> Report {
    let state = match (fault.side, fault.code) {
        (_, Code::TokenInvalid | Code::TokenExpired | Code::TokenAudience | Code::ProofMissing)
        | (_, Code::CredentialUnknown | Code::CredentialExpired | Code::AttemptsTooMany) => sqlstate::INVALID_PASSWORD,
        (_, Code::CredentialBound | Code::BindingMismatch | Code::CredentialRevoked) => sqlstate::INVALID_AUTHORIZATION,
        (_, Code::TargetUnknown | Code::TargetContradicted) => sqlstate::INVALID_CATALOG_NAME,
        (_, Code::NoLogin | Code::IssuerUnknown | Code::NoPrincipal | Code::PlainTextRefused) => {
            sqlstate::INVALID_AUTHORIZATION
        }
        (_, Code::NotSupported | Code::SettingPinned) => sqlstate::FEATURE_NOT_SUPPORTED,
        (_, Code::PolicyChanged) => sqlstate::INSUFFICIENT_PRIVILEGE,
        // a session that is refused like a statement
        (Side::Client, Code::NotAllowed | Code::Forbidden | Code::ConditionFailed | Code::MaskedOutput) => {
            sqlstate::INSUFFICIENT_PRIVILEGE
        }
        (_, Code::Stopping | Code::SessionKilled) => sqlstate::ADMIN_SHUTDOWN,
        (_, Code::TooManySessions) => sqlstate::TOO_MANY_CONNECTIONS,
        (_, Code::NoRoom) => sqlstate::OUT_OF_MEMORY,
        (_, Code::SessionOver) => sqlstate::SESSION_TIMEOUT,
        (_, Code::SettingRefused) => sqlstate::INVALID_PARAMETER,
        // a statement that could not be cancelled
        (_, Code::TooLong) => sqlstate::QUERY_CANCELED,
        (Side::Client, _) => sqlstate::PROTOCOL_VIOLATION,
        (Side::Target, _) => sqlstate::CONNECTION_FAILURE,
        (Side::Gateway, _) => sqlstate::SYSTEM_ERROR,
    };
    let report = Report::fatal(state, &fault.message).detail(&format!("{}.", fault.code));
    fault.hint.iter().fold(report, |report, hint| report.hint(hint))
}

/// What a client hears while it waits for a human.
pub(super) fn held(held: &Held) -> Report {
    let message = format!("waiting for a human to approve this: {}, {}", held.approval(), held.url());
    Report::notice(&message)
        .detail(&format!("Rule \"{}\".", held.rules().join(", ")))
        .hint("Cancel the query to take it back.")
}

/// What the server says of a statement or portal that is not there, for when it cannot be asked.
pub(super) fn missing(kind: Named, name: &str) -> Report {
    let (state, message) = match (kind, name) {
        (Named::Statement, "") => {
            (sqlstate::UNDEFINED_STATEMENT, "unnamed prepared statement does not exist".to_owned())
        }
        (Named::Statement, name) => {
            (sqlstate::UNDEFINED_STATEMENT, format!("prepared statement \"{name}\" does not exist"))
        }
        (Named::Portal, name) => (sqlstate::UNDEFINED_CURSOR, format!("portal \"{name}\" does not exist")),
    };
    Report::error(state, &message)
}
