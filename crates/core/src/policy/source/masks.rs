//! `[[mask]]`: what must not be seen in clear, by its column or by what it is.
//!
//! A mask that binds nothing is an error: it would be believed in.

use std::num::NonZeroU32;
use std::sync::Arc;

use crate::document::{Findings, Reader, Text};
use crate::mask::detect::{Detector, Detectors};
use crate::mask::{Bucket, Fake, Guarding, Mask, MaskKind, Per, Predicates, Stable};
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
    Bucket,
    Hash,
    Token,
    Format,
    Fake,
}

const KINDS: &[(&str, KindWord)] = &[
    ("null", KindWord::Null),
    ("fixed", KindWord::Fixed),
    ("partial", KindWord::Partial),
    ("bucket", KindWord::Bucket),
    ("hash", KindWord::Hash),
    ("token", KindWord::Token),
    ("fpe", KindWord::Format),
    ("fake", KindWord::Fake),
];

/// What says more of a kind, and of which.
const OPTIONS: &[(&str, &[&str])] = &[
    ("keep_last", &["partial"]),
    ("size", &["bucket"]),
    ("per", &["bucket"]),
    ("fake", &["fake"]),
    ("domain", &["hash", "token", "fpe", "fake"]),
];

const FAKES: &[(&str, Fake)] = &[
    ("name", Fake::Name),
    ("email", Fake::Email),
    ("phone", Fake::Phone),
    ("company", Fake::Company),
    ("city", Fake::City),
];

/// What is said of an empty list.
const BINDS_NOTHING: &str = "this mask binds nothing";

/// What a partial mask keeps where it does not say.
const KEEP_LAST: u64 = 4;

const NO_BUCKET: Bucket = Bucket { size: None, per: None };

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
    let detectors = detectors(findings, &mut table);
    if columns.is_empty() && detectors.is_none() {
        findings.wrong(
            &table.place(),
            "this mask names no `columns` and nothing to `detect`",
            Some("add columns = [\"schema.table.column\"], or detect = [\"aws-key\"]".to_owned()),
        );
    }
    let kind = kind(findings, &mut table);
    let kind = if detectors.is_some() { detecting(findings, &mut table, kind) } else { kind };
    let domain = table.text(findings, "domain");
    let predicates = predicates(findings, &mut table, kind);
    let writes = writes(findings, &mut table, kind);
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
    let name: Arc<str> = name?.text.into();
    let domain = domain.map_or_else(|| Arc::clone(&name), |domain| domain.text.into());
    let mask = Mask { name, kind: kind?, predicates: predicates?, writes: writes?, domain, pseudonym: None };
    let detectors = detectors.map(|chosen| Arc::new(Detectors::of(&chosen)));
    Some(MaskRule { mask: Arc::new(mask), on, columns, detectors, bound, except })
}

/// What the mask looks for; nothing where it does not say.
fn detectors(findings: &mut Findings, table: &mut Reader<'_>) -> Option<Vec<Detector>> {
    let place = table.value("detect")?.place;
    let names = table.texts(findings, "detect")?;
    if names.is_empty() {
        let hint = "`postern check --list-detectors` lists what it can look for";
        findings.wrong(&place, "`detect` is empty, so this mask looks for nothing", Some(hint.to_owned()));
    }
    let words: Vec<(&'static str, Detector)> = Detector::ALL.iter().map(|one| (one.name(), *one)).collect();
    once(findings, &names);
    Some(names.iter().filter_map(|name| name.one_of(findings, "detect", &words)).collect())
}

/// What becomes of a value in which something is found; it was read and written as it is.
fn detecting(findings: &mut Findings, table: &mut Reader<'_>, kind: Option<MaskKind>) -> Option<MaskKind> {
    for key in ["predicates", "writes"] {
        if let Some(value) = table.value(key) {
            let message = format!("`{key}` has no use with `detect`, which looks at what leaves and at nothing else");
            findings.wrong(&value.place, message, Some("take it out".to_owned()));
        }
    }
    let place = table.value("kind")?.place;
    let kind = kind?;
    if matches!(kind, MaskKind::Null | MaskKind::Fixed) {
        return Some(kind);
    }
    let message = "this kind has no use with `detect`: what is found is hidden whole";
    findings.wrong(&place, message, Some("write kind = \"fixed\", or \"null\" for the whole cell".to_owned()));
    None
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
    let keep = table.number(findings, "keep_last").unwrap_or(KEEP_LAST);
    let bucket = bucket(findings, table);
    let fake = table.text(findings, "fake").map(|fake| fake.one_of(findings, "fake", FAKES));
    let text = text?;
    let word = text.one_of(findings, "kind", KINDS)?;
    for (option, kinds) in OPTIONS.iter().filter(|(_, kinds)| !kinds.contains(&text.text.as_str())) {
        if let Some(value) = table.value(option) {
            let message = format!("`{option}` has no use with kind `{}`", text.text);
            let kinds: Vec<String> = kinds.iter().map(|kind| format!("kind = \"{kind}\"")).collect();
            findings.wrong(&value.place, message, Some(format!("write {}", kinds.join(" or "))));
        }
    }
    let lacks = |findings: &mut Findings, hint: &str| {
        findings.wrong(&text.place, format!("kind `{}` says too little", text.text), Some(hint.to_owned()));
        None
    };
    match word {
        KindWord::Null => Some(MaskKind::Null),
        KindWord::Fixed => Some(MaskKind::Fixed),
        KindWord::Partial => Some(MaskKind::Partial { keep_last: usize::try_from(keep).unwrap_or(usize::MAX) }),
        KindWord::Bucket if bucket == NO_BUCKET => {
            lacks(findings, "add size = 100 for numbers, per = \"month\" for times")
        }
        KindWord::Bucket => Some(MaskKind::Bucket(bucket)),
        KindWord::Hash => Some(MaskKind::Stable(Stable::Hash)),
        KindWord::Token => Some(MaskKind::Stable(Stable::Token)),
        KindWord::Format => Some(MaskKind::Stable(Stable::Format)),
        KindWord::Fake => match fake {
            None => lacks(findings, "add fake = \"name\", or what else the values are"),
            Some(fake) => Some(MaskKind::Stable(Stable::Fake(fake?))),
        },
    }
}

fn bucket(findings: &mut Findings, table: &mut Reader<'_>) -> Bucket {
    let place = table.value("size").map(|value| value.place);
    let number = table.number(findings, "size");
    let size = number.and_then(|size| u32::try_from(size).ok()).and_then(NonZeroU32::new);
    // a range of one is the number itself
    let size = size.filter(|size| size.get() > 1);
    if let (Some(place), Some(_), None) = (&place, number, size) {
        findings.wrong(place, format!("`size` is from 2 to {}", u32::MAX), None);
    }
    let per = table.text(findings, "per").and_then(|per| per.one_of(findings, "per", Per::WORDS));
    Bucket { size, per }
}

fn predicates(findings: &mut Findings, table: &mut Reader<'_>, kind: Option<MaskKind>) -> Option<Predicates> {
    let Some(text) = table.text(findings, "predicates") else { return Some(Predicates::Deny) };
    let words = [("deny", Predicates::Deny), ("mask", Predicates::Mask), ("allow", Predicates::Allow)];
    let predicates = text.one_of(findings, "predicates", &words)?;
    let (message, instead) = match (kind?, predicates) {
        (MaskKind::Stable(_), Predicates::Mask) => {
            ("what this kind shows is made on the way out, and no condition can see it", "deny")
        }
        (MaskKind::Bucket(_), Predicates::Allow) => {
            ("the target itself puts the bucket in the value's place, and conditions see nothing else", "mask")
        }
        (_, _) => return Some(predicates),
    };
    findings.wrong(&text.place, message.to_owned(), Some(format!("write predicates = \"{instead}\"")));
    None
}

fn writes(findings: &mut Findings, table: &mut Reader<'_>, kind: Option<MaskKind>) -> Option<Guarding> {
    let Some(text) = table.text(findings, "writes") else { return Some(Guarding::Deny) };
    let writes = text.one_of(findings, "writes", &[("deny", Guarding::Deny), ("allow", Guarding::Allow)])?;
    if writes == Guarding::Allow && !kind?.is_telling() {
        let message = "what this kind shows cannot be told from a value, and would be saved in the place of one";
        findings.wrong(&text.place, message.to_owned(), Some("write writes = \"deny\"".to_owned()));
        return None;
    }
    Some(writes)
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
