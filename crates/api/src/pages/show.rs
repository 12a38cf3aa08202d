//! How the pages look: facts first, the statement beside them, then the form.
//!
//! Only [`Html`] is built here; nothing is asked or decided.

use std::time::Duration;

use postern_core::approval::{Approval, Choice, Part, Refusal, State};
use postern_core::identity::PrincipalSummary;
use postern_core::{Micros, Principal};

use super::html::Html;

/// The page of an approval, for somebody who may see it.
pub(super) fn approval(approval: &Approval, caller: &Principal, form: &str, problem: Option<&str>) -> Html {
    let id = approval.id.to_string();
    let path = format!("/approvals/{id}");
    let state = approval.state.word();
    let body = banner(problem)
        .markup("<h1><span class=\"state ")
        .text(state)
        .markup("\">")
        .text(state)
        .markup("</span> ")
        .text(&approval.principal.name)
        .markup(" asks to run <code>")
        .text(&approval.action())
        .markup("</code> on <code>")
        .text(&approval.target)
        .markup("</code></h1><div class=\"columns\"><section><h2>What it is</h2>")
        .with(about(approval))
        .with(each_part(approval, known))
        .markup("</section><section>")
        .with(each_part(approval, sent))
        .with(answers(approval))
        .with(decision(approval, caller, &path, form))
        .markup("</section></div>");
    framed(&format!("Approval {id}"), Some((caller, &path, form)), body)
}

/// The page that says that there is nothing to see.
pub(super) fn nothing(caller: &Principal, path: &str, form: &str, problem: &str) -> Html {
    framed("Approval", Some((caller, path, form)), banner(Some(problem)))
}

/// The form to log in with.
pub(super) fn login(path: &str, problem: Option<&str>) -> Html {
    let body = banner(problem)
        .markup("<h1>Log in to see this approval</h1><form method=\"post\" action=\"")
        .text(path)
        .markup(
            "/login\"><label for=\"token\">Your identity token</label><textarea id=\"token\" name=\"token\" \
             rows=\"5\" required autofocus autocomplete=\"off\" spellcheck=\"false\"></textarea><p class=\"quiet\">It is \
             sent to this gateway only, kept in its memory for at most 15 minutes, and never written down.</p><button>Log \
             in</button></form>",
        );
    framed("Log in", None, body)
}

fn framed(title: &str, seat: Option<(&Principal, &str, &str)>, body: Html) -> Html {
    let head = Html::new("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>").text(title).markup(
        " · Postern</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta \
             name=\"color-scheme\" content=\"light dark\"><link rel=\"stylesheet\" \
             href=\"/assets/page.css\"></head><body><header><strong>Postern</strong>",
    );
    let head = match seat {
        Some((caller, path, form)) => head
            .markup("<form method=\"post\" action=\"")
            .text(path)
            .markup("/logout\">")
            .with(hidden(form))
            .markup("<span>")
            .text(caller.name())
            .markup("</span> <button class=\"quiet\">Log out</button></form>"),
        None => head,
    };
    head.markup("</header><main>").with(body).markup("</main></body></html>\n")
}

fn banner(problem: Option<&str>) -> Html {
    match problem {
        Some(problem) => Html::new("<p class=\"problem\" role=\"alert\">").text(problem).markup("</p>"),
        None => Html::default(),
    }
}

/// Who asks for what, and on which terms.
fn about(approval: &Approval) -> Html {
    let asker = &approval.principal;
    let mut list = row("who", &person(asker));
    if let Some(human) = &asker.acts_for {
        list = list.with(row("for whom", human));
    }
    let approvers = approval.approvers.iter().map(|list| {
        let names: Vec<String> = list.iter().map(ToString::to_string).collect();
        names.join(" or ")
    });
    if !approval.in_clear.is_empty() {
        list = list.with(rows("shows in clear what is under", &approval.in_clear));
    }
    let needed = if approval.count == 1 { "one human".to_owned() } else { format!("{} humans", approval.count) };
    let list = list
        .with(row("target", &approval.target))
        .with(rows("held by", &approval.rules))
        .with(row("needs", &format!("{needed} of {}", approvers.collect::<Vec<_>>().join(", and "))))
        .with(row("lets run", &lets_run(approval.reuse)))
        .with(row("asked", &time(approval.asked)))
        .with(row("lapses", &time(approval.expires)))
        .with(row("session", &approval.session.to_string()))
        .with(row("digest", &approval.digest));
    Html::new("<dl>").with(list).markup("</dl>")
}

fn lets_run(reuse: Duration) -> String {
    if reuse.is_zero() {
        return "exactly this, once".to_owned();
    }
    format!("exactly this, as often as it is asked for in {} minutes", reuse.as_secs().div_ceil(60))
}

/// Every part, with which of several it is.
fn each_part(approval: &Approval, show: impl Fn(&str, &Part) -> Html) -> Html {
    let count = approval.parts.len();
    let which = |n: usize| if count == 1 { String::new() } else { format!(", {n} of {count}") };
    Html::default().each((1..).zip(&approval.parts), |(n, part)| show(&which(n), part))
}

fn sent(which: &str, part: &Part) -> Html {
    let heading = Html::new("<h2>What was sent").text(which).markup("</h2><pre>");
    heading.text(&part.text).markup("</pre>").with(parameters(&part.parameters))
}

/// What the statement was found to be; what it is not, in one line.
fn known(which: &str, part: &Part) -> Html {
    let is_not = |value: &serde_json::Value| *value == false || value.as_array().is_some_and(Vec::is_empty);
    let (not, is): (Vec<_>, Vec<_>) = part.facts.iter().partition(|(_, value)| is_not(value));
    let heading = Html::new("<h2>What is known of it").text(which).markup("</h2><dl>");
    let list = heading
        .with(row("action", &part.action))
        .with(rows("touches", &part.touches))
        .each(is, |(name, value)| row(name, &plain(value)));
    let not: Vec<&str> = not.into_iter().map(|(name, _)| name.as_str()).collect();
    let list = if not.is_empty() { list } else { list.with(row("none of", &not.join(", "))) };
    list.markup("</dl>")
}

fn row(name: &str, value: &str) -> Html {
    Html::new("<dt>").text(name).markup("</dt><dd>").text(value).markup("</dd>")
}

fn rows(name: &str, values: &[String]) -> Html {
    let list = Html::new("<dt>").text(name).markup("</dt>");
    list.each(values, |value| Html::new("<dd>").text(value).markup("</dd>"))
}

fn parameters(parameters: &[Option<String>]) -> Html {
    if parameters.is_empty() {
        return Html::default();
    }
    let list = Html::new("<h2>Its parameters</h2><ol>");
    let item = |value: &Option<String>| match value {
        Some(value) => Html::new("<li><code>").text(value).markup("</code></li>"),
        None => Html::new("<li><em>null</em></li>"),
    };
    list.each(parameters, item).markup("</ol>")
}

fn answers(approval: &Approval) -> Html {
    if approval.answers.is_empty() {
        return Html::default();
    }
    let list = Html::new("<h2>What was answered</h2><ul>");
    let item = |answer: &postern_core::approval::Answer| {
        let verb = match answer.choice {
            Choice::Approve => " approved at ",
            Choice::Deny => " denied at ",
        };
        let item =
            Html::new("<li><strong>").text(&answer.by.name).markup("</strong>").text(verb).text(&time(answer.at));
        match &answer.reason {
            Some(reason) => item.markup("<blockquote>").text(reason).markup("</blockquote></li>"),
            None => item.markup("</li>"),
        }
    };
    list.each(&approval.answers, item).markup("</ul>")
}

/// The form, or why there is none.
fn decision(approval: &Approval, caller: &Principal, path: &str, form: &str) -> Html {
    match approval.admits(caller) {
        Ok(()) => Html::new("<form class=\"decision\" method=\"post\" action=\"")
            .text(path)
            .markup("\">")
            .with(hidden(form))
            .markup(
                "<label for=\"reason\">Reason, for the record and for who waits</label><input id=\"reason\" \
                 name=\"reason\" maxlength=\"1000\" autocomplete=\"off\"><div class=\"buttons\"><button \
                 name=\"choice\" value=\"approve\" class=\"approve\">Approve</button><button name=\"choice\" \
                 value=\"deny\" class=\"deny\">Deny</button></div></form>",
            ),
        Err(Refusal::Settled) => Html::new("<p class=\"quiet\">").text(ended(approval.state)).markup("</p>"),
        Err(refusal) => {
            Html::new("<p class=\"quiet\">You cannot answer this: ").text(&refusal.to_string()).markup(".</p>")
        }
    }
}

fn ended(state: State) -> &'static str {
    match state {
        State::Pending => "It is waiting.",
        State::Granted => "It was approved and has not run yet.",
        State::Denied => "It was denied; it did not run.",
        State::Expired => "Nobody answered in time; it did not run.",
        State::Withdrawn => "Whoever asked has taken it back; it did not run.",
        State::Used => "It was approved, and it ran.",
    }
}

fn hidden(form: &str) -> Html {
    Html::new("<input type=\"hidden\" name=\"form\" value=\"").text(form).markup("\">")
}

fn person(who: &PrincipalSummary) -> String {
    format!("{} ({}, vouched for by {} as {})", who.name, who.kind.word(), who.issuer, who.subject)
}

/// A fact without the quotes of JSON.
fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Bool(true) => "yes".to_owned(),
        serde_json::Value::Bool(false) => "no".to_owned(),
        serde_json::Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        serde_json::Value::Null | serde_json::Value::Number(_) | serde_json::Value::Object(_) => value.to_string(),
    }
}

/// A time without its fraction, for people.
fn time(moment: Micros) -> String {
    let text = moment.to_string();
    let text = text.split_once('.').map_or(text.as_str(), |(seconds, _)| seconds);
    format!("{} UTC", text.replace('T', " "))
}
