//! Who may look at what others did, and who may end it: `[roles]`.
//!
//! A role lets nobody use a target; rules alone do. Enter at [`Roles::audits`] and [`Roles::operates`].

use crate::identity::Principal;
use crate::verdict::Who;

/// Who has which role at the gateway itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    pub(super) auditors: Vec<Who>,
    pub(super) operators: Vec<Who>,
}

impl Roles {
    /// Whether somebody may see the sessions of all, replay what was recorded, and search the journal.
    #[must_use]
    pub fn audits(&self, principal: &Principal) -> bool {
        names(&self.auditors, principal)
    }

    /// Whether somebody may end the sessions of others and take back what was issued to them.
    #[must_use]
    pub fn operates(&self, principal: &Principal) -> bool {
        names(&self.operators, principal)
    }
}

fn names(who: &[Who], principal: &Principal) -> bool {
    who.iter().any(|who| who.names(principal))
}
