//! What a process does to itself before it serves anybody: cryptography, core dumps, the log.
//!
//! THREAT: secrets in what a crash leaves behind. Core dumps are off, and a panic is logged by its place alone, since
//! its message may hold a value.

use std::io::{self, IsTerminal};
use std::panic;

use rustix::process::{Resource, Rlimit, setrlimit};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::failure::Failure;

/// The variable that says what is logged: `info`, `debug`, `postern=debug,warn`.
const LOG: &str = "POSTERN_LOG";
/// Statements appear at debug level only, and only the gateway's own.
const DEFAULT_LOG: &str = "info,sqlx=warn,hyper=warn,rustls=warn,russh=error";

/// One cryptography for the whole process; to be called before anything else.
pub fn prepare() {
    // an earlier call has installed the same one
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// Keeps memory out of core dumps.
///
/// # Errors
/// Where the kernel refuses.
pub(crate) fn forbid_core_dumps() -> Result<(), Failure> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })
        .map_err(|error| Failure::new(format!("core dumps cannot be switched off: {error}")))
}

/// Logs to standard error: JSON, or plain lines where a person watches.
///
/// # Errors
/// Where the filter in the environment is none.
pub(crate) fn log_to_stderr() -> Result<(), Failure> {
    log(io::stderr, !io::stderr().is_terminal())
}

/// Logs to `writer`.
///
/// # Errors
/// Where the filter in the environment is none.
pub(crate) fn log<W>(writer: W, json: bool) -> Result<(), Failure>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = std::env::var(LOG).unwrap_or_else(|_| DEFAULT_LOG.to_owned());
    let filter = EnvFilter::try_new(&filter).map_err(|error| {
        Failure::new(format!("`{LOG}` is no filter: {error}")).hint("write info, debug, or postern=debug,warn")
    })?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    // a log that is there already stays: the process has one
    let _set = if json { lines.json().flatten_event(true).try_init() } else { lines.with_target(false).try_init() };
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a fault of the gateway: please report it with this place");
    }));
    Ok(())
}
