use super::*;

fn read(status: u32, text: &str) -> Settings {
    Settings::of(&Said { out: text.into(), status: Some(status), ..Said::default() })
}

#[test]
fn the_first_counts_and_what_is_for_some_does_not() {
    let files = read(
        4,
        "Match all\nMatch User ann\n  PermitUserEnvironment yes\n\nMatch all\n# a\nX11Forwarding no\nx11forwarding yes\n",
    );
    assert_eq!((files.value("permituserenvironment"), files.value("x11forwarding")), (None, Some("no")));
    assert_eq!(files.key_files("app", "/srv/app"), [".ssh/authorized_keys", ".ssh/authorized_keys2"]);
    let whole = read(0, "authorizedkeysfile /etc/keys/%u %h/k\n");
    assert_eq!(whole.key_files("app", "/srv/app"), ["/etc/keys/app", "/srv/app/k"]);
    assert_eq!(read(3, "x11forwarding no").seen, Seen::Nothing);
}
