//! The sealed store from outside: what goes in, what a target's login makes of it, and that nothing comes out.

use std::fs;
use std::io::Write as _;
use std::process::{Output, Stdio};

use crate::served::{PASSWORD, Served};
use crate::site::{Site, postern, stderr, stdout};

/// Runs a verb of `secrets` in the site's folder with this on standard input.
fn secrets(site: &Site, args: &[&str], input: &str) -> Output {
    let mut command = postern();
    command.arg("secrets").args(args).args(["--config", "postern.toml"]).current_dir(site.folder.path());
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary");
    // a verb that refuses at once does not read
    let _unread = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// Whether a file of the site's state, or what was said, holds the text.
fn is_somewhere(site: &Site, text: &str) -> bool {
    let holds = |bytes: &[u8]| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    let state = fs::read_dir(site.path("state")).unwrap();
    let logs = fs::read_dir(site.folder.path()).unwrap();
    let files = state.chain(logs).map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let files: Vec<_> = files.collect();
    assert!(files.iter().any(|file| file.ends_with("state/postern.db")), "the store was looked at");
    files.iter().any(|file| holds(&fs::read(file).unwrap()))
}

#[test]
fn a_target_is_logged_in_to_with_what_is_sealed_and_rotated() {
    let served = Served::new(18, &[]);
    let shop = served.target("shop", "localhost", served.server.port(), &served.server.ca_file().display().to_string());
    served.configure(&shop.replace("file:password", "sealed:shop-app"));
    let site = &served.site;
    fs::remove_file(site.path("password")).unwrap();
    let checked = site.run(&["check", "postern.toml"]);
    let note = "note: whether there is a secret `sealed:shop-app` is not looked at; postern secrets list tells\n";
    assert!(stdout(&checked).starts_with(note), "{}", stdout(&checked));

    // before the first start: the seal key is made here
    let mut gateway = {
        let running = site.start();
        assert!(running.log().contains("there is no such sealed secret"), "{}", running.log());
        running
    };
    let refused = served.through().psql(&["SELECT 1"]);
    assert!(stderr(&refused).contains("there is no secret `sealed:shop-app`"), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("PST-2010"), "{}", stderr(&refused));

    let set = secrets(site, &["set", "shop-app"], &format!("{PASSWORD}\n"));
    assert!(set.status.success(), "{}", stderr(&set));
    assert!(served.through().works());

    // the old one serves until it is rotated, and the new one at once after
    served.server.run_sql("postgres", "ALTER ROLE app PASSWORD 'rotated-c0ffee-c0ffee'").unwrap();
    assert!(!served.through().works());
    let rotated = secrets(site, &["rotate", "shop-app"], "rotated-c0ffee-c0ffee");
    assert!(rotated.status.success(), "{}", stderr(&rotated));
    assert!(served.through().works());

    let listed = secrets(site, &["list", "--json"], "");
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!((&listed[0]["name"], &listed[0]["version"]), (&"shop-app".into(), &2.into()));
    assert_eq!(listed[0].as_object().unwrap().len(), 4, "{listed}");

    gateway.signal(rustix::process::Signal::TERM);
    assert!(gateway.ended().success());
    for value in [PASSWORD, "rotated-c0ffee"] {
        assert!(!is_somewhere(site, value), "{value}");
    }
}

#[test]
fn what_cannot_be_sealed_says_why() {
    let site = Site::new();
    site.write("long", &"x".repeat(64 * 1024 + 1));
    let mut said = String::new();
    for (args, input) in [
        (&["set", "orders"][..], "first"),
        (&["set", "orders"], "second"),
        (&["set", "stats"], "\n"),
        (&["set", "stats", "--file", "long"], ""),
        (&["set", "stats", "--file", "nowhere"], ""),
        (&["set", "a b"], "x"),
        (&["rotate", "stats"], "x"),
        (&["rotate", "orders"], "third"),
    ] {
        let output = secrets(&site, args, input);
        let status = output.status.code().unwrap();
        said.push_str(&format!("$ postern secrets {} = {status}\n", args.join(" ")));
        said.push_str(&format!("{}{}\n", stdout(&output), stderr(&output)));
    }
    insta::assert_snapshot!(said);
}
