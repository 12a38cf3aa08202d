//! Who has an echo together with whom.

use super::*;
use crate::secret::Secret;

#[test]
fn sessions_with_the_same_credential_have_one_echo_and_others_have_none_of_it() {
    let echoes = Echoes::default();
    let of = |parts: &[&[u8]], secret: &str| echoes.of(parts, || Echo::of([&Secret::new(secret)]));
    let first = of(&[b"ann", b"correct-horse"], "correct-horse");
    assert!(Arc::ptr_eq(&first, &of(&[b"ann", b"correct-horse"], "correct-horse")));
    assert!(!Arc::ptr_eq(&first, &of(&[b"annc", b"orrect-horse"], "orrect-horse!")));
    let kept = Arc::downgrade(&first);
    drop(first);
    assert!(kept.upgrade().is_none(), "it outlives its sessions");
    assert!(of(&[b"ann", b"correct-horse"], "correct-horse").within(b"a correct-horse"));
    assert_eq!(echoes.held.lock().unwrap().len(), 1, "what nobody uses is kept");
}

#[test]
fn what_is_kept_of_a_credential_is_another_each_time() {
    let secret: &[&[u8]] = &[b"ann", b"correct-horse"];
    let kept = || {
        let echoes = Echoes::default();
        let echo = echoes.of(secret, || Echo::of([]));
        let made = *echoes.held.lock().unwrap().keys().next().unwrap();
        drop(echo);
        made
    };
    assert_ne!(kept(), kept());
}
