//! `postern token`: a credential of minutes in exchange for the caller's own token.
//!
//! It goes to standard output and nowhere else; nothing secret is ever an argument.

use std::io::Write;
use std::path::{Path, absolute};

use anyhow::{Context as _, Result};
use postern_core::visible::deceives;
use serde_json::Value;

use crate::cli::{CredentialFormat, Token};
use crate::failure::Failure;

use super::client::Gateway;

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const SESSION: &str = "urn:postern:token-type:session-credential";

pub(crate) async fn run(args: Token, out: &mut dyn Write) -> Result<()> {
    let wanted = match args.format {
        CredentialFormat::Raw => ACCESS_TOKEN,
        CredentialFormat::Pg | CredentialFormat::Env => SESSION,
        CredentialFormat::Mysql => return Err(Failure::new("`--format mysql`: not in this version").into()),
    };
    let made = Gateway::new(&args.remote)?.exchange(wanted, &[("audience", &args.target)]).await?;
    if args.format == CredentialFormat::Raw {
        writeln!(out, "{}", word(&made, "/access_token")?)?;
        return Ok(());
    }
    let settings = settings(&made, args.remote.ca_file.as_deref())?;
    if args.format == CredentialFormat::Env {
        for Setting { variable, value, .. } in settings {
            writeln!(out, "export {variable}='{}'", value.replace('\'', r"'\''"))?;
        }
        return Ok(());
    }
    let pair = |Setting { keyword, value, .. }: &Setting| {
        format!("{keyword}='{}'", value.replace('\\', r"\\").replace('\'', r"\'"))
    };
    writeln!(out, "{}", settings.iter().map(pair).collect::<Vec<_>>().join(" "))?;
    Ok(())
}

/// One setting of libpq, by both of its names.
struct Setting {
    keyword: &'static str,
    variable: &'static str,
    value: String,
}

/// How libpq gets in: the certificate of the listener is that of the gateway, which has just been checked.
fn settings(made: &Value, ca_file: Option<&Path>) -> Result<Vec<Setting>> {
    let protocol = word(made, "/target/protocol")?;
    if protocol != "postgres" {
        let message = format!("the target speaks {protocol}, and this format is for PostgreSQL");
        return Err(Failure::new(message).hint("use --format raw").into());
    }
    let port = made.pointer("/target/port").and_then(Value::as_u64);
    let port = port.ok_or_else(|| Failure::new("the gateway has its PostgreSQL listener switched off"))?;
    let authority = match ca_file {
        Some(file) => absolute(file).context("the current folder is gone")?.display().to_string(),
        // where libpq is older than 16, it looks for a file of this name and refuses to connect
        None => "system".to_owned(),
    };
    let all = [
        ("host", "PGHOST", word(made, "/target/host")?),
        ("port", "PGPORT", port.to_string()),
        ("dbname", "PGDATABASE", word(made, "/target/name")?),
        ("user", "PGUSER", word(made, "/user")?),
        ("password", "PGPASSWORD", word(made, "/access_token")?),
        ("sslmode", "PGSSLMODE", "verify-full".to_owned()),
        ("sslrootcert", "PGSSLROOTCERT", authority),
    ];
    Ok(all.map(|(keyword, variable, value)| Setting { keyword, variable, value }).into())
}

/// A text of the answer that is fit for a line of its own.
pub(super) fn word(made: &Value, pointer: &str) -> Result<String, Failure> {
    let text = made.pointer(pointer).and_then(Value::as_str);
    let fits = |text: &&str| !text.is_empty() && !text.chars().any(|one| one.is_control() || deceives(one));
    text.filter(fits).map(str::to_owned).ok_or_else(|| {
        Failure::new(format!("the gateway's answer has no `{}`", pointer.trim_start_matches('/')))
            .hint("see that it is of the same version")
    })
}
