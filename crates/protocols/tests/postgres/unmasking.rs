//! Masks that a rule lifts: for what it covers, in the operation that it speaks of.

use anyhow::Result;
use postern_core::approval::Choice;
use postern_protocols::postgres::wire::Frontend::{self, Sync};

use crate::SHOP;
use crate::gateway::Gateway;
use crate::raw::{Raw, bind, describe, execute, extended, parse, query};

const RULES: &str = r#"
[[rule]]
name   = "reads"
effect = "allow"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["read"], objects = ["public.*"] }

[[rule]]
name   = "names"
effect = "allow"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["read"], objects = ["public.t.name"] }
with   = { unmask = ["people"] }

[[mask]]
name    = "people"
columns = ["public.t.{name,email}"]
kind    = "fixed"
"#;

async fn ask(raw: &mut Raw, text: &str) -> Result<String> {
    raw.ask(&[query(text)]).await.map(|heard| heard.join(", "))
}

fn piped(text: &str) -> Vec<Frontend> {
    extended(text).into_iter().chain([Sync]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_rule_covers_comes_in_clear_and_the_rest_masked() -> Result<()> {
    for version in [15, 18] {
        let gateway = Gateway::start(version, SHOP, RULES).await?;
        let mut raw = Raw::log_in(&gateway).await?;
        let text = "SELECT name, email FROM t WHERE id = 1";
        assert_eq!(ask(&mut raw, text).await?, "fields name|email, row Ann|***, SELECT 1, ready");
        assert_eq!(raw.ask(&piped(text)).await?.join(", "), "parsed, bound, row Ann|***, SELECT 1, ready");
        let text = "SELECT upper(name) FROM t WHERE name = 'Ann'";
        assert_eq!(ask(&mut raw, text).await?, "fields upper, row ANN, SELECT 1, ready");
        let images = "fields upper, row ***, row ***, SELECT 2, ready";
        assert_eq!(ask(&mut raw, "SELECT upper(email) FROM t").await?, images);
        assert_eq!(ask(&mut raw, "SELECT 1 FROM t WHERE email > 'a'").await?, "error 42501, ready");
        let heard = ask(&mut raw, "SELECT name FROM t WHERE id = 1; SELECT t FROM t WHERE id = 1").await?;
        assert_eq!(heard, "fields name, row Ann, SELECT 1, fields t, row (1,Ann,***), SELECT 1, ready");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_keeps_no_lift_of_another_policy() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, RULES).await?;
    let policy = |rules: &str| {
        let port = gateway.server.address().port().to_string();
        format!("{}{rules}", crate::gateway::PREAMBLE.replace("PORT", &port))
    };
    let mut raw = Raw::log_in(&gateway).await?;
    let select = "SELECT name FROM t ORDER BY id";
    raw.ask(&[query("BEGIN"), parse("s", select), bind("p", "s", &[]), Sync]).await?;
    gateway.dwelling.change(&policy(&RULES.replace("with   = { unmask = [\"people\"] }", "")))?;
    let heard = raw.ask(&[execute("p"), Sync]).await?.join(", ");
    assert_eq!(heard, "error 42501, ready in failed transaction");
    raw.ask(&[query("ROLLBACK")]).await?;
    let heard = raw.ask(&[bind("", "s", &[]), execute(""), Sync]).await?.join(", ");
    // it was prepared to read what is masked by now; a driver prepares it again
    assert_eq!(heard, "error 0A000, ready");
    let heard = raw.ask(&piped(select)).await?.join(", ");
    assert_eq!(heard, "parsed, bound, row ***, row ***, SELECT 2, ready");
    gateway.dwelling.change(&policy(RULES))?;
    let heard = raw.ask(&[bind("", "s", &[]), execute(""), Sync]).await?.join(", ");
    assert_eq!(heard, "bound, row Ann, row Bob, SELECT 2, ready");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_comes_in_clear_once_a_human_agrees() -> Result<()> {
    let asking = RULES.replace("name   = \"names\"\neffect = \"allow\"", "name   = \"names\"\neffect = \"approve\"");
    let asking = asking.replace("unmask = [\"people\"]", "unmask = [\"people\"], approvers = [\"group:dba\"]");
    let gateway = Gateway::start(15, SHOP, &asking).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    raw.say(&[query("SELECT name FROM t WHERE id = 1")]).await?;
    assert!(describe(&raw.hear().await?).starts_with("notice waiting"));
    let asked = gateway.dwelling.approvals.asked().await;
    assert_eq!(asked.in_clear, ["people"]);
    gateway.dwelling.answer("token-of-dana", asked.id, Choice::Approve).await?;
    assert_eq!(raw.until_ready(1).await?.join(", "), "fields name, row Ann, SELECT 1, ready");
    Ok(())
}
