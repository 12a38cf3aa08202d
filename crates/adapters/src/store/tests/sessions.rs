use postern_core::ports::{Listed, Sessions as _, Wanted};

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

#[tokio::test]
async fn sessions_of_a_gateway_that_was_killed_are_not_shown_as_lasting() {
    let house = House::new().await;
    let (ended, lasting) = (session(&house), session(&house));
    for one in [&ended, &lasting] {
        house.store.session_opened(one).await.unwrap();
    }
    let now = house.clock.now();
    house.store.session_closed(ended.id, now, "the client left").await.unwrap();
    let reopened = house.another().await;
    assert_eq!(reopened.sessions_lost(now, "the gateway was killed").await.unwrap(), 1);
    let lost = reopened.show(lasting.id).await.unwrap().unwrap();
    assert_eq!((lost.ended, lost.reason.as_deref()), (Some(now), Some("the gateway was killed")));
    assert_eq!(reopened.show(ended.id).await.unwrap().unwrap().reason.as_deref(), Some("the client left"));
}
