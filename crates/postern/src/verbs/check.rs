//! `postern check`: is this configuration one that the gateway would start with, and does it fit its targets?
//!
//! Everything that is said of a mistake is [`config`](crate::config)'s.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Arc;

use anyhow::Result;
use postern_core::TargetName;
use postern_core::inventory::Means;
use postern_core::mask::detect::Detector;
use postern_core::mask::echo::{Echo, SHORTEST};
use postern_core::target::Target;
use tokio::task::JoinSet;

use crate::cli::Check;
use crate::config::{self, Answers, Config};
use crate::failure::Failure;
use crate::vocabularies;

use super::reach;

/// How many targets are asked at the same time.
const AT_ONCE: usize = 8;

/// Asks nobody.
pub(crate) fn offline(args: &Check, out: &mut dyn Write) -> Result<()> {
    if args.schema {
        out.write_all(config::SCHEMA.as_bytes())?;
        return Ok(());
    }
    if args.list_detectors {
        return detectors(args.json, out);
    }
    let mut config = read(args)?;
    config.inventories(&postern_protocols::all())?;
    remark(&config, out)?;
    for name in config.rulebook.sealed_secrets() {
        writeln!(out, "note: whether there is a secret `sealed:{name}` is not looked at; postern secrets list tells")?;
    }
    writeln!(out, "ok: {}", config.summary())?;
    Ok(())
}

/// Asks every target.
pub(crate) async fn online(args: &Check, out: &mut dyn Write) -> Result<()> {
    let mut config = read(args)?;
    let inventories = config.inventories(&postern_protocols::all())?;
    let means = Arc::new(reach::means(&config).await?);
    let answers = answers(&config, &means).await?;
    config.compare(&inventories, &answers)?;
    remark(&config, out)?;
    for target in unguarded(&config, &means).await? {
        writeln!(
            out,
            "note: a password of target `{target}` has fewer than {SHORTEST} bytes, or is the name of its account, host or database: \
             replies are not searched for it\n"
        )?;
    }
    let count = answers.len();
    writeln!(out, "ok: {}; {count} target{} answered", config.summary(), if count == 1 { "" } else { "s" })?;
    Ok(())
}

/// One on a line, in the order in which they name what two of them find.
fn detectors(json: bool, out: &mut dyn Write) -> Result<()> {
    if json {
        let all: Vec<_> =
            Detector::ALL.iter().map(|one| serde_json::json!({ "name": one.name(), "finds": one.about() })).collect();
        writeln!(out, "{}", serde_json::to_string_pretty(&all)?)?;
        return Ok(());
    }
    let width = Detector::ALL.iter().map(|one| one.name().len()).max().unwrap_or_default();
    for one in Detector::ALL {
        writeln!(out, "{:width$}  {}", one.name(), one.about())?;
    }
    Ok(())
}

fn read(args: &Check) -> Result<Config> {
    let file = args.file.as_deref().ok_or_else(|| Failure::new("no configuration is named"))?;
    Ok(config::read(file, &vocabularies())?)
}

fn remark(config: &Config, out: &mut dyn Write) -> Result<()> {
    for remark in config.remarks() {
        writeln!(out, "{}\n", remark.block)?;
    }
    Ok(())
}

/// The targets with a password that cannot be told from other text.
async fn unguarded<'a>(config: &'a Config, means: &Means) -> Result<BTreeSet<&'a TargetName>> {
    let mut short = BTreeSet::new();
    for target in config.rulebook.targets.values() {
        for login in target.logins() {
            let Some(password) = &login.password else { continue };
            let password = means.vault.fetch(password).await?;
            if Echo::besides([&password], &target.names(&login.user)).unguarded() > 0 {
                short.insert(&target.name);
            }
        }
    }
    Ok(short)
}

async fn answers(config: &Config, means: &Arc<Means>) -> Result<Answers> {
    let mut answers = Answers::new();
    let targets: Vec<&Arc<Target>> = config.rulebook.targets.values().collect();
    for some in targets.chunks(AT_ONCE) {
        let mut asked = JoinSet::new();
        for target in some {
            let (target, means, protocol) = (Arc::clone(target), Arc::clone(means), reach::protocol(target)?);
            asked.spawn(async move { (target.name.clone(), protocol.survey(&target, &means).await) });
        }
        answers.extend(asked.join_all().await);
    }
    Ok(answers)
}
