//! The JSON Schema for editors beside the readers themselves: it knows the keys and words that they take, and no others.
//!
//! What a reader takes is what it says it takes: a key or a word that nothing is like is put in each place, and the hint
//! lists the rest.

use std::collections::BTreeSet;

use serde_json::Value;

use super::diagnostics::{PEOPLE, REST, TARGETS};
use super::{GATEWAY, ISSUER, POLICY, manual};
use crate::config::{SCHEMA, read};
use crate::vocabularies;

/// A key and a word that nothing is like.
const NOTHING: &str = "qqqqqqqqqqqqqqqq";

/// Every table there is, and every key whose words are known.
const EVERYTHING: &str = r#"
include = []
[gateway]
ports = { postgres = 15432, https = 0 }
store = "sqlite:postern.db"
journal = "journal"
durability = "os"
seal_key = "file:seal.key"
recordings = { keep = "90d" }
after_expiry = "keep"
tls = { self-signed = true }
[listener.postgres]
connections = 5
[listener.https]
connections = 5
[[issuer]]
name = "corp"
kind = "oidc"
url = "https://issuer.example.com"
audience = "postern"
[[principal]]
name = "bot"
kind = "workload"
issuer = "corp"
claims = { sub = ["bot", "robot"] }
[[principal]]
name = "dana"
kind = "human"
issuer = "corp"
groups = ["dba"]
[[target]]
name = "orders"
protocol = "postgres"
address = "db.example.com:5432"
tls = "verify-full"
login = { user = "app", password = "env:ORDERS" }
catalog_login = { user = "catalog" }
application_name = "client"
labels = { env = "prod" }
[[target]]
name = "lab"
protocol = "postgres"
address = "lab.example.com:5432"
login = [{ for = ["group:dba"], user = "owner" }, { user = "app" }]
[[mask]]
name = "people"
columns = "public.customers.email"
kind = "partial"
predicates = "deny"
writes = "deny"
[[mask]]
name = "secrets"
detect = ["jwt", "card-number"]
kind = "null"
[[rule]]
name = "asks"
effect = "approve"
who = ["principal:bot"]
on = ["target:orders"]
do = { effects = ["read"] }
with = { approvers = ["group:dba"], hold = "wait", hold_in_transaction = "refuse" }
[roles]
auditors = ["group:dba"]
[[test]]
name = "asked"
as = { issuer = "corp", claims = { sub = "bot" } }
on = "orders"
run = "SELECT 1"
expect = { verdict = "allow" }
"#;

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

fn document(text: &str) -> Value {
    serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap()
}

/// What is meant by a part of the schema.
fn resolved<'s>(root: &'s Value, part: &'s Value) -> &'s Value {
    match part["$ref"].as_str() {
        Some(path) => resolved(root, root.pointer(path.trim_start_matches('#')).unwrap()),
        None => part,
    }
}

/// What is wrong with a value, as an editor would say it: as much of the specification as the schema uses.
fn wrong(root: &Value, part: &Value, value: &Value, at: &str) -> Vec<String> {
    let part = resolved(root, part);
    if let Some(choices) = part["anyOf"].as_array() {
        let all: Vec<Vec<String>> = choices.iter().map(|choice| wrong(root, choice, value, at)).collect();
        return if all.iter().any(Vec::is_empty) { Vec::new() } else { all.concat() };
    }
    if let Some(words) = part["enum"].as_array() {
        return if words.contains(value) { Vec::new() } else { vec![format!("{at}: {value} is no word")] };
    }
    let mut said = Vec::new();
    match (part["type"].as_str().unwrap(), value) {
        ("object", Value::Object(entries)) => {
            for key in part["required"].as_array().into_iter().flatten() {
                if !entries.contains_key(key.as_str().unwrap()) {
                    said.push(format!("{at}: no {key}"));
                }
            }
            for (key, value) in entries {
                let known =
                    part["properties"].get(key).or(part.get("additionalProperties").filter(|one| one.is_object()));
                match known {
                    Some(known) => said.extend(wrong(root, known, value, &format!("{at}/{key}"))),
                    None => said.push(format!("{at}: unknown {key}")),
                }
            }
            assert!(part.get("additionalProperties").is_some(), "{at} is open");
        }
        ("array", Value::Array(items)) => {
            said.extend(items.iter().flat_map(|item| wrong(root, &part["items"], item, &format!("{at}/0"))));
        }
        ("string", Value::String(_)) | ("boolean", Value::Bool(_)) => {}
        ("integer", Value::Number(number)) => {
            let within = number.as_u64().is_some_and(|number| {
                number >= part["minimum"].as_u64().unwrap_or(0)
                    && number <= part["maximum"].as_u64().unwrap_or(u64::MAX)
            });
            said.extend((!within).then(|| format!("{at}: {number}")));
        }
        (kind, value) => said.push(format!("{at}: {value} is no {kind}")),
    }
    said
}

/// What the gateway says of a document.
fn said(document: &Value) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("postern.toml");
    std::fs::write(&file, toml::to_string(document).unwrap()).unwrap();
    read(&file, &vocabularies()).map_or_else(|mistakes| mistakes.to_string(), |_| String::new())
}

/// What a reader takes instead of [`NOTHING`].
fn taken(said: &str) -> BTreeSet<String> {
    let mut blocks = said.split("\n\n").filter(|block| block.lines().next().unwrap().contains(NOTHING));
    let block = blocks.next().unwrap_or_else(|| panic!("{said}"));
    let hint = block.lines().find_map(|line| line.strip_prefix("hint: it takes ")).unwrap_or_else(|| panic!("{block}"));
    hint.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// A place in [`EVERYTHING`] and what the schema says of it.
struct Spot<'s> {
    pointer: String,
    part: &'s Value,
}

fn spots<'s>(root: &'s Value, part: &'s Value, value: &Value, pointer: String, found: &mut Vec<Spot<'s>>) {
    let part = resolved(root, part);
    if let Some(choices) = part["anyOf"].as_array() {
        let fit = choices.iter().find(|choice| wrong(root, choice, value, "").is_empty()).unwrap();
        return spots(root, fit, value, pointer, found);
    }
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                if let Some(part) = part["properties"].get(key) {
                    spots(root, part, value, format!("{pointer}/{key}"), found);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                spots(root, &part["items"], item, format!("{pointer}/{index}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    found.push(Spot { pointer, part });
}

fn later(said: &str, word: &str) -> bool {
    said.contains(&format!("{word}: not in this version")) || said.contains(&format!("`{word}`: not in this version"))
}

#[test]
fn every_table_takes_the_keys_of_the_schema_and_no_others() {
    let (root, everything) = (schema(), document(EVERYTHING));
    assert_eq!(wrong(&root, &root, &everything, ""), [""; 0]);
    assert_eq!(said(&everything), "");
    let mut found = Vec::new();
    spots(&root, &root, &everything, String::new(), &mut found);
    let tables: Vec<Spot<'_>> = found.into_iter().filter(|spot| spot.part["properties"].is_object()).collect();
    assert!(tables.len() > 20, "{}", tables.len());
    let mut extras = Vec::new();
    for Spot { pointer, part } in &tables {
        let with = |key: &str, given: Value| {
            let mut changed = everything.clone();
            changed.pointer_mut(pointer).unwrap()[key] = given;
            changed
        };
        let strange = with(NOTHING, Value::from("x"));
        assert!(!wrong(&root, &root, &strange, "").is_empty(), "{pointer}");
        let known: BTreeSet<String> = part["properties"].as_object().unwrap().keys().cloned().collect();
        let taken = taken(&said(&strange));
        assert_eq!(known.difference(&taken).collect::<Vec<_>>(), [""; 0], "{pointer}: the reader does not know it");
        for extra in taken.difference(&known) {
            assert!(later(&said(&with(extra, Value::from("x"))), extra), "{pointer}: the schema does not know {extra}");
            extras.push(extra.clone());
        }
        for key in part["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let mut changed = everything.clone();
            changed.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(key);
            assert_ne!(said(&changed), "", "{pointer}: {key} may be left out");
            assert_ne!(wrong(&root, &root, &changed, ""), [""; 0], "{pointer}: {key}");
        }
    }
    assert!(extras.contains(&"via".to_owned()), "{extras:?}");
}

#[test]
fn every_choice_has_the_words_of_the_schema_and_no_others() {
    let (root, everything) = (schema(), document(EVERYTHING));
    let mut found = Vec::new();
    spots(&root, &root, &everything, String::new(), &mut found);
    let choices: Vec<Spot<'_>> = found.into_iter().filter(|spot| spot.part["enum"].is_array()).collect();
    assert!(choices.len() > 12, "{}", choices.len());
    for Spot { pointer, part } in &choices {
        let with = |word: &str| {
            let mut changed = everything.clone();
            *changed.pointer_mut(pointer).unwrap() = Value::from(word);
            changed
        };
        assert!(!wrong(&root, &root, &with(NOTHING), "").is_empty(), "{pointer}");
        let known: BTreeSet<String> =
            part["enum"].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect();
        let taken = taken(&said(&with(NOTHING)));
        assert_eq!(known.difference(&taken).collect::<Vec<_>>(), [""; 0], "{pointer}: the reader does not know it");
        for extra in taken.difference(&known) {
            assert!(later(&said(&with(extra)), extra), "{pointer}: the schema does not know {extra}");
        }
    }
}

#[test]
fn what_is_a_configuration_is_one_for_an_editor() {
    let root = schema();
    for text in [manual(), [GATEWAY, ISSUER, POLICY].concat(), [REST, PEOPLE, TARGETS].concat()] {
        assert_eq!(wrong(&root, &root, &document(&text), ""), [""; 0]);
    }
    for (text, mistake) in [
        ("[gatewy]", ": unknown gatewy"),
        ("[[rule]]\nname = \"a\"\neffect = \"alow\"\nwho = \"*\"\non = \"*\"", "/rule/0/effect: \"alow\" is no word"),
        ("[[rule]]\nname = \"a\"\neffect = \"allow\"\nwho = 1\non = \"*\"", "/rule/0/who: 1 is no string"),
        ("[[issuer]]\nname = \"a\"\nurl = \"b\"", "/issuer/0: no \"audience\""),
        ("[listener.https]\nconnections = 0", "/listener/https/connections: 0"),
    ] {
        assert_eq!(wrong(&root, &root, &document(text), "").first().map(String::as_str), Some(mistake));
    }
}
