use postern_core::approval::{Answered, Choice, Refusal};
use postern_core::ports::Approvals;
use tokio::task::JoinSet;

use super::*;

async fn granted(house: &House, digest: &str, reuse: Duration) -> Approval {
    let approval = Approval { reuse, ..house.question(digest) };
    house.store.ask(approval.clone()).await.unwrap();
    let answered = house.store.answer(approval.id, &human("ada"), Choice::Approve, None).await.unwrap();
    assert_eq!(answered, Answered::Counted(State::Granted));
    approval
}

#[tokio::test]
async fn a_question_comes_back_as_it_was_asked() {
    let house = House::new().await;
    let first = house.question("a");
    house.store.ask(first.clone()).await.unwrap();
    house.clock.advance(Duration::from_secs(1));
    let second = house.question("b");
    house.store.ask(second.clone()).await.unwrap();

    assert_eq!(house.store.show(first.id).await.unwrap().as_ref(), Some(&first));
    assert_eq!(house.store.list().await.unwrap(), [second.clone(), first.clone()]);
    assert_eq!(house.store.about("a").await.unwrap(), [first]);
    assert_eq!(house.store.show(ApprovalId::at(Micros(0))).await.unwrap(), None);
}

#[tokio::test]
async fn an_approval_survives_a_restart_and_a_crash() {
    let house = House::new().await;
    let approval = granted(&house, "a", Duration::ZERO).await;
    // The files as a crash would leave them: copied while the store is open, the log not merged.
    let after = tempfile::tempdir().unwrap();
    std::fs::create_dir(after.path().join("state")).unwrap();
    for name in ["postern.db", "postern.db-wal"] {
        let name = format!("state/{name}");
        std::fs::copy(house.folder.path().join(&name), after.path().join(&name)).unwrap();
    }
    let crashed = Store::open(&file(&after), house.clock.clone()).await.unwrap();
    assert_eq!(crashed.show(approval.id).await.unwrap().unwrap().state, State::Granted);

    house.store.close().await;
    let reopened = house.another().await;
    assert!(reopened.consume(approval.id, "a").await.unwrap());
    assert!(!reopened.consume(approval.id, "a").await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_use_an_approval_one_succeeds() {
    let house = House::new().await;
    let approval = granted(&house, "a", Duration::ZERO).await;
    // Two stores on one file, so that not even the pool is shared.
    let stores = [Arc::new(house.another().await), Arc::new(house.another().await)];
    let mut users = JoinSet::new();
    for user in 0..50 {
        let store = Arc::clone(&stores[user % 2]);
        users.spawn(async move { store.consume(approval.id, "a").await.unwrap() });
    }
    let used = users.join_all().await;
    assert_eq!(used.into_iter().filter(|used| *used).count(), 1);
    assert_eq!(house.store.show(approval.id).await.unwrap().unwrap().state, State::Used);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_yes_and_a_no_at_the_same_moment_one_counts() {
    for _ in 0..10 {
        let house = House::new().await;
        let approval = house.question("a");
        house.store.ask(approval.clone()).await.unwrap();
        let (ada, bob) = (human("ada"), human("bob"));
        let (yes, no) = tokio::join!(
            house.store.answer(approval.id, &ada, Choice::Approve, None),
            house.store.answer(approval.id, &bob, Choice::Deny, Some("no")),
        );
        let counted = [yes.unwrap(), no.unwrap()].map(|answered| matches!(answered, Answered::Counted(_)));
        assert_eq!(counted.iter().filter(|counted| **counted).count(), 1);
        assert_eq!(house.store.show(approval.id).await.unwrap().unwrap().answers.len(), 1);
    }
}

#[tokio::test]
async fn an_approval_serves_its_own_digest_only() {
    let house = House::new().await;
    let approval = granted(&house, "a", Duration::ZERO).await;
    assert!(!house.store.consume(approval.id, "b").await.unwrap());
    assert!(!house.store.consume(ApprovalId::at(Micros(0)), "a").await.unwrap());
    assert!(house.store.consume(approval.id, "a").await.unwrap());
}

#[tokio::test]
async fn a_reusable_approval_serves_until_its_time_is_over() {
    let house = House::new().await;
    let approval = granted(&house, "a", Duration::from_secs(3600)).await;
    for _ in 0..3 {
        assert!(house.store.consume(approval.id, "a").await.unwrap());
        assert_eq!(house.store.about("a").await.unwrap().len(), 1);
        house.clock.advance(Duration::from_secs(1199));
    }
    house.clock.advance(Duration::from_secs(3));
    assert!(!house.store.consume(approval.id, "a").await.unwrap());
    assert_eq!(house.store.about("a").await.unwrap(), []);
}

#[tokio::test]
async fn a_grant_lapses_unused() {
    let house = House::new().await;
    let approval = granted(&house, "a", Duration::ZERO).await;
    house.clock.advance(Duration::from_secs(900));
    assert_eq!(house.store.about("a").await.unwrap(), []);
    assert!(!house.store.consume(approval.id, "a").await.unwrap());
}

#[tokio::test]
async fn an_answer_that_does_not_count_changes_nothing() {
    let house = House::new().await;
    let approval = Approval { count: 2, ..house.question("a") };
    house.store.ask(approval.clone()).await.unwrap();
    let answer = async |by: &str, choice| house.store.answer(approval.id, &human(by), choice, None).await.unwrap();
    assert_eq!(answer("ada", Choice::Approve).await, Answered::Counted(State::Pending));
    assert_eq!(answer("ada", Choice::Approve).await, Answered::Refused(Refusal::Again));
    assert_eq!(answer("deploy-bot", Choice::Approve).await, Answered::Refused(Refusal::Own));
    assert_eq!(house.store.show(approval.id).await.unwrap().unwrap().answers.len(), 1);
    assert_eq!(answer("bob", Choice::Approve).await, Answered::Counted(State::Granted));
    assert_eq!(answer("eve", Choice::Deny).await, Answered::Refused(Refusal::Settled));

    let nobody = ApprovalId::at(Micros(0));
    let unknown = house.store.answer(nobody, &human("ada"), Choice::Approve, None).await.unwrap();
    assert_eq!(unknown, Answered::Refused(Refusal::Unknown));
}

#[tokio::test]
async fn who_waits_hears_of_an_answer_at_once() {
    let house = House::new().await;
    let approval = house.question("a");
    house.store.ask(approval.clone()).await.unwrap();
    let began = std::time::Instant::now();
    let (settled, answered) = tokio::join!(house.store.settled(approval.id), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        house.store.answer(approval.id, &human("ada"), Choice::Deny, Some("not today")).await
    });
    assert_eq!(answered.unwrap(), Answered::Counted(State::Denied));
    let settled = settled.unwrap();
    assert_eq!(settled.state, State::Denied);
    assert_eq!(settled.answer.unwrap().reason.as_deref(), Some("not today"));
    assert!(began.elapsed() < Duration::from_millis(900), "{:?}", began.elapsed());
}

#[tokio::test]
async fn who_waits_hears_of_another_process_within_a_second_or_so() {
    let house = House::new().await;
    let approval = house.question("a");
    house.store.ask(approval.clone()).await.unwrap();
    let other = house.another().await;
    let (settled, answered) = tokio::join!(house.store.settled(approval.id), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        other.answer(approval.id, &human("ada"), Choice::Approve, None).await
    });
    answered.unwrap();
    assert_eq!(settled.unwrap().state, State::Granted);
}

#[tokio::test]
async fn a_question_that_nobody_answers_expires_for_all_who_ask() {
    let house = House::new().await;
    let approval = house.question("a");
    house.store.ask(approval.clone()).await.unwrap();
    let (settled, ()) = tokio::join!(house.store.settled(approval.id), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        house.clock.advance(Duration::from_secs(900));
    });
    assert_eq!(settled.unwrap().state, State::Expired);
    assert_eq!(house.store.about("a").await.unwrap(), []);
    let late = house.store.answer(approval.id, &human("ada"), Choice::Approve, None).await.unwrap();
    assert_eq!(late, Answered::Refused(Refusal::Settled));
}

#[tokio::test]
async fn the_store_lets_questions_lapse_that_nobody_waits_for() {
    let house = House::new().await;
    let approval = house.question("a");
    house.store.ask(approval.clone()).await.unwrap();
    let mut changes = house.store.changes();
    house.clock.advance(Duration::from_secs(900));
    house.store.rows.tidy().await.unwrap();
    assert_eq!(changes.try_recv().unwrap(), approval.id);
}

#[tokio::test]
async fn a_question_taken_back_is_closed_but_an_answer_that_came_first_stands() {
    let house = House::new().await;
    let open = house.question("a");
    house.store.ask(open.clone()).await.unwrap();
    house.store.withdraw(open.id).await.unwrap();
    assert_eq!(house.store.settled(open.id).await.unwrap().state, State::Withdrawn);

    let answered = granted(&house, "b", Duration::ZERO).await;
    house.store.withdraw(answered.id).await.unwrap();
    assert_eq!(house.store.settled(answered.id).await.unwrap().state, State::Granted);
}

#[tokio::test]
async fn waiting_for_nothing_is_a_fault() {
    let house = House::new().await;
    let fault = house.store.settled(ApprovalId::at(Micros(0))).await.unwrap_err();
    assert_eq!(fault.code, Code::StoreUnavailable);
}

#[tokio::test]
async fn a_store_that_is_gone_is_a_fault_and_not_an_answer() {
    let house = House::new().await;
    let approval = granted(&house, "a", Duration::ZERO).await;
    house.store.close().await;
    assert_eq!(house.store.consume(approval.id, "a").await.unwrap_err().code, Code::StoreUnavailable);
    assert_eq!(house.store.settled(approval.id).await.unwrap_err().code, Code::StoreUnavailable);
    assert_eq!(house.store.ask(house.question("b")).await.unwrap_err().code, Code::StoreUnavailable);
}

#[tokio::test]
async fn a_row_that_is_damaged_grants_nothing() {
    let house = House::new().await;
    let approval = granted(&house, "a", Duration::ZERO).await;
    sqlx::query("UPDATE approvals SET body = '{}'").execute(&house.store.rows.pool).await.unwrap();
    let fault = house.store.consume(approval.id, "a").await.unwrap_err();
    assert_eq!(fault.code, Code::StoreUnavailable);
    assert!(fault.message.contains(&approval.id.to_string()), "{}", fault.message);
}
