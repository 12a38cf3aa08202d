//! The protocol against a real server, through psql: what passes, what is refused, what is masked, what waits.

#![expect(
    clippy::wildcard_enum_match_arm,
    clippy::arithmetic_side_effects,
    reason = "a test names what it looks for, and counts what it sees"
)]

mod alike;
mod attribution;
mod bearers;
mod bound;
mod cancels;
mod conformance;
mod credentials;
mod cursors;
mod described;
mod detecting;
mod echo;
mod encodings;
mod encrypting;
mod ends;
mod gateway;
mod grants;
mod holding;
mod kinds;
mod lasting;
mod limits;
mod load;
mod logins;
mod made;
mod masking;
mod missing;
mod moved;
mod names;
mod notifications;
mod opening;
mod parting;
mod pipelines;
mod raw;
mod recorded;
mod replication;
mod revoking;
mod room;
mod sizes;
mod staging;
mod syntax;
mod tap;
mod unmasking;
mod usage;
mod veiling;
mod versions;
mod written;

use anyhow::Result;
use gateway::Gateway;

pub(crate) const SHOP: &str = "CREATE TABLE t (id int PRIMARY KEY, name text, email text);
    INSERT INTO t VALUES (1, 'Ann', 'ann@example.com'), (2, 'Bob', 'bob@example.com')";

pub(crate) const READS: &str = r#"
[[rule]]
name   = "reads"
effect = "allow"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["read", "write"], objects = ["public.*"] }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_select_passes_and_a_drop_is_refused() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, READS).await?;
    let ran = gateway.run(&["SELECT id, name FROM t ORDER BY id", "DROP TABLE t", "SELECT count(*) FROM t"]).await?;
    assert_eq!(ran.out, "1|Ann\n2|Bob\n2");
    assert!(ran.err.contains("42501"), "{}", ran.err);
    Ok(())
}
