//! The stable codes `PST-nnnn` that every error a client or an operator sees carries.
//!
//! A code, once given, keeps its meaning for ever; docs/errors.md lists them for people.

use std::fmt;

use serde::Serialize;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal,)*) => {
        /// What went wrong, as a stable number. The thousands say where: 1 identity, 2 target, 3 decision,
        /// 4 what the client sent, 5 the gateway itself.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The four digits behind `PST-`.
            #[must_use]
            pub fn number(self) -> u16 {
                match self { $(Self::$name => $number,)* }
            }
        }
    };
}

codes! {
    /// The proof is no token of a trusted issuer.
    TokenInvalid = 1001,
    /// The token's time is over, or has not begun.
    TokenExpired = 1002,
    /// The token was made for somebody else.
    TokenAudience = 1003,
    /// Nobody here trusts the token's issuer.
    IssuerUnknown = 1004,
    /// The token is genuine, but no trust rule makes it a principal.
    NoPrincipal = 1005,
    /// The issuer's keys could not be fetched.
    IssuerUnreachable = 1006,
    /// No proof was given.
    ProofMissing = 1007,
    /// There is no such credential, or the password is not its own.
    CredentialUnknown = 1008,
    /// The credential's time is over.
    CredentialExpired = 1009,
    /// The credential was taken back.
    CredentialRevoked = 1010,
    /// The credential is for another target.
    CredentialBound = 1011,
    /// A credential is not exchanged for another.
    CredentialAgain = 1012,
    /// Somebody has as many credentials as there may be.
    CredentialsTooMany = 1013,
    /// The client is bound to another connection than the gateway sees.
    BindingMismatch = 1014,
    /// Too many logins with one user name failed.
    AttemptsTooMany = 1015,
    /// The public key is of a kind whose signatures prove nothing, or is none.
    KeyRefused = 1016,
    /// There is no such target, or this principal may not know of it.
    TargetUnknown = 2001,
    /// The target cannot be reached.
    TargetUnreachable = 2002,
    /// The target refused the credential that was injected.
    TargetLogin = 2003,
    /// The target's certificate is not the one expected.
    TargetCertificate = 2004,
    /// The credential could not be fetched from its secret store.
    VaultUnavailable = 2005,
    /// The target broke its own protocol.
    TargetViolation = 2006,
    /// The connection to the target was lost.
    TargetLost = 2007,
    /// The sealed store has no secret of this name.
    SecretUnknown = 2010,
    /// The sealed store has a secret of this name.
    SecretTaken = 2011,
    /// A sealed secret is not what was sealed.
    SealBroken = 2012,
    /// The certificate that the gateway would show a target cannot be used.
    CertificateUnusable = 2014,
    /// The target asks for a certificate, and none is configured.
    CertificateWanted = 2015,
    /// The target has not proved that it is the target.
    TargetUnproved = 2016,
    /// The principal has as many sessions on the target as it may.
    TooManySessions = 2008,
    /// No account of the target is for this principal.
    NoLogin = 2009,
    /// No rule allows it.
    NotAllowed = 3001,
    /// A rule forbids it.
    Forbidden = 3002,
    /// The result could carry a masked column in a form that cannot be masked.
    MaskedOutput = 3003,
    /// A masked column is used where its value could be inferred.
    MaskedPredicate = 3004,
    /// A masked column would be written.
    MaskedWrite = 3005,
    /// A human said no.
    ApprovalDenied = 3006,
    /// No human answered in time.
    ApprovalExpired = 3007,
    /// It would wait for a human while it holds locks.
    ApprovalInTransaction = 3008,
    /// It waits for a human: ask again once approved.
    ApprovalPending = 3009,
    /// The client took back what waited for a human.
    ApprovalWithdrawn = 3010,
    /// The policy changed between preparing and executing.
    PolicyChanged = 3011,
    /// It cannot be read, so it cannot be decided.
    Unreadable = 3012,
    /// A human's answer to an approval does not count.
    AnswerRefused = 3013,
    /// What it names came to stand for something else after it was read.
    MeaningChanged = 3014,
    /// A rule's condition cannot be worked out.
    ConditionFailed = 3015,
    /// More rows came of it than a rule lets through.
    TooManyRows = 3016,
    /// It took longer than a rule lets it.
    TooLong = 3017,
    /// The principal has done as much in a minute as a rule lets it.
    TooOften = 3018,
    /// Other columns are masked than when it was prepared.
    PreparedOtherwise = 3019,
    /// Only whoever has a role at the gateway itself may do it.
    RoleMissing = 3025,
    /// The client broke the protocol.
    ClientViolation = 4001,
    /// The protocol has it, Postern does not pass it.
    NotSupported = 4002,
    /// Plain text where only TLS is taken.
    PlainTextRefused = 4003,
    /// The client took too long to log in.
    LoginTimeout = 4004,
    /// A setting that must not change here.
    SettingPinned = 4005,
    /// A request to the API that cannot be read.
    RequestInvalid = 4006,
    /// There is nothing of this name, or this principal may not know of it.
    NotFound = 4007,
    /// A recording that was kept long enough, and is no longer.
    RecordingGone = 4009,
    /// A request for a credential that cannot be read, or asks for what is not given.
    ExchangeInvalid = 4011,
    /// The client names two targets.
    TargetContradicted = 4012,
    /// A long message for which there is no memory left.
    NoRoom = 4017,
    /// The target does not take a setting that the session begins with.
    SettingRefused = 4018,
    /// The journal cannot be written.
    JournalUnavailable = 5001,
    /// The store cannot be reached.
    StoreUnavailable = 5002,
    /// A fault of the gateway itself.
    Internal = 5003,
    /// The gateway is stopping.
    Stopping = 5004,
    /// A session has lasted as long as it may.
    SessionOver = 5005,
    /// A session cannot be recorded, so it does not go on.
    RecordingFailed = 5006,
    /// A recording is not what was written.
    RecordingBroken = 5007,
    /// Somebody ended the session.
    SessionKilled = 5008,
    /// The target sent back the credential that the gateway logs in with.
    CredentialShown = 5009,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PST-{:04}", self.number())
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
