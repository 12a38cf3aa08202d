//! Which account of a target is for whom.

use postern_core::gate::Open;
use postern_core::{Code, Gate};
use postern_testkit::fakes::{Arrivals, Dwelling, HouseBuilder, Reach};

use crate::{PEOPLE, RULES, TARGETS, token};

const LOGINS: &str = r#"
    [[target.login]]
    for      = ["principal:bot"]
    user     = "robot"
    password = "env:ROBOT"

    [[target.login]]
    for      = ["group:dba"]
    user     = "admin"
"#;

const FALLBACK: &str = "    [[target.login]]\n    user = \"app\"\n";

fn with(logins: &str) -> String {
    let one = "    login     = { user = \"app\", password = \"env:SHOP\" }\n    labels    = { env = \"prod\" }\n";
    let labels = "    labels    = { env = \"prod\" }\n";
    let targets = TARGETS.replace(one, &format!("{labels}{logins}"));
    assert_ne!(targets, TARGETS);
    format!("{PEOPLE}{targets}{RULES}")
}

fn house(logins: &str) -> (Dwelling, Arrivals) {
    let (reach, arrivals) = Reach::pairs();
    let dwelling = HouseBuilder::new(with(logins)).reaching(reach).build().unwrap();
    for name in ["ann", "bot", "helper"] {
        dwelling.tokens.know(name, name);
    }
    dwelling.vault.put("env:ROBOT", "hunter22");
    (dwelling, arrivals)
}

/// The account that somebody gets, or why none.
async fn account(dwelling: &Dwelling, who: &str) -> Result<(Gate<Open>, String), Code> {
    let known = dwelling.accept().identify(token(who)).await.unwrap();
    known.open("shop", None).await.map(|(gate, lease, _)| (gate, lease.user)).map_err(|fault| fault.code)
}

#[tokio::test]
async fn the_first_that_is_for_them() {
    let (dwelling, _arrivals) = house(&format!("{LOGINS}{FALLBACK}"));
    for (who, expected) in [("bot", "robot"), ("ann", "admin"), ("helper", "app")] {
        let (gate, user) = account(&dwelling, who).await.unwrap();
        assert_eq!(user, expected);
        assert_eq!(gate.catalog_login().user, expected, "what one account may see is not shown by another");
    }
    assert_eq!(dwelling.vault.fetched().len(), 1);
}

#[tokio::test]
async fn without_one_for_them_it_does_not_open() {
    let (dwelling, _arrivals) = house(LOGINS);
    assert_eq!(account(&dwelling, "helper").await.unwrap_err(), Code::NoLogin);
    assert_eq!(dwelling.reach.dialled(), 0);
}

#[tokio::test]
async fn a_policy_that_gives_another_account_ends_the_session() {
    let (dwelling, _arrivals) = house(&format!("{LOGINS}{FALLBACK}"));
    let (bot, _) = account(&dwelling, "bot").await.unwrap();
    let (helper, _) = account(&dwelling, "helper").await.unwrap();
    let over = (bot.over(), helper.over());
    // who keeps their account keeps the session
    dwelling.change(&with(&format!("{}{FALLBACK}", LOGINS.replace("principal:bot", "principal:helper")))).unwrap();
    assert_eq!(over.0.await.code, Code::PolicyChanged);
    assert_eq!(over.1.await.code, Code::PolicyChanged);
    let (ann, _) = account(&dwelling, "ann").await.unwrap();
    let mut over = ann.over();
    dwelling.change(&with(&LOGINS.replace("robot", "automat"))).unwrap();
    let still = tokio::time::timeout(std::time::Duration::from_millis(50), &mut over).await;
    assert!(still.is_err(), "the account of others is not theirs");
}

/// What runs must be taken back where it runs, whatever has become since of the secrets, and of the target's name.
#[tokio::test]
async fn the_way_back_to_a_target_asks_for_no_secret() {
    const CERTIFIED: &str = r#"
    [[target.login]]
    user        = "app"
    certificate = "env:CHAIN"
    key         = "env:KEY"
"#;
    let (dwelling, _arrivals) = house(CERTIFIED);
    dwelling.vault.put("env:CHAIN", "a chain");
    dwelling.vault.put("env:KEY", "a key");
    let (gate, _) = account(&dwelling, "ann").await.unwrap();
    dwelling.vault.forget("env:CHAIN");
    let fetched = dwelling.vault.fetched();
    assert!(gate.redial().dial().await.is_ok());
    let reach = &dwelling.reach;
    assert_eq!((dwelling.vault.fetched(), reach.dialled(), reach.dialled_again()), (fetched, 2, 1));
}
