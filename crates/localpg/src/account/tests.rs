use super::*;

#[test]
fn finds_an_account_in_passwd() {
    let passwd = "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65533:nobody:/nonexistent:/bin/false\n";
    assert_eq!(
        Account::in_passwd(passwd, "nobody"),
        Some(Account::Other { name: "nobody".into(), uid: 65534, gid: 65533 })
    );
    assert_eq!(Account::in_passwd(passwd, "postgres"), None);
}

#[test]
fn never_takes_an_account_that_is_root() {
    assert_eq!(Account::in_passwd("postgres:x:0:0::/:/bin/sh", "postgres"), None);
    assert_eq!(Account::in_passwd("postgres:x::0::/:/bin/sh", "postgres"), None);
    assert_eq!(Account::in_passwd("postgres", "postgres"), None);
}

#[test]
fn tells_which_folder_is_closed() {
    let outer = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o700)).tempdir().unwrap();
    let inner = outer.path().join("inner");
    fs::create_dir(&inner).unwrap();
    // an identity that owns none of it
    let stranger = Account::Other { name: "stranger".into(), uid: 4_000_000, gid: 4_000_000 };
    let refusal = stranger.can_enter(&inner).unwrap_err();
    let Error::Unreachable { folder, user } = refusal else { panic!("{refusal}") };
    assert_eq!((folder, user.as_str()), (outer.path().canonicalize().unwrap(), "stranger"));

    fs::set_permissions(outer.path(), fs::Permissions::from_mode(0o711)).unwrap();
    fs::set_permissions(&inner, fs::Permissions::from_mode(0o711)).unwrap();
    stranger.can_enter(&inner).unwrap();
}
