use super::*;

#[test]
fn reads_the_major_version() {
    assert_eq!(major_version("postgres (PostgreSQL) 18.4\n"), Some(18));
    assert_eq!(major_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
    assert_eq!(major_version("postgres (PostgreSQL) 19beta1\n"), Some(19));
    assert_eq!(major_version("postgres (PostgreSQL) \n"), None);
    assert_eq!(major_version("psql (PostgreSQL) 15.18\n"), None);
}

#[test]
fn looks_where_it_is_told_before_anywhere_else() {
    let folders = candidates(&|name| match name {
        "POSTERN_PG_BIN" => Some("/opt/pg/bin".into()),
        "POSTERN_PG18" => Some("/opt/pg18".into()),
        "POSTERN_PG15" => Some("/opt/pg15".into()),
        "PATH" => Some("/one:/two".into()),
        _ => None,
    });
    let first = ["/opt/pg/bin", "/opt/pg18/bin", "/opt/pg15/bin"].map(PathBuf::from);
    assert_eq!(folders[..3], first);
    assert_eq!(folders[folders.len() - 2..], ["/one", "/two"].map(PathBuf::from));
}

#[test]
fn looks_into_the_cache_that_setup_fills() {
    let all = [("POSTERN_CACHE", "/p"), ("XDG_CACHE_HOME", "/x"), ("HOME", "/h")];
    let places = ["/p", "/x/postern", "/h/.cache/postern"];
    for (known, place) in places.iter().enumerate() {
        let folders = candidates(&|name| Some(all[known..].iter().find(|(variable, _)| *variable == name)?.1.into()));
        let expected = PathBuf::from(format!("{place}/pg18-{PG18_PACKAGE}/bin"));
        assert!(folders.contains(&expected), "{expected:?} is not in {folders:?}");
    }
}

#[test]
fn finds_both_versions_the_tests_need() {
    for major in [15, 18] {
        let found = Installation::discover(Some(major)).unwrap();
        assert_eq!(found.major(), major);
        assert!(found.psql().unwrap().is_file());
    }
}

#[test]
fn says_which_version_is_missing() {
    let refusal = Installation::discover(Some(7)).unwrap_err();
    assert_eq!(refusal.to_string(), "no PostgreSQL 7 found on this machine");
    assert!(refusal.hint().unwrap().contains("POSTERN_PG_BIN"));
}

#[test]
fn trusts_no_folder_that_others_may_write() {
    let folder = tempfile::tempdir().unwrap();
    assert!(only_ours_to_write(folder.path()));
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    assert!(!only_ours_to_write(folder.path()));
    assert!(!only_ours_to_write(&folder.path().join("missing")));
}
