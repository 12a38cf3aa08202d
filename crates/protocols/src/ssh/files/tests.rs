//! What a target makes up: tests of [`Files`] without a session.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use postern_core::mask::echo::Echo;

use super::{Broken, Files, Order, Turn};
use crate::ssh::wire::sftp::reply::status;
use crate::ssh::wire::sftp::{Answer, Attributes, Call, Extension, Hello, Name, Reply, Request, frame};

fn hello(answers: bool) -> Bytes {
    let mut out = BytesMut::new();
    let extensions = ["limits@openssh.com", "expand-path@openssh.com", "home-directory", "vendor@example.com"];
    let extensions = extensions.map(|name| (Bytes::from(name), Bytes::from("1"))).into();
    Hello { answers, version: 3, extensions }.encode(&mut out).unwrap();
    out.freeze()
}

/// Both have said hello.
fn greeted() -> Files {
    let mut files = Files::new(Arc::new(Echo::of([])));
    files.came(&hello(false));
    assert!(matches!(files.turn(), Ok(Turn::Pass(_))));
    assert!(matches!(files.turn(), Ok(Turn::Wait)));
    files.answers(&hello(true));
    let told = files.told().unwrap().unwrap();
    let mut said = BytesMut::from(&told.to_client.unwrap()[..]);
    let said = Hello::decode(&frame::next(&mut said).unwrap().unwrap()).unwrap();
    let names: Vec<_> = said.extensions.iter().map(|(name, _)| name.as_ref()).collect();
    assert_eq!(names, [b"limits@openssh.com"], "what nobody here can tell the files of is not offered");
    files
}

fn ask(files: &mut Files, call: Call) {
    ask_as(files, 7, call);
}

fn ask_as(files: &mut Files, id: u32, call: Call) {
    let mut out = BytesMut::new();
    Request { id, call }.encode(&mut out).unwrap();
    files.came(&out);
}

/// By their ids, the answers in what a client is told.
fn answered(told: Option<Bytes>) -> Vec<u32> {
    let mut told = BytesMut::from(&told.unwrap_or_default()[..]);
    std::iter::from_fn(|| frame::next(&mut told).unwrap()).map(|frame| Reply::decode(&frame).unwrap().id).collect()
}

fn answer(files: &mut Files, id: u32, answer: Answer) {
    let mut out = BytesMut::new();
    Reply { id, answer }.encode(&mut out).unwrap();
    files.answers(&out);
}

/// What the target is asked.
fn passed(files: &mut Files) -> Request {
    let Ok(Turn::Pass(bytes)) = files.turn() else { panic!("nothing is passed") };
    Request::decode(&frame::next(&mut BytesMut::from(&bytes[..])).unwrap().unwrap()).unwrap()
}

fn leads(name: &'static str) -> Answer {
    let name = Bytes::from(name);
    Answer::Names(vec![Name { line: name.clone(), name, attributes: Attributes::default() }])
}

fn status(code: u32) -> Answer {
    Answer::Status { code, message: Bytes::from("so"), language: Bytes::new() }
}

#[test]
fn a_target_answers_what_it_was_asked_or_nothing() {
    for made_up in [
        Answer::Handle(Bytes::from("h")),
        Answer::Data(Bytes::from("d")),
        Answer::Names(Vec::new()),
        Answer::Attributes(Attributes::default()),
    ] {
        // asked by nobody
        let mut files = greeted();
        answer(&mut files, 7, made_up.clone());
        assert!(matches!(files.told(), Err(Broken::Target(_))), "{made_up:?}");
        // something else than was asked
        let mut files = greeted();
        ask(&mut files, Call::Stat(Bytes::from("file")));
        let asked = passed(&mut files);
        assert_eq!(asked.call, Call::Realpath(Bytes::from("file")));
        answer(&mut files, asked.id, made_up.clone());
        assert!(matches!(files.told(), Err(Broken::Target(_))), "{made_up:?}");
    }
    let mut files = greeted();
    files.answers(&hello(true));
    assert!(matches!(files.told(), Err(Broken::Target(_))), "it says hello twice");
    for bytes in [&b"\xff\xff\xff\xff\x65"[..], b"\0\0\0\0", b"\0\0\0\x02\x65\0"] {
        let mut files = greeted();
        files.answers(bytes);
        assert!(matches!(files.told(), Err(Broken::Target(_))), "{bytes:?}");
    }
}

#[test]
fn a_name_that_leads_nowhere_is_looked_for_in_its_folder_and_then_taken_as_it_stands() {
    let mut files = greeted();
    ask(&mut files, Call::Stat(Bytes::from("a/../b/")));
    let mut asked = Vec::new();
    for reply in [status(status::NO_SUCH_FILE), status(status::NO_SUCH_FILE), leads("/srv/bot")] {
        let request = passed(&mut files);
        asked.push(request.call);
        answer(&mut files, request.id, reply);
        assert!(files.told().unwrap().is_some());
    }
    let names = ["a/../b/", "a/..", "."].map(|name| Call::Realpath(Bytes::from(name)));
    assert_eq!(asked, names);
    let Ok(Turn::Decide(asked, operation)) = files.turn() else { panic!("nobody decides") };
    assert!(asked.nowhere().is_some());
    assert!(matches!(operation.reading, postern_core::operation::Reading::Opaque(_)), "{operation:?}");
}

#[test]
fn what_is_decided_about_is_where_the_name_leads() {
    let mut files = greeted();
    ask(&mut files, Call::Rename { from: Bytes::from("/a/x"), to: Bytes::from("y") });
    for folder in ["/real/a", "/srv/bot"] {
        let request = passed(&mut files);
        answer(&mut files, request.id, leads(folder));
        assert!(files.told().unwrap().is_some());
        assert!(files.told().unwrap().is_none());
    }
    let Ok(Turn::Decide(asked, operation)) = files.turn() else { panic!("nobody decides") };
    assert_eq!(&*operation.text, "sftp rename /real/a/x /srv/bot/y");
    let sent =
        Request::decode(&frame::next(&mut BytesMut::from(&asked.encoded().unwrap()[..])).unwrap().unwrap()).unwrap();
    assert_eq!(sent.call, Call::Rename { from: Bytes::from("/real/a/x"), to: Bytes::from("/srv/bot/y") });
}

#[test]
fn a_client_speaks_after_its_hello_and_no_sooner() {
    for first in [hello(true), Bytes::from_static(b"\0\0\0\x05\x03\0\0\0\x01"), Bytes::from_static(b"\0\0\0\0")] {
        let mut files = Files::new(Arc::new(Echo::of([])));
        files.came(&first);
        assert!(matches!(files.turn(), Err(Broken::Client(_))), "{first:?}");
    }
    let mut files = Files::new(Arc::new(Echo::of([])));
    files.came(&hello(false));
    files.finish();
    assert!(matches!(files.turn(), Ok(Turn::Pass(_))));
    ask(&mut files, Call::Stat(Bytes::from("file")));
    assert!(matches!(files.turn(), Ok(Turn::Wait)), "the target has not said hello");
}

#[test]
fn answers_come_in_the_order_of_their_requests() {
    let limits = || Call::Extended(Extension::Limits);
    let mut files = greeted();
    let asked = [1, 2, 4].map(|id| {
        ask_as(&mut files, id, limits());
        let request = passed(&mut files);
        if id == 2 {
            // refused by the gateway itself, behind what the target has not answered
            ask_as(&mut files, 3, Call::Read { handle: Bytes::from("none"), offset: 0, length: 9 });
            let Ok(Turn::Say(said)) = files.turn() else { panic!("nothing is said") };
            assert_eq!(said, None);
        }
        request.id
    });
    let [first, second, last] = asked;
    let mut told = |id| {
        answer(&mut files, id, status(status::OK));
        answered(files.told().unwrap().unwrap().to_client)
    };
    assert_eq!(told(last), [0_u32; 0]);
    assert_eq!(told(first), [1]);
    assert_eq!(told(second), [2, 3, 4]);
}

/// THREAT: a host that leaves one request without an answer, and gives long ones to all behind it.
#[test]
fn answers_behind_one_that_never_comes_are_kept_up_to_a_bound() {
    let mut order = Order::default();
    for id in 0..=200 {
        order.takes(id, 0);
    }
    let long = Bytes::from(vec![0; 256 << 10]);
    let kept = (1..=200).take_while(|id| order.answered(*id, long.clone()).is_ok()).count();
    assert_eq!(kept, 64);
    // those that wait for nothing are not kept
    let mut order = Order::default();
    for id in 0..400 {
        order.takes(id, 0);
        assert!(order.answered(id, long.clone()).unwrap().is_some());
    }
}

#[test]
fn a_client_that_asks_for_more_than_is_kept_waits() {
    for (length, most) in [(0, 512), (1 << 20, 18), (64 << 10, 64)] {
        let mut files = greeted();
        ask_as(&mut files, 0, Call::Extended(Extension::Limits));
        passed(&mut files);
        for id in 1..=600 {
            ask_as(&mut files, id, Call::Read { handle: Bytes::from("none"), offset: 0, length });
        }
        let said = std::iter::from_fn(|| match files.turn() {
            Ok(Turn::Say(said)) => Some(said),
            Ok(Turn::Wait) => None,
            _ => panic!("something else is done"),
        });
        assert_eq!(said.count() + usize::from(length == 0), most, "{length}");
    }
}
