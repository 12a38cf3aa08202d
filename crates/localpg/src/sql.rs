//! SQL by way of psql, over the private socket. A script goes through standard input, never through argv,
//! where everybody on the machine could read its passwords. Enter at [`run`].

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::{Error, SUPERUSER, Server};

/// Runs `script` and returns what it printed; stops at the first error.
pub(crate) fn run(server: &Server, database: &str, script: &str) -> Result<String, Error> {
    let psql = server.installation().psql()?;
    let mut child = Command::new(&psql)
        .args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", "--file=-"])
        .arg("--host")
        .arg(server.socket_folder())
        .args(["--port", &server.port().to_string(), "--username", SUPERUSER, "--dbname", database])
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("PGCLIENTENCODING", "UTF8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(Error::io("run", &psql))?;
    let script = script.to_owned();
    let mut input = child.stdin.take();
    // on a thread of its own: psql prints while it reads, and both pipes are finite
    let writer = std::thread::spawn(move || input.as_mut().map_or(Ok(()), |input| input.write_all(script.as_bytes())));
    let output = child.wait_with_output().map_err(Error::io("run", &psql))?;
    // a script that fails half-way closes its input early; psql's own message says more than the broken pipe
    let _written = writer.join();
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    } else {
        Err(Error::Sql { message: String::from_utf8_lossy(&output.stderr).trim().to_owned() })
    }
}

/// A quoted identifier.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A string literal, whatever `standard_conforming_strings` says.
pub(crate) fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// A value in `postgresql.conf`, where a backslash escapes.
pub(crate) fn setting(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "''"))
}
