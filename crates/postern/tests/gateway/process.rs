//! The gateway as a process: it starts, it refuses to start, it reloads, it stops.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use crate::site::{Site, stderr, stdout};
use rustix::process::Signal;

#[test]
fn it_starts_from_nothing_and_stops_in_order() {
    let site = Site::new();
    let mut gateway = site.start();
    let log = gateway.log();
    assert!(log.contains(r#""message":"listening""#) && log.contains(r#""protocol":"https""#), "{log}");
    let mode = |name: &str| fs::metadata(site.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("state/seal.key"), mode("state/postern.db"), mode("state/tls.key")), (0o600, 0o600, 0o600));

    let limits = fs::read_to_string(format!("/proc/{}/limits", gateway.id())).unwrap();
    let cores = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(cores.split_whitespace().collect::<Vec<_>>()[4..6], ["0", "0"], "no memory in core dumps");

    gateway.signal(Signal::TERM);
    assert!(gateway.ended().success(), "{}", gateway.log());
    assert!(gateway.log().contains("stopped"));
    let verified = site.run(&["audit", "verify", "state/journal"]);
    assert!(verified.status.success(), "{}", stderr(&verified));
    let said = stdout(&verified);
    assert!(
        said.starts_with("ok: ") && said.contains("\nunsigned: 0 records after the last checkpoint\nkey: SHA256:"),
        "{said}"
    );

    // and once more, with what is there
    let mut gateway = site.start();
    gateway.signal(Signal::INT);
    assert!(gateway.ended().success());
    let verified = stdout(&site.run(&["audit", "verify", "--config", "postern.toml"]));
    assert!(verified.contains(" in 2 segments"), "{verified}");
}

#[test]
fn two_gateways_do_not_share_a_journal() {
    let site = Site::new();
    let _first = site.start();
    site.write("postern.toml", &site.config().replace(&site.https.to_string(), &crate::site::free_port().to_string()));
    let (status, said) = site.start_in_vain();
    assert_eq!(status.code(), Some(1));
    assert!(said.contains("is being written by another gateway (process "), "{said}");
    assert!(said.contains("hint: a journal has one writer"), "{said}");
}

#[test]
fn what_keeps_it_from_starting_is_one_sentence_and_a_hint() {
    type Case = (&'static str, fn(&Site));
    let cases: [Case; 7] = [
        ("an unwritable journal folder", |site| {
            site.write("occupied", "a file");
            site.write("postern.toml", &site.config().replace("state/journal", "occupied/journal"));
        }),
        ("an unwritable store", |site| {
            site.write("occupied", "a file");
            site.write("postern.toml", &site.config().replace("state/postern.db", "occupied/postern.db"));
        }),
        ("no certificate", |site| {
            let files = r#"cert = "file:tls.crt", key = "file:tls.key""#;
            site.write("postern.toml", &site.config().replace("self-signed = true", files));
        }),
        ("a seal key that is none", |site| {
            fs::create_dir(site.path("state")).unwrap();
            site.write("state/seal.key", "hunter2");
        }),
        ("a journal without its seal key", |site| {
            drop(site.start());
            fs::remove_file(site.path("state/seal.key")).unwrap();
        }),
        ("another seal key", |site| {
            drop(site.start());
            site.write("state/seal.key", &"00".repeat(32));
        }),
        ("a mistake in the policy", |site| site.write("policy.toml", "[[rule]]\nname = 3\n")),
    ];
    let mut all = String::new();
    for (case, prepare) in cases {
        let site = Site::new();
        prepare(&site);
        let (status, said) = site.start_in_vain();
        assert_eq!(status.code(), Some(1), "{case}: {said}");
        assert!(!said.contains("hunter2"), "{case}");
        let said: Vec<&str> = said.lines().filter(|line| !line.starts_with('{')).collect();
        all.push_str(&format!("## {case}\n\n{}\n\n", said.join("\n")));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let site = Site::new();
    let taken = TcpListener::bind(("127.0.0.1", site.https)).unwrap();
    let (status, said) = site.start_in_vain();
    assert_eq!(status.code(), Some(1));
    assert!(said.contains("nothing can listen on 127.0.0.1:HTTPS for https"), "{said}");
    assert!(said.contains("hint: another process listens there"), "{said}");
    drop(taken);
    site.start();
}

#[test]
fn a_reload_takes_up_all_or_nothing() {
    let site = Site::new();
    let mut gateway = site.start();
    site.write("policy.toml", "[[principal]]\nname = \"{sub}\"\nkind = \"robot\"\nissuer = \"corp\"\n");
    gateway.signal(Signal::HUP);
    gateway.says("NOT taken up");
    gateway.says("unknown value `robot`");
    let shown = site.run_as("ann", &["approvals", "list"]);
    assert_eq!((shown.status.code(), stdout(&shown).as_str()), (Some(0), "nothing waits\n"), "{}", stderr(&shown));

    site.write("policy.toml", "# nobody is anybody any more\n");
    gateway.signal(Signal::HUP);
    gateway.says("the configuration was taken up");
    let refused = site.run_as("ann", &["approvals", "list"]);
    assert_eq!(refused.status.code(), Some(1));
    insta::assert_snapshot!(stderr(&refused), @r"
    error: PST-1005: the token of `corp` is genuine, but no trust rule makes it a principal
    hint: a [[principal]] entry must match its claims
    ");
    gateway.signal(Signal::TERM);
    assert!(gateway.ended().success());
}

#[test]
fn a_changed_file_is_taken_up_without_a_signal() {
    let site = Site::new();
    let mut gateway = site.start();
    site.write("policy.toml", "# nobody is anybody any more\n");
    gateway.says("the configuration was taken up");
}

/// The disk is full: here, files may not grow beyond 512 KiB.
#[test]
fn a_journal_that_cannot_be_written_ends_the_gateway() {
    let site = Site::new();
    let mut gateway = site.start_by("trap '' XFSZ; ulimit -f 1024; exec");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let authority = reqwest::Certificate::from_pem(&fs::read(site.path("state/tls.crt")).unwrap()).unwrap();
    postern::process::prepare();
    let client = reqwest::Client::builder().tls_certs_only([authority]).no_proxy().build().unwrap();
    let url = format!("https://localhost:{}/v1/approvals", site.https);
    let unwritten = runtime.block_on(async {
        // every refused token is a line in the journal
        for _ in 0..2_000 {
            let sent = client.get(&url).bearer_auth("a.b.c").send().await;
            match sent {
                Ok(answer) if answer.status() == 401 => {}
                Ok(answer) => return Some(answer.status().as_u16()),
                Err(_) => return None,
            }
        }
        panic!("the journal took everything");
    });
    assert!(unwritten.is_none_or(|status| status == 503), "{unwritten:?}");
    assert_eq!(gateway.ended().code(), Some(1), "{}", gateway.log());
    let log = gateway.log();
    assert!(log.contains("the journal is lost") && log.contains("error: PST-5001: the journal was lost"), "{log}");

    let verified = site.run(&["audit", "verify", "state/journal"]);
    assert!(verified.status.success(), "{}", stderr(&verified));
    // once there is room again, it goes on
    let mut gateway = site.start();
    gateway.signal(Signal::TERM);
    assert!(gateway.ended().success());
    assert!(site.run(&["audit", "verify", "state/journal"]).status.success());
}

/// What the kernel waits for on a connection whose one end is at this port and the other at that: 2 is a keepalive
/// (proc_net_tcp, "timer_active"). And for how long, in hundredths of a second.
fn waits(near: u16, far: u16) -> Option<(u8, u64)> {
    let ends = |text: &str| u16::from_str_radix(text.rsplit_once(':').unwrap().1, 16).unwrap();
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (timer, left) = fields[5].split_once(':').unwrap();
        let here = ends(fields[1]) == near && ends(fields[2]) == far;
        here.then(|| (timer.parse().unwrap(), u64::from_str_radix(left, 16).unwrap()))
    })
}

#[test]
fn a_silent_client_is_kept_alive() {
    let site = Site::new();
    let _gateway = site.start();
    let client = std::net::TcpStream::connect(("127.0.0.1", site.https)).unwrap();
    let mut kept = None;
    for _ in 0..500 {
        // until it is accepted there is nobody who could have set anything
        kept = waits(site.https, client.local_addr().unwrap().port()).filter(|(timer, _)| *timer == 2);
        if kept.is_some() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(kept.is_some_and(|(_, left)| left <= 6_000), "{kept:?}");
}
