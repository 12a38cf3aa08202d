//! What people do with files by OpenSSH's own `sftp` and `scp`, through the gateway and without it.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::{Bytes, BytesMut};
use postern_core::approval::Choice;
use postern_protocols::ssh::wire::sftp::frame::{self, Frame};
use postern_protocols::ssh::wire::sftp::reply::status;
use postern_protocols::ssh::wire::sftp::{Access, Answer, Attributes, Call, Extension, Hello, Reply, Request};
use postern_testkit::sshd::{account, installed};
use russh::{Channel, ChannelMsg, client};
use tokio::process::Command;

use crate::client::Caller;
use crate::gateway::{CREDENTIAL, Gateway, Ran, ran};

const EVERYTHING: &str = r#"
[[rule]]
name   = "everything"
effect = "allow"
who    = ["group:ci"]
on     = ["target:web"]
"#;

/// `sftp` with these commands, here and where the server is one machine with the client.
async fn sftp(gateway: &Gateway, through: bool, commands: &str) -> Result<Ran> {
    let mut client = if through { gateway.program("sftp", "token-of-bot")? } else { directly(gateway, "sftp")? };
    let batch = gateway.server.folder().join("batch");
    fs::write(&batch, commands)?;
    let (port, user) = end(gateway, through)?;
    client.args(["-oBatchMode=no", "-b"]).arg(&batch).args(["-P", &port, &format!("{user}@127.0.0.1")]);
    ran(client).await
}

/// `scp` of these, where `HOST` stands for the server.
async fn scp(gateway: &Gateway, through: bool, words: &[&str]) -> Result<Ran> {
    let mut client = if through { gateway.program("scp", "token-of-bot")? } else { directly(gateway, "scp")? };
    let (port, user) = end(gateway, through)?;
    let host = format!("{user}@127.0.0.1");
    client.args(["-P", &port]).args(words.iter().map(|word| word.replace("HOST", &host)));
    ran(client).await
}

fn end(gateway: &Gateway, through: bool) -> Result<(String, String)> {
    Ok(if through {
        (gateway.address.port().to_string(), "web".to_owned())
    } else {
        (gateway.server.address().port().to_string(), account()?)
    })
}

fn directly(gateway: &Gateway, program: &str) -> Result<Command> {
    let mut client = Command::new(installed(program)?);
    client
        .args(["-F/dev/null", "-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null", "-oLogLevel=ERROR"])
        .arg("-i")
        .arg(gateway.server.folder().join("key"))
        .kill_on_drop(true);
    Ok(client)
}

/// Everything in a folder: each path, its mode, and what stands in it.
fn found(folder: &Path) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let about = fs::symlink_metadata(&path)?;
        let what = if about.is_symlink() {
            format!("-> {}", fs::read_link(&path)?.display())
        } else if about.is_dir() {
            found(&path)?.join(", ")
        } else {
            String::from_utf8_lossy(&fs::read(&path)?).into_owned()
        };
        let name = path.file_name().context("a name")?.to_string_lossy().into_owned();
        all.push(format!("{name} {:o} {what}", about.mode()));
    }
    all.sort();
    Ok(all)
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_moved_about_as_without_the_gateway() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    let mine = gateway.server.folder().join("mine");
    fs::create_dir(&mine)?;
    fs::write(mine.join("small"), "hello")?;
    let large: Vec<u8> = (0_u32..700_000).flat_map(u32::to_le_bytes).collect();
    fs::write(mine.join("large"), &large)?;
    let mut both = Vec::new();
    for through in [true, false] {
        let there = gateway.server.folder().join("there");
        fs::create_dir(&there)?;
        let commands = format!(
            "cd {there}\npwd\nmkdir a\nput {mine}/small a/one\nput {mine}/large a/two\nchmod 640 a/one\nls a\nls -1 a/\n\
             rename a/one a/three\nln -s three a/link\nln a/three a/again\nget a/link {mine}/back\nget a/two {mine}/two\nrm a/again\n\
             -rm a/none\n-get nowhere/x\n-ls nowhere\n-mkdir a\n-rmdir a\n-cd a/three\nmkdir b\nrmdir b\nreput {mine}/large a/two\n\
             put -p {mine}/small kept\nget a/three/../three {mine}/odd\nls -n ../there/./a\nln -s /etc/passwd a/far\nls /dev/null\n",
            there = there.display(),
            mine = mine.display()
        );
        let ran = sftp(&gateway, through, &commands).await?;
        assert_eq!(fs::read(mine.join("two"))?, large, "{ran:?}");
        // the time is of each run
        let out: Vec<String> = ran
            .out
            .lines()
            .map(|line| {
                line.split_whitespace().take(4).chain(line.split_whitespace().skip(8)).collect::<Vec<_>>().join(" ")
            })
            .collect();
        both.push((out, ran.err, ran.status, found(&there)?, fs::read(mine.join("back"))?));
        fs::remove_dir_all(&there)?;
    }
    assert_eq!(both.first(), both.get(1));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_are_those_that_are_made_without_the_gateway() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    let mine = gateway.server.folder().join("mine");
    fs::create_dir_all(mine.join("tree/deep"))?;
    fs::write(mine.join("tree/one"), "1")?;
    fs::write(mine.join("tree/deep/two"), "2".repeat(300_000))?;
    symlink("one", mine.join("tree/link"))?;
    for way in ["-s", "-O"] {
        let mut both = Vec::new();
        for through in [true, false] {
            let there = gateway.server.folder().join("there");
            fs::create_dir(&there)?;
            let at = |path: &str| format!("HOST:{}/{path}", there.display());
            let tree = mine.join("tree").display().to_string();
            let up = scp(&gateway, through, &[way, "-r", &tree, &at("copy")]).await?;
            let back = there.join("back").display().to_string();
            let down = scp(&gateway, through, &[way, "-rp", &at("copy"), &back]).await?;
            let none = scp(&gateway, through, &[way, &at("nothing"), &back]).await?;
            both.push((format!("{up:?} {down:?} {none:?}"), found(&there)?));
            fs::remove_dir_all(&there)?;
        }
        assert_eq!(both.first(), both.get(1), "{way}");
    }
    Ok(())
}

fn in_folder(folder: &Path, actions: &[&str]) -> String {
    let actions: Vec<String> = actions.iter().map(|action| format!("\"ssh.sftp{action}\"")).collect();
    format!(
        "[[rule]]\nname = \"sftp\"\neffect = \"allow\"\nwho = [\"group:ci\"]\non = [\"target:web\"]\n\
         do = {{ actions = [\"ssh.sftp\"] }}\n\
         [[rule]]\nname = \"files\"\neffect = \"allow\"\nwho = [\"group:ci\"]\non = [\"target:web\"]\n\
         do = {{ actions = [{}], objects = [\"{folder}\", \"{folder}/*\"] }}\n",
        actions.join(", "),
        folder = folder.display()
    )
}

/// THREAT: a file that no rule names is reached by a name that one does.
#[tokio::test(flavor = "multi_thread")]
async fn a_rule_for_a_folder_is_for_what_is_really_in_it() -> Result<()> {
    let place = tempfile::tempdir()?;
    let place = place.path().canonicalize()?;
    let (open, shut) = (place.join("open"), place.join("shut"));
    for folder in [&open, &shut] {
        fs::create_dir(folder)?;
        fs::write(folder.join("file"), "what it is")?;
    }
    symlink(&shut, open.join("aside"))?;
    symlink(shut.join("file"), open.join("link"))?;
    symlink(shut.join("new"), open.join("dangling"))?;
    symlink(&open, place.join("way"))?;
    let actions =
        ["_read", "_write", "_list", "_stat", "_remove", "_rename", "_symlink", "_link", "_mkdir", "_setstat"];
    let gateway = Gateway::start(&in_folder(&open, &actions)).await?;
    let mine = gateway.server.folder().join("mine");
    fs::write(&mine, "mine")?;
    let before = found(&shut)?;
    let (open, shut, mine) = (open.display(), shut.display(), mine.display());
    for (command, passes) in [
        (format!("get {open}/file /dev/null"), true),
        (format!("get {open}/../open/file /dev/null"), true),
        (format!("get {place}/way/file /dev/null", place = place.display()), true),
        (format!("put {mine} {open}/mine"), true),
        (format!("ls {open}"), true),
        (format!("get {shut}/file /dev/null"), false),
        (format!("get {open}/../shut/file /dev/null"), false),
        (format!("get {open}/link /dev/null"), false),
        (format!("get {open}/aside/file /dev/null"), false),
        (format!("ls {open}/aside/"), false),
        (format!("put {mine} {open}/link"), false),
        (format!("put {mine} {open}/dangling"), false),
        (format!("put {mine} {open}/aside/mine"), false),
        (format!("rm {open}/aside/file"), false),
        (format!("rename {open}/file {shut}/gone"), false),
        (format!("rename {shut}/file {open}/come"), false),
        (format!("ln -s {shut}/file {open}/another"), false),
        (format!("ln -s ../shut/file {open}/another"), false),
        (format!("ln {shut}/file {open}/another"), false),
        (format!("ln {open}/aside/file {open}/another"), false),
        (format!("mkdir {open}/aside/folder"), false),
        (format!("chmod 777 {open}/link"), false),
        (format!("get {shut}/none /dev/null"), false),
        ("get /etc/passwd /dev/null".to_owned(), false),
    ] {
        let ran = sftp(&gateway, true, &format!("{command}\n")).await?;
        assert_eq!(ran.status == Some(0), passes, "{command}: {ran:?}");
        assert!(passes || ran.err.contains("postern: PST-30"), "{command}: {ran:?}");
        assert_eq!(found(Path::new(&shut.to_string()))?, before, "{command}");
    }
    // what is not there is said by the host where it would be allowed
    let none = sftp(&gateway, true, &format!("get {open}/none/x /dev/null\n")).await?;
    assert!(!none.err.contains("PST-") && none.err.contains("not found"), "{none:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_says_what_was_passed_on() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    let folder = gateway.server.folder().join("folder");
    fs::create_dir(&folder)?;
    let (there, mine) = (folder.join("there"), gateway.server.folder().join("mine"));
    fs::write(&mine, "hello")?;
    let (there, mine) = (there.display(), mine.display());
    let commands = format!("put {mine} {there}\nget {there} /dev/null\nls -l {}\n", folder.display());
    let ran = sftp(&gateway, true, &commands).await?;
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let journal = gateway.dwelling.journal.text();
    let digest = "5 bytes, sha256 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    for said in [format!("write {there}"), format!("wrote {digest}"), format!("read {digest}")] {
        assert!(journal.contains(&said), "{said}: {journal}");
    }
    let recorded = gateway.dwelling.recordings.text()?;
    for said in [format!("sftp write {there}"), format!("sftp read {there}"), " there\n".to_owned()] {
        assert!(recorded.contains(&said), "{said}: {recorded}");
    }
    Ok(())
}

const APPROVED: &str = r#"
[[rule]]
name   = "everything"
effect = "allow"
who    = ["group:ci"]
on     = ["target:web"]

[[rule]]
name   = "writes"
effect = "approve"
who    = ["group:ci"]
on     = ["target:web"]
do     = { actions = ["ssh.sftp_write", "ssh.sftp_remove"] }
with   = { approvers = ["group:dba"] }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_a_human_must_approve_waits_with_all_behind_it() -> Result<()> {
    for (choice, passes) in [(Choice::Approve, true), (Choice::Deny, false)] {
        let gateway = Gateway::start(APPROVED).await?;
        let (mine, there) = (gateway.server.folder().join("mine"), gateway.server.folder().join("there"));
        fs::write(&mine, "mine".repeat(100_000))?;
        let answering = async {
            let asked = tokio::time::timeout(Duration::from_secs(20), gateway.dwelling.approvals.asked()).await?;
            assert!(!there.exists(), "it was opened before it was approved");
            anyhow::Ok(gateway.dwelling.answer("token-of-dana", asked.id, choice).await?)
        };
        let commands = format!("put {} {}\n", mine.display(), there.display());
        let putting = sftp(&gateway, true, &commands);
        let (ran, answered) = tokio::join!(putting, answering);
        let (ran, _) = (ran?, answered?);
        assert_eq!((ran.status == Some(0), there.exists()), (passes, passes), "{ran:?}");
        assert!(ran.err.contains("waits for a human"), "{ran:?}");
        assert!(!passes || fs::read(&mine)? == fs::read(&there)?, "another file");
    }
    Ok(())
}

/// THREAT: what comes behind a request that waits runs before it, or in its place.
#[tokio::test(flavor = "multi_thread")]
async fn what_comes_behind_what_waits_is_answered_behind_it() -> Result<()> {
    let gateway = Gateway::start(APPROVED).await?;
    let (one, two) = (gateway.server.folder().join("one"), gateway.server.folder().join("two"));
    for path in [&one, &two] {
        fs::write(path, "hello")?;
    }
    let named = |path: &Path| Bytes::from(path.display().to_string());
    let mut raw = Raw::open(&gateway).await?;
    let calls =
        [Call::Remove(named(&one)), Call::Stat(named(&one)), Call::Remove(named(&two)), Call::Stat(named(&two))];
    for call in calls {
        raw.say(call).await?;
    }
    let mut codes = Vec::new();
    for choice in [Choice::Approve, Choice::Deny] {
        let asked = tokio::time::timeout(Duration::from_secs(20), gateway.dwelling.approvals.asked()).await?;
        let early = tokio::time::timeout(Duration::from_millis(300), raw.frame()).await;
        assert!(early.is_err(), "{early:?}");
        gateway.dwelling.answer("token-of-dana", asked.id, choice).await?;
        for _ in 0..2 {
            let reply = Reply::decode(&raw.frame().await?.context("it ended")?)?;
            codes.push((reply.id, code(Some(reply.answer))));
        }
    }
    let expected = [status::OK, status::NO_SUCH_FILE, status::PERMISSION_DENIED];
    let expected = expected.map(Some).into_iter().chain([None]);
    assert!(codes.iter().copied().eq((1..).zip(expected)), "{codes:?}");
    assert_eq!((one.exists(), two.exists()), (false, true));
    Ok(())
}

/// A client of the subsystem that says what it likes.
struct Raw {
    channel: Channel<client::Msg>,
    came: BytesMut,
    next: u32,
}

impl Raw {
    async fn open(gateway: &Gateway) -> Result<Self> {
        let caller = Caller::log_in(gateway).await?;
        let channel = caller.handle.channel_open_session().await?;
        channel.request_subsystem(true, "sftp").await?;
        let mut raw = Self { channel, came: BytesMut::new(), next: 0 };
        let mut hello = BytesMut::new();
        Hello { answers: false, version: 3, extensions: Vec::new() }.encode(&mut hello)?;
        raw.channel.data_bytes(hello.freeze()).await?;
        let frame = raw.frame().await?.context("no hello")?;
        assert!(Hello::decode(&frame)?.answers);
        Ok(raw)
    }

    /// The next packet, or nothing where the channel ends.
    async fn frame(&mut self) -> Result<Option<Frame>> {
        loop {
            if let Some(frame) = frame::next(&mut self.came)? {
                return Ok(Some(frame));
            }
            match tokio::time::timeout(Duration::from_secs(20), self.channel.wait()).await? {
                None | Some(ChannelMsg::Close) => return Ok(None),
                Some(ChannelMsg::Data { data }) => self.came.extend_from_slice(&data),
                Some(_) => {}
            }
        }
    }

    async fn say(&mut self, call: Call) -> Result<u32> {
        self.next = self.next.wrapping_add(1);
        let mut out = BytesMut::new();
        Request { id: self.next, call }.encode(&mut out)?;
        self.channel.data_bytes(out.freeze()).await?;
        Ok(self.next)
    }

    /// What it is answered; nothing where the channel ends.
    async fn ask(&mut self, call: Call) -> Result<Option<Answer>> {
        let id = self.say(call).await?;
        let Some(frame) = self.frame().await? else { return Ok(None) };
        let reply = Reply::decode(&frame)?;
        assert_eq!(reply.id, id);
        Ok(Some(reply.answer))
    }

    async fn opened(&mut self, path: &Path) -> Result<Bytes> {
        let path = Bytes::from(path.display().to_string());
        match self.ask(Call::Open { path, access: Access::READ, attributes: Attributes::default() }).await? {
            Some(Answer::Handle(handle)) => Ok(handle),
            other => anyhow::bail!("{other:?}"),
        }
    }
}

fn code(answer: Option<Answer>) -> Option<u32> {
    if let Some(Answer::Status { code, .. }) = answer { Some(code) } else { None }
}

const MASKED: &str = r#"
[[mask]]
name   = "found"
detect = ["aws-key", "named-secret"]
kind   = "fixed"
"#;

/// THREAT: a secret that is read in pieces too small to be one.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_hidden_in_a_file_is_hidden_however_it_is_read() -> Result<()> {
    let gateway = Gateway::start(&format!("{EVERYTHING}{MASKED}")).await?;
    let file = gateway.server.folder().join("file");
    let text = format!(
        "{}\npassword = \"kD93jfX82mLq\"\nAKIAZ7QK3VXN5T2JHWYB\n{}",
        "first ".repeat(3000),
        "last ".repeat(3000)
    );
    fs::write(&file, &text)?;
    let expected = text.replace("kD93jfX82mLq", "************").replace("AKIAZ7QK3VXN5T2JHWYB", "********************");
    let mut raw = Raw::open(&gateway).await?;
    let handle = raw.opened(&file).await?;
    for (from, to, piece) in [(0, text.len(), 10_000), (17_900, 18_200, 1), (17_900, 18_200, 7)] {
        let mut at = from;
        while at < to {
            let (offset, length) = (u64::try_from(at)?, u32::try_from(piece.min(to - at))?);
            let answer = raw.ask(Call::Read { handle: handle.clone(), offset, length }).await?;
            let Some(Answer::Data(data)) = answer else { anyhow::bail!("{answer:?}") };
            assert_eq!(String::from_utf8_lossy(&data), expected[at..at + data.len()], "{at}");
            at += data.len();
        }
    }
    let end = raw.ask(Call::Read { handle, offset: u64::try_from(text.len())?, length: 10 }).await?;
    assert_eq!(code(end), Some(status::EOF));
    let copied = gateway.server.folder().join("copied");
    let ran = sftp(&gateway, true, &format!("get {} {}\n", file.display(), copied.display())).await?;
    assert_eq!((ran.status, fs::read_to_string(copied)?), (Some(0), expected));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_credential_of_the_session_is_not_read_in_any_pieces() -> Result<()> {
    for (place, piece) in [("text", 1_u32), ("text", 1000), ("name", 0), ("link", 0)] {
        let gateway = Gateway::start(EVERYTHING).await?;
        let folder = gateway.server.folder().join("folder");
        fs::create_dir(&folder)?;
        let mut raw = match place {
            "text" => {
                fs::write(folder.join("file"), format!("{} {CREDENTIAL} {}", "x".repeat(900), "y".repeat(900)))?;
                Raw::open(&gateway).await?
            }
            "name" => {
                fs::write(folder.join(CREDENTIAL), "")?;
                Raw::open(&gateway).await?
            }
            _ => {
                symlink(CREDENTIAL, folder.join("link"))?;
                Raw::open(&gateway).await?
            }
        };
        let mut heard = Vec::new();
        if place == "text" {
            let handle = raw.opened(&folder.join("file")).await?;
            for offset in 800_u64..1200 {
                match raw.ask(Call::Read { handle: handle.clone(), offset, length: piece }).await {
                    Ok(Some(Answer::Data(data))) => heard.extend_from_slice(&data),
                    Ok(None) | Err(_) => break,
                    Ok(other) => anyhow::bail!("{other:?}"),
                }
            }
        } else if place == "name" {
            let path = Bytes::from(folder.display().to_string());
            let Some(Answer::Handle(handle)) = raw.ask(Call::Opendir(path)).await? else { anyhow::bail!("no folder") };
            heard = format!("{:?}", raw.ask(Call::Readdir(handle)).await).into_bytes();
        } else {
            let path = Bytes::from(folder.join("link").display().to_string());
            heard = format!("{:?}", raw.ask(Call::Readlink(path)).await).into_bytes();
        }
        let heard = String::from_utf8_lossy(&heard).into_owned();
        assert!(!heard.contains(&CREDENTIAL[..8]), "{place}: {heard}");
        assert!(gateway.dwelling.journal.text().contains("PST-5"), "{place}: {heard}");
    }
    Ok(())
}

/// THREAT: requests about what nobody opened, that nobody offered, or that are none.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_makes_up_is_refused() -> Result<()> {
    let gateway = Gateway::start(EVERYTHING).await?;
    let file = gateway.server.folder().join("file");
    fs::write(&file, "hello")?;
    let mut raw = Raw::open(&gateway).await?;
    let handle = raw.opened(&file).await?;
    let read = |handle: &Bytes| Call::Read { handle: handle.clone(), offset: 0, length: 9 };
    for other in [&b"\0\0\0\0"[..], b"\0\0\0\x01", b"", b"\0\0\0\x07"] {
        let answer = raw.ask(read(&Bytes::copy_from_slice(other))).await?;
        let is_it = handle == other;
        assert_eq!(matches!(answer, Some(Answer::Data(_))), is_it, "{other:?}: {answer:?}");
    }
    for name in ["expand-path@openssh.com", "home-directory", "anything@example.com"] {
        let extension = Extension::Unknown { name: Bytes::from(name), body: Bytes::new() };
        assert_eq!(code(raw.ask(Call::Extended(extension)).await?), Some(status::UNSUPPORTED));
    }
    assert_eq!(code(raw.ask(Call::Unknown { kind: 77, body: Bytes::new() }).await?), Some(status::UNSUPPORTED));
    // closed, and asked for once more before that is answered
    raw.say(Call::Close(handle.clone())).await?;
    raw.say(read(&handle)).await?;
    let answers = [raw.frame().await?, raw.frame().await?];
    let mut codes = Vec::new();
    for frame in answers.into_iter().flatten() {
        codes.extend(code(Some(Reply::decode(&frame)?.answer)));
    }
    codes.sort_unstable();
    assert_eq!(codes, [status::OK, status::FAILURE]);
    // many at once, in their order
    let handle = raw.opened(&file).await?;
    let mut all = BytesMut::new();
    for id in 0..2000 {
        Request { id, call: read(&handle) }.encode(&mut all)?;
    }
    raw.channel.data_bytes(all.freeze()).await?;
    for id in 0..2000 {
        let reply = Reply::decode(&raw.frame().await?.context("it ended")?)?;
        assert_eq!((reply.id, reply.answer), (id, Answer::Data(Bytes::from_static(b"hello"))));
    }
    for bytes in [&b"\xff\xff\xff\xff"[..], b"\0\0\0\0", b"\0\0\0\x05\x03\0\0\0\x01"] {
        let mut raw = Raw::open(&gateway).await?;
        raw.channel.data_bytes(Bytes::copy_from_slice(bytes)).await?;
        assert!(raw.frame().await?.is_none(), "{bytes:?}");
    }
    Ok(())
}
