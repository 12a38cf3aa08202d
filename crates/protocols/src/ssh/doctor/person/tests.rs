use super::*;

fn said(text: &str) -> Said {
    Said { out: text.into(), status: Some(0), ..Said::default() }
}

fn names(found: impl IntoIterator<Item = Found>) -> Vec<(Gravity, &'static str)> {
    found.into_iter().map(Found::into_finding).map(|finding| (finding.gravity, finding.name)).collect()
}

#[test]
fn an_account_with_nothing_special_is_fine() {
    let person = Person::of(&said(
        "uid 1001\ngroups app www\nfrom 192.0.2.1\nhome /srv/app\nentry app:x:1001:1001::/srv/app:/bin/bash\n",
    ));
    assert_eq!(names(person.found("app")), []);
    assert_eq!((person.from, person.home.as_str()), (Some([192, 0, 2, 1].into()), "/srv/app"));
}

#[test]
fn groups_and_shells_are_weighed() {
    let person = Person::of(&said("uid 1001\ngroups app sudo docker adm\nentry app:x:1001:1001::/:/usr/bin/fish\n"));
    let expected =
        [(Gravity::Warning, "group"), (Gravity::Grave, "group"), (Gravity::Note, "group"), (Gravity::Warning, "shell")];
    assert_eq!(names(person.found("app")), expected);
    let root = Person::of(&said("uid 0\ngroups root docker\nentry root:x:0:0:::\n"));
    assert_eq!(names(root.found("toor")), [(Gravity::Grave, "root")]);
}

#[test]
fn what_sudo_asks_no_password_for_is_found() {
    let listed = |line: &str| {
        said(&format!("Matching Defaults\n    x\n\nUser app may run the following commands on h:\n    {line}\n"))
    };
    assert_eq!(names(sudo("app", &listed("(ALL : ALL) NOPASSWD: ALL"))), [(Gravity::Grave, "sudo-all")]);
    assert_eq!(names(sudo("app", &listed("(root) NOPASSWD: /bin/systemctl"))), [(Gravity::Warning, "sudo")]);
    assert_eq!(names(sudo("app", &listed("(ALL : ALL) ALL"))), []);
    assert_eq!(names(sudo("app", &Said { status: Some(1), ..listed("(ALL) NOPASSWD: ALL") })), []);
}
