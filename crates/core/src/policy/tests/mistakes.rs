//! What an operator can get wrong, and what is said about it.

use crate::tests::rulebook;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";

/// Stands behind every snippet, so that a snippet's lines count from 1.
const AROUND: &str = r#"
[[principal]]
name = "ann"
kind = "human"
issuer = "corp"
claims = { sub = "ann" }
groups = ["dba"]

[[principal]]
name = "ci:{repo}"
kind = "workload"
issuer = "corp"
groups = ["ci"]

[[target]]
name = "shop"
protocol = "tables"
address = "shop.test:7000"
login = { user = "app", password = "env:SHOP" }
labels = { env = "prod" }

[[target]]
name = "files"
protocol = "paths"
host_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ"
address = "[::1]:7001"
login = { user = "app", key = "env:FILES" }
"#;

/// All that is said about a snippet.
fn said(snippet: &str) -> String {
    match rulebook(&format!("{snippet}{AROUND}")) {
        Ok(_) => "nothing".to_owned(),
        Err(wrong) => {
            wrong.iter().map(|one| one.to_string().replace("policy.toml:", "")).collect::<Vec<_>>().join("\n")
        }
    }
}

/// Each snippet with what is said about it.
fn table(kind: &str, lines: &[&str]) -> String {
    let entries = lines.iter().map(|line| {
        let snippet = format!("[[{kind}]]\n{line}\n");
        format!("{line}\n{}\n", said(&snippet).lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n"))
    });
    entries.collect::<Vec<_>>().join("\n")
}

#[test]
fn without_a_mistake_nothing_is_said() {
    assert_eq!(said(""), "nothing");
    for (kind, line) in [
        (
            "rule",
            "name='r'; effect='allow'; who=['group:any', 'kind:agent', '*']; on=['label:env=prod', 'protocol:paths']",
        ),
        ("rule", "name='r'; effect='forbid'; who=['principal:ann']; on='*'; do={ actions=['tables.*'] }; message='no'"),
        ("rule", "name='r'; effect='allow'; who=['principal:ci:acme/*', 'principal:*']; on='target:shop'"),
        ("rule", "name='r'; effect='approve'; who='*'; on='*'; with={ approvers=['kind:human'], count=2, reuse='0s' }"),
        ("rule", "name='r'; effect='allow'; who='*'; on='*'; with={ max_rows=1, timeout='1s' }"),
        ("rule", "name='r'; effect='approve'; who='*'; on='*'; with={ approvers='*', max_rows=10_000, timeout='1h' }"),
        ("rule", "name='r'; effect='allow'; who='*'; on='*'; with={ sessions=1, per_minute=60 }"),
        ("mask", "name='m'; columns=['a.b.c']; kind='partial'"),
        (
            "target",
            "name='t'; protocol='tables'; address='h:1'; [[target.login]]; user='u'; for='kind:human'; [[target.login]]; user='v'",
        ),
        (
            "mask",
            "name='m'; columns=['a.b.c']; kind='null'; for=['kind:agent']; except=['group:dba']; on=['target:shop']",
        ),
        (
            "target",
            "name='t'; protocol='tables'; address='10.0.0.1:5432'; login={ user='u', password='file:/p' }; tls='disable'",
        ),
        ("principal", "name='bob'; kind='agent'; issuer='corp'; acts_for='{sub}'; claims={ sub=['a', 'b*'] }"),
    ] {
        let snippet = format!("[[{kind}]]\n{}\n", line.replace("; ", "\n"));
        assert_eq!(said(&snippet), "nothing", "{line}");
    }
}

#[test]
fn mistakes_in_rules() {
    let good = "name='r'\neffect='allow'\nwho=['*']\non=['*']\n";
    let asking = "name='r'\neffect='approve'\nwho=['*']\non=['*']\n";
    let mut lines: Vec<String> = [
        "",
        "name=1",
        "name='r'\neffect='alow'\nwho=['*']\non=['*']",
        "name='r'\neffect='permit'\nwho=['*']\non=['*']",
        "name='r'\neffect='allow'\non=['*']",
        "name='r'\neffect='allow'\nwho=['*']",
        "name='r'\neffect='allow'\nwho=[]\non=[]",
        "name='r'\neffect='allow'\nwho=['ci']\non=['*']",
        "name='r'\neffect='allow'\nwho=['role:ci', 'kind:robot', 7]\non=['*']",
        "name='r'\neffect='allow'\nwho=['principal:an', 'principal:ci', 'principal:ci:*']\non=['*']",
        "name='r'\neffect='allow'\nwho=['*']\non=['shop', 'shops', 'target:shpo', 'cluster:shop']",
        "name='r'\neffect='allow'\nwho=['*']\non=['label:env=prdo', 'label:env', 'protocol:table']",
    ]
    .map(str::to_owned)
    .to_vec();
    lines.extend(
        [
            "do='read'",
            "do={ effects=[] }",
            "do={ effects=['raed', 'everything'] }",
            "do={ effects='read', object=['*'] }",
            "do={ actions=[] }",
            "do={ actions=['tables.reed', 'sql.read', 'tables.x*'] }",
            "do={ objects=[] }",
            "do={ objects=['public', 'a.b.c.d.e', 'a..b', 'a.{b', 'a/b.c'] }",
            "do={ actions=['paths.get'] }\non_=['*']",
            "do={ run=[] }",
            "do={ run=['cat {file:[a-z]+', 'cat file', 'cat file'] }",
            "do={ run='cat file', objects=['a.b'] }",
            "when='facts.no_where'",
            "whne='x'",
            "implied='no'",
            "message=['a']",
            "with={ max_rows=0, timeout='0s' }",
            "with={ max_rows=-1, timeout=30 }",
            "with={ max_rows='10', timeout='30' }",
            "with={ unmask=['pii'] }\n[[mask]]\nname='pi'\ncolumns=['a.b.c']\nkind='null'",
            "with={ unmask=[] }",
            "with={ sessions=0, per_minute=-1 }",
            "with={ approvers=['group:dba'] }",
            "with={ maxrows=10 }",
        ]
        .map(|rest| format!("{good}{rest}")),
    );
    lines.extend(
        [
            "",
            "with={}",
            "with={ approvers=[] }",
            "with={ approvers=['dba', 'principal:bob'] }",
            "with={ approvers=['kind:agent'] }",
            "with={ approvers=['*'], count=0, expires='0s', reuse='1w' }",
            "with={ approvers=['*'], count=-1, expires='15', hold='waits', hold_in_transaction='no' }",
        ]
        .map(|rest| format!("{asking}{rest}")),
    );
    lines.push(
        "name='r'\neffect='forbid'\nwho=['*']\non=['*']\nwith={ max_rows=10, timeout='30s', unmask=[] }".to_owned(),
    );
    lines.push(
        "name='r'\neffect='forbid'\nwho=['*']\non=['target:files']\ndo={ actions=['tables.*'], objects=['db/a.b'] }"
            .to_owned(),
    );
    lines.push(format!("{good}[[rule]]\n{good}"));
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let said = table("rule", &lines);
    insta::assert_snapshot!(said);
}

#[test]
fn mistakes_in_masks() {
    let said = table(
        "mask",
        &[
            "",
            "name='m'\ncolumns=[]\nkind='fixed'",
            "name='m'\ncolumns=['email', 'a.b', 'a.b.c.d', 'a.b.{c']\nkind='fixed'",
            "name='m'\ncolumns=['a.b.c']\nkind='fixd'",
            "name='m'\ncolumns=['a.b.c']\nkind='hash'\npredicates='mask'",
            "name='m'\ncolumns=['a.b.c']\nkind='bucket'",
            "name='m'\ncolumns=['a.b.c']\nkind='bucket'\nsize=0\nper='week'",
            "name='m'\ncolumns=['a.b.c']\nkind='bucket'\nsize=10\npredicates='allow'\nwrites='allow'",
            "name='m'\ncolumns=['a.b.c']\nkind='fake'",
            "name='m'\ncolumns=['a.b.c']\nkind='fake'\nfake='nam'\nwrites='allow'",
            "name='m'\ncolumns=['a.b.c']\nkind='fpe'\ndomain='cards'\nsize=10\nwrites='allow'",
            "name='m'\ncolumns=['a.b.c']\nkind='fixed'\nkeep_last=4",
            "name='m'\ncolumns=['a.b.c']\nkind='partial'\nkeep_last='four'",
            "name='m'\ncolumns=['a.b.c']\nkind='fixed'\npredicates='mask'",
            "name='m'\ncolumns=['a.b.c']\nkind='fixed'\npredicates='denny'\nwrites='mask'",
            "name='m'\ncolumns=['a.b.c']\nkind='fixed'\non=[]\nfor=[]",
            "name='m'\ncolumns=['a.b.c']\nkind='fixed'\non=['target:shops']\nfor=['dba']\nexcept=['*']",
            "name='m'\ncolumns=['a.b.c']\nkind='fixed'\non=['target:files']",
            "name='m'\ndetect=['jtw', 'aws_key', 'jwt', 'jwt']\nkind='fixed'",
            "name='m'\ndetect=[]\nkind='fixed'",
            "name='m'\ndetect='jwt'\nkind='fixed'",
            "name='m'\ndetect=['jwt']\nkind='partial'",
            "name='m'\ndetect=['jwt']\nkind='null'\nkeep_last=4",
            "name='m'\ndetect=['jwt']\nkind='hash'",
            "name='m'\ndetect=['jwt']\ncolumns=['email']\nkind='fixed'\npredicates='deny'\nwrites='allow'",
            "name='m'\ncolumn=['a.b.c']\nkind='fixed'",
            "name='m'\ncolumns=['a.b.c']\nkind='fixed'\n[[mask]]\nname='m'\ncolumns=['a.b.c']\nkind='null'",
        ],
    );
    insta::assert_snapshot!(said);
}

#[test]
fn mistakes_in_targets() {
    let with = |rest: &str| format!("name='t'\nprotocol='tables'\naddress='h:1'\n{rest}");
    let hosts = |rest: &str| with(rest).replace("tables", "paths").replace("KEY", KEY);
    let lines = [
        String::new(),
        "name='-t'\nprotocol='table'\naddress='h'\nlogin={ user='u' }".to_owned(),
        "name='a.b'\nprotocol='tables'\naddress='h:0'\nlogin={}".to_owned(),
        with(""),
        with("login='app'"),
        with("login={ user='u', password='env:' }"),
        with("login={ user='u', password='env' }"),
        with("login={ user='u', password='vault:kv/shop#pw' }"),
        with("login={ user='u', password='fiel:/p' }"),
        with("login={ user='u', pasword='x' }"),
        with("login={ user='u', certificate='file:/c' }"),
        with("login={ user='u', key='file:/k' }"),
        with("login={ user='u', certificate='file:/c', key='file:/k' }\ntls='disable'"),
        with("login={ user='u' }\ntls='verify'\nca='file:/ca.pem'"),
        with("login={ user='u' }\ntls='disable'\nca='file:/ca.pem'"),
        with("login={ user='u' }\nhost_key='KEY'"),
        hosts("login={ user='u' }"),
        hosts("login={ user='u' }\nhost_key='SHA256:abc'"),
        hosts("login={ user='u' }\nhost_key='ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAQM='"),
        hosts("login={ user='u' }\nhost_key='KEY'\ntls='verify-full'\nca='file:/ca.pem'"),
        hosts("login={ user='u' }\nhost_key=[]"),
        hosts("login={ user='u', certificate='file:/cert', key='file:/key' }\nhost_key='KEY'"),
        hosts("login={ user='u', certificate='issued', key='file:/key' }\nhost_key='KEY'"),
        hosts("login={ user='u', password='env:P', key='file:/key' }\nhost_key='KEY'"),
        hosts("login={ user='u', password='env:P', certificate='issued' }\nhost_key='KEY'"),
        with("login={ user='u', certificate='issued' }"),
        with("login={ user='u' }\nvia='connector:eu'\nschema='s.sql'"),
        with("login={ user='u' }\nlabels={ env=1 }\ndatabases=[1]\nport=5"),
        with("[[target.login]]\nuser='u'\nfor=['group']\n[[target.login]]\npassword='hunter22'"),
        with("[[target.login]]\nuser='u'\n[[target.login]]\nuser='v'\nfor=[]"),
        with("[[target.login]]\nuser='u'\nfro=['*']"),
        with("login=['u']"),
        with("login=[]"),
        with("login={ user='u' }\ncatalog_login={ password='env:X' }"),
        "name='shop'\nprotocol='tables'\naddress='h:1'\nlogin={ user='u' }".to_owned(),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let said = table("target", &lines);
    insta::assert_snapshot!(said);
}

#[test]
fn mistakes_in_principals_and_around() {
    let principals = table(
        "principal",
        &[
            "",
            "name='{'\nkind='robot'\nissuer='crop'",
            "name=''\nkind='Human'\nissuer='corp'",
            "name='x'\nkind='human'\nissuer='corp'\nclaims={ repo=[], ref=7 }",
            "name='x'\nkind='human'\nissuer='corp'\nclaims='all'",
            "name='x'\nkind='human'\nissuer='corp'\nacts_for='ann'",
            "name='x'\nkind='agent'\nissuer='corp'\nacts_for='{'",
            "name='x'\nkind='agent'\nissuer='corp'\nacts-for='ann'\ngroups=[1]",
        ],
    );
    let around = table("rules", &["name='r'"]);
    let tests = table("test", &["name='x'"]);
    let single = format!("[rule]\n{}", said("[rule]\nname='r'\n"));
    let roles = format!("[roles]\n{}", said("[roles]\nauditors=['dba', 'principal:bob']\noperator=['*']\n"));
    let said = [principals, around, tests, single, roles].join("\n");
    insta::assert_snapshot!(said);
}

#[test]
fn what_may_be_a_secret_is_never_repeated() {
    let secrets = [
        "login={ user='u', password='hunter2' }",
        "login={ user='u', password='hunter2:swordfish' }",
        "login={ user='u', password=':hunter2' }",
        "login={ user='u', password='hunter2:' }",
        "login={ user='u', password='vaultt:hunter2' }",
        "login={ user='u', password=['hunter2'] }",
        "login={ user='u', password={ is='hunter2' } }",
        "login={ user='u', passwd='hunter2' }",
        "login={ user='u' }\npassword='hunter2'",
        "login=['hunter2']",
        "[[target.login]]\npasword='hunter2'",
        "[[target.login]]\nuser='u'\npassword=['hunter2']",
        "login={ user='u' }\ncatalog_login={ user='u', password='hunter2' }",
        "login={ user='u', certificate='file:/c', key='hunter2' }",
        "login={ user='u', key='hunter2' }",
        "login={ user='u', certificate='file:/c', key='hunter2' }\ntls='disable'",
    ];
    for secret in secrets {
        let snippet = format!("[[target]]\nname='t'\nprotocol='tables'\naddress='h:1'\n{secret}\n");
        let wrong = rulebook(&format!("{snippet}{AROUND}")).unwrap_err();
        let shown = wrong
            .iter()
            .filter(|one| one.quotable && snippet.lines().nth(one.line.saturating_sub(1)).unwrap().contains("hunter2"));
        assert_eq!(shown.count(), 0, "{secret}: {wrong:#?}");
        let text = said(&snippet);
        assert!(["5:", "6:", "7:"].iter().any(|line| text.starts_with(line)), "{secret}: {text}");
        assert!(!text.contains("hunter2") && !text.contains("swordfish"), "{secret}: {text}");
    }
    for address in ["app:hunter2@h:1", "tables://app:hunter2@h:1/db", "app:hunter2@h"] {
        let text =
            said(&format!("[[target]]\nname='t'\nprotocol='tables'\naddress='{address}'\nlogin={{ user='u' }}\n"));
        assert!(text.starts_with("4:9: this is no address"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn addresses() {
    for (address, good) in [
        ("db.internal:5432", true),
        ("db_1-a:1", true),
        ("10.0.0.1:65535", true),
        ("[::1]:5432", true),
        ("[fe80::1]:5432", true),
        ("::1:5432", false),
        ("[::g]:5432", false),
        ("[db]:5432", false),
        ("db:65536", false),
        ("db:0", false),
        ("db:", false),
        (":5432", false),
        ("db", false),
        ("", false),
        ("d b:1", false),
        ("db/x:1", false),
        ("größe:1", false),
        ("db:5432:5433", false),
        ("db:+1", false),
    ] {
        let text =
            said(&format!("[[target]]\nname='t'\nprotocol='tables'\naddress='{address}'\nlogin={{ user='u' }}\n"));
        assert_eq!(text == "nothing", good, "{address}: {text}");
    }
}

#[test]
fn the_revision_is_of_the_text() {
    let revision = |text: &str| rulebook(&format!("{AROUND}{text}")).unwrap().revision.to_string();
    assert_eq!(revision(""), revision(""));
    assert_ne!(revision(""), revision("# said otherwise\n"));
    assert_eq!(revision("").len(), 16);
}

#[test]
fn mistakes_in_tests() {
    let said = table(
        "test",
        &[
            "",
            "name='t'; as='ann'; on='shop'; run='x'; expect={ verdict='allow', masked=['a'] }",
            "name='t'; as='ci:acme'; on='shop'; run='x'; expect={ verdict='hold' }",
            "name='t'; as='anna'; on='shop'; run='x'; expect={ verdict='deny' }",
            "name='t'; as='bob'; on='shop'; run='x'; expect={ verdict='deny' }",
            "name='t'; as={ issuer='corq', claims={ sub='ann' } }; on='shop'; run='x'; expect={ verdict='deny' }",
            "name='t'; as={ claim={ sub='ann' } }; on='shop'; run='x'; expect={ verdict='deny' }",
            "name='t'; as=['ann']; on='shop'; run='x'; expect={ verdict='deny' }",
            "name='t'; as='ann'; on='shopp'; run='x'; expect={ verdict='deny' }",
            "name='t'; as='ann'; on='shop/other'; run='x'; expect={ verdict='deny' }",
            "name='t'; as='ann'; on='shop'; run=1; expect={ verdict='denied' }",
            "name='t'; as='ann'; on='shop'; run='x'; expect='deny'",
            "name='t'; as='ann'; on='shop'; run='x'; expect={ verdict='deny', mask=['a'] }",
            "name='t'; as='ann'; on='shop'; run='x'; expect={ masked='a' }",
        ]
        .map(|line| line.replace("; ", "\n"))
        .each_ref()
        .map(String::as_str),
    );
    insta::assert_snapshot!(said);
}
