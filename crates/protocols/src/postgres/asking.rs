//! The gateway's own questions to a target, asked where no client is served.
//!
//! INVARIANT: nothing is sent but a login and constants of this program; so it needs no permit, and there is no journal
//! that could make one. Enter at [`Asking::ask`].

use std::net::SocketAddr;

use bytes::Bytes;
use postern_core::Fault;
use postern_core::inventory::Means;
use postern_core::target::{Login, Target};
use tokio::time::timeout;

use super::analyze::Encoding;
use super::catalog::Row;
use super::catalogs::{PATIENCE, answers, lost};
use super::login::settings::Settings;
use super::login::{encoded, target};
use super::wire::Frontend;

/// Where questions are asked.
pub(super) struct Asking<'a> {
    pub(super) target: &'a Target,
    pub(super) means: &'a Means,
    pub(super) database: &'a str,
}

/// What was heard.
pub(super) struct Heard {
    /// The answers, in the order of the questions.
    pub(super) answers: Vec<Vec<Row>>,
    /// How either proved itself.
    pub(super) proved: target::Proved,
    /// Which server it was.
    pub(super) peer: SocketAddr,
    /// What the database keeps text in.
    pub(super) encoding: Encoding,
}

impl Asking<'_> {
    /// Asks as an account, on a connection that is used for this alone.
    pub(super) async fn ask(
        &self,
        login: &Login,
        settings: &Settings,
        questions: &[&'static str],
    ) -> Result<Heard, Fault> {
        let asked = timeout(PATIENCE, self.exchange(login, settings, questions)).await;
        let in_vain = |_| lost().hint("the target did not answer in time");
        asked.map_err(in_vain).flatten().map_err(|fault| self.placed(login, fault))
    }

    async fn exchange(&self, login: &Login, settings: &Settings, questions: &[&'static str]) -> Result<Heard, Fault> {
        let (lease, link) = self.means.lease(self.target, login).await?;
        let peer = link.peer;
        let welcome = target::log_in(&lease, link, self.database, settings).await?;
        let (proved, encoding) = (welcome.proved, welcome.encoding());
        let (mut inlet, mut outlet) = (welcome.inlet, welcome.outlet);
        for text in questions {
            outlet.push(&encoded(&Frontend::Query { text: Bytes::from_static(text.as_bytes()) }));
        }
        outlet.drain_all().await.map_err(|error| lost().cause(error))?;
        let answers = answers(&mut inlet, questions.len()).await?;
        outlet.push(&encoded(&Frontend::Terminate));
        outlet.finish().await;
        Ok(Heard { answers, proved, peer, encoding })
    }

    /// The fault with the place where it happened: whoever hears it has the configuration.
    fn placed(&self, login: &Login, mut fault: Fault) -> Fault {
        let database = if self.database.is_empty() { &login.user } else { self.database };
        fault.message = format!("{}, for account `{}` in database `{database}`", fault.message, login.user);
        fault
    }
}
