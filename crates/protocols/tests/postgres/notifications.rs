//! Notifications: whose they are, and what they may say to whom.

use anyhow::{Result, bail};
use postern_protocols::postgres::wire::Backend;

use crate::gateway::Gateway;
use crate::raw::{Raw, query};
use crate::{READS, SHOP};

const BELLS: &str = r#"
[[rule]]
name   = "bells"
effect = "allow"
who    = ["group:ci"]
on     = ["target:shop"]
do     = { effects = ["transfer"], objects = ["*"] }
"#;

const MASK: &str = r#"
[[mask]]
name    = "mail"
columns = ["public.t.email"]
kind    = "fixed"
"#;

/// The next notification: from whom, on what channel, what it says.
async fn next(raw: &mut Raw) -> Result<(i32, String, String)> {
    loop {
        match raw.hear().await? {
            Backend::NotificationResponse { process, channel, payload } => {
                let text = |bytes: bytes::Bytes| String::from_utf8_lossy(&bytes).into_owned();
                return Ok((process, text(channel), text(payload)));
            }
            Backend::ErrorResponse(report) => bail!("{report:?}"),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_knows_its_own_notifications_by_its_own_number() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, &format!("{READS}{BELLS}")).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    assert_eq!(raw.ask(&[query("LISTEN bell")]).await?, ["LISTEN", "ready"]);
    raw.say(&[query("NOTIFY bell, 'ding'")]).await?;
    assert_eq!(next(&mut raw).await?, (raw.key.0, "bell".to_owned(), "ding".to_owned()));
    gateway.server.run_sql("postgres", "NOTIFY bell, 'dong'")?;
    let (from, _, said) = next(&mut raw).await?;
    assert_eq!(said, "dong");
    assert_ne!(from, raw.key.0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_bound_by_masks_hears_that_and_not_what() -> Result<()> {
    let gateway = Gateway::start(15, SHOP, &format!("{READS}{BELLS}{MASK}")).await?;
    let mut raw = Raw::log_in(&gateway).await?;
    assert_eq!(raw.ask(&[query("LISTEN bell")]).await?, ["LISTEN", "ready"]);
    gateway.server.run_sql("postgres", "SELECT pg_notify('bell', email) FROM t WHERE id = 1")?;
    let (_, channel, said) = next(&mut raw).await?;
    assert_eq!((channel.as_str(), said.as_str()), ("bell", "withheld, because it may hold masked values"));
    gateway.server.run_sql("postgres", "NOTIFY bell")?;
    assert_eq!(next(&mut raw).await?.2, "");
    Ok(())
}
