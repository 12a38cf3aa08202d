use postern_core::ports::{Listed, Sessions as _, Wanted};
use sqlx::Row as _;

use super::*;

fn session(house: &House) -> Listed {
    house.clock.advance(Duration::from_millis(5));
    let now = house.clock.now();
    Listed {
        id: SessionId::at(now),
        principal: bot(),
        target: "orders".to_owned(),
        protocol: "postgres".to_owned(),
        client: "127.0.0.1:5000".to_owned(),
        started: now,
        ended: None,
        reason: None,
    }
}

#[tokio::test]
async fn a_session_is_listed_from_its_beginning_to_its_end() {
    let house = House::new().await;
    let mut one = session(&house);
    house.store.session_opened(&one).await.unwrap();
    assert_eq!(house.store.show(one.id).await.unwrap().as_ref(), Some(&one));

    let end = house.clock.now().after(Duration::from_secs(1));
    house.store.session_closed(one.id, end, "the client left").await.unwrap();
    house.store.session_closed(one.id, end.after(Duration::from_secs(1)), "again").await.unwrap();
    (one.ended, one.reason) = (Some(end), Some("the client left".to_owned()));
    assert_eq!(house.store.show(one.id).await.unwrap(), Some(one));
    assert_eq!(house.store.show(SessionId::at(Micros(0))).await.unwrap(), None);
}

#[tokio::test]
async fn sessions_are_listed_newest_first_and_in_pages() {
    let house = House::new().await;
    let all: Vec<Listed> = (0..5).map(|_| session(&house)).collect();
    for one in &all {
        house.store.session_opened(one).await.unwrap();
    }
    let names = |sessions: &[Listed]| sessions.iter().map(|session| session.id).collect::<Vec<_>>();
    let first = house.store.list(Wanted { most: 3, ..Wanted::default() }).await.unwrap();
    assert_eq!(names(&first), [all[4].id, all[3].id, all[2].id]);
    let rest = house.store.list(Wanted { most: 3, before: Some(all[2].id), ..Wanted::default() }).await.unwrap();
    assert_eq!(names(&rest), [all[1].id, all[0].id]);
}

#[tokio::test]
async fn only_the_sessions_that_are_wanted_are_listed() {
    let house = House::new().await;
    let mut all: Vec<Listed> = (0..4).map(|_| session(&house)).collect();
    all[1].target = "stats".to_owned();
    all[2].principal.name = "ann".to_owned();
    // another's, of the same name
    all[3].principal.subject = "somebody else".to_owned();
    for one in &all {
        house.store.session_opened(one).await.unwrap();
    }
    house.store.session_closed(all[0].id, house.clock.now(), "over").await.unwrap();
    let some = Wanted { most: 10, ..Wanted::default() };
    let mut grouped = bot();
    grouped.groups.push("another group since".to_owned());
    let cases = [
        (some.clone(), vec![3, 2, 1, 0]),
        (Wanted { target: Some("stats".to_owned()), ..some.clone() }, vec![1]),
        (Wanted { principal: Some("ann".to_owned()), ..some.clone() }, vec![2]),
        (Wanted { principal: Some(bot().name), ..some.clone() }, vec![3, 1, 0]),
        (Wanted { own: Some(grouped), ..some.clone() }, vec![1, 0]),
        (Wanted { live: Some(true), ..some.clone() }, vec![3, 2, 1]),
        (Wanted { live: Some(false), ..some.clone() }, vec![0]),
        (Wanted { principal: Some("%' OR 1=1".to_owned()), ..some }, vec![]),
    ];
    for (wanted, expected) in cases {
        let named = format!("{wanted:?}");
        let listed: Vec<SessionId> = house.store.list(wanted).await.unwrap().iter().map(|one| one.id).collect();
        let expected: Vec<SessionId> = expected.into_iter().map(|index: usize| all[index].id).collect();
        assert_eq!(listed, expected, "{named}");
    }
}

/// THREAT: a store that is busy reading sessions for whoever asks opens none.
#[tokio::test]
async fn an_index_answers_whatever_somebody_asks_of_their_own() {
    let house = House::new().await;
    let own = Wanted { own: Some(bot()), most: 10, ..Wanted::default() };
    let all = Wanted { own: None, ..own.clone() };
    let cases = [
        (own.clone(), "sessions_by_owner (owner=? AND id<?)"),
        (Wanted { live: Some(true), ..own.clone() }, "sessions_that_last (owner=? AND id<?)"),
        (Wanted { live: Some(true), ..all.clone() }, "sessions_by_end (ended=?)"),
        (Wanted { principal: Some("ann".to_owned()), ..all.clone() }, "sessions_by_who (who=? AND id<?)"),
        (Wanted { target: Some("stats".to_owned()), ..all.clone() }, "sessions_by_target (target=? AND id<?)"),
        (all, "sqlite_autoindex_sessions_1 (id<?)"),
    ];
    for (wanted, index) in cases {
        let statement = format!("EXPLAIN QUERY PLAN {}", super::super::sessions::asked(&wanted).into_sql().as_str());
        let plan = sqlx::query(sqlx::AssertSqlSafe(statement)).fetch_all(&house.store.rows.pool).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.try_get("detail").unwrap()).collect();
        assert_eq!(plan.first().unwrap(), &format!("SEARCH sessions USING INDEX {index}"), "{wanted:?}");
    }
}

#[tokio::test]
async fn sessions_of_before_they_could_be_searched_for_are_found() {
    let house = House::new().await;
    let mut all: Vec<Listed> = (0..3).map(|_| session(&house)).collect();
    all[1].principal.name = "a \"name\"\\ of\n\u{e9}\u{202e}".to_owned();
    all[2].principal = PrincipalSummary { kind: Kind::Agent, acts_for: Some("ann".to_owned()), ..bot() };
    for one in &all {
        house.store.session_opened(one).await.unwrap();
    }
    let undone = "UPDATE sessions SET who = '', owner = ''; DROP INDEX sessions_that_last; \
                  DELETE FROM _sqlx_migrations WHERE version = 21";
    sqlx::raw_sql(undone).execute(&house.store.rows.pool).await.unwrap();
    let upgraded = house.another().await;
    for one in &all {
        let own = Wanted { own: Some(one.principal.clone()), most: 10, ..Wanted::default() };
        assert_eq!(upgraded.list(own).await.unwrap(), std::slice::from_ref(one));
        let named = Wanted { principal: Some(one.principal.name.clone()), most: 10, ..Wanted::default() };
        assert!(upgraded.list(named).await.unwrap().contains(one));
    }
}

#[tokio::test]
async fn sessions_of_a_gateway_that_was_killed_are_not_shown_as_lasting() {
    let house = House::new().await;
    let (ended, lasting) = (session(&house), session(&house));
    for one in [&ended, &lasting] {
        house.store.session_opened(one).await.unwrap();
    }
    let now = house.clock.now();
    house.store.session_closed(ended.id, now, "the client left").await.unwrap();
    let unnoted = session(&house);
    house.store.session_opened(&unnoted).await.unwrap();
    let place = |block, ended: Micros| Place {
        block,
        session: lasting.id.to_string(),
        principal: bot().name,
        target: "orders".to_owned(),
        verdicts: 1,
        began: now.0,
        ended: ended.0,
        objects: Vec::new(),
    };
    let last = now.after(Duration::from_secs(60));
    house.store.index(&[place(1, last), place(2, now)], 2).await.unwrap();
    let reopened = house.another().await;
    let monday = now.after(Duration::from_secs(3 * 24 * 60 * 60));
    assert_eq!(reopened.sessions_lost(monday, "the gateway was killed").await.unwrap(), 2);
    let lost = async |id| {
        let lost = reopened.show(id).await.unwrap().unwrap();
        (lost.ended, lost.reason)
    };
    let reason = Some("the gateway was killed".to_owned());
    assert_eq!(lost(lasting.id).await, (Some(last), reason.clone()));
    assert_eq!(lost(unnoted.id).await, (Some(monday), reason));
    assert_eq!(reopened.show(ended.id).await.unwrap().unwrap().reason.as_deref(), Some("the client left"));
}
