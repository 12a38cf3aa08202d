//! What the demo prints: short, aligned, in colour where a person watches.
//!
//! Whatever comes from psql is made visible before it is printed.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use anyhow::Result;
use postern_core::visible::line;

use super::psql;
use super::scene::{Actor, Scene};
use super::steps::Outcome;

/// The demo's voice.
pub(super) struct Show<'w> {
    out: &'w mut dyn Write,
    colour: bool,
}

/// How a piece of text looks on a terminal (ECMA-48, SGR).
#[derive(Clone, Copy)]
enum Look {
    Strong,
    Quiet,
    Good,
    Bad,
}

impl<'w> Show<'w> {
    pub(super) fn new(out: &'w mut dyn Write) -> Self {
        Self { out, colour: io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() }
    }

    pub(super) fn title(&mut self, folder: &Path) -> Result<()> {
        let name = self.look(Look::Strong, "Postern demo");
        writeln!(self.out, "\n{name}  everything is on this machine and in {}\n", folder.display())?;
        Ok(self.out.flush()?)
    }

    pub(super) fn policy(&mut self, policy: &str) -> Result<()> {
        let title = self.look(Look::Strong, "The policy, policy.toml");
        writeln!(self.out, "{title}")?;
        for text in policy.trim_end().lines() {
            let text = self.look(Look::Quiet, text);
            writeln!(self.out, "  {text}")?;
        }
        writeln!(self.out)?;
        Ok(self.out.flush()?)
    }

    /// What a person pastes into other terminals.
    pub(super) fn commands(&mut self, scene: &Scene, program: &Path) -> Result<()> {
        let psql = if program.starts_with("/usr") { "psql".to_owned() } else { program.display().to_string() };
        let as_actor = |actor: Actor| {
            let (token, connection) = (scene.token(actor), psql::connection(scene, actor));
            format!("PGPASSWORD=$(cat {}) {psql} \"{connection}\"", token.display())
        };
        let postern = std::env::current_exe().map_or_else(|_| "postern".to_owned(), |path| path.display().to_string());
        let (gateway, authority, token) = (scene.gateway(), scene.authority(), scene.token(Actor::Dana));
        let groups = [
            (
                "The CI bot reads the shop. E-mail, phone, card and birthday come masked; DROP is refused, DELETE waits",
                vec![
                    format!("{} -c 'SELECT * FROM customers LIMIT 3'", as_actor(Actor::CiBot)),
                    format!("{} -c 'DROP TABLE customers'", as_actor(Actor::CiBot)),
                    format!("{} -c \"DELETE FROM orders WHERE status = 'cancelled'\"", as_actor(Actor::CiBot)),
                ],
            ),
            ("The AI agent, acting for dana, under the same masks and rules", vec![as_actor(Actor::Agent)]),
            (
                "Dana sees what waits, and answers the CI bot (never her own agent), here or at the URL of the notice",
                vec![
                    format!(
                        "export POSTERN_GATEWAY={gateway} POSTERN_CA_FILE={} POSTERN_TOKEN_FILE={}",
                        authority.display(),
                        token.display()
                    ),
                    format!("{postern} approvals list"),
                    format!("{postern} approvals approve APR_ID --reason 'as planned'"),
                    as_actor(Actor::Dana),
                ],
            ),
            (
                "Anybody checks the journal, or reads it with the seal key",
                vec![
                    format!("{postern} audit verify {}", scene.journal().display()),
                    format!("{postern} audit export --unseal --config {}", scene.config().display()),
                ],
            ),
        ];
        for (title, commands) in groups {
            let title = self.look(Look::Strong, title);
            writeln!(self.out, "{title}")?;
            for command in commands {
                writeln!(self.out, "  {command}")?;
            }
            writeln!(self.out)?;
        }
        writeln!(self.out, "Ctrl-C ends it. It logs to {}", scene.log().display())?;
        Ok(self.out.flush()?)
    }

    /// One step of the tour.
    pub(super) fn step(&mut self, number: usize, outcome: &Outcome) -> Result<()> {
        let verdict = if outcome.ok { self.look(Look::Good, "ok") } else { self.look(Look::Bad, "FAILED") };
        let title = self.look(Look::Strong, outcome.title);
        writeln!(self.out, "{number:>2}  {title}  {verdict}")?;
        for command in &outcome.commands {
            let command = self.look(Look::Quiet, &line(command));
            writeln!(self.out, "    {command}")?;
        }
        writeln!(self.out, "    expected  {}", outcome.expected)?;
        for (index, seen) in outcome.seen.lines().enumerate() {
            let word = if index == 0 { "seen" } else { "" };
            writeln!(self.out, "    {word:<8}  {}", line(seen))?;
        }
        writeln!(self.out)?;
        Ok(self.out.flush()?)
    }

    pub(super) fn result(&mut self, steps: usize, failed: usize) -> Result<()> {
        if failed == 0 {
            let all = self.look(Look::Good, &format!("all {steps} steps came out right"));
            writeln!(self.out, "{all}")?;
        }
        Ok(self.out.flush()?)
    }

    pub(super) fn goodbye(&mut self, folder: &Path) -> Result<()> {
        writeln!(self.out, "\nended; the journal and all else stay in {}", folder.display())?;
        Ok(())
    }

    fn look(&self, look: Look, text: &str) -> String {
        let code = match look {
            Look::Strong => "1",
            Look::Quiet => "2",
            Look::Good => "32",
            Look::Bad => "1;31",
        };
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
