//! What targets hold, as far as a configuration says it: the files behind `schema` of `[[target]]`.
//!
//! The gateway never reads them: its sessions ask the target. They are for trying a policy out. Enter at
//! [`Config::inventories`].

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use postern_core::document::{self, Findings, Reader, Text};
use postern_core::inventory::Inventory;
use postern_core::ports::Protocol;
use postern_core::target::{Target, TargetName};

use super::{Config, Mistakes};
use crate::failure::{Failure, reason};

/// What is known of each target, and in words where from; nothing where names are read as they stand.
pub struct Inventories(BTreeMap<TargetName, (Option<String>, Arc<dyn Inventory>)>);

impl Inventories {
    /// Where what is known of a target comes from, and what it is.
    ///
    /// # Errors
    /// Where the configuration has no such target.
    pub fn of(&self, target: &Target) -> Result<(Option<&str>, &dyn Inventory), Failure> {
        let found = self.0.get(&target.name).map(|(source, inventory)| (source.as_deref(), &**inventory));
        found.ok_or_else(|| Failure::new(format!("there is no target `{}`", target.name)))
    }
}

impl Config {
    /// Reads what targets hold, and assumes what is usual of those that name no file.
    ///
    /// # Errors
    /// Everything that is wrong with the files, at once.
    pub fn inventories(&mut self, protocols: &[Arc<dyn Protocol>]) -> Result<Inventories, Mistakes> {
        let mut known = BTreeMap::new();
        let mut read: BTreeMap<(PathBuf, &str), Option<Arc<dyn Inventory>>> = BTreeMap::new();
        for target in self.rulebook.targets.values() {
            let name = target.name.clone();
            let spoken = protocols.iter().find(|one| one.vocabulary().protocol == target.protocol);
            let Some(protocol) = spoken else { continue };
            let Some(file) = self.rulebook.written.inventories.get(&name) else {
                let whole = protocol.vocabulary().shape.is_whole();
                let assumed = (!whole).then(|| "names taken as in schema public".to_owned());
                known.insert(name, (assumed, protocol.assumed()));
                continue;
            };
            let path = self.base.join(Path::new(&file.text));
            let findings = &mut self.findings;
            let inventory = read
                .entry((path.clone(), target.protocol))
                .or_insert_with(|| recall(findings, &**protocol, &name, file, &path));
            let Some(inventory) = inventory else { continue };
            for gap in inventory.gaps(target) {
                findings.wrong(&file.place, format!("`{}` {gap}", file.text), Some(again(&name, &file.text)));
            }
            known.insert(name, (Some(format!("names as in {}", file.text)), Arc::clone(inventory)));
        }
        if self.findings.is_clean() { Ok(Inventories(known)) } else { Err(Mistakes::found(&self.findings)) }
    }
}

fn recall(
    findings: &mut Findings,
    protocol: &dyn Protocol,
    target: &TargetName,
    file: &Text,
    path: &Path,
) -> Option<Arc<dyn Inventory>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            let message = format!("`{}` cannot be read: {}", file.text, reason(&error));
            findings.wrong(&file.place, message, Some(again(target, &file.text)));
            return None;
        }
    };
    let (index, table) = document::parse(findings, &path.display().to_string(), &text)?;
    protocol.recall(findings, Reader::top(index, &table))
}

/// What writes the file.
pub(super) fn again(target: &TargetName, file: &str) -> String {
    format!("write it: postern catalog export {target} --config FILE --out {file}")
}
