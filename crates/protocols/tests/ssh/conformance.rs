//! SSH under the suite that every protocol passes: a real sshd, and a client of one connection.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use postern_testkit::conformance;
use postern_testkit::conformance::{Ask, Heard, Subject};
use postern_testkit::fakes::Dwelling;
use postern_testkit::sshd::Options;

use crate::client::{Caller, spoil};
use crate::gateway::Gateway;

const RULES: &str = r#"
[[rule]]
name   = "looks"
effect = "allow"
who    = ["group:ci"]
on     = ["target:web"]
do     = { actions = ["ssh.exec"], objects = ["echo", "cat"] }

[[rule]]
name   = "restarts-need-a-human"
effect = "approve"
who    = ["group:ci"]
on     = ["target:web"]
do     = { actions = ["ssh.exec"], objects = ["printf"] }
with   = { approvers = ["group:dba"] }

[[mask]]
name   = "secrets"
detect = ["aws-key"]
kind   = "fixed"
"#;

struct Ssh(Gateway);

impl Ssh {
    /// Where somebody has kept a secret at the target.
    fn kept(&self) -> PathBuf {
        self.0.server.folder().join("kept")
    }

    fn text(&self, ask: Ask) -> String {
        match ask {
            Ask::Allowed => "echo allowed".to_owned(),
            Ask::Denied => "rm nothing-that-there-is".to_owned(),
            Ask::Held => "printf held".to_owned(),
            Ask::Masked => format!("cat {}", self.kept().display()),
            Ask::Echoed => format!("cat {}/key", self.0.server.folder().display()),
            Ask::Malformed => String::new(),
        }
    }
}

impl Subject for Ssh {
    type Session = Caller;

    const SHOWN: &'static str = "allowed";
    const SECRET: &'static str = "AKIAQ3EGU5TNVDWN4XPZ";
    const CREDENTIAL: &'static str = crate::gateway::CREDENTIAL;

    async fn start() -> Result<Self> {
        let ssh = Self(Gateway::before(Options { noted: true, ..Options::default() }, RULES).await?);
        fs::write(ssh.kept(), format!("aws_access_key_id = {}\n", Self::SECRET))?;
        Ok(ssh)
    }

    fn dwelling(&self) -> &Dwelling {
        &self.0.dwelling
    }

    async fn open(&self) -> Result<Caller> {
        Caller::log_in(&self.0).await
    }

    async fn ask(&self, session: &mut Caller, ask: Ask) -> Result<Heard> {
        if ask == Ask::Malformed {
            let taken = spoil(session).await.is_ok();
            return Ok(Heard { text: String::new(), done: taken });
        }
        let answer = session.run(&self.text(ask)).await?;
        Ok(Heard { done: answer.status == Some(0), text: answer.text })
    }

    fn reached(&self, ask: Ask) -> Result<bool> {
        Ok(self.0.server.commands()?.contains(&self.text(ask)))
    }
}

conformance!(Ssh);
