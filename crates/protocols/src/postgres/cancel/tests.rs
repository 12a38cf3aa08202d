use super::*;

const FROM: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// Two targets may have given two sessions the same number.
#[tokio::test(start_paused = true)]
async fn of_several_sessions_of_one_number_the_key_tells_which_is_meant() {
    let cancels = Cancels::default();
    let mut one = cancels.register(7, 4).unwrap();
    let mut other = cancels.register(7, 32).unwrap();
    let asked = async |process, key: Bytes, one: &mut Registered<'_>, other: &mut Registered<'_>| {
        let which = async {
            tokio::select! {
                _ = one.wanted() => "one",
                _ = other.wanted() => "other",
            }
        };
        let both = tokio::join!(cancels.cancel(FROM, process, &key), timeout(PATIENCE, which));
        both.1.unwrap_or("none")
    };
    let (first, second) = (one.key(), other.key());
    assert_eq!(asked(7, first.clone(), &mut one, &mut other).await, "one");
    assert_eq!(asked(7, second.clone(), &mut one, &mut other).await, "other");
    assert_eq!(asked(8, first.clone(), &mut one, &mut other).await, "none");
    assert_eq!(asked(7, second.slice(..4), &mut one, &mut other).await, "none");
    // one that has ended takes no other with it
    drop(one);
    let mut third = cancels.register(7, 4).unwrap();
    assert_eq!(asked(7, second, &mut third, &mut other).await, "other");
    assert_eq!(asked(7, first, &mut third, &mut other).await, "none");
}

/// THREAT: keys tried from each of the addresses that one line has.
#[test]
fn a_network_takes_its_turns_together() {
    let of = |text: &str| network(text.parse().unwrap());
    assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
    assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
    assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
}
