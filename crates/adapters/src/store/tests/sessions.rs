use super::*;

fn session(house: &House) -> Session {
    house.clock.advance(Duration::from_millis(5));
    let now = house.clock.now();
    Session {
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
    assert_eq!(house.store.session(one.id).await.unwrap().as_ref(), Some(&one));

    let end = house.clock.now().after(Duration::from_secs(1));
    house.store.session_closed(one.id, end, "the client left").await.unwrap();
    house.store.session_closed(one.id, end.after(Duration::from_secs(1)), "again").await.unwrap();
    (one.ended, one.reason) = (Some(end), Some("the client left".to_owned()));
    assert_eq!(house.store.session(one.id).await.unwrap(), Some(one));
    assert_eq!(house.store.session(SessionId::at(Micros(0))).await.unwrap(), None);
}

#[tokio::test]
async fn sessions_are_listed_newest_first_and_in_pages() {
    let house = House::new().await;
    let all: Vec<Session> = (0..5).map(|_| session(&house)).collect();
    for one in &all {
        house.store.session_opened(one).await.unwrap();
    }
    let names = |sessions: &[Session]| sessions.iter().map(|session| session.id).collect::<Vec<_>>();
    let first = house.store.sessions(None, 3).await.unwrap();
    assert_eq!(names(&first), [all[4].id, all[3].id, all[2].id]);
    let rest = house.store.sessions(Some(all[2].id), 3).await.unwrap();
    assert_eq!(names(&rest), [all[1].id, all[0].id]);
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
    let lost = reopened.session(lasting.id).await.unwrap().unwrap();
    assert_eq!((lost.ended, lost.reason.as_deref()), (Some(now), Some("the gateway was killed")));
    assert_eq!(reopened.session(ended.id).await.unwrap().unwrap().reason.as_deref(), Some("the client left"));
}
