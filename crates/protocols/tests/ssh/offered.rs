//! Commands that a rule offers: what the host is given is put together by the gateway.

use anyhow::Result;
use postern_core::approval::Choice;
use postern_core::journal::Event;
use postern_testkit::sshd::Options;

use crate::gateway::Gateway;

const OFFERS: &str = r#"
[[rule]]
name   = "restarts"
effect = "allow"
who    = ["group:ci"]
on     = ["target:web"]
do     = { run = ["echo restart {service:[a-z -]+}", "printf {form:%s..} {text:[^\n]*}"] }

[[rule]]
name   = "wipes"
effect = "approve"
who    = ["group:ci"]
on     = ["target:web"]
do     = { run = "echo wipe {disk:[a-z]+}" }
with   = { approvers = ["group:dba"] }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_offered_runs_as_its_words() -> Result<()> {
    let gateway = Gateway::start(OFFERS).await?;
    for (command, out) in [
        ("echo restart web", "restart web\n"),
        ("echo restart 'web and  db'", "restart web and  db\n"),
        (r#"printf "%s\n" "it's \$HOME \`id\` !x \\ * {a,b} #~""#, "it's $HOME `id` !x \\ * {a,b} #~\n"),
        ("printf '%s\\n' ''", "\n"),
    ] {
        let ran = gateway.run(command).await?;
        assert_eq!((ran.out.as_str(), ran.status), (out, Some(0)), "{command}: {ran:?}");
    }
    let marks = gateway.server.folder().join("marks");
    for command in [
        "echo restart WEB".to_owned(),
        "echo restart --help".to_owned(),
        "echo restart".to_owned(),
        "echo stop web".to_owned(),
        format!("echo restart web; touch {}", marks.display()),
        format!("echo restart web & touch {}", marks.display()),
        format!("echo restart web > {}", marks.display()),
        format!("echo restart $(touch {})", marks.display()),
        format!("! echo restart web || touch {}", marks.display()),
        "( echo restart web )".to_owned(),
        "! echo restart web".to_owned(),
        "A=b echo restart web".to_owned(),
        "echo restart w*".to_owned(),
        "echo restart ~".to_owned(),
        "env echo restart web".to_owned(),
        "sh -c 'echo restart web'".to_owned(),
    ] {
        let ran = gateway.run(&command).await?;
        assert_eq!((ran.out.as_str(), ran.status), ("", Some(126)), "{command}: {ran:?}");
        assert!(ran.err.starts_with("postern: PST-30"), "{command}: {ran:?}");
        assert!(ran.err.contains("you may: run `echo restart {service:[a-z -]+}`"), "{command}: {ran:?}");
    }
    assert!(!marks.exists());
    Ok(())
}

/// No text of a client's comes to the host, and the journal says which does.
#[tokio::test(flavor = "multi_thread")]
async fn the_host_is_given_what_the_gateway_wrote() -> Result<()> {
    let settings = vec![r#"ForceCommand echo "$SSH_ORIGINAL_COMMAND""#.to_owned()];
    let gateway = Gateway::before(Options { settings, ..Options::default() }, OFFERS).await?;
    let said = gateway.run("echo  restart\tweb # and more").await?;
    assert_eq!(said.out, "'echo' 'restart' 'web'\n", "{said:?}");
    let mut operations = Vec::new();
    for event in gateway.dwelling.journal.events() {
        if let Event::Operation { id, sealed, .. } = event {
            operations.push((id, sealed));
        }
    }
    let (id, sealed) = operations.pop().expect("it is in the journal");
    let open = gateway.dwelling.sealer.open(&id.to_string(), &sealed).expect("it opens");
    assert_eq!(open.text, "echo  restart\tweb # and more; -- sent as: 'echo' 'restart' 'web'");
    // what a human agreed to as well
    let waiting = gateway.run("echo wipe   sda");
    let answering = async {
        let asked = gateway.dwelling.approvals.asked().await;
        gateway.dwelling.answer("token-of-dana", asked.id, Choice::Approve).await?;
        anyhow::Ok(())
    };
    let (ran, answered) = tokio::join!(waiting, answering);
    answered?;
    assert_eq!(ran?.out, "'echo' 'wipe' 'sda'\n");
    Ok(())
}
