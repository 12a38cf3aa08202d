//! Names of sessions, operations and approvals: UUIDv7 behind a prefix that says what they name.
//!
//! They sort by time of birth. They are names, never proofs: whoever knows one has learned nothing else.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::{NoContext, Timestamp, Uuid};

use crate::clock::Micros;

#[cfg(test)]
mod tests;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// A fresh one, born at `now`.
            #[must_use]
            pub fn at(now: Micros) -> Self {
                let nanos = u32::try_from((now.0 % 1_000_000).saturating_mul(1_000)).unwrap_or(0);
                Self(Uuid::new_v7(Timestamp::from_unix(NoContext, now.seconds(), nanos)))
            }

            /// When it was born, to the millisecond.
            #[must_use]
            pub fn born(&self) -> Micros {
                let (seconds, nanos) = self.0.get_timestamp().map_or((0, 0), |born| born.to_unix());
                Micros(seconds.saturating_mul(1_000_000).saturating_add(u64::from(nanos / 1_000)))
            }

            /// Its sixteen bytes.
            #[must_use]
            pub fn bytes(&self) -> [u8; 16] {
                *self.0.as_bytes()
            }

            /// The one of these bytes.
            #[must_use]
            pub fn of_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = UnknownId;

            fn from_str(text: &str) -> Result<Self, UnknownId> {
                let unknown = UnknownId { prefix: $prefix };
                // one spelling for each: the other forms of a UUID are longer
                let digits = text.strip_prefix($prefix).filter(|digits| digits.len() == 32).ok_or(unknown)?;
                Uuid::try_parse(digits).map(Self).map_err(|_| unknown)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(
    /// One client connection to one target by one principal: `ses_…`.
    SessionId, "ses_"
);
id!(
    /// One operation a principal asked for: `op_…`.
    OperationId, "op_"
);
id!(
    /// One credential that the gateway has issued: `crd_…`.
    CredentialId, "crd_"
);
id!(
    /// One human decision about one held operation: `apr_…`.
    ApprovalId, "apr_"
);

/// Text that does not name what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id: expected `{prefix}` and 32 hexadecimal digits")]
pub struct UnknownId {
    prefix: &'static str,
}
