//! Reading a condition: whether it can be understood, asks for what there is, compares what can be compared, says yes or
//! no, and ends soon.
//!
//! A condition that passes can still need a fact that an operation does not have; nothing else should be left to go wrong.

use std::collections::BTreeMap;
use std::ops::Range;

use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue, SelectExpr};
use cel::parser::Parser;
use cel::{Context, Program};

use super::types::{self, FUNCTIONS, NAMES, Type};
use super::words::{self, Words};
use super::{Answer, LONGEST_LIST, answer};
use crate::document::{meant, nearest};
use crate::vocabulary::FactKind;

/// The longest condition, in bytes.
const LONGEST: usize = 4_096;

/// How deep its parts may stand in one another: what the language asks of each of its readers.
const DEEPEST: u16 = 12;

/// How many steps a condition may take at worst; a step takes about a tenth of a microsecond.
const MOST_STEPS: u64 = 1_000_000;

/// What one use of a regular expression counts for, in steps.
const EXPRESSION_STEPS: u64 = 500;

/// How large a compiled regular expression may be, in bytes.
const LARGEST_EXPRESSION: usize = 64 * 1024;

/// How the language writes durations.
const DURATION: &str = r"^-?([0-9]+(\.[0-9]+)?(h|m|s|ms|us|ns))+$";

/// Where the functions are listed.
const LISTED: &str = "docs/configuration.md lists the functions";

/// Something wrong in a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::policy) struct Mistake {
    /// The bytes of the condition concerned; the whole of it where nobody can say.
    pub(in crate::policy) at: Option<Range<usize>>,
    pub(in crate::policy) message: String,
    pub(in crate::policy) hint: Option<String>,
}

/// The facts that a condition may ask for.
#[derive(Debug, Default)]
pub(in crate::policy) struct Facts<'a> {
    /// Those that some of the rule's targets know; without a kind, where they differ in it.
    pub(in crate::policy) known: BTreeMap<&'a str, Option<FactKind>>,
    /// Those that only other targets know.
    pub(in crate::policy) elsewhere: Vec<&'a str>,
    /// What else there is to compare with.
    pub(in crate::policy) words: Words<'a>,
}

/// Reads a condition.
pub(super) fn read(text: &str, facts: &Facts<'_>) -> Result<Program, Vec<Mistake>> {
    let whole =
        |message: String, hint: Option<&str>| Err(vec![Mistake { at: None, message, hint: hint.map(str::to_owned) }]);
    if text.len() > LONGEST {
        return whole(format!("this condition is longer than {LONGEST} bytes"), Some("make it several rules"));
    }
    // what is deep is found out by a reader that goes no deeper, whatever the stack
    let shallow = Parser::new().max_recursion_depth(DEEPEST);
    shallow.parse(text).map_err(|wrong| vec![unreadable(text, &wrong)])?;
    let program = Program::compile(text).map_err(|wrong| vec![unreadable(text, &wrong)])?;
    let mut check = Check { text, program: &program, facts, bound: Vec::new(), mistakes: Vec::new(), asks: false };
    let root = program.expression();
    let says = check.part(root);
    if !says.meets(&Type::Flag) {
        check.wrong(root, format!("this condition is {says}, not a yes or no"), None);
    }
    let steps = steps(root);
    if check.mistakes.is_empty() && steps > MOST_STEPS {
        let message = format!("this condition may take {steps} steps, and {MOST_STEPS} is the most");
        return whole(message, Some("go through one list only, or write the inner one out"));
    }
    if !check.mistakes.is_empty() {
        return Err(check.mistakes);
    }
    // with nothing known, what it says is what it always says
    match answer(&program, &Context::with_env(super::LANGUAGE.clone())) {
        Answer::No => whole("this condition is never true, so this rule can never match".to_owned(), None),
        Answer::Yes => whole("this condition is always true".to_owned(), Some("leave `when` out")),
        Answer::Failed(why) if !check.asks => whole(format!("this condition always fails: {why}"), None),
        Answer::Failed(_) | Answer::Unknown => Ok(program),
    }
}

fn unreadable(text: &str, wrong: &cel::ParseErrors) -> Mistake {
    let Some(first) = wrong.errors.first() else {
        return Mistake { at: None, message: "this condition cannot be read".to_owned(), hint: None };
    };
    let said = first.msg.strip_prefix("Syntax error: ").unwrap_or(&first.msg);
    let said = said.split_once(" expecting ").map_or(said, |(said, _)| said);
    let (line, column) = first.pos;
    let (line, column) = (usize::try_from(line).unwrap_or(1), usize::try_from(column).unwrap_or(1));
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(|line| line.chars().count()).sum();
    let at = bytes(text, before.saturating_add(column.saturating_sub(1)), 1);
    let rest = text.get(at.start..).unwrap_or_default();
    let meant = [("and ", "&&"), ("or ", "||"), ("not ", "!"), ("= ", "=="), ("& ", "&&"), ("| ", "||")];
    let meant = meant.iter().find(|(wrote, _)| rest.starts_with(wrote));
    let hint = meant.map(|(wrote, meant)| format!("write `{meant}` for `{}`", wrote.trim_end()));
    Mistake { at: Some(at), message: format!("this condition cannot be read: {said}"), hint }
}

/// The bytes of some characters, kept inside of the text.
fn bytes(text: &str, from: usize, count: usize) -> Range<usize> {
    let byte = |of: usize| text.char_indices().nth(of).map_or(text.len(), |(at, _)| at);
    byte(from)..byte(from.saturating_add(count))
}

struct Check<'a> {
    text: &'a str,
    program: &'a Program,
    facts: &'a Facts<'a>,
    /// Names that macros bind, innermost last.
    bound: Vec<(&'a str, Type)>,
    mistakes: Vec<Mistake>,
    /// Whether it asks for anything at all.
    asks: bool,
}

impl<'a> Check<'a> {
    /// What a part is. Where something is wrong with it, it may be anything: one mistake, one message.
    fn part(&mut self, part: &'a IdedExpr) -> Type {
        match &part.expr {
            Expr::Literal(literal) => match literal {
                LiteralValue::Boolean(_) => Type::Flag,
                LiteralValue::Int(_) | LiteralValue::UInt(_) => Type::Number,
                LiteralValue::Double(_) => Type::Float,
                LiteralValue::String(_) => Type::Text,
                LiteralValue::Null => Type::Null,
                LiteralValue::Bytes(_) => self.wrong(part, "conditions know no bytes".to_owned(), None),
            },
            Expr::Ident(name) => self.name(part, name),
            Expr::Select(select) => self.select(part, select),
            Expr::Call(call) => self.call(part, call),
            Expr::List(list) => {
                let mut of: Vec<Type> = list.elements.iter().map(|element| self.part(element)).collect();
                of.dedup();
                match of.as_slice() {
                    [one] => Type::list(one.clone()),
                    _ => Type::list(Type::Any),
                }
            }
            Expr::Comprehension(walk) => self.walk(walk),
            Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => {
                self.wrong(part, "conditions make no tables".to_owned(), None)
            }
        }
    }

    fn name(&mut self, part: &IdedExpr, name: &str) -> Type {
        if let Some((_, bound)) = self.bound.iter().rev().find(|(bound, _)| *bound == name) {
            return bound.clone();
        }
        self.asks = true;
        match name {
            "now" => Type::Moment,
            _ if NAMES.contains(&name) => {
                self.wrong(part, format!("`{name}` is no value"), Some(format!("write `{name}.…`")))
            }
            _ => {
                let hint = meant(name, NAMES).or_else(|| Some(format!("write '{name}' if it is a text")));
                self.wrong(part, format!("nothing is called `{name}` here"), hint)
            }
        }
    }

    fn select(&mut self, part: &'a IdedExpr, select: &'a SelectExpr) -> Type {
        let own = |of: &str| of != "now" && !self.bound.iter().any(|(bound, _)| *bound == of);
        let is = if let Expr::Ident(of) = &select.operand.expr
            && own(of)
        {
            self.asks = true;
            self.field(part, of, &select.field)
        } else {
            let of = self.part(&select.operand);
            of.column().unwrap_or_else(|| self.wrong(part, format!("{of} has no `{}`", select.field), None))
        };
        if select.test { Type::Flag } else { is }
    }

    fn field(&mut self, part: &IdedExpr, of: &str, name: &str) -> Type {
        if of == "facts" {
            return self.fact(part, name);
        }
        if let Some(field) = types::field(of, name) {
            return field;
        }
        if !NAMES.contains(&of) {
            return self.wrong(part, format!("nothing is called `{of}` here"), meant(of, NAMES));
        }
        self.wrong(part, format!("`{of}` has no `{name}`"), meant(name, types::fields(of)))
    }

    fn fact(&mut self, part: &IdedExpr, name: &str) -> Type {
        match self.facts.known.get(name) {
            Some(kind) => kind.map_or(Type::Any, Type::from),
            None if self.facts.elsewhere.contains(&name) => {
                self.wrong(part, format!("no target that this rule names knows the fact `{name}`"), None)
            }
            None => {
                let words: Vec<&str> = self.facts.known.keys().copied().collect();
                self.wrong(part, format!("there is no fact `{name}`"), meant(name, &words))
            }
        }
    }

    fn call(&mut self, part: &'a IdedExpr, call: &'a CallExpr) -> Type {
        let before = self.mistakes.len();
        let name = call.func_name.as_str();
        let spelled = types::spelled(name);
        if spelled.is_none() && !FUNCTIONS.contains(&name) {
            let near = nearest(name, FUNCTIONS).map(|near| format!("did you mean `{near}`?"));
            return self.wrong(
                part,
                format!("there is no function `{name}`"),
                near.or_else(|| Some(LISTED.to_owned())),
            );
        }
        let of: Vec<Type> = call.target.as_deref().into_iter().chain(&call.args).map(|one| self.part(one)).collect();
        let is = match spelled {
            Some(operator) => types::operator(operator, &of),
            None => types::function(name, &of),
        };
        let Some(is) = is else {
            let with: Vec<String> = of.iter().map(ToString::to_string).collect();
            let message = format!("`{}` cannot be used with {}", spelled.unwrap_or(name), with.join(" and "));
            let hint = match (name, of.as_slice()) {
                ("contains", [Type::List(_) | Type::Table(_), _]) => Some("write `… in …`".to_owned()),
                ("@in", [_, Type::Text]) => Some("write `….contains(…)`".to_owned()),
                _ => None,
            };
            return self.wrong(part, message, hint);
        };
        if self.mistakes.len() == before {
            self.constant(name, call);
            self.compared(name, call);
        }
        is
    }

    /// What is compared with something that says one of a few words must be one of them.
    fn compared(&mut self, name: &str, call: &'a CallExpr) {
        for (literal, of, field, text) in words::compared(name, call) {
            if let Some(words) = self.facts.words.of(of, field)
                && !words.contains(&text)
                && !self.facts.words.may_come(text)
            {
                self.wrong(literal, format!("`{of}.{field}` is never `{text}`"), meant(text, &words));
            }
        }
    }

    /// What must be written out, so that it can be checked here and not fail later.
    fn constant(&mut self, name: &str, call: &'a CallExpr) {
        let Some(Literal { place, what, like, trial }) = literal(name) else { return };
        let Some(part) = call.target.as_deref().into_iter().chain(&call.args).nth(place) else { return };
        if let Expr::Literal(LiteralValue::String(text)) = &part.expr {
            let text = text.inner();
            if !is_taken(name, trial, text) {
                self.wrong(part, format!("`{text}` is no {what} that is taken here"), Some(format!("like '{like}'")));
            }
        } else {
            self.wrong(part, format!("`{name}` takes a text written out"), Some("put it in quotes".to_owned()));
        }
    }

    fn walk(&mut self, walk: &'a ComprehensionExpr) -> Type {
        let over = self.part(&walk.iter_range);
        let of = over
            .element()
            .unwrap_or_else(|| self.wrong(&walk.iter_range, format!("{over} cannot be gone through"), None));
        let begins = self.part(&walk.accu_init);
        let bound = self.bound.len();
        self.bound.push((&walk.iter_var, of));
        self.bound.extend(walk.iter_var2.as_deref().map(|name| (name, Type::Any)));
        self.bound.push((&walk.accu_var, begins));
        self.part(&walk.loop_cond);
        let step = self.part(&walk.loop_step);
        // the result is made of what the last step left
        if let Some((_, accumulated)) = self.bound.last_mut() {
            *accumulated = step;
        }
        let result = self.part(&walk.result);
        self.bound.truncate(bound);
        result
    }

    fn wrong(&mut self, part: &IdedExpr, message: String, hint: Option<String>) -> Type {
        let at = self.place(part);
        self.mistakes.push(Mistake { at, message, hint });
        Type::Any
    }
}

/// A text that a function takes only written out.
struct Literal {
    /// Which one it is of what the function takes, the one it is called on included.
    place: usize,
    what: &'static str,
    like: &'static str,
    /// A condition that fails where `text` is not right.
    trial: &'static str,
}

fn literal(name: &str) -> Option<Literal> {
    let (place, what, like, trial) = match name {
        "matches" => (1, "regular expression", "^[a-z]+$", "''.matches(text)"),
        "within" => (1, "network", "10.0.0.0/8", "'::'.within(text)"),
        "timestamp" => (0, "time", "2026-01-31T08:00:00Z", "timestamp(text)"),
        "duration" => (0, "duration", "15m", "duration(text)"),
        _ if name.starts_with("get") => (1, "time zone", "Europe/Berlin", "timestamp(0).getHours(text)"),
        _ => return None,
    };
    Some(Literal { place, what, like, trial })
}

/// Whether what works a condition out takes the text, as it will later.
fn is_taken(name: &str, trial: &str, text: &str) -> bool {
    // it would also take larger expressions, and pass over what stands behind a duration
    let is_bounded = match name {
        "matches" => regex::RegexBuilder::new(text).size_limit(LARGEST_EXPRESSION).build().is_ok(),
        "duration" => regex::Regex::new(DURATION).is_ok_and(|form| form.is_match(text)),
        _ => true,
    };
    let mut context = Context::with_env(super::LANGUAGE.clone());
    context.add_variable_from_value("text", text);
    is_bounded && Program::compile(trial).is_ok_and(|trial| trial.execute(&context).is_ok())
}

impl Check<'_> {
    /// The bytes of a part: of its own name, where it takes others.
    fn place(&self, part: &IdedExpr) -> Option<Range<usize>> {
        let (from, to) = self.program.source_info().offset_for(part.id)?;
        let (from, to) = (usize::try_from(from).ok()?, usize::try_from(to).ok()?);
        let at = bytes(self.text, from, to.saturating_sub(from).saturating_add(1));
        let name = match &part.expr {
            // the place of a selection is its dot, that of a call its parenthesis
            Expr::Select(select) => return Some(at.start..at.end.saturating_add(select.field.len())),
            Expr::Call(call) => call.func_name.as_str(),
            Expr::Ident(_)
            | Expr::Literal(_)
            | Expr::List(_)
            | Expr::Map(_)
            | Expr::Struct(_)
            | Expr::Comprehension(_)
            | Expr::Unspecified => return Some(at),
        };
        let named = self.text.get(..at.start).is_some_and(|before| before.ends_with(name));
        Some(if named { at.start.saturating_sub(name.len())..at.start } else { at })
    }
}

/// How many steps a part takes at worst.
fn steps(part: &IdedExpr) -> u64 {
    let all = |parts: &[IdedExpr]| parts.iter().map(steps).fold(1, u64::saturating_add);
    match &part.expr {
        Expr::Call(call) => {
            let target = call.target.as_deref().map_or(0, steps);
            let own = if call.func_name == "matches" { EXPRESSION_STEPS } else { 0 };
            // looking for something in a list goes through it
            let search = if call.func_name == "@in" { call.args.last().map_or(0, length) } else { 0 };
            all(&call.args).saturating_add(target).saturating_add(own).saturating_add(search)
        }
        Expr::Comprehension(walk) => {
            let each = steps(&walk.loop_cond).saturating_add(steps(&walk.loop_step));
            let all = each.saturating_mul(length(&walk.iter_range));
            all.saturating_add(steps(&walk.iter_range))
                .saturating_add(steps(&walk.accu_init))
                .saturating_add(steps(&walk.result))
        }
        Expr::List(list) => all(&list.elements),
        Expr::Select(select) => steps(&select.operand).saturating_add(1),
        Expr::Ident(_) | Expr::Literal(_) | Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => 1,
    }
}

/// How many elements something to go through has at most.
fn length(part: &IdedExpr) -> u64 {
    let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    match &part.expr {
        Expr::List(list) => count(list.elements.len()),
        Expr::Call(call) => call.args.iter().map(length).fold(count(LONGEST_LIST), u64::saturating_add),
        Expr::Select(_)
        | Expr::Ident(_)
        | Expr::Comprehension(_)
        | Expr::Literal(_)
        | Expr::Map(_)
        | Expr::Struct(_)
        | Expr::Unspecified => count(LONGEST_LIST),
    }
}
