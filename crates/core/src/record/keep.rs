//! How long a recording is kept: the longest of what the rules say that let something of its session run.
//!
//! A rule that says nothing leaves it to the gateway. Enter at [`Keep::until`].

use std::fmt;
use std::time::Duration;

use crate::clock::Micros;

/// What the rules say so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// The longest that a rule asks for.
    asked: Option<Duration>,
    /// Whether some rule leaves it to the gateway.
    left: bool,
}

impl Keep {
    /// What one rule says.
    #[must_use]
    pub fn asked(keep: Option<Duration>) -> Self {
        Self { asked: keep, left: keep.is_none() }
    }

    /// What both say.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { asked: self.asked.max(other.asked), left: self.left || other.left }
    }

    /// How long that is, where the gateway keeps recordings for `usually`.
    #[must_use]
    pub fn lasts(self, usually: Duration) -> Duration {
        match self.asked {
            Some(asked) if self.left => asked.max(usually),
            Some(asked) => asked,
            None => usually,
        }
    }

    /// Whether it says nothing that is not said of every recording.
    #[must_use]
    pub fn is_usual(self) -> bool {
        self.asked.is_none()
    }

    /// Reads the written form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (asked, left) = match text.trim().strip_suffix(" or longer") {
            Some(asked) => (asked, true),
            None => (text.trim(), false),
        };
        let seconds = asked.strip_suffix('s')?.parse().ok()?;
        Some(Self { asked: Some(Duration::from_secs(seconds)), left })
    }

    /// Until when the recording of a session that began at `began` is kept.
    #[must_use]
    pub fn until(self, began: Micros, usually: Duration) -> Micros {
        began.after(self.lasts(usually))
    }
}

/// Such as `31536000s`, or `31536000s or longer` where a rule leaves it to the gateway.
impl fmt::Display for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.asked.unwrap_or_default().as_secs();
        write!(f, "{seconds}s{}", if self.left { " or longer" } else { "" })
    }
}
