//! `[[mask]]`: what must not be seen in clear, bound to columns.
//!
//! A mask that binds nothing is an error: it would be believed in.

use std::sync::Arc;

use crate::document::{Findings, Reader, Text};
use crate::mask::{Guarding, Mask, MaskKind, Predicates};
use crate::policy::pattern::ColumnPattern;
use crate::policy::references::Reference;
use crate::policy::source::{Aim, Known, each, once};
use crate::policy::{MaskRule, On};
use crate::verdict::Who;

#[derive(Clone, Copy)]
enum KindWord {
    Null,
    Fixed,
    Partial,
    Later,
}

const KINDS: &[(&str, KindWord)] = &[
    ("null", KindWord::Null),
    ("fixed", KindWord::Fixed),
    ("partial", KindWord::Partial),
    ("bucket", KindWord::Later),
    ("hash", KindWord::Later),
    ("token", KindWord::Later),
    ("fpe", KindWord::Later),
    ("fake", KindWord::Later),
];

/// What is said of an empty list.
const BINDS_NOTHING: &str = "this mask binds nothing";

/// What a partial mask keeps where it does not say.
const KEEP_LAST: u64 = 4;

pub(super) fn read_all(
    findings: &mut Findings,
    tables: Vec<Reader<'_>>,
    known: &Known<'_>,
    references: &mut Vec<Reference>,
) -> Vec<MaskRule> {
    each(findings, tables, "masks", |findings, table, name| read(findings, table, name, known, references))
}

fn read(
    findings: &mut Findings,
    mut table: Reader<'_>,
    name: Option<Text>,
    known: &Known<'_>,
    references: &mut Vec<Reference>,
) -> Option<MaskRule> {
    let on = table.some(findings, "on", BINDS_NOTHING);
    let on = on.map(|(place, texts)| known.on(findings, &place, &texts, Aim::Closes)).unwrap_or(vec![On::Anything]);
    let columns = table.texts(findings, "columns").unwrap_or_default();
    table.later(findings, "detect");
    if columns.is_empty() {
        findings.wrong(
            &table.place(),
            "this mask names no `columns`",
            Some("add columns = [\"schema.table.column\"]".to_owned()),
        );
    }
    let kind = kind(findings, &mut table);
    let predicates = predicates(findings, &mut table);
    let writes = writes(findings, &mut table);
    let bound = table.some(findings, "for", BINDS_NOTHING);
    let bound = bound.map(|(place, texts)| known.somebody(findings, &place, texts, "for", Aim::Closes));
    let bound = bound.unwrap_or(vec![Who::Anyone]);
    let except = excepted(findings, &mut table, known, &bound);
    let place = columns.first().map(|text| text.place.clone());
    table.finish(findings);
    let columns = patterns(findings, &columns, &on, known, references);
    if let Some(place) = place.filter(|_| !columns.is_empty() && !on.is_empty())
        && !columns.iter().any(|(protocol, _)| known.speaks(&on, protocol))
    {
        findings.wrong(&place, "no target that this mask names has such columns", None);
    }
    let mask = Arc::new(Mask { name: name?.text.into(), kind: kind?, predicates: predicates?, writes: writes? });
    Some(MaskRule { mask, on, columns, bound, except })
}

fn excepted(findings: &mut Findings, table: &mut Reader<'_>, known: &Known<'_>, bound: &[Who]) -> Vec<Who> {
    let Some(place) = table.value("except").map(|value| value.place) else { return Vec::new() };
    let texts = table.texts(findings, "except").unwrap_or_default();
    let except = known.who(findings, texts, "except");
    let all = !bound.is_empty() && bound.iter().all(|bound| except.iter().any(|except| except.includes(bound)));
    if all || except.contains(&Who::Anyone) {
        let message = "`except` names everybody whom this mask is for, so it binds nobody";
        findings.wrong(&place, message, None);
    }
    except
}

fn kind(findings: &mut Findings, table: &mut Reader<'_>) -> Option<MaskKind> {
    let text = table.required(findings, "kind");
    let keep = table.value("keep_last").map(|value| value.place);
    let number = table.number(findings, "keep_last");
    let text = text?;
    let word = text.one_of(findings, "kind", KINDS)?;
    if let (Some(place), KindWord::Null | KindWord::Fixed) = (&keep, word) {
        findings.wrong(
            place,
            format!("`keep_last` has no use with kind `{}`", text.text),
            Some("write kind = \"partial\"".to_owned()),
        );
    }
    match word {
        KindWord::Null => Some(MaskKind::Null),
        KindWord::Fixed => Some(MaskKind::Fixed),
        KindWord::Partial => {
            Some(MaskKind::Partial { keep_last: usize::try_from(number.unwrap_or(KEEP_LAST)).unwrap_or(usize::MAX) })
        }
        KindWord::Later => {
            findings.wrong(
                &text.place,
                format!("{}: not in this version", text.text),
                Some("it takes `null`, `fixed`, `partial`".to_owned()),
            );
            None
        }
    }
}

fn predicates(findings: &mut Findings, table: &mut Reader<'_>) -> Option<Predicates> {
    let Some(text) = table.text(findings, "predicates") else { return Some(Predicates::Deny) };
    let words = [("deny", Predicates::Deny), ("mask", Predicates::Mask), ("allow", Predicates::Allow)];
    text.one_of(findings, "predicates", &words)
}

fn writes(findings: &mut Findings, table: &mut Reader<'_>) -> Option<Guarding> {
    let Some(text) = table.text(findings, "writes") else { return Some(Guarding::Deny) };
    text.one_of(findings, "writes", &[("deny", Guarding::Deny), ("allow", Guarding::Allow)])
}

/// The patterns in the shape of every protocol that can write them so; in the shape of none is an error.
fn patterns(
    findings: &mut Findings,
    texts: &[Text],
    on: &[On],
    known: &Known<'_>,
    references: &mut Vec<Reference>,
) -> Vec<(&'static str, ColumnPattern)> {
    once(findings, texts);
    let mut columns: Vec<(&'static str, ColumnPattern)> = Vec::new();
    for text in texts {
        let before = columns.len();
        let mut wrong = None;
        for vocabulary in known.vocabularies.values() {
            match ColumnPattern::parse(&text.text, vocabulary.shape) {
                Ok(patterns) => columns.extend(patterns.into_iter().map(|pattern| (vocabulary.protocol, pattern))),
                Err(message) => wrong = wrong.or(Some(message)),
            }
        }
        if columns.len() == before {
            findings.wrong(&text.place, wrong.unwrap_or_else(|| format!("`{}` is no column", text.text)), None);
        }
        let fresh = columns.iter().skip(before);
        references.extend(fresh.clone().map(|(of, column)| Reference::of_mask(&text.place, on, of, column)));
        known.space(findings, &text.place, on, fresh.map(|(protocol, column)| (*protocol, &column.object)));
    }
    columns
}
