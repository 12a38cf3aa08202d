//! What the server's log reads, and that nobody's words pass for another's name.

use postern_core::Claim;
use postern_core::Secret;
use postern_testkit::fakes::HouseBuilder;

use super::{LONGEST, attributed};

/// What the log calls a session of whoever this rule makes of the subject `ci`.
async fn called(rule: &str, client: &str) -> String {
    let policy = format!("[[principal]]\nissuer = \"corp\"\n{rule}\n");
    let dwelling = HouseBuilder::new(policy).build().expect("a house");
    dwelling.tokens.know("token", "ci");
    let known = dwelling.accept().identify(Claim::Token(Secret::new("token"))).await.expect("a principal");
    attributed(known.principal(), client)
}

fn workload(name: &str) -> String {
    format!("kind = \"workload\"\nname = \"{name}\"")
}

const AGENT: &str = "kind = \"agent\"\nname = \"helper\"\nacts_for = \"dana\"";

#[tokio::test]
async fn the_log_names_the_principal_and_the_client_behind_it() {
    for (rule, client, expected) in [
        (workload("ci:acme/shop"), "", "postern:ci:acme/shop"),
        (workload("ci:acme/shop"), "psql", "postern:ci:acme/shop (psql)"),
        (AGENT.to_owned(), "psql", "postern:helper for dana (psql)"),
        (workload("b"), "gr\u{fc}n\n\u{202e}", "postern:b (gr?n??)"),
        // THREAT: words that look like a name
        (workload("helper"), "for dana", "postern:helper (for dana)"),
        (workload("helper for dana"), "", "postern:helper%20for%20dana"),
        (workload("100%\u{fc}~"), "", "postern:100%25%C3%BC%7E"),
    ] {
        assert_eq!(called(&rule, client).await, expected);
    }
}

#[tokio::test]
async fn what_does_not_fit_is_cut_where_nobody_becomes_another() {
    let fits = "n".repeat(LONGEST - "postern:".len());
    assert_eq!(called(&workload(&fits), "psql").await, format!("postern:{fits}"));
    let [one, other] = ["x", "y"].map(|end| workload(&format!("{fits}{end}")));
    let (one, other) = (called(&one, "psql").await, called(&other, "psql").await);
    assert_eq!((one.len(), other.len()), (LONGEST, LONGEST));
    assert!(one.starts_with("postern:nnn") && one != other, "{one} {other}");
    // no name has a `~` in it
    assert_eq!(one.find('~'), Some(42));
    let long = called(&workload("bot"), &"c".repeat(100)).await;
    assert_eq!(long, format!("postern:bot ({})", "c".repeat(LONGEST - 14)));
}
