//! What the server reads at its start: `postgresql.conf`, `pg_hba.conf`, and its certificate.
//! Options in, text out; it writes nothing. Enter at [`files`].

use std::net::Ipv4Addr;
use std::path::Path;

use super::{Data, Options};
use crate::sql;

/// The files of the folder `home`: name and text.
pub(super) fn files(home: &Path, port: u16, options: &Options) -> Vec<(&'static str, String)> {
    let mut files = vec![("postgresql.conf", settings(home, port, options)), ("pg_hba.conf", access_rules(options))];
    if let Some(tls) = &options.tls {
        files.push(("server.crt", tls.certificate.clone()));
        files.push(("server.key", tls.key.clone()));
    }
    files
}

/// Ours first, then the caller's: of two with one name PostgreSQL takes the last.
fn settings(home: &Path, port: u16, options: &Options) -> String {
    let file = |name: &str| home.join(name).display().to_string();
    let mut settings: Vec<(&str, String)> = vec![
        ("hba_file", file("pg_hba.conf")),
        ("listen_addresses", Ipv4Addr::LOCALHOST.to_string()),
        ("port", port.to_string()),
        ("unix_socket_directories", home.display().to_string()),
        ("password_encryption", "scram-sha-256".to_owned()),
        ("log_line_prefix", "%m [%p] %u@%d ".to_owned()),
        ("log_checkpoints", "off".to_owned()),
    ];
    if matches!(options.data, Data::Temporary) {
        settings.push(("fsync", "off".to_owned()));
        settings.push(("full_page_writes", "off".to_owned()));
    }
    if options.tls.is_some() {
        settings.push(("ssl", "on".to_owned()));
        settings.push(("ssl_cert_file", file("server.crt")));
        settings.push(("ssl_key_file", file("server.key")));
    }
    settings.extend(options.settings.iter().map(|(name, value)| (name.as_str(), value.clone())));
    let line = |(name, value): &(&str, String)| format!("{name} = {}\n", sql::setting(value));
    settings.iter().map(line).collect()
}

/// Whoever can enter the private folder is let in as any role; over TCP a password is needed.
fn access_rules(options: &Options) -> String {
    let host_rules = match options.host_rules.as_slice() {
        [] => "host all all 127.0.0.1/32 scram-sha-256".to_owned(),
        rules => rules.join("\n"),
    };
    format!("local all all trust\n{host_rules}\n")
}
