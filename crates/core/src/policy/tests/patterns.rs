//! How objects and columns are named.

use proptest::prelude::*;

use crate::Object;
use crate::identity::matches;
use crate::policy::pattern::{ColumnPattern, ObjectPattern};
use crate::tests::{PATHS, TABLES, object};
use crate::vocabulary::Shape;

fn parse(text: &str, shape: Shape) -> Result<Vec<String>, String> {
    ObjectPattern::parse(text, shape).map(|patterns| patterns.iter().map(ToString::to_string).collect())
}

#[test]
fn braces_make_several_of_one() {
    let table: &[(&str, &[&str])] = &[
        ("public.a", &["public.a"]),
        ("public.{a,b}", &["public.a", "public.b"]),
        ("public.{a, b}", &["public.a", "public.b"]),
        ("{p,q}.{a,b}", &["p.a", "p.b", "q.a", "q.b"]),
        ("public.t.{email,phone}", &["public.t.email", "public.t.phone"]),
        ("public.{a}", &["public.a"]),
        ("public.t_{1,2}x", &["public.t_1x", "public.t_2x"]),
        ("{main,old}/public.*", &["main/public.*", "old/public.*"]),
        ("*", &["*"]),
        ("*.*.*", &["*.*.*"]),
    ];
    for (text, expected) in table {
        assert_eq!(parse(text, TABLES.shape).unwrap(), *expected, "{text}");
    }
}

#[test]
fn what_has_not_the_shape_is_refused() {
    let table = [
        ("", TABLES.shape, "`` has an empty part"),
        ("public", TABLES.shape, "`public` has too few parts: write [database/]schema.table[.column]"),
        ("a.b.c.d", TABLES.shape, "`a.b.c.d` has too many parts: write [database/]schema.table[.column]"),
        ("a..b", TABLES.shape, "`a..b` has an empty part"),
        (".a", TABLES.shape, "`.a` has an empty part"),
        ("a.b.", TABLES.shape, "`a.b.` has an empty part"),
        ("public.{a,}", TABLES.shape, "`public.` has an empty part"),
        ("public.{a", TABLES.shape, "`public.{a` never closes its brace"),
        ("public.a}", TABLES.shape, "`public.a}` closes a brace that was never opened"),
        ("public.{a,{b,c}}", TABLES.shape, "`public.{a,{b,c}}` has a brace inside a brace"),
        ("/public.a", TABLES.shape, "nothing can stand before a `/` in `/public.a`"),
        ("main/public.a", PATHS.shape, "nothing can stand before a `/` in `main/public.a`"),
        ("a.b.c.d", PATHS.shape, "`a.b.c.d` has too many parts: write folder.file.version"),
    ];
    for (text, shape, expected) in table {
        assert_eq!(parse(text, shape), Err(expected.to_owned()), "{text}");
    }
}

#[test]
fn what_has_one_part_is_never_taken_apart() {
    let files = Shape { space: None, levels: &["path"], columns: false };
    let table: &[(&str, &[&str])] = &[
        ("/etc/nginx/nginx.conf", &["/etc/nginx/nginx.conf"]),
        ("/srv/{www,ftp}/*.html", &["/srv/www/*.html", "/srv/ftp/*.html"]),
        ("db.example.org:5432", &["db.example.org:5432"]),
        ("a..b.", &["a..b."]),
        ("*", &["*"]),
    ];
    for (text, expected) in table {
        assert_eq!(parse(text, files).unwrap(), *expected, "{text}");
    }
    assert_eq!(parse("", files), Err("`` has an empty part".to_owned()));
    assert!(ColumnPattern::parse("/etc/passwd", files).is_err());
    let disks = Shape { space: Some("disk"), ..files };
    assert_eq!(parse("boot/etc/a.b", disks).unwrap(), ["boot/etc/a.b"]);
    let pattern = ObjectPattern::parse("boot/etc/a.b", disks).unwrap().remove(0);
    assert_eq!(pattern.space(), Some("boot"));

    let covers =
        |text: &str, path: &str| ObjectPattern::parse(text, files).unwrap().remove(0).covers(&Object::at([path]));
    assert!(covers("/srv/*", "/srv/www/index.html"));
    assert!(covers("/srv/*.html", "/srv/www/index.html"));
    assert!(!covers("/srv/*.html", "/srv/www/index.htm"));
    assert!(!covers("/srv/www", "/srv/www/index.html"));
}

#[test]
fn a_column_pattern_ends_in_a_column() {
    let parse = |text| ColumnPattern::parse(text, TABLES.shape).map(|patterns| patterns.len());
    assert_eq!(parse("public.customers.{email,phone}"), Ok(2));
    assert_eq!(parse("main/*.*.*"), Ok(1));
    for text in ["public.customers", "*", "email", "public.*", "a.b.c.d"] {
        assert_eq!(parse(text), Err(format!("`{text}` is no column: write [database/]schema.table[.column]")),);
    }
    assert!(ColumnPattern::parse("a.b.c", PATHS.shape).is_err());
}

/// For each pattern: objects, whether it covers them for certain, whether it may concern them.
#[test]
fn covering_and_concerning() {
    let at = object;
    let within = |space: &str, path: &str| object(path).within(space);
    let nothing = || Object::at(Vec::<String>::new());
    let table: Vec<(&str, Object, bool, bool)> = vec![
        ("public.a", at("public.a"), true, true),
        ("public.a", at("public.b"), false, false),
        ("public.a", at("Public.a"), false, false),
        ("public.a", at("public"), false, true),
        ("public.a", at("private"), false, false),
        ("public.a", at("public.a.deeper"), false, true),
        ("public.a", nothing(), false, false),
        ("public.*", at("public.a"), true, true),
        ("public.*", at("public.a.deeper"), true, true),
        ("public.*", at("public"), false, true),
        ("public.a*", at("public.ab"), true, true),
        ("public.a*", at("public.ba"), false, false),
        ("*.a", at("any.a"), true, true),
        ("*.a", at("any.b"), false, false),
        ("*.a", at("any"), false, true),
        ("*", at("any"), true, true),
        ("*", at("any.thing.at_all"), true, true),
        ("*", nothing(), false, false),
        ("*", within("main", "any.thing"), true, true),
        ("main/*", at("any.thing"), false, true),
        ("main/*", within("main", "any.thing"), true, true),
        ("main/*", within("old", "any.thing"), false, false),
        ("m*/public.a", within("main", "public.a"), true, true),
        ("main/public.a", within("main", "public"), false, true),
        ("main/public.a", within("old", "public"), false, false),
        ("public.a", Object::everything(), false, true),
        ("public.*", Object::everything(), false, true),
        ("*.*", Object::everything(), false, true),
        ("*", Object::everything(), true, true),
        ("main/*", Object::everything(), false, true),
        ("main/*", Object::everything().within("main"), true, true),
        ("main/public.a", Object::everything().within("old"), false, false),
        ("public.a", at("*.a"), false, true),
        ("p*.a", at("public.*"), false, true),
        ("old.a", at("public.*"), false, false),
        ("public.a", at("public.a*"), false, true),
        ("public.abc", at("public.a*"), false, true),
        ("public.b", at("public.a*"), false, false),
        ("public.a*", at("public.a*"), true, true),
        ("public.*", at("public.a*"), true, true),
        ("public.a*", at("public.ab*c"), true, true),
        ("public.ab*", at("public.a*"), false, true),
        ("public.b*", at("public.a*"), false, false),
        ("public.*b", at("public.a*c"), false, false),
        ("public.*bc", at("public.a*c"), false, true),
        ("public.a", at("p*.a"), false, true),
    ];
    for (text, object, covers, concerns) in table {
        let pattern = ObjectPattern::parse(text, TABLES.shape).unwrap().remove(0);
        assert_eq!(pattern.covers(&object), covers, "`{text}` covers {object:?}");
        assert_eq!(pattern.concerns(&object), concerns, "`{text}` concerns {object:?}");
        assert!(concerns || !covers, "what is covered is concerned");
    }
}

proptest! {
    /// Wherever some name is meant by both.
    #[test]
    fn whatever_may_be_meant_is_concerned(pattern in "[ab*]{1,4}", part in "[ab*]{1,4}") {
        let files = Shape { space: None, levels: &["path"], columns: false };
        let names = (0..9_u32).flat_map(|length| {
            let letter = |bits: u32, at: u32| if bits >> at & 1 == 0 { 'a' } else { 'b' };
            (0..1_u32 << length).map(move |bits| (0..length).map(|at| letter(bits, at)).collect::<String>())
        });
        let some = names.into_iter().any(|name| matches(&pattern, &name) && matches(&part, &name));
        let object = Object::at([part.as_str()]);
        let parsed = ObjectPattern::parse(&pattern, files).unwrap().remove(0);
        prop_assert_eq!(parsed.concerns(&object), some);
        prop_assert!(some || !parsed.covers(&object));
    }
}
