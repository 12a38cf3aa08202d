use super::*;

/// THREAT: SQL that prepares, or executes, what has the gateway's own name.
#[test]
fn no_two_sessions_have_the_same_names_and_the_server_cuts_none() {
    let [one, other] = [Own::new().unwrap(), Own::new().unwrap()];
    let all = [&one.question, &one.absent, &other.question, &other.absent];
    for (place, name) in all.iter().enumerate() {
        assert!(name.len() <= 63, "{name:?}");
        assert!(all.iter().skip(place + 1).all(|later| later != name), "{name:?}");
    }
}

#[test]
fn what_the_server_says_has_the_clients_name_and_all_else_as_it_was() {
    let own = Own::new().unwrap();
    let absent = String::from_utf8(own.absent.to_vec()).unwrap();
    let said = |name: &str| {
        let message = format!("die vorbereitete Anweisung »{name}« existiert nicht");
        Report::error("26000", &message).with(field::FILE, "prepare.c").with(field::LINE, "451")
    };
    assert_eq!(own.told(&said(&absent), b"p"), said("p"));
    assert_eq!(own.told(&said("another"), b"p"), said("another"));
}
