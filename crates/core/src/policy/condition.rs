//! `when`: a condition over who asks, from where, for what and when, in the Common Expression Language.
//!
//! A condition is checked where the policy is read ([`check`]), so that what it says later is only yes, no, or that a fact
//! it needs is not known. What the rule makes of that is the decision's. Enter at [`Condition::read`] and [`Case`].

mod check;
mod types;
mod words;

use std::cell::OnceCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use cel::common::types::{CelBool, CelString};
use cel::{Context, Env, ExecutionError, Program, Value};

use crate::clock::Micros;
use crate::identity::Principal;
use crate::operation::{Action, Deed, Fact};
use crate::target::Target;

pub(in crate::policy) use check::{Facts, Mistake};
pub(in crate::policy) use words::Words;

#[cfg(test)]
mod tests;

/// How long a list may be for a condition to go through it. A longer one counts as not known.
const LONGEST_LIST: usize = 1_000;

/// Functions and macros beside those that the language itself has.
static LANGUAGE: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib();
    // its name is not taken, so this cannot fail; if it did, every use of it would be an error, and that denies
    let _ = cel::add_member_overload!(env, fn within: (CelString<'_>, CelString<'_>) -> Result<CelBool>);
    Arc::new(env)
});

/// A condition that was checked.
#[derive(Debug)]
pub struct Condition {
    text: Arc<str>,
    program: Program,
    timed: bool,
}

/// What a condition says of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It holds.
    Yes,
    /// It does not.
    No,
    /// It needs something that nobody knows here.
    Unknown,
    /// It cannot be worked out: what went wrong.
    Failed(String),
}

/// Who asks whom, from where and when.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// Who.
    pub principal: &'a Principal,
    /// Whom.
    pub target: &'a Target,
    /// The client's address.
    pub client: IpAddr,
    /// The time.
    pub now: Micros,
}

/// What conditions are asked about: a situation, and what is to be done, if that is known yet.
pub(in crate::policy) struct Case<'a> {
    situation: &'a Situation<'a>,
    deed: Option<&'a Deed>,
    /// Made when the first condition asks.
    context: OnceCell<Context<'static, 'static>>,
}

impl Condition {
    /// Reads a condition and checks what it asks for.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(in crate::policy) fn read(text: &str, facts: &Facts<'_>) -> Result<Self, Vec<Mistake>> {
        let program = check::read(text, facts)?;
        let timed = program.references().has_variable("now");
        Ok(Self { text: text.into(), program, timed })
    }

    /// The condition as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether what it says depends on the time.
    pub(in crate::policy) fn is_timed(&self) -> bool {
        self.timed
    }

    /// Whether it cannot hold on a target, whoever asks for whatever.
    pub(in crate::policy) fn is_ruled_out(&self, target: &Target) -> bool {
        let mut context = Context::with_env(Arc::clone(&LANGUAGE));
        let fields = of_target(target).into_iter().filter_map(|(field, value)| Some((field.to_owned(), value?)));
        context.add_variable_from_value("target", fields.collect::<HashMap<String, Value>>());
        answer(&self.program, &context) == Answer::No
    }

    /// Whether it asks anything of the target.
    pub(in crate::policy) fn asks_of_target(&self) -> bool {
        self.program.references().has_variable("target")
    }

    /// What it says of a case.
    pub(in crate::policy) fn of(&self, case: &Case<'_>) -> Answer {
        answer(&self.program, case.context.get_or_init(|| case.context()))
    }
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Answer {
    /// Whether the condition may hold: what forbids, and what asks a human, does so then.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        matches!(self, Self::Yes | Self::Unknown)
    }
}

impl<'a> Case<'a> {
    pub(in crate::policy) fn new(situation: &'a Situation<'a>, deed: Option<&'a Deed>) -> Self {
        Self { situation, deed, context: OnceCell::new() }
    }

    fn context(&self) -> Context<'static, 'static> {
        let Situation { principal, target, client, now } = self.situation;
        let mut context = Context::with_env(Arc::clone(&LANGUAGE));
        let mut tell = |name: &str, fields: Vec<(&str, Option<Value>)>| {
            let known = fields.into_iter().filter_map(|(field, value)| Some((field.to_owned(), value?)));
            context.add_variable_from_value(name, known.collect::<HashMap<String, Value>>());
        };
        tell(
            "principal",
            vec![
                ("name", Some(principal.name().into())),
                ("kind", Some(principal.kind().word().into())),
                ("issuer", Some(principal.issuer().into())),
                ("groups", list(principal.groups())),
                ("acts_for", principal.acts_for().map(Value::from)),
            ],
        );
        tell("client", vec![("address", Some(client.to_canonical().to_string().into()))]);
        tell("target", of_target(target));
        // INVARIANT: before there is an operation it is not told of at all, so that `has` does not say that there is none
        if let Some(deed) = self.deed {
            let effects = deed.touches.iter().map(|touch| touch.effect.word());
            let objects = deed.touches.iter().map(|touch| touch.object.to_string());
            tell(
                "operation",
                vec![
                    ("action", Some(deed.action.0.into())),
                    ("actions", list(std::iter::once(&deed.action).chain(&deed.also).map(Action::word))),
                    ("effects", list(effects)),
                    ("objects", list(objects)),
                ],
            );
            tell("facts", deed.facts.iter().map(|(name, fact)| (*name, told(fact))).collect());
        }
        context.add_variable_from_value("now", moment(*now));
        context
    }
}

/// What can be asked of a target.
fn of_target(target: &Target) -> Vec<(&'static str, Option<Value>)> {
    let labels: HashMap<String, Value> =
        target.labels.iter().map(|(key, label)| (key.clone(), label.as_str().into())).collect();
    vec![
        ("name", Some(target.name.as_str().into())),
        ("protocol", Some(target.protocol.into())),
        ("labels", Some(labels.into())),
    ]
}

/// What a program that was checked says, in a world of its own variables.
fn answer(program: &Program, context: &Context<'_, '_>) -> Answer {
    match program.execute(context) {
        Ok(Value::Bool(true)) => Answer::Yes,
        Ok(Value::Bool(false)) => Answer::No,
        Ok(_) => Answer::Failed("it says neither yes nor no".to_owned()),
        // every name that a condition uses was checked, so that one which is not there is one that is not told yet
        Err(ExecutionError::NoSuchKey(_) | ExecutionError::UndeclaredReference(_)) => Answer::Unknown,
        Err(error) => Answer::Failed(error.to_string()),
    }
}

fn told(fact: &Fact) -> Option<Value> {
    match fact {
        Fact::Flag(flag) => Some((*flag).into()),
        Fact::Number(number) => Some((*number).into()),
        Fact::Text(text) => Some(text.as_str().into()),
        Fact::List(words) => list(words),
    }
}

/// A list; none where it is too long to be gone through.
fn list(words: impl IntoIterator<Item = impl AsRef<str>>) -> Option<Value> {
    let words: Vec<Value> =
        words.into_iter().take(LONGEST_LIST.saturating_add(1)).map(|word| word.as_ref().into()).collect();
    (words.len() <= LONGEST_LIST).then(|| words.into())
}

fn moment(now: Micros) -> Value {
    let micros = i64::try_from(now.0).unwrap_or(i64::MAX);
    let moment = chrono::DateTime::from_timestamp_micros(micros).unwrap_or(chrono::DateTime::<chrono::Utc>::MAX_UTC);
    Value::Timestamp(moment.fixed_offset())
}

/// `address.within(network)`: whether an address is of a network, both as text: `10.0.0.0/8`, `2001:db8::/32`, or one
/// address.
fn within(address: &CelString<'_>, network: &CelString<'_>) -> Result<CelBool, ExecutionError> {
    let wrong = |what: &str| ExecutionError::function_error("within", format!("`{what}` is no network"));
    let address: IpAddr =
        address.inner().parse().map_err(|_| ExecutionError::function_error("within", "no address"))?;
    let (base, bits) = parse_network(network.inner()).ok_or_else(|| wrong(network.inner()))?;
    Ok(CelBool::from(shared_bits(address.to_canonical(), base).is_some_and(|shared| shared >= bits)))
}

/// A network as its base and how many of its bits count.
fn parse_network(text: &str) -> Option<(IpAddr, u32)> {
    let (base, bits) = text.split_once('/').map_or((text, None), |(base, bits)| (base, Some(bits)));
    let base: IpAddr = base.parse().ok()?;
    let width = if base.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Some(width), |bits| bits.parse().ok())?;
    (bits <= width).then_some((base, bits))
}

/// How many leading bits two addresses share; none where they are not of one family.
fn shared_bits(one: IpAddr, other: IpAddr) -> Option<u32> {
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => Some((one.to_bits() ^ other.to_bits()).leading_zeros()),
        (IpAddr::V6(one), IpAddr::V6(other)) => Some((one.to_bits() ^ other.to_bits()).leading_zeros()),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => None,
    }
}

impl Action {
    fn word(&self) -> &'static str {
        self.0
    }
}
