//! Everything but command lines and files.

use postern_core::operation::Effect;

use super::*;

#[test]
fn channels_and_their_requests() {
    let all = [
        shell(true),
        shell(false),
        pty(b"xterm-256color"),
        subsystem(b"sftp"),
        subsystem(b"netconf"),
        subsystem(b""),
        subsystem(b"\xff"),
        agent(),
        x11(),
        unknown(b"eow@openssh.com"),
        unknown(b"\xff"),
    ];
    assert_read!(all.iter().map(said).collect::<String>());
}

#[test]
fn variables() {
    let all: &[(&[u8], &[u8])] = &[
        (b"LANG", b"de_DE.UTF-8@euro"),
        (b"LC_ALL", b"C"),
        (b"LC_", b"C"),
        (b"LC_ALL", b"../../tmp/evil"),
        (b"TERM", b"xterm"),
        (b"GIT_PROTOCOL", b"version=2"),
        (b"GIT_PROTOCOL", b"version=2;"),
        (b"LD_PRELOAD", b"/tmp/evil.so"),
        (b"FOO", b"\xff"),
        (b"", b"x"),
        (b"A\0B", b"x"),
    ];
    assert_read!(all.iter().map(|(name, value)| said(&env(name, value))).collect::<String>());
}

#[test]
fn forwards() {
    let all = [
        forward(b"db.internal", 5432),
        forward(b"DB.Internal.", 5432),
        forward(b"127.0.0.1", 22),
        forward(b"::1", 22),
        forward(b"0:0:0:0:0:0:0:1", 22),
        forward(b"::ffff:127.0.0.1", 22),
        forward(b"127.1", 22),
        forward(b"0x7f.0.0.1", 22),
        forward(b"0177.0.0.0x1", 22),
        forward(b"2130706433", 22),
        forward(b"", 22),
        forward(b"localhost", 0),
        forward(b"localhost", 65_536),
        forward(b".", 22),
        forward(b"a b", 22),
        forward(b"host*", 22),
        forward(b"\xff", 22),
        forward_remote(b"localhost", 8080),
        forward_remote(b"", 8080),
        forward_remote(b"0.0.0.0", 0),
        forward_socket(b"/run/docker.sock"),
        forward_socket(b"/run/../etc/docker.sock"),
        forward_socket(b"docker.sock"),
        forward_remote_socket(b"/tmp/./here//it.sock"),
    ];
    assert_read!(all.iter().map(said).collect::<String>());
}

#[test]
fn what_means_something_else_is_told_apart() {
    let meaning = |operation: Operation| (operation.action, operation.meaning, operation.settings);
    assert_ne!(meaning(env(b"A", b"BC")), meaning(env(b"AB", b"C")));
    assert_ne!(meaning(forward(b"a", 1)), meaning(forward(b"a", 2)));
    assert_ne!(meaning(forward(b"a", 1)), meaning(forward_remote(b"a", 1)));
    assert_ne!(meaning(shell(true)), meaning(shell(false)));
    assert_ne!(meaning(exec(b"id", true)), meaning(exec(b"id", false)));
    assert_eq!(exec(b"id \xff", true).meaning.as_deref(), Some(&b"id \xff"[..]));
}

#[test]
fn nothing_but_a_few_variables_is_the_sessions_own() {
    for name in ["PATH", "IFS", "LD_LIBRARY_PATH", "BASH_ENV", "ENV", "PS4", "GIT_SSH", "lang", "LANG2", "TZ"] {
        let operation = env(name.as_bytes(), b"x");
        assert!(operation.touches.iter().all(|touch| touch.effect != Effect::Session), "{name}");
        let followed = !matches!(name, "GIT_SSH" | "lang" | "LANG2" | "TZ");
        assert_eq!(operation.reading != Reading::Clear, followed, "{name}");
    }
}
