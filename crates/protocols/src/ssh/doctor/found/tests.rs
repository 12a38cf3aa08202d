use postern_core::examination::Gravity;

use super::*;

fn found() -> Found {
    Finding::new(Gravity::Warning, "name", "what", "why").into()
}

#[test]
fn a_script_has_each_line_once_and_ends_what_it_began() {
    let all = [
        found().mended("app", ["PasswordAuthentication no"]).file(KEYS, "app", "restrict KEY".to_owned()),
        found().everywhere("MACs -hmac-md5".to_owned()),
        found().mended("app", ["PasswordAuthentication no", "PermitUserRC no"]).file(
            KEYS,
            "app",
            "restrict KEY".to_owned(),
        ),
    ];
    let script_of_all = script(&all, "web-1.internal");
    let (_, told) = script_of_all.split_once("set -e\n").unwrap();
    let expected = "install -d -m 755 /etc/ssh/postern-keys\ncat > /etc/ssh/postern-keys/app <<'END'\nrestrict KEY\nEND\n\
                    cat > /etc/ssh/sshd_config.d/00-postern.conf <<'END'\nMACs -hmac-md5\nMatch User app\n    \
                    PasswordAuthentication no\n    PermitUserRC no\nMatch all\nEND\nsshd -t\n\
                    systemctl reload ssh || systemctl reload sshd\n";
    assert_eq!(told, expected);
    assert_eq!(script(&[found()], "web-1.internal"), "");
}

#[test]
fn a_name_that_is_a_pattern_or_more_stands_in_no_script() {
    for name in ["*", "a,b", "!app", "../shadow", "a b", "-x", ".", ""] {
        let one = found().mended(name, ["PermitUserRC no"]).file(KEYS, name, "KEY".to_owned());
        assert_eq!(script(&[one], "h"), "", "{name}");
    }
}
