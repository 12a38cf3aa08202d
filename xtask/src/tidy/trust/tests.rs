use super::*;

const WRITER: Seal = Seal {
    what: ".poll_write(",
    within: "crates/protocols/src",
    only: &["crates/protocols/src/*/forward.rs"],
    reason: "traffic leaves with a permit",
};

#[test]
fn vouching_elsewhere_is_seen() {
    let call = "let claims = VerifiedClaims::vouched(x);";
    let found = |path: &str| find(&Tree::of(&[(path, call)])).len();
    assert_eq!(found("crates/postern/src/main.rs"), 1);
    assert_eq!(found("crates/adapters/src/vault.rs"), 1);
    assert_eq!(found("crates/adapters/src/identity/oidc.rs"), 0);
    assert_eq!(found("crates/core/src/identity/tests.rs"), 0);
    assert_eq!(found("crates/testkit/src/fakes.rs"), 0);
}

#[test]
fn a_mention_is_no_call() {
    let tree = Tree::of(&[("crates/core/src/lib.rs", "// VerifiedClaims::vouched\n")]);
    assert!(find(&tree).is_empty());
}

#[test]
fn a_method_is_guarded_within_its_folder() {
    let call = "\n self.target.poll_write(cx, buf)";
    let found = |path: &str| breaches(&Tree::of(&[(path, call)]), &[WRITER]);
    assert_eq!(found("crates/protocols/src/telnet/session.rs")[0].line, 2);
    assert!(found("crates/protocols/src/telnet/forward.rs").is_empty());
    assert!(found("crates/adapters/src/dial.rs").is_empty());
}

#[test]
fn every_seal_is_seen_where_it_may_not_stand_and_passes_where_it_may() {
    for seal in SEALS {
        let code = format!("fn f() {{ {} }}", seal.what);
        let elsewhere = format!("{}/elsewhere/x.rs", seal.within);
        assert_eq!(find(&Tree::of(&[(&elsewhere, &code)])).len(), 1, "{}", seal.what);
        for place in seal.only {
            let file = if place.ends_with(".rs") { (*place).to_owned() } else { format!("{place}/x.rs") };
            let file = file.replace('*', "telnet");
            assert!(find(&Tree::of(&[(&file, &code)])).is_empty(), "{file}");
        }
    }
}
