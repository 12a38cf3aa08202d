//! `postern check`: is this configuration one that the gateway would start with, and does it fit its targets?
//!
//! Everything that is said of a mistake is [`config`](crate::config)'s.

use std::io::Write;
use std::sync::Arc;

use anyhow::Result;
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
    let answers = answers(&config).await?;
    config.compare(&inventories, &answers)?;
    remark(&config, out)?;
    let count = answers.len();
    writeln!(out, "ok: {}; {count} target{} answered", config.summary(), if count == 1 { "" } else { "s" })?;
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

async fn answers(config: &Config) -> Result<Answers> {
    let means = Arc::new(reach::means(config).await?);
    let mut answers = Answers::new();
    let targets: Vec<&Arc<Target>> = config.rulebook.targets.values().collect();
    for some in targets.chunks(AT_ONCE) {
        let mut asked = JoinSet::new();
        for target in some {
            let (target, means, protocol) = (Arc::clone(target), Arc::clone(&means), reach::protocol(target)?);
            asked.spawn(async move { (target.name.clone(), protocol.survey(&target, &means).await) });
        }
        answers.extend(asked.join_all().await);
    }
    Ok(answers)
}
