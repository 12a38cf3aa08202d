//! Requests of the subsystem `sftp`.

use bytes::Bytes;
use postern_core::operation::Effect;

use super::*;
use crate::ssh::wire::sftp::{Access, Attributes, Call, Extension};

/// A request, its file, and the other one.
type Asked<'a> = (Call, &'a [u8], Option<&'a [u8]>);

fn read(calls: Vec<Asked<'_>>) -> String {
    calls.into_iter().map(|(call, path, other)| said(&sftp(&call, path, other).unwrap())).collect()
}

fn extended(extension: Extension, path: &'static [u8], other: Option<&'static [u8]>) -> Asked<'static> {
    (Call::Extended(extension), path, other)
}

fn open(access: Access) -> Call {
    Call::Open { path: "x".into(), access, attributes: Attributes::default() }
}

#[test]
fn files_and_folders() {
    let (path, attributes): (&[u8], _) = (b"/srv/www/a.html", Attributes { size: Some(0), ..Attributes::default() });
    let handle = || Bytes::from_static(b"\0\0\0\x01");
    assert_read!(read(vec![
        (open(Access::READ), path, None),
        (open(Access(0)), path, None),
        (open(Access::WRITE), path, None),
        (open(Access(0x1a)), path, None),
        (open(Access(0x03)), path, None),
        (open(Access(0x41)), path, None),
        (Call::Read { handle: handle(), offset: 0, length: 32_768 }, path, None),
        (Call::Write { handle: handle(), offset: 0, data: "hello".into() }, path, None),
        (Call::Stat("x".into()), path, None),
        (Call::Setstat { path: "x".into(), attributes }, path, None),
        (Call::Opendir("x".into()), b"/srv/www", None),
        (Call::Remove("x".into()), path, None),
        (Call::Mkdir { path: "x".into(), attributes: Attributes::default() }, b"/srv/new", None),
        (Call::Rmdir("x".into()), b"/srv/new", None),
        (Call::Realpath(".".into()), b"/srv", None),
        (Call::Realpath("/etc".into()), b"/etc", None),
        (Call::Readlink("x".into()), path, None),
        (Call::Rename { from: "x".into(), to: "y".into() }, b"/srv/tmp", Some(b"/srv/www")),
        (Call::Rename { from: "x".into(), to: "y".into() }, b"/srv/tmp", None),
        (Call::Unknown { kind: 99, body: "x".into() }, b"", None),
    ]));
}

#[test]
fn links() {
    let link = |target: &'static str| Call::Symlink { target: target.into(), link: "x".into() };
    assert_read!(read(vec![
        (link("/srv/releases/5"), b"/srv/current", None),
        (link("releases/5"), b"/srv/current", None),
        (link("../../etc/passwd"), b"/srv/current", None),
        (link("etc"), b"/current", None),
        (link("/"), b"/srv/current", None),
    ]));
}

#[test]
fn extensions() {
    let handle = || Bytes::from_static(b"h");
    assert_read!(read(vec![
        extended(Extension::PosixRename { from: "x".into(), to: "y".into() }, b"/srv/a.tmp", Some(b"/srv/a")),
        extended(Extension::Hardlink { from: "x".into(), to: "y".into() }, b"/srv/a", Some(b"/srv/b")),
        extended(Extension::StatVfs("x".into()), b"/srv", None),
        extended(Extension::Fsync(handle()), b"/srv/a", None),
        extended(Extension::Lsetstat { path: "x".into(), attributes: Attributes::default() }, b"/srv/a", None),
        extended(
            Extension::CopyData { from: handle(), from_offset: 0, length: 9, to: handle(), to_offset: 0 },
            b"/srv/a",
            Some(b"/srv/b"),
        ),
        extended(Extension::Unknown { name: "check-file".into(), body: "".into() }, b"", None),
    ]));
}

#[test]
fn what_is_not_resolved_is_not_read() {
    for path in [&b""[..], b"a", b"/srv/../etc", b"/srv\0/x", b"./a"] {
        let operation = sftp(&Call::Stat("x".into()), path, None).unwrap();
        assert!(matches!(operation.reading, Reading::Opaque(_)), "{path:?}");
        assert!(operation.touches.iter().any(|touch| touch.effect == Effect::Read && touch.object.to_string() == "*"));
        assert!(!operation.facts.contains_key("path"));
    }
    let operation = sftp(&Call::Stat("x".into()), b"/srv/\xff", None).unwrap();
    assert_eq!(operation.reading, Reading::Clear);
}

#[test]
fn there_is_nothing_to_decide_about_the_end() {
    assert!(sftp(&Call::Close("h".into()), b"/srv/a", None).is_none());
    assert!(sftp(&Call::Extended(Extension::Limits), b"", None).is_none());
}

#[test]
fn what_is_meant_is_the_request_and_its_files() {
    let meaning = |call: &Call, path: &[u8], other| sftp(call, path, other).unwrap().meaning;
    let (stat, lstat) = (Call::Stat("x".into()), Call::Lstat("x".into()));
    assert_eq!(meaning(&stat, b"/a", None), meaning(&stat, b"/a", None));
    assert_ne!(meaning(&stat, b"/a", None), meaning(&lstat, b"/a", None));
    assert_ne!(meaning(&stat, b"/a\xff", None), meaning(&stat, b"/a\xfe", None));
    assert_ne!(meaning(&stat, b"/a", None), meaning(&stat, b"/a", Some(b"")));
    assert_ne!(meaning(&open(Access::READ), b"/a", None), meaning(&open(Access::WRITE), b"/a", None));
}
