//! `[roles]`: who audits and who operates.
//!
//! Nobody does where nobody is named.

use crate::document::{Findings, Reader};
use crate::policy::roles::Roles;
use crate::policy::source::Known;

pub(super) fn read_all(findings: &mut Findings, tables: Vec<Reader<'_>>, known: &Known<'_>) -> Roles {
    let mut roles = None;
    for mut table in tables {
        if roles.is_some() {
            findings.wrong(&table.place(), "there are two tables `roles`", Some("write both into one".to_owned()));
        }
        let mut who = |key| {
            let texts = table.texts(findings, key).unwrap_or_default();
            known.who(findings, texts, key)
        };
        let (auditors, operators) = (who("auditors"), who("operators"));
        table.finish(findings);
        roles = Some(Roles { auditors, operators });
    }
    roles.unwrap_or_default()
}
