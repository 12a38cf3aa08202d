//! What the accounts of a target are for: what those who get one may ever do there, and which masks bind them.
//!
//! It errs to one side: what somebody may perhaps do is needed, and whom a mask may perhaps not bind it spares. It is for
//! advice, and never decides. Enter at [`Rulebook::needs`].

use std::sync::Arc;

use crate::identity::{TrustRule, matches, may_meet};
use crate::mask::{Lineage, Mask, MaskSet};
use crate::operation::{Effect, Object};
use crate::policy::source::Voucher;
use crate::policy::{MaskRule, Rule, RuleEffect, Rulebook};
use crate::target::{Login, Target};
use crate::verdict::Who;

/// What an account of a target is for.
#[derive(Debug)]
pub struct Needs {
    /// The account.
    pub login: Login,
    protocol: &'static str,
    rules: Vec<Arc<Rule>>,
    bindings: Vec<Binding>,
}

/// A mask that binds some of those who get an account.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The mask.
    pub mask: Arc<Mask>,
    /// What it binds.
    pub columns: Arc<MaskSet>,
    /// Why it does not bind others who get the account, one clause each; none where it binds them all.
    pub spared: Vec<String>,
    /// Those whom it does not bind, where they have a name.
    pub clear: Vec<Who>,
    /// Those whom it binds.
    pub bound: Vec<Who>,
}

/// Whether something is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sure {
    No,
    Perhaps,
    Yes,
}

/// Those whom one trust rule makes principals, as far as they get one account.
struct Crowd<'a> {
    trust: &'a TrustRule,
    /// What the groups begin with that their issuer states; nothing where it states none.
    stated: Option<&'a str>,
    /// What they are not, or would have another account.
    not: Vec<&'a Who>,
    /// What they are, or would not have this one.
    are: Option<&'a Who>,
}

impl Crowd<'_> {
    fn is(&self, who: &Who) -> Sure {
        let sure = |yes| if yes { Sure::Yes } else { Sure::No };
        if self.not.contains(&who) {
            return Sure::No;
        }
        if self.are == Some(who) {
            return Sure::Yes;
        }
        match who {
            Who::Anyone => Sure::Yes,
            Who::Kind(kind) => sure(self.trust.kind == *kind),
            Who::Group(group) if self.trust.groups.contains(group) => Sure::Yes,
            Who::Group(group) if self.stated.is_some_and(|prefix| group.starts_with(prefix)) => Sure::Perhaps,
            Who::Group(_) => Sure::No,
            Who::Principal(pattern) => {
                let name = self.trust.name.pattern();
                if matches(pattern, &name) {
                    Sure::Yes
                } else if may_meet(pattern, &name) {
                    Sure::Perhaps
                } else {
                    Sure::No
                }
            }
        }
    }

    fn is_among(&self, whos: &[Who]) -> Sure {
        whos.iter().map(|who| self.is(who)).max().unwrap_or(Sure::No)
    }
}

impl Rulebook {
    /// What each account that is injected at a target is for, in file order.
    #[must_use]
    pub fn needs(&self, target: &Target, vouchers: &[Voucher<'_>]) -> Vec<Needs> {
        let on_target = |rule: &&Arc<Rule>| rule.on.iter().any(|on| on.names(target));
        let rules: Vec<&Arc<Rule>> =
            self.rules.iter().filter(on_target).filter(|rule| rule.effect != RuleEffect::Forbid).collect();
        // whom no rule lets in needs nothing
        let admitted = |crowd: &Crowd<'_>| rules.iter().any(|rule| crowd.is_among(&rule.who) > Sure::No);
        let all: Vec<(&Login, Crowd<'_>)> = self
            .trust
            .iter()
            .flat_map(|trust| crowds(trust, target, vouchers))
            .filter(|(_, crowd)| admitted(crowd))
            .collect();
        let mut accounts: Vec<&Login> = Vec::new();
        for login in target.logins() {
            if !accounts.iter().any(|known| known.user == login.user) {
                accounts.push(login);
            }
        }
        let of = |login: &Login| -> Vec<&Crowd<'_>> {
            all.iter().filter(|(known, _)| known.user == login.user).map(|(_, crowd)| crowd).collect()
        };
        accounts.into_iter().map(|login| self.of_account(login, target, &rules, &of(login))).collect()
    }

    fn of_account(&self, login: &Login, target: &Target, rules: &[&Arc<Rule>], crowds: &[&Crowd<'_>]) -> Needs {
        let speaks = |rule: &&&Arc<Rule>| crowds.iter().any(|crowd| crowd.is_among(&rule.who) > Sure::No);
        let rules: Vec<Arc<Rule>> = rules.iter().filter(speaks).map(|rule| Arc::clone(rule)).collect();
        let masks = self.masks.iter().filter(|mask| mask.on.iter().any(|on| on.names(target)));
        let bindings = masks.filter_map(|mask| binding(mask, target, &rules, crowds)).collect();
        Needs { login: login.clone(), protocol: target.protocol, rules, bindings }
    }
}

/// Those of a trust rule, by the account that they may get.
fn crowds<'a>(trust: &'a TrustRule, target: &'a Target, vouchers: &[Voucher<'a>]) -> Vec<(&'a Login, Crowd<'a>)> {
    let stated = vouchers.iter().find(|one| one.name == trust.issuer).and_then(|one| one.groups);
    let (mut found, mut not): (Vec<_>, Vec<&Who>) = (Vec::new(), Vec::new());
    for (whos, login) in &target.logins {
        let others = Crowd { trust, stated, not: not.clone(), are: None };
        let sure = others.is_among(whos);
        if sure > Sure::No {
            let are = if let [one] = whos.as_slice() { Some(one) } else { None };
            found.push((login, Crowd { are, ..others }));
        }
        if sure == Sure::Yes {
            break;
        }
        not.extend(whos);
    }
    found
}

/// The mask with whom of these it binds; nothing where that is nobody.
fn binding(rule: &MaskRule, target: &Target, rules: &[Arc<Rule>], crowds: &[&Crowd<'_>]) -> Option<Binding> {
    let fitting = rule.columns.iter().filter(|(protocol, _)| *protocol == target.protocol);
    let columns: Vec<_> = fitting.map(|(_, pattern)| (pattern.clone(), Arc::clone(&rule.mask))).collect();
    let binds = |crowd: &&Crowd<'_>| crowd.is_among(&rule.bound) > Sure::No && crowd.is_among(&rule.except) < Sure::Yes;
    // what only looks for something in a column hides no column
    if rule.detectors.is_some() || columns.is_empty() || !crowds.iter().any(binds) {
        return None;
    }
    let (mut spared, mut clear) = (Vec::new(), Vec::new());
    if crowds.iter().any(|crowd| crowd.is_among(&rule.bound) < Sure::Yes) {
        spared.push(format!("it binds {} alone", listed(&rule.bound)));
    }
    let except: Vec<Who> =
        rule.except.iter().filter(|who| crowds.iter().any(|crowd| crowd.is(who) > Sure::No)).cloned().collect();
    if !except.is_empty() {
        spared.push(format!("it does not bind {}", listed(&except)));
        clear.extend(except);
    }
    for lifting in rules.iter().filter(|one| one.unmask.contains(&rule.mask.name)) {
        spared.push(format!("rule `{}` lifts it for {}", lifting.name, listed(&lifting.who)));
        clear.extend(lifting.who.iter().cloned());
    }
    clear.dedup();
    let columns = Arc::new(MaskSet::new(columns));
    Some(Binding { mask: Arc::clone(&rule.mask), columns, spared, clear, bound: rule.bound.clone() })
}

fn listed(whos: &[Who]) -> String {
    whos.iter().map(|who| format!("`{who}`")).collect::<Vec<_>>().join(", ")
}

impl Needs {
    /// An account that is injected for nobody.
    #[must_use]
    pub fn nothing(login: &Login, target: &Target) -> Self {
        Self { login: login.clone(), protocol: target.protocol, rules: Vec::new(), bindings: Vec::new() }
    }

    /// Whether some rule may let somebody who gets the account do this to an object, or to something in it or around it;
    /// once a human agrees, perhaps.
    #[must_use]
    pub fn lets(&self, effect: Effect, object: &Object) -> bool {
        self.rules.iter().any(|rule| {
            let named = rule.any_object || rule.patterns(self.protocol).any(|pattern| pattern.concerns(object));
            // what nobody can read may be it
            named && (rule.may_do(effect) || rule.may_do(Effect::Unknown))
        })
    }

    /// The masks that bind somebody who gets the account, on every column that shows the data of a masked one.
    #[must_use]
    pub fn bindings(&self, lineage: &dyn Lineage) -> Vec<Binding> {
        let closed = |one: &Binding| Binding { columns: Arc::new(one.columns.closed(lineage)), ..one.clone() };
        self.bindings.iter().map(closed).collect()
    }

    /// Whether some mask binds somebody who gets the account.
    #[must_use]
    pub fn is_masked(&self) -> bool {
        !self.bindings.is_empty()
    }
}

impl Rule {
    /// Whether it may let through an effect: one that lists none means all, but for what nobody can read.
    fn may_do(&self, effect: Effect) -> bool {
        let unread = self.effect == RuleEffect::Approve || !self.actions.is_empty();
        self.effects.contains(&effect) || (self.effects.is_empty() && (effect != Effect::Unknown || unread))
    }
}
