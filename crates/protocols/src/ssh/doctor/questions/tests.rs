use super::*;

#[test]
fn no_shell_sees_through_the_quotes() {
    let files = ["/etc/keys/app", ".ssh/a;b", "-x", "$(id)", "a'b"].map(str::to_owned);
    let keys = keys(&files);
    for question in [GREETING, PERSON, SUDO, WRITABLE, SETTINGS, &keys] {
        let inside = question.strip_prefix("/bin/sh -c '").and_then(|rest| rest.strip_suffix('\'')).unwrap();
        assert!(!inside.contains(['\'', '!', '\\', '\n']), "{question}");
    }
    assert!(keys.contains("for f in /etc/keys/app; do"), "{keys}");
}
