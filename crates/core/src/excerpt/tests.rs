use super::*;

fn value(length: usize) -> Option<Bytes> {
    Some(Bytes::from(vec![b'x'; length]))
}

#[test]
fn short_values_are_kept_whole() {
    let values = [value(3), None, value(0), value(MOST_KEPT - 3)];
    let kept = Excerpt::of(&values);
    assert_eq!(kept.cut, []);
    assert_eq!(kept.parameters[..3], [Some("eHh4".to_owned()), None, Some(String::new())]);
    assert_eq!(Excerpt::texts(&values)[..3], [Some("xxx".to_owned()), None, Some(String::new())]);
}

/// THREAT: a journal that a client fills with what it sends.
#[test]
fn of_long_values_the_beginning_is_kept_and_what_tells_them_from_others() {
    let values = [value(5), value(40 << 20), value(MOST_KEPT), value(7)];
    let kept = Excerpt::of(&values);
    let lengths: Vec<usize> =
        kept.parameters.iter().flatten().map(|text| BASE64.decode(text.as_bytes()).unwrap().len()).collect();
    let share = (MOST_KEPT - 12) / 2;
    assert_eq!(lengths, [5, share, share, 7]);
    assert_eq!(
        kept.cut.iter().map(|cut| (cut.parameter, cut.bytes)).collect::<Vec<_>>(),
        [(2, 40 << 20), (3, MOST_KEPT)]
    );
    assert_ne!(kept.cut[0].sha256, kept.cut[1].sha256);
    let whole = digest::digest(&digest::SHA256, &[b'x'; MOST_KEPT]);
    assert_eq!(kept.cut[1].sha256, HEXLOWER.encode(whole.as_ref()));
    let shown = Excerpt::texts(&values)[1].clone().unwrap();
    assert!(
        shown.ends_with(&format!("x […, and {} bytes more]", (40 << 20) - share)),
        "{}",
        &shown[shown.len() - 50..]
    );
}

#[test]
fn what_is_kept_is_bounded_however_many_values_there_are() {
    for (count, length) in [(1, MOST_KEPT + 1), (65_535, 17), (65_535, 16 << 10), (3, 1 << 30)] {
        let most = level(vec![length; count], MOST_KEPT);
        assert!(length.min(most) * count <= MOST_KEPT, "{count} of {length}: {most}");
    }
    assert_eq!(level(vec![], MOST_KEPT), usize::MAX);
}
