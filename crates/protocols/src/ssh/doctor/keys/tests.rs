use super::*;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKQooem199JN2IlezyIfDnaefTY9Ig2wPh9Nz5Hiox1j";

#[test]
fn keys_are_found_behind_their_options() {
    let text = format!(
        "# {KEY} old\n\n{KEY} ann@desk top\nfrom=\"10.0.0.1,::1\",restrict {KEY}\ncommand=\"echo,restrict,from=x\" {KEY}\n\
         cert-authority {KEY} ca\nnonsense\n"
    );
    let read = entries(&text);
    let [plain, bound, forced, authority] = read.as_slice() else { panic!("{read:?}") };
    assert!(plain.shown().starts_with("SHA256:") && plain.shown().ends_with(" (ann@desk top)"), "{}", plain.shown());
    assert!(plain.is_from_anywhere() && plain.is_unbounded());
    assert!(!bound.is_from_anywhere() && !bound.is_unbounded());
    assert!(forced.is_from_anywhere() && !forced.is_unbounded());
    assert!(authority.shown().starts_with("authority SHA256:"));
    assert!(read.iter().all(|one| one.is(&HostKey::parse(KEY).unwrap())));
}
