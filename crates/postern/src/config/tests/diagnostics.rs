//! What the operator reads: one small mistake each, and all that is said about it, as it is printed.
//!
//! Each snippet stands at the top of a file, so that its lines count from 1; behind it stands what makes it a whole
//! configuration. The snapshot shows the snippet, then the words.

use super::read;
use crate::vocabularies;

/// The process, its issuer, its people and its targets.
pub(super) const REST: &str = r#"
[gateway]
store = "sqlite:postern.db"
journal = "journal"
seal_key = "file:seal.key"
tls = { self-signed = true }
"#;

pub(super) const PEOPLE: &str = r#"
[[issuer]]
name = "corp"
url = "https://issuer.example.com"
audience = "postern"

[[principal]]
name = "deploy-bot"
kind = "workload"
issuer = "corp"
claims = { sub = "repo:acme/shop" }
groups = ["ci", "deployers"]

[[principal]]
name = "{user}@acme"
kind = "human"
issuer = "corp"
claims = { hd = "acme.example" }
groups = ["staff", "dba"]
"#;

pub(super) const TARGETS: &str = r#"
[[target]]
name = "orders"
protocol = "postgres"
address = "db.example.com:5432"
database = "shop"
databases = ["shop", "stats"]
login = { user = "app", password = "file:orders" }
labels = { env = "prod" }

[[target]]
name = "lab"
protocol = "postgres"
address = "lab.example.com:5432"
database = "lab"
login = { user = "app", password = "env:LAB" }
labels = { env = "dev" }
"#;

/// What `postern check` prints of a snippet and what stands around it.
fn printed(snippet: &str, around: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("postern.toml");
    let snippet = snippet.trim_start_matches('\n');
    std::fs::write(&file, format!("{snippet}{}", around.concat())).unwrap();
    let said = match read(&file, &vocabularies()) {
        Err(mistakes) => mistakes.to_string(),
        Ok(config) => config.remarks().iter().map(|remark| format!("{}\n\n", remark.block)).collect::<String>() + "ok",
    };
    format!("{snippet}\n----\n{}", said.replace(&format!("{}/", folder.path().display()), ""))
}

/// One test for each mistake: its name, what stands around it, the snippet.
macro_rules! diagnostics {
    ($($name:ident, [$($around:ident),*], $snippet:literal;)*) => {
        $(#[test]
        fn $name() {
            let printed = printed($snippet, &[$($around),*]);
            insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(stringify!($name), printed) });
        })*
    };
}

mod rules;

// Masks.
diagnostics! {
    a_mask_without_columns, [REST, PEOPLE, TARGETS], r#"
[[mask]]
name = "people"
kind = "fixed"
"#;
    a_column_without_a_table, [REST, PEOPLE, TARGETS], r#"
[[mask]]
name = "people"
columns = ["email"]
kind = "fixed"
"#;
    a_column_in_no_database, [REST, PEOPLE, TARGETS], r#"
[[mask]]
name = "people"
on = ["target:orders"]
columns = ["public.customers.email", "shpo/public.customers.phone"]
kind = "fixed"
"#;
    a_kind_of_mask_that_is_none, [REST, PEOPLE, TARGETS], r#"
[[mask]]
name = "people"
columns = ["public.customers.email"]
kind = "fixd"
"#;
    a_detector_that_is_none, [REST, PEOPLE, TARGETS], r#"
[[mask]]
name = "secrets"
detect = ["jwt", "aws_key", "credit-cards"]
kind = "fixed"
"#;
    a_kind_of_mask_that_detects_nothing, [REST, PEOPLE, TARGETS], r#"
[[mask]]
name = "secrets"
detect = ["jwt"]
kind = "partial"
predicates = "mask"
"#;
    a_mask_that_looks_for_nothing, [REST, PEOPLE, TARGETS], r#"
[[mask]]
name = "secrets"
detect = []
kind = "fixed"
"#;
    a_mask_that_binds_nobody, [REST, PEOPLE, TARGETS], r#"
[[mask]]
name = "people"
columns = ["public.customers.email"]
kind = "fixed"
for = ["group:staff"]
except = ["group:dba", "group:staff"]
"#;
    an_exception_for_nobody, [REST, PEOPLE, TARGETS], r#"
[[mask]]
name = "people"
columns = ["public.customers.email"]
kind = "fixed"
except = ["group:dbas"]
"#;
    a_number_that_is_no_use, [REST, PEOPLE, TARGETS], r#"
[[mask]]
name = "people"
columns = ["public.customers.email"]
kind = "null"
keep_last = 4
"#;
    two_masks_of_a_name, [REST, PEOPLE, TARGETS], r#"
[[mask]]
name = "people"
columns = ["public.customers.email"]
kind = "null"

[[mask]]
name = "people"
columns = ["public.customers.phone"]
kind = "null"
"#;
}

// Tests.
diagnostics! {
    a_test_of_nobody, [REST, PEOPLE, TARGETS], r#"
[[test]]
name = "the bot reads"
as = "bot"
on = "orders"
run = "SELECT 1"
expect = { verdict = "allow" }
"#;
    a_test_on_nothing, [REST, PEOPLE, TARGETS], r#"
[[test]]
name = "the bot reads"
as = "deploy-bot"
on = "order"
run = "SELECT 1"
expect = { verdict = "allow" }
"#;
    a_test_of_a_closed_database, [REST, PEOPLE, TARGETS], r#"
[[test]]
name = "the bot reads"
as = "deploy-bot"
on = "orders/lab"
run = "SELECT 1"
expect = { verdict = "allow" }
"#;
    a_test_that_expects_nothing, [REST, PEOPLE, TARGETS], r#"
[[test]]
name = "the bot reads"
as = { issuer = "crop", claims = { sub = "repo:acme/shop" } }
on = "orders"
run = "SELECT 1"
"#;
    a_verdict_that_is_none, [REST, PEOPLE, TARGETS], r#"
[[test]]
name = "the bot reads"
as = "deploy-bot"
on = "orders"
run = "SELECT 1"
expect = { verdict = "allowed", mask = ["email"] }
"#;
}

// Principals and targets.
diagnostics! {
    a_principal_that_another_takes_first, [REST, TARGETS], r#"
[[issuer]]
name = "corp"
url = "https://issuer.example.com"
audience = "postern"

[[principal]]
name = "anybody"
kind = "human"
issuer = "corp"

[[principal]]
name = "deploy-bot"
kind = "workload"
issuer = "corp"
claims = { sub = "repo:acme/shop" }
"#;
    a_template_with_a_lone_brace, [REST, PEOPLE, TARGETS], r#"
[[principal]]
name = "{sub"
kind = "human"
issuer = "corp"
"#;
    an_issuer_of_a_name_that_is_taken, [REST, PEOPLE, TARGETS], r#"
[[issuer]]
name = "ssh"
kind = "oidc"
url = "https://ssh.example.com"
audience = "postern"
"#;
    a_key_that_is_everybodys, [REST, PEOPLE, TARGETS], r#"
[[principal]]
name = "anybody"
kind = "human"
issuer = "ssh"

[[principal]]
name = "nearly"
kind = "human"
issuer = "ssh"
claims = { key = ["SHA256:*", "SHA256:Zfnqvyj1L1d0gyvSxbcSJuDNrUw9rTqlR6YVwEVBvbE"] }
"#;
    a_person_known_by_a_key_under_a_name_of_its_own, [REST, PEOPLE, TARGETS], r#"
[[principal]]
name = "ann-laptop"
kind = "human"
issuer = "ssh"
claims = { key = "SHA256:Zfnqvyj1L1d0gyvSxbcSJuDNrUw9rTqlR6YVwEVBvbE" }
"#;
    a_human_who_acts_for_another, [REST, PEOPLE, TARGETS], r#"
[[principal]]
name = "helper"
kind = "human"
issuer = "corp"
claims = { sub = [] }
acts_for = "{email}"
"#;
    a_target_of_a_later_protocol, [REST, PEOPLE, TARGETS], r#"
[[target]]
name = "files"
protocol = "ldap"
address = "host.example.com:389"
login = { user = "app", password = "env:SHELL" }
"#;
    an_address_without_a_port, [REST, PEOPLE, TARGETS], r#"
[[target]]
name = "stats"
protocol = "postgres"
address = "stats.example.com"
login = { user = "app", password = "env:STATS" }
"#;
    a_password_in_the_file, [REST, PEOPLE, TARGETS], r#"
[[target]]
name = "stats"
protocol = "postgres"
address = "stats.example.com:5432"
login = { user = "app", password = "hunter2hunter2" }
"#;
    a_vault_of_a_later_version, [REST, PEOPLE, TARGETS], r#"
[[target]]
name = "stats"
protocol = "postgres"
address = "stats.example.com:5432"
via = "connector:eu-west"
login = { user = "app", password = "vault:kv/data/stats#password" }
"#;
    two_targets_of_a_name, [REST, PEOPLE, TARGETS], r#"
[[target]]
name = "orders"
protocol = "postgres"
address = "stats.example.com:5432"
login = { user = "app", password = "env:STATS" }
"#;
}

// The process, its listeners and its issuers.
diagnostics! {
    a_gateway_with_a_wrong_word, [PEOPLE, TARGETS], r#"
[gateway]
store = "sqlite:postern.db"
jornal = "journal"
durability = "fsnyc"
seal_key = "file:seal.key"
session_max = 8
tls = { self-signed = "yes" }
"#;
    ports_of_later_versions, [PEOPLE, TARGETS], r#"
[gateway]
ports = { postgres = 5433, mysql = 13306, ldap = 0 }
store = "sqlite:postern.db"
journal = "journal"
seal_key = "file:seal.key"
tls = { self-signed = true }

[listener.ldap]
connections = 10
"#;
    an_unknown_listener, [REST, PEOPLE, TARGETS], r#"
[listener.postgre]
connections = 10
"#;
    two_issuers_of_a_name, [REST, PEOPLE, TARGETS], r#"
[[issuer]]
name = "corp"
url = "https://other.example.com"
audience = "postern"
"#;
    an_issuer_in_clear, [REST, PEOPLE, TARGETS], r#"
[[issuer]]
name = "old"
url = "http://issuer.example.com"
audience = "postern"
groups_prefix = "old:"
"#;
}
