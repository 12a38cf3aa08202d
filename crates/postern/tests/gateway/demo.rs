use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::site::{free_ports, postern, stderr, stdout};

#[test]
fn the_tour_comes_out_right() {
    let base = free_ports(4).to_string();
    let output = postern().args(["demo", "--no-wait", "--listen-base", &base]).output().unwrap();
    let said = stdout(&output);
    assert!(output.status.success(), "{said}{}", stderr(&output));
    assert!(said.contains("all 12 steps came out right") && !said.contains("FAILED"), "{said}");
    let steps = said.lines().filter(|line| line.ends_with("  ok")).count();
    assert_eq!(steps, 12, "{said}");
    assert_eq!(said.matches("    expected  ").count(), 12);
    assert_eq!(said.matches("    seen      ").count(), 12);
    let folder = said.split_whitespace().find(|word| word.contains("postern-demo-")).unwrap();
    assert!(!fs::exists(folder).unwrap(), "what was temporary is gone");
}

#[test]
fn it_waits_and_can_be_started_again_on_what_it_left() {
    let data = tempfile::Builder::new().prefix("demo-").tempdir().unwrap();
    // the server runs as another user where the demo runs as root
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(data.path(), open).unwrap();
    let folder = data.path().display().to_string();
    for _ in 0..2 {
        let base = free_ports(4).to_string();
        let mut demo = postern()
            .args(["demo", "--listen-base", &base, "--data", &folder])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = data.path().join("gateway.log");
        for _ in 0..1_000 {
            if fs::read_to_string(&log).is_ok_and(|log| log.contains("the gateway is ready")) {
                break;
            }
            assert!(demo.try_wait().unwrap().is_none(), "it ended early");
            thread::sleep(Duration::from_millis(20));
        }
        kill_process(Pid::from_child(&demo), Signal::INT).unwrap();
        let output = demo.wait_with_output().unwrap();
        let said = stdout(&output);
        assert!(output.status.success(), "{said}{}", stderr(&output));
        for expected in
            ["[[rule]]", "PGPASSWORD=$(cat ", "sslmode=verify-full", "approvals list", "audit verify", "Ctrl-C"]
        {
            assert!(said.contains(expected), "{expected}: {said}");
        }
        assert!(!said.contains("eyJ"), "no token is printed");
        fs::remove_file(&log).unwrap();
    }
    let verified = postern().args(["audit", "verify"]).arg(data.path().join("state/journal")).output().unwrap();
    assert!(stdout(&verified).contains(" in 2 segments"), "{}", stderr(&verified));
}

#[test]
fn a_port_that_is_taken_is_said() {
    let base = free_ports(4);
    let taken = std::net::TcpListener::bind(("127.0.0.1", base.saturating_add(2))).unwrap();
    let output = postern().args(["demo", "--no-wait", "--listen-base", &base.to_string()]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("hint: "), "{}", stderr(&output));
    drop(taken);
}
