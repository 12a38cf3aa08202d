//! What connecting implies, and what it does not.

use super::{admits, bot, check, decided, policy, scope};

#[test]
fn connecting_implies_what_is_harmless() {
    let allow = |extra: &str| {
        policy(&format!(
            r#"
            [[rule]]
            name = "reads"
            effect = "allow"
            who = ["*"]
            on = ["*"]
            do = {{ effects = ["read"], objects = ["public.*"] }}
            {extra}
            "#
        ))
    };
    let implied = allow("");
    let implied = scope(&implied, &bot(), "shop");
    assert!(admits(&implied));
    check(
        &implied,
        &[
            ("tables.begin: session sys.begin", "allow"),
            ("tables.begin: session anything.else", "allow"),
            ("tables.read: read sys.types(a,b)", "allow"),
            ("tables.read: read sys.types(*)", "allow"),
            ("tables.read: read sys.types(a); read public.a(x)", "allow reads"),
            ("tables.run: execute sys.version", "allow"),
            ("tables.run: execute sys.shutdown", "deny 3001"),
            ("tables.write: write sys.types(a)", "deny 3001"),
            ("tables.read: read sys.passwords(a)", "deny 3001"),
            ("tables.begin: session locks.advisory", "deny 3001"),
            ("tables.read: read sys.types.deeper", "deny 3001"),
            ("tables.read: unknown sys.types", "deny 3001"),
            ("tables.read?: read sys.types(a)", "deny 3012"),
        ],
    );
    let bare = allow("implied = false");
    let bare = scope(&bare, &bot(), "shop");
    assert!(!admits(&bare));
    check(&bare, &[("tables.begin: session sys.begin", "deny 3001"), ("tables.read: read sys.types(a)", "deny 3001")]);
    let outright = policy(
        r#"
        [[rule]]
        name = "sessions"
        effect = "allow"
        who = ["*"]
        on = ["target:shop"]
        do = { effects = ["session"] }
        implied = false

        [[rule]]
        name = "all"
        effect = "allow"
        who = ["*"]
        on = ["target:stats"]
        implied = false

        [[rule]]
        name = "never"
        effect = "forbid"
        who = ["*"]
        on = ["target:files"]
        "#,
    );
    let sessions = scope(&outright, &bot(), "shop");
    assert!(admits(&sessions));
    check(
        &sessions,
        &[("tables.begin: session sys.begin", "allow sessions"), ("tables.read: read sys.types(a)", "deny 3001")],
    );
    assert!(admits(&scope(&outright, &bot(), "stats")));
    let files = scope(&outright, &bot(), "files");
    assert!(!admits(&files));
    assert_eq!(decided(&files, "paths.get: session a.b.c"), "deny 3002 never");
}

#[test]
fn nobody_is_asked_about_what_is_implied() {
    let rules = policy(
        r#"
        [[rule]]
        name = "ask"
        effect = "approve"
        who = ["*"]
        on = ["target:shop"]
        with = { approvers = ["group:dba"] }

        [[rule]]
        name = "ask-outright"
        effect = "approve"
        who = ["*"]
        on = ["target:stats"]
        do = { effects = ["session", "read"], objects = ["sys.types", "sys.begin", "public.*"] }
        with = { approvers = ["group:dba"] }

        [[rule]]
        name = "ask-always"
        effect = "approve"
        who = ["*"]
        on = ["target:files"]
        implied = false
        with = { approvers = ["group:dba"] }
        "#,
    );
    check(
        &scope(&rules, &bot(), "shop"),
        &[
            ("tables.begin: session sys.begin", "allow"),
            ("tables.read: read sys.types(a)", "allow"),
            ("tables.read: read sys.passwords(a)", "hold ask"),
            ("tables.read: read public.a(x)", "hold ask"),
            ("tables.read: read public.a(x); read sys.types(a)", "hold ask"),
            ("tables.run?: execute public.f", "hold ask"),
        ],
    );
    check(
        &scope(&rules, &bot(), "stats"),
        &[
            ("tables.begin: session sys.begin", "hold ask-outright"),
            ("tables.read: read sys.types(a)", "hold ask-outright"),
            ("tables.read: read sys.other(a)", "allow"),
        ],
    );
    check(&scope(&rules, &bot(), "files"), &[("paths.get: session a.b.c", "hold ask-always")]);
}

#[test]
fn where_credentials_are_no_rule_lets_anybody() {
    let all = policy(
        r#"
        [[rule]]
        name = "all"
        effect = "allow"
        who = ["*"]
        on = ["*"]
        do = { effects = ["read", "write", "delete", "define", "grant", "execute", "transfer", "session", "unknown"], objects = ["*"] }
        "#,
    );
    let all = scope(&all, &bot(), "shop");
    check(
        &all,
        &[
            ("tables.read: read sys.passwords(a)", "allow all"),
            ("tables.read: read sys.logins(a)", "deny 3001"),
            ("tables.read: read sys.logins", "deny 3001"),
            ("tables.read: read public.a(x); read sys.logins(a)", "deny 3001"),
            ("tables.write: write sys.logins(a)", "deny 3001"),
            ("tables.drop: define sys.logins", "deny 3001"),
        ],
    );
}
