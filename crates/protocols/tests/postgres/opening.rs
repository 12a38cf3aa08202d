//! What a client sets as it connects: decided as a SET of it would be, and in the journal.

use anyhow::Result;
use postern_core::journal::{Decided, Event, Outcome};

use crate::gateway::Gateway;
use crate::raw::{Raw, query};

const DATA: &str = "CREATE TABLE t (tenant text); INSERT INTO t VALUES ('1'), ('2');
    ALTER TABLE t ENABLE ROW LEVEL SECURITY;
    CREATE POLICY p ON t USING (tenant = current_setting('app.tenant', true))";

const READS: &str = r#"
[[rule]]
name   = "reads"
effect = "allow"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["read"], objects = ["public.*"] }
"#;

const NO_SET: &str = r#"
[[rule]]
name   = "no-set"
effect = "forbid"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { actions = ["postgres.set"] }
"#;

const ASKS: &str = r#"
[[rule]]
name   = "asks"
effect = "approve"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { actions = ["postgres.set"] }
with   = { approvers = ["group:dba"] }
"#;

fn with<'a>(name: &'a str, value: &'a str) -> [(&'a str, &'a str); 3] {
    [("user", "bot"), ("database", "shop"), (name, value)]
}

async fn refusal(gateway: &Gateway, name: &str, value: &str) -> Option<String> {
    Raw::log_in_with(gateway, &with(name, value)).await.err().map(|error| format!("{error:#}"))
}

/// THREAT: a client names its tenant in the connection string, where a SET would have been refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_forbids_set_forbids_it_in_the_connection_string() -> Result<()> {
    for version in [15, 18] {
        let gateway = Gateway::start(version, DATA, &format!("{READS}{NO_SET}")).await?;
        for (name, value) in
            [("app.tenant", "2"), ("options", "-c app.tenant=2"), ("options", "-c statement_timeout=0 -c TimeZone=UTC")]
        {
            let said = refusal(&gateway, name, value).await.unwrap_or_default();
            assert!(said.contains("no-set"), "{version}: {name}: {said:?}");
        }
        // what every driver sends passes whatever the rules say
        let mut raw = Raw::log_in_with(&gateway, &with("options", "-c TimeZone=UTC -c extra_float_digits=1")).await?;
        assert_eq!(raw.ask(&[query("SELECT tenant FROM t")]).await?.len(), 3);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_human_must_approve_is_refused_with_what_to_do() -> Result<()> {
    let gateway = Gateway::start(15, DATA, &format!("{READS}{ASKS}")).await?;
    let said = refusal(&gateway, "app.tenant", "2").await.unwrap_or_default();
    assert!(said.contains("must approve"), "{said:?}");
    assert!(gateway.dwelling.approvals.all().is_empty(), "a human is asked, and nobody waits");
    let denied = |event: &Event| match event {
        Event::Operation { actions, decided: Decided::Deny { rule: Some(_), .. }, .. } => {
            actions.iter().any(|action| action == "postgres.set")
        }
        _ => false,
    };
    assert!(gateway.dwelling.journal.events().iter().any(denied), "{}", gateway.dwelling.journal.text());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_allowed_is_set_and_in_the_journal() -> Result<()> {
    for version in [15, 18] {
        let gateway = Gateway::start(version, DATA, READS).await?;
        let mut raw = Raw::log_in_with(&gateway, &with("options", "-c app.tenant=2 -c search_path=app,public")).await?;
        let heard = raw.ask(&[query("SELECT tenant FROM t")]).await?.join(", ");
        assert!(heard.contains("row 2"), "{version}: {heard}");
        let journal = &gateway.dwelling.journal;
        let set = |event: &Event| match event {
            Event::Operation { actions, .. } if **actions == ["postgres.set"; 2] => {
                gateway.dwelling.sealer.open_in(event).map(|opened| opened.text)
            }
            _ => None,
        };
        let set: Vec<String> = journal.events().iter().filter_map(set).collect();
        assert_eq!(set, ["SET app.tenant = '2'; SET search_path = app, public"], "{}", journal.text());
        let ended =
            |event: &Event| matches!(event, Event::Finished { outcome: Outcome::Done { note }, .. } if note == "SET");
        assert!(journal.events().iter().any(ended), "{}", journal.text());
        // what the server has against it is said in its own words
        for (name, value, about) in
            [("work_mem", "nonsense", "work_mem"), ("options", "-c TimeZone=nonsense", "timezone")]
        {
            let said = refusal(&gateway, name, value).await.unwrap_or_default();
            assert_eq!(said, format!("error 22023: the target does not take setting `{about}`"), "{version}");
        }
        let failed = |event: &Event| matches!(event, Event::Finished { outcome: Outcome::Failed { code }, .. } if code == "PST-4018");
        assert!(journal.events().iter().any(failed), "{}", journal.text());
        // THREAT: a value that a client sends stands in the journal in clear
        assert!(!journal.text().contains("nonsense"), "{}", journal.text());
        // what no rule lets through fails as it would once connected
        let said = refusal(&gateway, "session_replication_role", "replica").await.unwrap_or_default();
        assert!(said.contains("session_replication_role") || said.contains("set_privileged"), "{version}: {said:?}");
    }
    Ok(())
}
