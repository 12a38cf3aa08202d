//! What a target holds, taken down: for trying a policy out and for checking it, never for serving.
//!
//! A protocol makes an [`Inventory`] of what a target answers or of a file; how it is written is the protocol's own.
//! INVARIANT: nothing here meets a gate. A session reads its target itself.

use std::sync::Arc;

use crate::fault::Fault;
use crate::gate::Lease;
use crate::mask::Lineage;
use crate::operation::{Column, Object, Operation};
use crate::ports::{Certify, Clock, Dial, Link, Vault};
use crate::target::{Login, Target};
use crate::verdict::Duties;

/// What a text would ask for, were it sent.
pub struct Supposition {
    /// What it would be read as.
    pub operation: Operation,
    /// What a client would see its outputs called, where that is known; as many as there are outputs.
    pub names: Vec<String>,
}

/// What is known of a target's structure. Of a space that it does not know, the protocol assumes what is usual.
pub trait Inventory: Send + Sync {
    /// What a text in the protocol's own language would ask for, as far as that can be told without the target: sent to
    /// this space, by this account.
    fn suppose(&self, space: &str, account: &str, text: &str) -> Vec<Supposition>;

    /// What would be sent for it under these duties, where that is not the text itself.
    fn sent(&self, space: &str, account: &str, text: &str, due: &Duties) -> Option<Arc<str>>;

    /// What is said of a space's columns; nothing where it is not known.
    fn lineage(&self, space: &str) -> Option<Arc<dyn Lineage>>;

    /// Everything that a rule can name, in all spaces that are known.
    fn objects(&self) -> Vec<Object>;

    /// Every column, in all spaces that are known.
    fn columns(&self) -> Vec<Column>;

    /// What of a target it says nothing of, one clause each.
    fn gaps(&self, target: &Target) -> Vec<String>;

    /// All of it as text: the same for the same structure, whichever target it was taken of.
    fn written(&self) -> String;
}

/// The means to reach targets as the gateway reaches them.
pub struct Means {
    /// Fetches secrets.
    pub vault: Arc<dyn Vault>,
    /// Reaches targets.
    pub dial: Arc<dyn Dial>,
    /// Certifies keys of accounts, where one asks for it.
    pub certify: Option<Arc<dyn Certify>>,
    /// Tells the time by which proofs are looked at.
    pub clock: Arc<dyn Clock>,
}

impl Means {
    /// An account of a target, with a connection to log in on.
    ///
    /// # Errors
    /// Where the secret store or the target cannot be reached.
    pub async fn lease(&self, target: &Target, login: &Login) -> Result<(Lease, Link), Fault> {
        Lease::take(self, target, login, None).await
    }
}
