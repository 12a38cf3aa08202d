//! Time as an argument: microseconds inside, RFC 3339 UTC outside.
//!
//! Nothing in this crate asks the machine what time it is; it is told through [`Clock`].

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ports::Later;

#[cfg(test)]
mod tests;

/// Microseconds since the Unix epoch, UTC. Written outside as RFC 3339 with six fractional digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Micros(pub u64);

impl Micros {
    /// The moment `later` after this one; saturates at the end of time.
    #[must_use]
    pub fn after(self, later: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(later.as_micros()).unwrap_or(u64::MAX)))
    }

    /// How long it is from `earlier` to this moment; zero if it lies ahead.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    /// Whole seconds since the epoch, the unit of token claims.
    #[must_use]
    pub fn seconds(self) -> u64 {
        self.0 / 1_000_000
    }

    /// The moment that RFC 3339 text names, if it names one after 1970.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let moment: jiff::Timestamp = text.parse().ok()?;
        u64::try_from(moment.as_microsecond()).ok().map(Self)
    }
}

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = i64::try_from(self.0).ok().and_then(|micros| jiff::Timestamp::from_microsecond(micros).ok());
        // INVARIANT: what is written can be read back, so what lies beyond the calendar is its last moment
        write!(f, "{:.6}", moment.unwrap_or(jiff::Timestamp::MAX))
    }
}

impl Serialize for Micros {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Micros {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("expected an RFC 3339 time"))
    }
}

/// What time it is. The only source of time for everything in this crate.
pub trait Clock: Send + Sync {
    /// The present moment, UTC.
    fn now(&self) -> Micros;

    /// Resolves once `moment` has come.
    fn until(&self, moment: Micros) -> Later<'_, ()>;
}
