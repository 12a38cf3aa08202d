//! `postern sessions`, as the command line has it: what was said, checked for its form.
//!
//! It talks to no gateway; the verbs do. Enter at [`Sessions`].

use clap::{Args, Subcommand};

use super::Remote;

/// What to do about sessions.
#[derive(Debug, Subcommand)]
pub enum Sessions {
    /// Who is or was where; newest first
    ///
    /// Everybody sees their own sessions, auditors and operators all.
    List(List),
    /// One session: who, where, from when to when
    Show {
        /// The session, ses_…
        id: String,
        /// Which gateway, and as whom
        #[command(flatten)]
        remote: Remote,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Play what was recorded of a session: what was asked, what was decided, what the client saw
    ///
    /// In its own time, or faster, and verified on the way: it says where a recording was touched, and fails where that was
    /// not all of it. For auditors; the journal says who looked. Nothing in a recording reaches the terminal but text.
    Play(Play),
    /// Look on while a session lasts
    ///
    /// However slowly this is read, the session does not wait for it. For auditors.
    Tail {
        /// The session, ses_…
        id: String,
        /// Which gateway, and as whom
        #[command(flatten)]
        remote: Remote,
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// End a session, and cancel what it runs; for operators
    Kill {
        /// The session, ses_…
        id: String,
        /// Why, for the record and for whose session it is
        #[arg(long)]
        reason: String,
        /// Which gateway, and as whom
        #[command(flatten)]
        remote: Remote,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Which sessions.
#[derive(Debug, Args)]
pub struct List {
    /// Only those of this principal
    #[arg(long, value_name = "NAME")]
    pub principal: Option<String>,
    /// Only those with this target
    #[arg(long, value_name = "TARGET")]
    pub target: Option<String>,
    /// Only those that last
    #[arg(long)]
    pub live: bool,
    /// At most so many
    #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = count)]
    pub limit: usize,
    /// Which gateway, and as whom
    #[command(flatten)]
    pub remote: Remote,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// How to play.
#[derive(Debug, Args)]
pub struct Play {
    /// The session, ses_…
    pub id: String,
    /// So many times as fast
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = factor)]
    pub speed: f64,
    /// Wait no longer than this where nothing happened, in seconds; 0 plays without waiting
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub idle: Option<f64>,
    /// Which gateway, and as whom
    #[command(flatten)]
    pub remote: Remote,
    /// Print one JSON object a line, at once
    #[arg(long)]
    pub json: bool,
    /// Print an asciicast, version 3, at once: for players of terminals, such as asciinema
    #[arg(long, conflicts_with_all = ["json", "speed", "idle"])]
    pub cast: bool,
}

fn count(text: &str) -> Result<usize, String> {
    let count = text.parse::<usize>().ok().filter(|count| *count > 0);
    count.ok_or_else(|| "write a whole number above 0".to_owned())
}

fn factor(text: &str) -> Result<f64, String> {
    let factor = text.parse::<f64>().ok().filter(|factor| (0.001..=1_000_000.0).contains(factor));
    factor.ok_or_else(|| "write a number above 0, such as 2 or 0.5".to_owned())
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.0..=1_000_000.0).contains(seconds));
    seconds.ok_or_else(|| "write a number of seconds, such as 2".to_owned())
}
