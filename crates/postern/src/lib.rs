//! The binary as a library: its verbs, its configuration, and the one place where everything is put together.
//!
//! Nothing here decides about access; that is core's. Enter at [`run`].

pub mod cli;
pub mod config;
mod demo;
pub mod failure;
pub mod process;
pub mod serve;
mod suppose;

mod verbs;

use std::future::Future;
use std::io::Write;

use std::time::Duration;

use anyhow::{Context, Result};
use cli::{Cli, Verb};
use postern_core::Vocabulary;

/// Runs the verb; what it has to say goes to `out`.
///
/// # Errors
/// Why it failed; see [`failure::shown`].
pub fn run(cli: Cli, out: &mut dyn Write) -> Result<()> {
    match cli.verb {
        Verb::Serve(args) => {
            process::forbid_core_dumps()?;
            process::log_to_stderr()?;
            wait(serve::until_told(&args.config, postern_protocols::all()))
        }
        Verb::Demo(args) => {
            process::forbid_core_dumps()?;
            wait(demo::run(args, out))
        }
        Verb::Check(args) if args.online => {
            process::forbid_core_dumps()?;
            wait(verbs::check::online(&args, out))
        }
        Verb::Check(args) => verbs::check::offline(&args, out),
        Verb::Test(args) => verbs::test::run(&args, out),
        Verb::Explain(args) => verbs::explain::run(&args, out),
        Verb::Catalog(args) => {
            process::forbid_core_dumps()?;
            wait(verbs::catalog::run(&args, out))
        }
        Verb::Doctor(args) => {
            process::forbid_core_dumps()?;
            wait(verbs::doctor::run(&args, out))
        }
        Verb::Token(args) => wait(verbs::token::run(args, out)),
        Verb::SshCert(args) => wait(verbs::ssh_cert::run(args, out)),
        Verb::Approvals(args) => wait(verbs::approvals::run(args, out)),
        Verb::Secrets(args) => {
            process::forbid_core_dumps()?;
            wait(verbs::secrets::run(args, out))
        }
        Verb::Sessions(args) => wait(verbs::sessions::run(args, out)),
        Verb::Audit(args) => wait(verbs::audit::run(&args, out)),
    }
}

/// The words of every protocol, for checking configurations.
fn vocabularies() -> Vec<&'static Vocabulary> {
    postern_protocols::all().iter().map(|protocol| protocol.vocabulary()).collect()
}

/// How long threads may take to end that wait for a disk.
const GOODBYE: Duration = Duration::from_secs(5);

/// Waits for what needs a runtime.
fn wait<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("the runtime does not start")?;
    let done = runtime.block_on(future);
    // a disk that hangs does not keep the process from ending
    runtime.shutdown_timeout(GOODBYE);
    done
}
