//! What is listened for, and what a challenge may ask.

use postern_core::Code;

use super::*;

fn lease(password: &str) -> Lease {
    Lease { user: "app".to_owned(), password: Some(Secret::new(password)), key: None }
}

fn listening(password: &str, kept: &Kept) -> Echo {
    let lease = lease(password);
    let password = lease.password.as_ref().unwrap();
    let kept = kept.of("app", password);
    Echo::of(kept.iter().chain([password]))
}

#[test]
fn what_a_server_keeps_is_listened_for() {
    let echo = listening("a password to keep", &Kept::Md5);
    // echo -n 'a password to keepapp' | md5sum
    assert!(echo.within(b"md59794fd9d13d7046a1f6d367afff32e6f | app"));
    let kept = Kept::read(b"r=abc,s=c2FsdHNhbHRzYWx0c2FsdA==,i=4096").unwrap();
    assert_eq!(kept, Kept::Scram(Challenge { salt: b"saltsaltsaltsalt".to_vec(), iterations: 4096 }));
    let verifier = Verifier::of(
        &Secret::new("a password to keep"),
        &Challenge { salt: b"saltsaltsaltsalt".to_vec(), iterations: 4096 },
    );
    let echo = listening("a password to keep", &kept);
    for key in [verifier.keys().0, verifier.keys().1] {
        assert!(echo.within(BASE64.encode(key).as_bytes()));
        assert!(!listening("a password to keep", &Kept::Otherwise).within(BASE64.encode(key).as_bytes()));
    }
}

/// THREAT: a target that keeps the gateway hashing.
#[test]
fn a_challenge_that_would_take_for_ever_is_none() {
    for challenge in ["r=a,s=c2FsdA==,i=1000001", "r=a,s=c2FsdA==,i=4294967295", "r=a,i=1", "r=a,s=?,i=1", ""] {
        assert_eq!(Kept::read(challenge.as_bytes()), Err(()), "{challenge}");
    }
    assert!(Kept::read(b"r=a,s=c2FsdA==,i=1000000").is_ok());
}

/// THREAT: a server that asked for the password in clear text says it again as it refuses.
#[test]
fn what_a_login_refuses_with_tells_no_log_the_password() {
    let refused = |said: &str| Fault::target(Code::TargetLogin, "refused").cause(said);
    let cause = |said: &str| unsaid(refused(said), &lease("a password to keep")).cause.unwrap();
    assert_eq!(cause("no pg_hba.conf entry"), "no pg_hba.conf entry");
    assert_eq!(cause("`a password to keep` is wrong"), "its words hold the password");
    assert_eq!(cause("YSBwYXNzd29yZCB0byBrZWVw"), "its words hold the password");
}
