//! What people do with OpenSSH's own client, through the gateway and without it.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::gateway::{Gateway, ran};

const EVERYTHING: &str = r#"
[[rule]]
name   = "everything"
effect = "allow"
who    = ["group:ci"]
on     = ["target:web"]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_command_runs_as_it_does_without_the_gateway() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    for command in [
        "true",
        "false",
        "exit 7",
        "echo out; echo err >&2; exit 3",
        "printf 'no newline'",
        "head -c 3000000 /dev/zero | tr '\\0' x",
        "kill -TERM $$",
        "cat",
        "no-such-program",
    ] {
        let (through, directly) = (gateway.run(command).await?, gateway.run_directly(command).await?);
        assert_eq!(through.status, directly.status, "{command}: {through:?}");
        assert_eq!(through.out, directly.out, "{command}");
        assert_eq!(through.err, directly.err, "{command}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_let_in_reads_why() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    for (token, user, why) in [
        ("none", "web", "Permission denied (publickey,password)"),
        ("token-of-dana", "web", "PST-2001: there is no target `web` that `dana` may open"),
        ("token-of-bot", "nowhere", "PST-2001: there is no target `nowhere` that `bot` may open"),
        ("token-of-bot", "nobody-here@web", "PST-2009: target `web` has no account `nobody-here` for `bot`"),
        ("", "web", "Permission denied (publickey,password)"),
    ] {
        let mut ssh = gateway.program("ssh", token)?;
        ssh.args(["-p", &gateway.address.port().to_string(), &format!("{user}@127.0.0.1"), "true"]);
        let ran = ran(ssh).await?;
        assert_eq!(ran.status, Some(255), "{user}: {ran:?}");
        assert!(ran.err.contains(why), "{user}: {ran:?}");
    }
    Ok(())
}

/// What a rule has to name besides programs.
const PROGRAMS: &str = r#"
[[rule]]
name   = "programs"
effect = "allow"
who    = ["group:ci"]
on     = ["target:web"]
do     = { actions = ["ssh.exec"] }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn as_much_goes_in_and_out_as_is_sent() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    let sent: Vec<u8> = (0_u32..6_000_000).flat_map(u32::to_le_bytes).collect();
    let mut ssh = gateway.ssh()?;
    let mut child = ssh.arg("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let (mut into, mut out) = (child.stdin.take().context("stdin")?, child.stdout.take().context("stdout")?);
    let write = async {
        into.write_all(&sent).await?;
        drop(into);
        anyhow::Ok(())
    };
    let read = async {
        let mut all = Vec::new();
        out.read_to_end(&mut all).await?;
        anyhow::Ok(all)
    };
    let ((), came) = tokio::try_join!(write, read)?;
    ensure!(child.wait().await?.success() && came == sent, "{} bytes of {} came back", came.len(), sent.len());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_is_one_where_a_rule_says_so() -> Result<()> {
    for (rules, terminal) in [(EVERYTHING, true), (PROGRAMS, false)] {
        let gateway = Gateway::start(rules).await?;
        let mut ssh = gateway.program("ssh", "token-of-bot")?;
        ssh.args(["-tt", "-p", &gateway.address.port().to_string(), "web@127.0.0.1"]);
        ssh.arg("tty -s && echo a terminal || echo none");
        let ran = ran(ssh).await?;
        // whoever insists on a terminal leaves where there is none
        assert_eq!(ran.out, if terminal { "a terminal\r\n" } else { "" }, "{ran:?}");
        assert!(terminal || ran.err.contains("PTY allocation request failed"), "{ran:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_rule_allows_says_why_and_does_not_run() -> Result<()> {
    let rules = PROGRAMS.replace(r#"actions = ["ssh.exec"]"#, r#"actions = ["ssh.exec"], objects = ["echo"]"#);
    let gateway = Gateway::start(&rules).await?;
    let marks = gateway.server.folder().join("marks");
    for command in [
        format!("touch {}", marks.display()),
        format!("echo x; touch {}", marks.display()),
        format!("echo x > {}", marks.display()),
        format!("echo $(touch {})", marks.display()),
        format!("echo `touch {}`", marks.display()),
        format!("env touch {}", marks.display()),
        format!("/bin/sh -c 'touch {}'", marks.display()),
        format!("x=touch; $x {}", marks.display()),
        format!("eval touch {}", marks.display()),
        format!("echo x | tee {}", marks.display()),
        format!("echo x\ntouch {}", marks.display()),
    ] {
        let ran = gateway.run(&command).await?;
        assert_eq!(ran.status, Some(126), "{command}: {ran:?}");
        assert!(ran.out.is_empty() && ran.err.starts_with("postern: PST-30"), "{command}: {ran:?}");
        assert!(!marks.exists(), "{command} ran");
    }
    assert_eq!(gateway.run("echo x").await?.out, "x\n");
    let mut shell = gateway.ssh()?;
    let shell = ran(std::mem::replace(&mut shell, gateway.ssh()?)).await?;
    assert_eq!(shell.status, Some(126), "{shell:?}");
    Ok(())
}

/// Somebody behind the target who says everything back.
pub(crate) async fn echoing() -> Result<(u16, tokio::task::JoinSet<()>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            stream.write_all(b"hello ").await.ok();
            let (mut read, mut write) = stream.split();
            tokio::io::copy(&mut read, &mut write).await.ok();
        }
    });
    Ok((port, tasks))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_goes_on_from_the_target_where_a_rule_says_so() -> Result<()> {
    let (port, _tasks) = echoing().await?;
    let rules = |objects: &str| {
        format!(
            "[[rule]]\nname = \"on\"\neffect = \"allow\"\nwho = [\"group:ci\"]\non = [\"target:web\"]\n\
         do = {{ actions = [\"ssh.forward\"], objects = [\"{objects}\"] }}\n"
        )
    };
    for (objects, passes) in [(format!("127.0.0.1:{port}"), true), ("127.0.0.1:1".to_owned(), false)] {
        let gateway = Gateway::start(&rules(&objects)).await?;
        let mut ssh = gateway.program("ssh", "token-of-bot")?;
        ssh.args(["-W", &format!("127.0.0.1:{port}"), "-p", &gateway.address.port().to_string(), "web@127.0.0.1"]);
        let mut child = ssh.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let mut into = child.stdin.take().context("stdin")?;
        into.write_all(b"world").await.ok();
        drop(into);
        let output = child.wait_with_output().await?;
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(out, if passes { "hello world" } else { "" }, "{err}");
        assert!(passes || err.contains("forwarding failed"), "{err}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn many_programs_run_on_one_connection() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    let caller = crate::client::Caller::log_in(&gateway).await?;
    // more than there may be at once, one after the other
    for number in 0..70 {
        let answer = caller.run(&format!("echo {number}")).await?;
        assert_eq!((answer.text, answer.status), (format!("{number}\n"), Some(0)));
    }
    let commands: Vec<String> = (0..20).map(|number| format!("sleep 0.2; echo {number}; exit {number}")).collect();
    let all = commands.iter().map(|command| caller.run(command));
    for (number, answer) in futures_util::future::try_join_all(all).await?.into_iter().enumerate() {
        assert_eq!((answer.text, answer.status), (format!("{number}\n"), u32::try_from(number).ok()));
    }
    Ok(())
}

/// A client of a shared connection closes a channel on which nothing more comes, and hears nothing behind that.
#[tokio::test(flavor = "multi_thread")]
async fn how_a_program_ends_is_heard_on_a_shared_connection() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    let control = format!("-oControlPath={}", gateway.server.folder().join("control").display());
    let mut master = gateway.ssh()?;
    let _master = master.args([&control, "-oControlMaster=yes", "-N"]).spawn()?;
    while !gateway.server.folder().join("control").exists() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let quick = std::iter::repeat_n(("exit 7", 7), 20);
    for (command, status) in
        quick.chain([("exec >&- 2>&-; sleep 0.3; exit 7", 7), ("exec >&- 2>&-; sleep 1.5; exit 7", 7)])
    {
        let mut ssh = gateway.ssh()?;
        ssh.args([&control, command]);
        let ran = ran(ssh).await?;
        assert_eq!(ran.status, Some(status), "{command}: {ran:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_holds_up_nobody_else() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    let caller = crate::client::Caller::log_in(&gateway).await?;
    let idle = caller.handle.channel_open_session().await?;
    idle.exec(true, "cat /dev/zero").await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (_, way) = idle.split();
    let quick = tokio::time::timeout(Duration::from_secs(10), caller.run("echo quick")).await;
    // a client of this library hears nothing more on a connection of which one channel is full; others do
    let other = crate::client::Caller::log_in(&gateway).await?;
    assert_eq!(other.run("echo quick").await?.text, "quick\n");
    drop((quick, way));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_later_policy_does_not_let_run_ends() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    let caller = crate::client::Caller::log_in(&gateway).await?;
    let mark = gateway.server.folder().join("pid");
    let command = format!("echo $$ > {}; exec sleep 60", mark.display());
    let answer = async {
        let started = tokio::time::Instant::now();
        let answer = caller.run(&command).await?;
        anyhow::Ok((answer, started.elapsed()))
    };
    let change = async {
        while !mark.exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        gateway.forbid("sleep")
    };
    let ((answer, took), ()) = tokio::try_join!(answer, change)?;
    assert!(answer.status == Some(126) && answer.text.contains("PST-3011"), "{answer:?}");
    assert!(took < Duration::from_secs(6), "{took:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_channel_is_for_one_program() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    let caller = crate::client::Caller::log_in(&gateway).await?;
    let channel = caller.handle.channel_open_session().await?;
    channel.exec(true, "sleep 0.3; echo first").await?;
    channel.exec(true, "echo second").await?;
    let answer = crate::client::hear(channel).await;
    assert_eq!((answer.text.as_str(), answer.status), ("first\n", Some(0)));
    Ok(())
}

/// asyncssh and libssh look for it in what a server calls itself: OpenSSH takes the names of a link in an order of its own.
#[tokio::test(flavor = "multi_thread")]
async fn clients_hear_whose_order_the_names_of_a_link_have() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    let mut called = [0; 26];
    tokio::net::TcpStream::connect(gateway.address).await?.read_exact(&mut called).await?;
    assert_eq!(&called, b"SSH-2.0-Postern OpenSSH_9.");
    Ok(())
}
