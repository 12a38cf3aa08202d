use proptest::prelude::*;

use super::{each_part_matches, names};
use crate::operation::Object;

proptest! {
    #[test]
    fn looking_at_the_beginning_first_changes_no_answer(
        pattern in "[ab.*]{0,6}",
        path in prop::collection::vec("[ab.*]{0,3}", 1..4),
    ) {
        let object = Object::at(path.iter().map(String::as_str));
        prop_assert_eq!(names(&pattern, &object), each_part_matches(&pattern, &object));
    }
}

#[test]
fn patterns_name_part_by_part() {
    let object = Object::at(["sys", "types"]);
    for pattern in ["sys.types", "sys.*", "*.types", "s*s.t*s", "*.*"] {
        assert!(names(pattern, &object), "{pattern}");
    }
    for pattern in ["sys", "sys.type", "sys.types.a", "sys.typesa", "*", "sys.types*.*", "tys.types", ""] {
        assert!(!names(pattern, &object), "{pattern}");
    }
}
