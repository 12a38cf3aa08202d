//! Messages with an image in the place of every column that masks veil, so that the target itself never reads its values.
//!
//! It decides nothing: which columns these are is core's to say, and where something else can stand for them the
//! analyzer's. What cannot be written so for certain is not sent. Enter at [`Veiled`].

use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use postern_core::gate::{Sent, Wording};
use postern_core::mask::{FIXED, Mask, MaskKind, MaskSet};
use postern_core::operation::Column;
use postern_core::verdict::Duties;
use postern_core::{Code, Denial};

use super::analyze::{Images, Names, Replaced, Statement, replaced};
use super::bucket::computed;
use super::catalog::{Catalog, RelationColumn};
use super::form::{Form, form, inside, spelled};
use super::login::encoded;
use super::wire::Frontend;

/// What stands for a column that nothing is made of.
const ABSENT: &str = "NULL";

/// How a message carries its text.
pub(super) enum Carried {
    /// As a query.
    Query,
    /// To be kept under a name, with the declared types of its parameters.
    Parse(Bytes, Vec<u32>),
    /// Not at all: it was sent before.
    Bound(Before),
}

/// What was sent as a statement was prepared.
pub(super) struct Before {
    /// What it was read as.
    pub(super) statements: Arc<[Statement]>,
    /// The masks that bound it.
    pub(super) masks: Arc<MaskSet>,
    /// What was sent, where that is not what the client sent.
    pub(super) sent: Option<Arc<Replaced>>,
}

/// A message of a client whose statements read columns that masks may veil.
pub(super) struct Veiled {
    /// The message as the client sent it.
    pub(super) raw: Bytes,
    pub(super) text: Bytes,
    pub(super) carried: Carried,
    pub(super) statements: Arc<[Statement]>,
    pub(super) meaning: Meaning,
    pub(super) sent: OnceLock<Option<Arc<Replaced>>>,
}

/// What the names in it mean.
#[derive(Clone)]
pub(super) struct Meaning {
    pub(super) catalog: Arc<Catalog>,
    pub(super) path: Vec<Arc<str>>,
    pub(super) user: String,
}

impl fmt::Debug for Veiled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Veiled")
    }
}

impl Veiled {
    /// What was sent in place of the client's own text.
    pub(super) fn sent(&self) -> Option<Arc<Replaced>> {
        self.sent.get().cloned().flatten()
    }

    fn replaced(&self, masks: &MaskSet) -> Result<Option<Arc<Replaced>>, Denial> {
        if masks.is_empty() {
            return Ok(None);
        }
        let unsure = || {
            let message =
                "columns are masked for you on this target, and this statement cannot be written without them";
            Denial::new(Code::MaskedOutput, message).hint("write it with plain names, and leave out masked columns")
        };
        let text = std::str::from_utf8(&self.text).map_err(|_| unsure())?;
        let images: Option<Vec<Images>> = self.statements.iter().map(|one| self.images(one, masks)).collect();
        let Meaning { catalog, path, user } = &self.meaning;
        let names = Names::of(catalog, path, user);
        replaced(text, &self.statements, &images.ok_or_else(unsure)?, &names).map_err(|_| unsure())
    }

    /// What stands for each column that masks veil; nothing where something has no image.
    fn images(&self, statement: &Statement, masks: &MaskSet) -> Option<Images> {
        if statement.kept_under().next().is_some() {
            return Some(Images::new());
        }
        let unread = statement.unread().filter(|column| masks.of(column).is_some());
        let unread = unread.map(|column| Some((column, ABSENT.to_owned())));
        let veiled = masks.veiled(&statement.uses).into_iter();
        let image = |(column, mask): (Column, Arc<Mask>)| {
            let value = inside(&column.object, &column.name)?;
            let image = image(&mask, &value, statement.named(&column)?, &self.meaning.catalog)?;
            Some((column, image))
        };
        veiled.map(image).chain(unread).collect()
    }
}

impl Wording for Veiled {
    fn under(&self, due: &Duties) -> Result<Sent, Denial> {
        let masks = &due.masks;
        if let Carried::Bound(before) = &self.carried
            && Arc::ptr_eq(&before.statements, &self.statements)
            && (Arc::ptr_eq(&before.masks, masks) || before.masks == *masks)
        {
            return Ok(Sent { bytes: self.raw.clone(), text: said(before.sent.as_ref()) });
        }
        let mut kept = self.statements.iter().flat_map(Statement::kept_under);
        if !kept.all(|under| Arc::ptr_eq(under, masks) || under == masks) {
            return Err(otherwise());
        }
        let replaced = self.replaced(masks)?;
        let other = replaced.as_ref().map(|replaced| Bytes::copy_from_slice(replaced.text.as_bytes()));
        let bytes = match (&self.carried, other) {
            (Carried::Bound(before), _) if before.sent != replaced => return Err(otherwise()),
            (Carried::Bound(_), _) | (_, None) => self.raw.clone(),
            (Carried::Query, Some(text)) => encoded(&Frontend::Query { text }),
            (Carried::Parse(name, types), Some(text)) => {
                encoded(&Frontend::Parse { name: name.clone(), text, types: types.clone() })
            }
        };
        let text = said(replaced.as_ref());
        self.sent.set(replaced).ok();
        Ok(Sent { bytes, text })
    }
}

/// What was sent, for people.
fn said(replaced: Option<&Arc<Replaced>>) -> Option<Arc<str>> {
    replaced.map(|replaced| Arc::clone(&replaced.shown))
}

fn otherwise() -> Denial {
    let message = "cached plan must not change result type: other columns of it are masked than when it was prepared";
    Denial::new(Code::PreparedOtherwise, message).hint("prepare it again")
}

/// What the target computes in the place of a column, of its value and in its own type. All names in it say where they are
/// from.
fn image(mask: &Mask, value: &str, column: &RelationColumn, catalog: &Catalog) -> Option<String> {
    let kind = spelled(column.kind, column.modifier, catalog)?;
    let absent = format!("NULL::{kind}");
    Some(match (mask.kind, form(column.kind, catalog)) {
        (_, Form::Texts) | (MaskKind::Stable(_), _) => return None,
        (MaskKind::Bucket(bucket), Form::Other) => {
            computed(bucket, value, column.kind, &kind, catalog).unwrap_or(absent)
        }
        (MaskKind::Null | MaskKind::Bucket(_), _) | (_, Form::Other) => absent,
        // what shows a part says as well where there is nothing
        (MaskKind::Partial { .. }, Form::Json | Form::Jsonb) => format!(
            "(pg_catalog.left({value}::pg_catalog.text, 0) OPERATOR(pg_catalog.||) '\"{FIXED}\"'::pg_catalog.text)::{kind}"
        ),
        (MaskKind::Fixed, Form::Json | Form::Jsonb) => format!("'\"{FIXED}\"'::{kind}"),
        (MaskKind::Fixed, Form::Text) => format!("'{FIXED}'::{kind}"),
        (MaskKind::Partial { keep_last }, Form::Text) => partial(value, keep_last, &kind),
    })
}

/// All but the last `keep` characters, and never less than half of them, as asterisks.
fn partial(value: &str, keep: usize, kind: &str) -> String {
    let keep = i32::try_from(keep).unwrap_or(i32::MAX);
    let value = format!("{value}::pg_catalog.text");
    let length = format!("pg_catalog.char_length({value})");
    let kept = format!("LEAST({keep}, {length} OPERATOR(pg_catalog./) 2)");
    format!(
        "(pg_catalog.repeat('*'::pg_catalog.text, {length} OPERATOR(pg_catalog.-) {kept}) OPERATOR(pg_catalog.||) \
         pg_catalog.right({value}, {kept}))::{kind}"
    )
}
