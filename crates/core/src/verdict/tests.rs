//! Whom the words of a policy name.

use super::Who;
use crate::identity::Kind;
use crate::tests::{person, principal};

#[test]
fn words_for_people() {
    let bot = principal(Kind::Workload, "ci:acme/shop", &["ci", "gh:dev"]);
    let agent = person(Kind::Agent, "helper", "h", &[], Some("ann"));
    let table: &[(&str, bool, bool)] = &[
        ("*", true, true),
        ("group:ci", true, false),
        ("group:gh:dev", true, false),
        ("group:c*", false, false),
        ("group:*", false, false),
        ("principal:ci:acme/shop", true, false),
        ("principal:ci:*", true, false),
        ("principal:*", true, true),
        ("principal:helper", false, true),
        // an agent is not the human it acts for
        ("principal:ann", false, false),
        ("kind:workload", true, false),
        ("kind:agent", false, true),
        ("kind:human", false, false),
    ];
    for (text, names_bot, names_agent) in table {
        let who = Who::parse(text).unwrap();
        assert_eq!((who.names(&bot), who.names(&agent)), (*names_bot, *names_agent), "{text}");
        assert_eq!(who.to_string(), *text);
        let json = serde_json::to_string(&who).unwrap();
        assert_eq!(serde_json::from_str::<Who>(&json).unwrap(), who);
    }
}

#[test]
fn other_words_name_nobody() {
    for text in [
        "",
        "ci",
        "group",
        "group:",
        "principal:",
        "kind:",
        "kind:robot",
        "kind:*",
        "role:dba",
        "**",
        "Group:ci",
        " group:ci",
    ] {
        assert_eq!(Who::parse(text), None, "{text}");
        assert!(serde_json::from_str::<Who>(&format!("{text:?}")).is_err());
    }
}
