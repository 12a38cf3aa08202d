use proptest::prelude::*;

use super::Shape;
use crate::operation::Object;

const TABLES: Shape = Shape { space: None, levels: &["schema", "table"], columns: true };
const FILES: Shape = Shape { space: None, levels: &["path"], columns: false };

proptest! {
    #[test]
    fn looking_at_the_beginning_first_changes_no_answer(
        pattern in "[ab.*]{0,6}",
        path in prop::collection::vec("[ab.*]{0,3}", 1..4),
    ) {
        let object = Object::at(path.iter().map(String::as_str));
        for shape in [TABLES, FILES] {
            prop_assert_eq!(shape.names(&pattern, &object), shape.each_part_matches(&pattern, &object));
        }
    }
}

#[test]
fn patterns_name_part_by_part() {
    let object = Object::at(["sys", "types"]);
    for pattern in ["sys.types", "sys.*", "*.types", "s*s.t*s", "*.*"] {
        assert!(TABLES.names(pattern, &object), "{pattern}");
    }
    for pattern in ["sys", "sys.type", "sys.types.a", "sys.typesa", "*", "sys.types*.*", "tys.types", ""] {
        assert!(!TABLES.names(pattern, &object), "{pattern}");
    }
}

#[test]
fn what_has_one_part_is_never_taken_apart() {
    let object = Object::at(["/users/a.b/.ssh/id.pub"]);
    for pattern in ["/users/a.b/.ssh/id.pub", "*/.ssh/*", "/users/*.pub", "*"] {
        assert!(FILES.names(pattern, &object), "{pattern}");
        assert!(!TABLES.names(pattern, &object) || pattern == "*", "{pattern}");
    }
    for pattern in ["*.*.ssh", "/users/a", "/users/a.b/.ssh/id", "*/.ssh", ""] {
        assert!(!FILES.names(pattern, &object), "{pattern}");
    }
    let columns = Shape { columns: true, ..FILES };
    for (shape, path, parts) in [
        (FILES, "a.b.c", vec!["a.b.c"]),
        (FILES, "", vec![""]),
        (columns, "a.b.c", vec!["a", "b", "c"]),
        (TABLES, "a.b.c", vec!["a", "b", "c"]),
    ] {
        assert_eq!(shape.parts(path).collect::<Vec<_>>(), parts, "{shape:?} {path}");
    }
}
