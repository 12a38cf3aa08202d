//! One connection that several clients of OpenSSH share, as `ControlMaster` has it.
//!
//! Enter at [`Shared::open`].

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::gateway::{Gateway, Ran, ran};

const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Shared<'g> {
    gateway: &'g Gateway,
    control: String,
    _master: Child,
}

impl<'g> Shared<'g> {
    pub(crate) async fn open(gateway: &'g Gateway) -> Result<Self> {
        let path = gateway.server.folder().join("control");
        let control = format!("-oControlPath={}", path.display());
        let mut master = gateway.ssh()?;
        let master = master.args([&control, "-oControlMaster=yes", "-N"]).stderr(Stdio::null()).spawn()?;
        while !path.exists() {
            sleep(Duration::from_millis(20)).await;
        }
        Ok(Self { gateway, control, _master: master })
    }

    pub(crate) async fn run(&self, command: &str) -> Result<Ran> {
        self.ran(&[command]).await
    }

    /// Asks for a forward from the host, or takes it back.
    pub(crate) async fn ask(&self, what: &str, forward: &str) -> Result<Ran> {
        self.ran(&["-O", what, "-R", forward]).await
    }

    /// A client that does not read what comes.
    pub(crate) fn unread(&self, command: &str) -> Result<Child> {
        Ok(self.client(&[command])?.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?)
    }

    async fn ran(&self, arguments: &[&str]) -> Result<Ran> {
        timeout(PATIENCE, ran(self.client(arguments)?)).await.context("nothing comes")?
    }

    fn client(&self, arguments: &[&str]) -> Result<Command> {
        let mut ssh = self.gateway.ssh()?;
        ssh.arg(&self.control).args(arguments);
        Ok(ssh)
    }
}
