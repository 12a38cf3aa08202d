use super::*;

#[test]
fn all_together_have_so_much_and_what_is_gone_is_there_again() {
    let all = Allotment::of(100);
    let (mut one, mut other) = (all.portion(), all.portion());
    assert!(one.grow(60) && one.grow(60) && other.grow(40));
    assert!(!other.grow(41), "one more than there is");
    assert!(one.grow(10), "it has as much already");
    assert!(!all.portion().grow(1));
    drop(one);
    assert!(other.grow(100));
    drop(other);
    assert!(!all.portion().grow(usize::MAX));
    assert!(all.portion().grow(100));
}
