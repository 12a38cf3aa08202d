use std::os::unix::fs::PermissionsExt;

use super::*;

fn reference(scheme: &str, name: &str) -> SecretRef {
    SecretRef { scheme: scheme.to_owned(), name: name.to_owned() }
}

async fn fetched(scheme: &str, name: &str) -> Result<Vec<u8>, Fault> {
    Local::default().secret(&reference(scheme, name)).await.map(|secret| secret.expose().to_vec())
}

#[tokio::test]
async fn a_file_loses_one_newline_at_its_end_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    let name = path.to_str().unwrap();
    for (written, secret) in
        [("hunter2", "hunter2"), ("hunter2\n", "hunter2"), ("hunter2\r\n", "hunter2"), (" a\nb \n\n", " a\nb \n")]
    {
        std::fs::write(&path, written).unwrap();
        assert_eq!(fetched("file", name).await.unwrap(), secret.as_bytes(), "{written:?}");
    }
}

#[tokio::test]
async fn a_rotated_file_is_read_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    let vault = Local::default();
    let reference = reference("file", path.to_str().unwrap());
    std::fs::write(&path, "old").unwrap();
    assert_eq!(vault.secret(&reference).await.unwrap().expose(), b"old");
    std::fs::write(&path, "new").unwrap();
    assert_eq!(vault.secret(&reference).await.unwrap().expose(), b"new");
}

#[tokio::test]
async fn an_environment_variable_is_read_as_it_is() {
    // Cargo sets this one for every test.
    assert_eq!(fetched("env", "CARGO_PKG_NAME").await.unwrap(), b"postern-adapters");
}

#[tokio::test]
async fn what_is_missing_empty_or_too_long_is_a_fault_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(at("empty"), "\n").unwrap();
    std::fs::write(at("long"), vec![b'x'; 64 * 1024 + 1]).unwrap();
    for (scheme, name, says) in [
        ("file", at("missing"), "cannot be read"),
        ("file", at("empty"), "is empty"),
        ("file", at("long"), "longer than 64 KiB"),
        ("env", "POSTERN_TEST_NOT_SET".to_owned(), "is not set"),
        ("vault", "kv/data/x#y".to_owned(), "not in this version"),
        ("valut", "kv/data/x#y".to_owned(), "no secret store"),
    ] {
        let fault = fetched(scheme, &name).await.unwrap_err();
        assert_eq!(fault.code, Code::VaultUnavailable);
        assert!(fault.message.contains(says), "{}", fault.message);
    }
}

#[tokio::test]
async fn a_file_that_everybody_may_read_is_warned_of_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    std::fs::write(&path, "hunter2").unwrap();
    let vault = Local::default();
    let reference = reference("file", path.to_str().unwrap());
    let warned = || vault.warned.lock().unwrap().len();

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    vault.secret(&reference).await.unwrap();
    assert_eq!(warned(), 0);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    vault.secret(&reference).await.unwrap();
    vault.secret(&reference).await.unwrap();
    assert_eq!(warned(), 1);
}

#[tokio::test]
async fn a_certificate_is_for_everybody_and_its_key_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Local::default();
    let leaf = postern_testkit::certificates::Authority::new("test").unwrap().client("app").unwrap();
    for (content, warned) in [(leaf.pem().to_owned(), 0), (format!("{}{}", leaf.pem(), leaf.key_pem()), 1)] {
        let path = folder.path().join("app.crt");
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        vault.secret(&reference("file", path.to_str().unwrap())).await.unwrap();
        assert_eq!(vault.warned.lock().unwrap().len(), warned);
    }
}
