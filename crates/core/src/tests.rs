//! What the tests of this crate share: people, a protocol of no consequence, operations, and policies as text.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;

use crate::document::{Diagnostic, Findings, Reader, parse};
use crate::identity::{Kind, Template, TrustRule};
use crate::operation::{Deed, Facts, Outputs, Reading, Stage, Uses};
use crate::policy::Rulebook;
use crate::policy::source::{Around, Source, Voucher};
use crate::vocabulary::{FactKind, FactWord, Harmless, Proof, Shape, Vocabulary};
use crate::{Action, Column, Effect, Micros, Object, Operation, Principal, Touch, VerifiedClaims};

/// 2026-01-01T00:00:00Z.
pub(crate) const NOW: Micros = Micros(1_767_225_600_000_000);

/// A protocol with databases, schemas, tables and columns.
pub(crate) static TABLES: Vocabulary = Vocabulary {
    protocol: "tables",
    actions: &["tables.read", "tables.write", "tables.delete", "tables.drop", "tables.run", "tables.begin"],
    commands: &["tables.run"],
    shape: Shape { space: Some("database"), levels: &["schema", "table"], columns: true },
    facts: &[FactWord { name: "no_where", kind: FactKind::Flag, about: "whether every row is concerned" }],
    harmless: &[
        Harmless { effect: Effect::Read, object: "sys.*" },
        Harmless { effect: Effect::Execute, object: "sys.version" },
    ],
    guarded: &["sys.passwords", "locks.*"],
    credentials: &["sys.logins"],
    proof: Proof::Certificate,
    port: 7_000,
};

/// A protocol whose objects have neither databases nor columns.
pub(crate) static PATHS: Vocabulary = Vocabulary {
    protocol: "paths",
    actions: &["paths.get", "paths.put"],
    commands: &[],
    shape: Shape { space: None, levels: &["folder", "file", "version"], columns: false },
    facts: &[],
    harmless: &[],
    guarded: &[],
    credentials: &[],
    proof: Proof::HostKey(&["ssh-ed25519"]),
    port: 7_001,
};

/// Claims of issuer `corp`.
pub(crate) fn claims(subject: &str, claims: &[(&str, &[&str])], groups: &[&str]) -> VerifiedClaims {
    let words = |words: &[&str]| -> Vec<String> { words.iter().map(|word| (*word).to_owned()).collect() };
    let claims = claims.iter().map(|(name, values)| ((*name).to_owned(), words(values))).collect();
    VerifiedClaims::vouched("corp", subject, claims, words(groups).into_iter().collect(), NOW)
}

/// Somebody known to issuer `corp` under the same name.
pub(crate) fn principal(kind: Kind, name: &str, groups: &[&str]) -> Principal {
    person(kind, name, name, groups, None)
}

/// Somebody with every part chosen.
pub(crate) fn person(kind: Kind, name: &str, subject: &str, groups: &[&str], acts_for: Option<&str>) -> Principal {
    let rule = TrustRule {
        name: Template::parse(name).unwrap(),
        kind,
        issuer: "corp".to_owned(),
        claims: BTreeMap::new(),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        acts_for: acts_for.map(|name| Template::parse(name).unwrap()),
    };
    Principal::from_claims(&claims(subject, &[], &[]), &[rule]).unwrap()
}

/// `a.b` as an object.
pub(crate) fn object(path: &str) -> Object {
    Object::at(path.split('.'))
}

/// `a.b.c` as a column of `a.b`.
pub(crate) fn column(path: &str) -> Column {
    let (object_path, name) = path.rsplit_once('.').unwrap();
    Column { object: object(object_path), name: name.into() }
}

/// Several columns.
pub(crate) fn columns(paths: &[&str]) -> BTreeSet<Column> {
    paths.iter().map(|path| column(path)).collect()
}

/// An operation that runs at once, was read wholly and answers nothing.
pub(crate) fn operation(action: &'static str, touches: Vec<Touch>) -> Operation {
    let deed = Deed {
        action: Action(action),
        also: Vec::new(),
        touches,
        outputs: Outputs::Nothing,
        uses: Uses::default(),
        facts: Facts::new(),
        reading: Reading::Clear,
        command: None,
    };
    Operation {
        deed: Arc::new(deed),
        stage: Stage::Run,
        text: "something".into(),
        meaning: Some(Bytes::from_static(b"something")),
        parameters: Vec::new(),
        settings: Arc::default(),
    }
}

/// The rulebook of one policy file, or what is wrong in it.
pub(crate) fn rulebook(text: &str) -> Result<Rulebook, Vec<Diagnostic>> {
    let mut findings = Findings::new();
    let Some((file, table)) = parse(&mut findings, "policy.toml", text) else {
        return Err(findings.diagnostics().to_vec());
    };
    let mut top = Reader::top(file, &table);
    let mut source = Source::default();
    source.gather(&mut findings, &mut top);
    top.finish(&mut findings);
    let issuers = [Voucher { name: "corp", url: "https://corp.test", groups: Some(""), only: None }];
    let around = Around { vocabularies: &[&TABLES, &PATHS], later: &["phone"], issuers: &issuers };
    let rulebook = source.compile(&mut findings, &around, &[text]);
    if findings.is_clean() { Ok(rulebook) } else { Err(findings.diagnostics().to_vec()) }
}

#[test]
fn what_tests_share_is_itself_without_mistakes() {
    assert_eq!(rulebook("").map(|rulebook| rulebook.targets.len()).unwrap_or(usize::MAX), 0);
    assert_eq!(column("public.customers.email").to_string(), "public.customers.email");
    assert_eq!(principal(Kind::Human, "ann", &["dba"]).name(), "ann");
}
