//! The life of an approval: who may answer, when it counts, how often it serves.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;

use super::{Answered, Approval, Choice, Part, Question, Refusal, State, digest_of};
use crate::identity::Kind;
use crate::mask::MaskSet;
use crate::operation::{Fact, Operation};
use crate::tests::{NOW, object, operation, person, principal};
use crate::verdict::{Duties, HoldInTransaction, HoldMode, Limits, Revision, RuleName, Terms, Who};
use crate::{Effect, Micros, OperationId, Principal, SessionId, Touch};

const EXPIRES: u64 = 600;

fn terms(count: usize, reuse: u64) -> Terms {
    Terms {
        rules: vec![RuleName("deletes".into())],
        approvers: vec![vec![Who::Group("dba".to_owned()), Who::Principal("on-call".to_owned())]],
        count,
        expires: Duration::from_secs(EXPIRES),
        hold: HoldMode::Wait,
        in_transaction: HoldInTransaction::Refuse,
        reuse: Duration::from_secs(reuse),
        duties: Duties {
            masks: Arc::new(MaskSet::default()),
            limits: Limits::default(),
            keep: crate::record::Keep::default(),
            offered: false,
            rules: Vec::new(),
            revision: Revision([0; 8]),
        },
    }
}

fn ask(asker: &Principal, terms: &Terms) -> Approval {
    let operations = [delete()];
    let question = Question {
        principal: asker,
        session: SessionId::at(NOW),
        id: OperationId::at(NOW),
        target: "shop",
        operations: &operations,
        terms,
        digest: "d1".to_owned(),
    };
    Approval::ask(&question, NOW)
}

fn delete() -> Operation {
    operation("tables.delete", vec![Touch::whole(Effect::Delete, object("public.orders"))])
}

fn agent() -> Principal {
    person(Kind::Agent, "helper", "helper-1", &["dba"], Some("ann"))
}

fn dba(name: &str) -> Principal {
    principal(Kind::Human, name, &["dba"])
}

fn after(seconds: u64) -> Micros {
    NOW.after(Duration::from_secs(seconds))
}

#[test]
fn who_may_answer_what_an_agent_asked() {
    let table: &[(&str, Principal, Answered)] = &[
        ("a human who is named by group", dba("bob"), Answered::Counted(State::Granted)),
        ("a human who is named by name", principal(Kind::Human, "on-call", &[]), Answered::Counted(State::Granted)),
        ("a human who is not named", principal(Kind::Human, "dan", &["dev"]), Answered::Refused(Refusal::NotApprover)),
        ("the human the agent acts for", dba("ann"), Answered::Refused(Refusal::Own)),
        ("the agent itself", agent(), Answered::Refused(Refusal::NotHuman)),
        ("another agent", person(Kind::Agent, "other", "o", &["dba"], None), Answered::Refused(Refusal::NotHuman)),
        ("a workload", principal(Kind::Workload, "bot", &["dba"]), Answered::Refused(Refusal::NotHuman)),
        (
            "a human of the agent's own identity under another name",
            person(Kind::Human, "bob", "helper-1", &["dba"], None),
            Answered::Refused(Refusal::Own),
        ),
        ("a human of the agent's name", dba("helper"), Answered::Refused(Refusal::Own)),
    ];
    for (who, by, expected) in table {
        let mut approval = ask(&agent(), &terms(1, 0));
        assert_eq!(approval.answer(by, Choice::Approve, None, after(1)), *expected, "{who}");
        let counted = matches!(expected, Answered::Counted(_));
        assert_eq!(approval.state, if counted { State::Granted } else { State::Pending }, "{who}");
        assert_eq!(approval.answers.len(), usize::from(counted), "{who}");
    }
}

#[test]
fn nobody_denies_what_is_not_theirs_to_answer() {
    let mut approval = ask(&agent(), &terms(1, 0));
    let dan = principal(Kind::Human, "dan", &[]);
    assert_eq!(approval.answer(&dan, Choice::Deny, None, after(1)), Answered::Refused(Refusal::NotApprover));
    assert_eq!(approval.answer(&dba("ann"), Choice::Deny, None, after(1)), Answered::Refused(Refusal::Own));
    assert_eq!(approval.state, State::Pending);
}

#[test]
fn a_human_does_not_approve_himself_under_any_name() {
    let asker = person(Kind::Human, "ann", "7", &["dba"], None);
    let mut approval = ask(&asker, &terms(1, 0));
    let disguises = [
        person(Kind::Human, "ann", "7", &["dba"], None),
        person(Kind::Human, "admin", "7", &["dba"], None),
        person(Kind::Human, "ann", "8", &["dba"], None),
    ];
    for by in &disguises {
        assert_eq!(approval.answer(by, Choice::Approve, None, after(1)), Answered::Refused(Refusal::Own));
    }
}

#[test]
fn every_list_of_approvers_must_hold_who_answers() {
    let mut both = terms(1, 0);
    both.approvers.push(vec![Who::Group("security".to_owned())]);
    let mut approval = ask(&agent(), &both);
    assert_eq!(approval.answer(&dba("bob"), Choice::Approve, None, NOW), Answered::Refused(Refusal::NotApprover));
    let cid = principal(Kind::Human, "cid", &["dba", "security"]);
    assert_eq!(approval.answer(&cid, Choice::Approve, None, NOW), Answered::Counted(State::Granted));
    let mut nobody = terms(1, 0);
    nobody.approvers = vec![Vec::new()];
    let mut approval = ask(&agent(), &nobody);
    assert_eq!(approval.answer(&cid, Choice::Approve, None, NOW), Answered::Refused(Refusal::NotApprover));
}

#[test]
fn several_must_be_several_humans() {
    let mut approval = ask(&agent(), &terms(2, 0));
    assert_eq!(approval.answer(&dba("bob"), Choice::Approve, None, after(1)), Answered::Counted(State::Pending));
    assert!(!approval.consume("d1", after(1)));
    assert_eq!(approval.answer(&dba("bob"), Choice::Approve, None, after(2)), Answered::Refused(Refusal::Again));
    let renamed = person(Kind::Human, "robert", "bob", &["dba"], None);
    assert_eq!(approval.answer(&renamed, Choice::Approve, None, after(2)), Answered::Refused(Refusal::Again));
    assert_eq!(
        approval.answer(&dba("cid"), Choice::Approve, Some("fine"), after(3)),
        Answered::Counted(State::Granted)
    );
    let settled = approval.settled().unwrap();
    assert_eq!((settled.state, settled.answer.unwrap().by.name.as_str()), (State::Granted, "cid"));
}

#[test]
fn one_no_is_enough_and_last() {
    let mut approval = ask(&agent(), &terms(3, 0));
    approval.answer(&dba("bob"), Choice::Approve, None, after(1));
    assert_eq!(approval.answer(&dba("cid"), Choice::Deny, Some("no"), after(2)), Answered::Counted(State::Denied));
    assert_eq!(approval.answer(&dba("dan"), Choice::Approve, None, after(3)), Answered::Refused(Refusal::Settled));
    assert_eq!(approval.settled().unwrap().answer.unwrap().reason.as_deref(), Some("no"));
    assert!(!approval.withdraw());
    assert!(!approval.consume("d1", after(3)));
}

#[test]
fn it_lapses_at_its_time_and_not_before() {
    let last = Micros(after(EXPIRES).0.saturating_sub(1));
    let mut approval = ask(&agent(), &terms(1, 0));
    assert!(!approval.clone().lapse(last));
    assert_eq!(approval.clone().answer(&dba("bob"), Choice::Approve, None, last), Answered::Counted(State::Granted));
    assert!(approval.clone().lapse(after(EXPIRES)));
    let late = approval.answer(&dba("bob"), Choice::Approve, None, after(EXPIRES));
    assert_eq!((late, approval.state), (Answered::Refused(Refusal::Settled), State::Expired));
    assert_eq!(approval.settled().unwrap().answer, None);
    assert!(!approval.lapse(after(EXPIRES)), "it lapses once");
}

#[test]
fn a_grant_that_nobody_used_lapses_with_the_question() {
    let last = Micros(after(EXPIRES).0.saturating_sub(1));
    let mut approval = ask(&agent(), &terms(1, 0));
    approval.answer(&dba("bob"), Choice::Approve, None, after(1));
    assert!(!approval.clone().consume("d1", after(EXPIRES)));
    assert!(approval.clone().consume("d1", last));
    assert!(!approval.consume("d2", last), "it is bound to its digest");
    assert_eq!(approval.state, State::Granted);
    assert!(approval.consume("d1", last));
    assert!(!approval.consume("d1", last), "it is used once");
}

#[test]
fn reuse_runs_from_the_answer() {
    let mut approval = ask(&agent(), &terms(1, 900));
    approval.answer(&dba("bob"), Choice::Approve, None, after(300));
    let last = Micros(after(1_200).0.saturating_sub(1));
    for at in [after(301), after(EXPIRES), last] {
        assert!(approval.consume("d1", at), "{at}");
        assert!(approval.serves_again(at));
        assert!(!approval.consume("d2", at));
    }
    assert!(!approval.serves_again(after(1_200)));
    assert!(!approval.consume("d1", after(1_200)));
    // a first use may come late as well
    let mut late = ask(&agent(), &terms(1, 900));
    late.answer(&dba("bob"), Choice::Approve, None, after(300));
    assert!(!late.clone().consume("d1", after(1_200)));
    assert!(late.consume("d1", last));
}

#[test]
fn what_is_withdrawn_stays_so() {
    let mut approval = ask(&agent(), &terms(1, 900));
    assert!(approval.withdraw());
    assert!(!approval.withdraw());
    assert_eq!(approval.answer(&dba("bob"), Choice::Approve, None, NOW), Answered::Refused(Refusal::Settled));
    assert!(!approval.consume("d1", NOW));
    assert!(!approval.lapse(after(EXPIRES)));
    assert_eq!(approval.settled().unwrap(), super::Settled { state: State::Withdrawn, answer: None });
}

#[test]
fn a_question_tells_a_human_what_it_is_about() {
    let mut one = delete().but(|deed| deed.facts = BTreeMap::from([("no_where", Fact::Flag(true))]));
    one.parameters = vec![Some(Bytes::from_static(b"a\xffb")), None];
    let other = operation("tables.run", vec![]);
    let other = other.but(|deed| deed.facts = BTreeMap::from([("no_where", Fact::Flag(false))]));
    let operations = [one, other];
    let (asker, terms) = (agent(), terms(2, 0));
    let question = Question {
        principal: &asker,
        session: SessionId::at(NOW),
        id: OperationId::at(NOW),
        target: "shop",
        operations: &operations,
        terms: &terms,
        digest: "d1".to_owned(),
    };
    let approval = Approval::ask(&question, NOW);
    assert_eq!(
        (approval.action().as_str(), approval.text().as_str()),
        ("tables.delete; tables.run", "something; something")
    );
    let fact = |flag: bool| BTreeMap::from([("no_where".to_owned(), serde_json::json!(flag))]);
    let part = |action: &str, touches: &[&str], flag, parameters| Part {
        action: action.to_owned(),
        touches: touches.iter().map(ToString::to_string).collect(),
        facts: fact(flag),
        text: "something".to_owned(),
        parameters,
    };
    let delete = part("tables.delete", &["delete public.orders"], true, vec![Some("a\u{fffd}b".to_owned()), None]);
    assert_eq!(approval.parts, [delete, part("tables.run", &[], false, vec![])]);
    assert_eq!((approval.asked, approval.expires, approval.count), (NOW, after(EXPIRES), 2));
    assert_eq!(approval.principal.acts_for.as_deref(), Some("ann"));
    let json = serde_json::to_string(&approval).unwrap();
    assert_eq!(serde_json::from_str::<Approval>(&json).unwrap(), approval);
}

#[test]
fn a_question_without_end_survives_the_store() {
    let mut terms = terms(1, 0);
    terms.expires = Duration::MAX;
    let approval = ask(&agent(), &terms);
    let json = serde_json::to_string(&approval).unwrap();
    let read: Approval = serde_json::from_str(&json).unwrap();
    assert!(read.expires > after(1_000_000_000), "{}", read.expires);
}

/// Each is another question than the one before the list, and than every other in it.
#[test]
fn the_digest_binds_everything_that_gives_meaning() {
    let one = || -> Operation {
        let mut one = delete();
        one.parameters = vec![Some(Bytes::from_static(b"x"))];
        one.settings = Arc::new(BTreeMap::from([("search_path".to_owned(), "public".to_owned())]));
        one
    };
    let edit = |change: fn(&mut Operation)| {
        let mut changed = one();
        change(&mut changed);
        vec![changed]
    };
    let messages: Vec<Vec<Operation>> = vec![
        vec![one()],
        vec![],
        vec![one(), one()],
        vec![one().but(|deed| deed.action = crate::Action("tables.drop"))],
        edit(|one| one.meaning = Some(Bytes::from_static(b"something "))),
        edit(|one| one.meaning = Some(Bytes::new())),
        edit(|one| one.meaning = None),
        edit(|one| one.parameters = vec![]),
        edit(|one| one.parameters = vec![None]),
        edit(|one| one.parameters = vec![Some(Bytes::new())]),
        edit(|one| one.parameters = vec![Some(Bytes::from_static(b"x")), None]),
        edit(|one| one.parameters = vec![None, Some(Bytes::from_static(b"x"))]),
        edit(|one| one.settings = Arc::default()),
        edit(|one| one.settings = Arc::new(BTreeMap::from([("search_path".into(), "evil".into())]))),
        edit(|one| one.settings = Arc::new(BTreeMap::from([("role".into(), "public".into())]))),
        // what looks like a parameter is a setting, and the other way round
        edit(|one| {
            one.parameters = vec![];
            one.settings = Arc::new(BTreeMap::from([("value".into(), "x".into())]));
        }),
        edit(|one| one.settings = Arc::new(BTreeMap::from([("end".into(), "tables.delete".into())]))),
    ];
    let asker = agent();
    let mut digests: Vec<String> = messages.iter().map(|message| digest_of(&asker, "shop", "main", message)).collect();
    let places = [("shop2", "main"), ("shop", "main2"), ("shopm", "ain"), ("shop", "")];
    digests.extend(places.map(|(target, space)| digest_of(&asker, target, space, &[one()])));
    let helper = |kind, subject, acts_for| person(kind, "helper", subject, &["dba"], acts_for);
    let people = [
        helper(Kind::Agent, "helper-2", Some("ann")),
        // one agent for many humans, for nobody, and not an agent at all
        helper(Kind::Agent, "helper-1", Some("bob")),
        helper(Kind::Agent, "helper-1", None),
        helper(Kind::Human, "helper-1", Some("ann")),
    ];
    digests.extend(people.iter().map(|who| digest_of(who, "shop", "main", &[one()])));
    let all = digests.len();
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), all);
    assert_eq!(digest_of(&asker, "shop", "main", &[one()]), digest_of(&asker, "shop", "main", &[one()]));
}

/// Something that happens to an approval.
#[derive(Clone, Debug)]
enum Step {
    Answer(usize, bool),
    Wait(u64),
    Withdraw,
    Use(bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..CROWD, any::<bool>()).prop_map(|(who, yes)| Step::Answer(who, yes)),
        2 => (1..400_u64).prop_map(Step::Wait),
        1 => Just(Step::Withdraw),
        3 => any::<bool>().prop_map(Step::Use),
    ]
}

const CROWD: usize = 6;

/// Those from the third on may answer.
fn crowd() -> [Principal; CROWD] {
    [agent(), dba("ann"), principal(Kind::Human, "dan", &[]), dba("bob"), dba("cid"), dba("eve")]
}

/// What the rules say, in as few words as possible.
#[derive(Default)]
struct Model {
    said_yes: Vec<usize>,
    answered_at: u64,
    over: Option<State>,
    uses: usize,
}

impl Model {
    fn step(&mut self, step: &Step, now: u64, count: usize, reuse: u64) -> bool {
        if self.over.is_none() && now >= EXPIRES {
            self.over = Some(State::Expired);
        }
        match *step {
            Step::Answer(who, yes) => {
                let counts = self.over.is_none() && who >= 3 && !self.said_yes.contains(&who);
                if counts {
                    self.answered_at = now;
                    self.said_yes.push(who);
                    self.over = match yes {
                        false => Some(State::Denied),
                        true => (self.said_yes.len() == count).then_some(State::Granted),
                    };
                }
                counts
            }
            Step::Withdraw => self.over.is_none() && self.over.replace(State::Withdrawn).is_none(),
            Step::Use(right) => {
                let window = reuse > 0 && now.saturating_sub(self.answered_at) < reuse;
                let first = self.over == Some(State::Granted) && (now < EXPIRES || window);
                let again = self.over == Some(State::Used) && window;
                if right && (first || again) {
                    self.over = Some(State::Used);
                    self.uses = self.uses.saturating_add(1);
                }
                right && (first || again)
            }
            Step::Wait(_) => true,
        }
    }
}

proptest! {
    #[test]
    fn any_sequence_of_events_goes_as_the_model_says(
        steps in prop::collection::vec(step(), 0..24),
        count in 1..4_usize,
        reuse in prop_oneof![Just(0), Just(900_u64)],
    ) {
        let crowd = crowd();
        let mut approval = ask(&agent(), &terms(count, reuse));
        let (mut model, mut now) = (Model::default(), 0);
        for step in &steps {
            if let Step::Wait(seconds) = step {
                now = seconds.saturating_add(now);
            }
            let at = after(now);
            approval.lapse(at);
            let did = match step {
                Step::Answer(who, yes) => {
                    let choice = if *yes { Choice::Approve } else { Choice::Deny };
                    matches!(approval.answer(&crowd[*who], choice, None, at), Answered::Counted(_))
                }
                Step::Withdraw => approval.withdraw(),
                Step::Use(right) => approval.consume(if *right { "d1" } else { "d2" }, at),
                Step::Wait(_) => true,
            };
            prop_assert_eq!(did, model.step(step, now, count, reuse), "{:?} at {}", step, now);
            prop_assert_eq!(approval.state, model.over.unwrap_or(State::Pending));
            prop_assert_eq!(approval.settled().is_some(), approval.state != State::Pending);
            if approval.state == State::Granted || approval.state == State::Used {
                prop_assert_eq!(model.said_yes.len(), count);
            }
        }
        prop_assert!(reuse > 0 || model.uses <= 1);
    }
}
