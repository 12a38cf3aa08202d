//! What the command line looks like.
//!
//! No secret is an argument: arguments are seen by everybody on the machine. Tokens come from files.

mod sessions;
mod targets;

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use postern_core::Micros;

pub use sessions::{List, Play, Sessions};
pub use targets::{Catalog, Doctor, Export};

/// A gateway between those who act and the machines they act on: every statement decided by policy, masked columns
/// masked, risky work held for a human, and all of it in a journal that proves itself.
#[derive(Debug, Parser)]
#[command(name = "postern", version, arg_required_else_help = true, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// See the whole product on this machine, nothing to configure
    ///
    /// Starts a real PostgreSQL with a small shop, a local identity provider and the gateway, all on loopback; then
    /// prints commands to paste and waits for Ctrl-C. Three identities: a CI bot, an AI agent acting for a human, and
    /// that human, who approves.
    ///
    /// Ports: base+0 PostgreSQL through the gateway, +1 HTTPS, +2 the identity provider, +3 the PostgreSQL server.
    Demo(Demo),
    /// Run the gateway
    ///
    /// Runs until SIGTERM or SIGINT; sessions then have 5 seconds to end. SIGHUP, or a change of the files, takes up
    /// policy and issuers; a file with a mistake changes nothing and is reported.
    ///
    /// Logs go to standard error, as JSON where that is no terminal; POSTERN_LOG says what (default info).
    Serve(Serve),
    /// Validate a configuration and its policy, offline unless told otherwise
    ///
    /// Reads a configuration with everything it includes, and says either `ok` and what it holds, or everything that is
    /// wrong, each with file, line, column and what to write instead. Nothing is opened, started or asked.
    ///
    /// With --online it also asks every target what it holds, logging in as the gateway does: an error where one does not
    /// answer, a warning for each table, column or function that a rule or a mask names and that is nowhere, a note where a
    /// `schema` file is not what the target holds now.
    Check(Check),
    /// Try the policy's own tests, offline
    ///
    /// Runs every `[[test]]` entry of a configuration: who asks which target for what, and what must come of it. Names in
    /// statements mean what the target's `schema` file says; without one, they are taken to be in schema `public`. Exits 1
    /// if one fails, and then says what each rule had to say.
    Test(Test),
    /// Say what the policy makes of an operation, and why, offline
    ///
    /// Shows what a statement is read as (its touches and facts), what every rule says of it or why it is silent, which
    /// columns come back masked, and the verdict. The principal is supposed, not proved; nothing is sent anywhere.
    Explain(Explain),
    /// Take down what targets hold, for trying a policy without them
    #[command(subcommand)]
    Catalog(Catalog),
    /// Say how a target stands by itself, and print what would tighten it
    ///
    /// On the gateway's host, as the gateway's account: it logs in to the target as the gateway does, once with each
    /// account that sessions use, asks and changes nothing. Says what is wrong with the way there, what the accounts may
    /// do that no rule needs, and what in the database looks past the masks; then prints the script that mends what
    /// statements can mend. Exits 1 if something grave is found.
    Doctor(Doctor),
    /// Exchange your token for a credential of minutes
    ///
    /// The credential is for one target, ends with your token or sooner, and is printed once, to standard output. Tools
    /// that cannot send a long token take it as user name and password, and never send the password.
    Token(Token),
    /// Have your SSH key certified for minutes, in exchange for your token
    ///
    /// Beside the key, where ssh looks for it by itself, is written a certificate that the gateway takes as your login. It ends
    /// with your token or sooner, and is worth nothing without the private key, which is not read.
    SshCert(SshCert),
    /// See and answer what waits for a human
    ///
    /// Operations that a rule holds wait for a human, on the open connection of whoever sent them. An approval is bound
    /// to exactly that operation and is used once. Nobody answers their own.
    #[command(subcommand)]
    Approvals(Approvals),
    /// Keep secrets of targets in the gateway's own sealed store
    ///
    /// On the gateway's host, as the gateway's account, whether it runs or not. A target names one as `sealed:NAME`. A
    /// value comes from standard input or a file, is sealed under a key derived from the seal key, and is never shown
    /// again.
    #[command(subcommand)]
    Secrets(Secrets),
    /// See who is or was where, play what was recorded, end a session
    ///
    /// Every session is recorded: what was asked, what was decided, and what the client saw, after masking.
    #[command(subcommand)]
    Sessions(Sessions),
    /// Verify, search and export the journal
    ///
    /// The journal is checked from its files alone: no gateway, no network, no secret.
    #[command(subcommand)]
    Audit(Audit),
}

/// What `demo` takes.
#[derive(Debug, Args)]
pub struct Demo {
    /// The first of the four ports
    #[arg(long, value_name = "PORT", default_value_t = 15432, value_parser = clap::value_parser!(u16).range(1..=65532))]
    pub listen_base: u16,
    /// Where everything is kept [default: a fresh temporary folder]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Take the tour: every promise tried with psql, exit 0 only if all hold
    #[arg(long)]
    pub no_wait: bool,
}

/// What `serve` takes.
#[derive(Debug, Args)]
pub struct Serve {
    /// The configuration, such as postern.toml
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
}

/// What `check` takes.
#[derive(Debug, Args)]
pub struct Check {
    /// The configuration, such as postern.toml
    #[arg(required_unless_present_any = ["schema", "list_detectors"])]
    pub file: Option<PathBuf>,
    /// Ask the targets as well
    #[arg(long)]
    pub online: bool,
    /// Print the JSON Schema of configurations, for editors, and do nothing else
    #[arg(long, exclusive = true)]
    pub schema: bool,
    /// Print what `detect` of a mask can look for, and do nothing else
    #[arg(long, conflicts_with_all = ["file", "online", "schema"])]
    pub list_detectors: bool,
    /// Print that as JSON
    #[arg(long, requires = "list_detectors")]
    pub json: bool,
}

/// What `test` takes.
#[derive(Debug, Args)]
pub struct Test {
    /// The configuration, such as postern.toml
    pub file: PathBuf,
}

/// What `explain` takes.
#[derive(Debug, Args)]
pub struct Explain {
    /// The configuration, such as postern.toml
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// The principal, by name
    #[arg(long = "as", value_name = "WHO")]
    pub who: String,
    /// A group that the issuer would put it in, besides those of its trust rule; may be given again
    #[arg(long, value_name = "GROUP")]
    pub group: Vec<String>,
    /// The target, or TARGET/DATABASE
    #[arg(long, value_name = "TARGET")]
    pub on: String,
    /// The address that it would come from
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub from: IpAddr,
    /// The time, such as 2026-01-31T08:00:00Z [default: now]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub at: Option<Micros>,
    /// The operation in the target's own language, such as an SQL statement
    #[arg(required = true, trailing_var_arg = true)]
    pub operation: Vec<String>,
}

fn moment(text: &str) -> Result<Micros, String> {
    Micros::parse(text).ok_or_else(|| "write it like 2026-01-31T08:00:00Z".to_owned())
}

/// Which gateway, and as whom.
#[derive(Debug, Args)]
pub struct Remote {
    /// The gateway's HTTPS address, such as `https://gw.example.com:18443`
    #[arg(long, value_name = "URL", env = "POSTERN_GATEWAY", hide_env_values = true)]
    pub gateway: String,
    /// Authorities in PEM that the gateway's certificate is checked with [default: the system's]
    #[arg(long, value_name = "FILE", env = "POSTERN_CA_FILE", hide_env_values = true)]
    pub ca_file: Option<PathBuf>,
    /// The file that holds your identity token
    #[arg(long, value_name = "FILE", env = "POSTERN_TOKEN_FILE", hide_env_values = true)]
    pub token_file: PathBuf,
}

/// What `token` takes.
#[derive(Debug, Args)]
pub struct Token {
    /// The target that it is for
    #[arg(long, value_name = "TARGET")]
    pub target: String,
    /// What to print
    #[arg(long, value_enum, default_value = "raw")]
    pub format: CredentialFormat,
    /// Which gateway, and as whom
    #[command(flatten)]
    pub remote: Remote,
}

/// What `ssh-cert` takes.
#[derive(Debug, Args)]
pub struct SshCert {
    /// The target that it is for [default: all that you may open]
    #[arg(long, value_name = "TARGET")]
    pub target: Option<String>,
    /// Your key, as ssh takes it with -i; beside it lies FILE.pub
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// Which gateway, and as whom
    #[command(flatten)]
    pub remote: Remote,
}

/// The forms of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CredentialFormat {
    /// An access token, which serves as a password with any user name
    Raw,
    /// A session credential as a connection string of libpq
    Pg,
    /// A session credential for MySQL (not in this version)
    Mysql,
    /// A session credential as PGHOST, PGUSER, PGPASSWORD and so on, for a shell to eval
    Env,
}

/// What to do about approvals.
#[derive(Debug, Subcommand)]
pub enum Approvals {
    /// What waits, or waited; newest first
    List {
        /// Which gateway, and as whom
        #[command(flatten)]
        remote: Remote,
        /// Only those in this state
        #[arg(long, value_name = "STATE")]
        state: Option<ApprovalState>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// One approval: who asks, for what, and the statement
    Show {
        /// The approval, apr_…
        id: String,
        /// Which gateway, and as whom
        #[command(flatten)]
        remote: Remote,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Let it run, once
    Approve(Answer),
    /// Do not let it run
    Deny(Answer),
}

/// An answer.
#[derive(Debug, Args)]
pub struct Answer {
    /// The approval, apr_…
    pub id: String,
    /// Why, for the record and for who waits
    #[arg(long)]
    pub reason: Option<String>,
    /// Which gateway, and as whom
    #[command(flatten)]
    pub remote: Remote,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// How an approval stands.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ApprovalState {
    /// Waiting for humans
    Pending,
    /// Enough humans agreed; not used yet
    Granted,
    /// A human said no
    Denied,
    /// Nobody answered in time
    Expired,
    /// The asker took it back
    Withdrawn,
    /// Granted and used
    Used,
}

/// What to do with sealed secrets.
#[derive(Debug, Subcommand)]
pub enum Secrets {
    /// Keep a secret under a new name
    Set(Value),
    /// Give a secret a new value, for every session that opens from now on
    Rotate(Value),
    /// Names, versions and times; never values
    List {
        /// The configuration that names the store and its seal key
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// A value for a secret.
#[derive(Debug, Args)]
pub struct Value {
    /// What targets call it: `sealed:NAME`
    pub name: String,
    /// The configuration that names the store and its seal key
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// The file that holds the value [default: standard input]
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// What to do with the journal.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Check that nothing was changed, removed or slipped in; exit 1 where something was
    ///
    /// Names each record that was changed, removed, moved or added. What a checkpoint covers is signed; records after the
    /// last one are chained only, and it says how many they are. So are the recordings, whose hashes the journal states. Compare the key's fingerprint with one you have kept: who
    /// can change a journal can change the key beside it.
    Verify {
        /// The journal's folder, or a receipt [default: that of --config, else the current folder]
        path: Option<PathBuf>,
        /// The folder of recordings, to be compared with what the journal says of them [default: that of --config, else none]
        #[arg(long, value_name = "DIR")]
        recordings: Option<PathBuf>,
        /// Which journal
        #[command(flatten)]
        journal: Journal,
    },
    /// Prove one session to somebody who has only the gateway's public key
    ///
    /// Writes the session's records with what ties them to the journal's signatures; `postern audit verify FILE --key KEY`
    /// checks it anywhere. No secret is needed, and statements stay sealed.
    Receipt {
        /// The session, ses_…
        session: String,
        /// Where to write it [default: standard output]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Which journal
        #[command(flatten)]
        journal: Journal,
    },
    /// Find records in the journal of a running gateway, newest first. For auditors
    ///
    /// A query is words, all of which must hold: principal:NAME target:NAME session:ID object:SCHEMA.TABLE[.COLUMN]
    /// effect:WORD action:VERB verdict:allow|hold|deny rule:NAME since:TIME until:TIME, and text to find in statements.
    /// A comma means either, `*` any run of characters; a TIME is 2026-01-31, 2026-01-31T08:00:00Z or how long ago: 90m.
    ///
    /// That somebody searches, and for what, is in the journal as well. What is found is read from the journal and not
    /// proved by this: `postern audit verify` does that.
    Search(Search),
    /// Print the journal's records, verified on the way
    Export {
        /// In which form
        #[arg(long, value_enum, default_value = "jsonl")]
        format: Format,
        /// The configuration that names the journal and its seal key
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Open what is sealed: statements and parameters, in clear. Needs the seal key
        #[arg(long)]
        unseal: bool,
    },
}

/// What to look for.
#[derive(Debug, Args)]
pub struct Search {
    /// What to look for, such as: principal:deploy-bot verdict:deny since:7d
    pub query: Vec<String>,
    /// How many records at most
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    pub limit: u64,
    /// Print JSON, one record a line
    #[arg(long)]
    pub json: bool,
    /// Which gateway, and as whom
    #[command(flatten)]
    pub remote: Remote,
}

/// Which journal, and what verifies it.
#[derive(Debug, Args)]
pub struct Journal {
    /// The gateway's public key: ed25519:… or a file that holds it [default: journal.pub in the folder]
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// The configuration that names the journal
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// The forms of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One JSON object a line, as in the journal
    Jsonl,
}

#[cfg(test)]
mod tests;
