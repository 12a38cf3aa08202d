//! Hosts that open channels to a client: what was asked for comes, and nothing else, however it is tried.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use postern_core::approval::Choice;
use tokio::time::{sleep, timeout};

use crate::host::{Posing, opened};
use crate::raw::{
    CHANNEL_CLOSE, CHANNEL_DATA, CHANNEL_OPEN, CHANNEL_OPEN_CONFIRMATION, CHANNEL_OPEN_FAILURE, CHANNEL_REQUEST,
    GLOBAL_REQUEST, PATIENCE, REQUEST_FAILURE, REQUEST_SUCCESS, Raw, Words, memory, string,
};

const EVERYTHING: &str = r#"
[[rule]]
name   = "everything"
effect = "allow"
who    = ["group:ci"]
on     = ["target:web"]
do     = { effects = ["session", "execute", "transfer", "unknown"] }
"#;

const APPROVED: &str = r#"
[[rule]]
name   = "listening"
effect = "approve"
who    = ["group:ci"]
on     = ["target:web"]
do     = { actions = ["ssh.forward", "ssh.forward_remote"] }
with   = { approvers = ["group:dba"] }
"#;

const MUCH: usize = 32 << 20;

/// A request to listen on a port, or to do so no more.
fn listening(kind: &str, port: u32) -> Words {
    Words::of(GLOBAL_REQUEST).text(kind).byte(1).text("localhost").number(port)
}

/// A channel that a host opens, as it calls it.
fn opening(kind: &str, own: u32) -> Words {
    Words::of(CHANNEL_OPEN).text(kind).number(own).number(1 << 20).number(1 << 15)
}

fn connection(own: u32, address: &str, port: u32) -> Words {
    opening("forwarded-tcpip", own).text(address).number(port).text("192.0.2.1").number(4711)
}

/// Everything that a host could try beside `connection(_, "localhost", 8080)`.
fn uninvited() -> Vec<(&'static str, Words)> {
    vec![
        ("another port", connection(90, "localhost", 8081)),
        ("another address", connection(91, "127.0.0.1", 8080)),
        ("all addresses", connection(92, "", 8080)),
        ("a port behind the port", connection(93, "localhost", 8080 + (1 << 16))),
        ("an agent", opening("auth-agent@openssh.com", 94)),
        ("a screen", opening("x11", 95).text("192.0.2.1").number(1)),
        ("a socket", opening("forwarded-streamlocal@openssh.com", 96).text("/localhost:8080").text("")),
        ("a program", opening("session", 97)),
        ("a way on", opening("direct-tcpip", 98).text("localhost").number(8080).text("192.0.2.1").number(1)),
    ]
}

/// Nothing has come to the client: what it asks next is answered next.
async fn hears_nothing(client: &mut Raw) -> Result<()> {
    client.send(Words::of(GLOBAL_REQUEST).text("nothing").byte(1)).await?;
    let next = client.hear().await?;
    ensure!(next.first() == Some(&REQUEST_FAILURE), "it heard message {:?}", next.first());
    Ok(())
}

async fn are_refused(host: &mut Raw, client: &mut Raw, opened: Vec<(&str, Words)>) -> Result<()> {
    for (what, words) in opened {
        host.send(words).await?;
        host.hear_of(CHANNEL_OPEN_FAILURE).await.context(what.to_owned())?;
        hears_nothing(client).await.context(what.to_owned())?;
    }
    Ok(())
}

/// The number by which a channel that was opened is called.
fn called(message: &[u8]) -> Result<u32> {
    let (_, rest) = string(message.get(1..).context("a kind")?)?;
    Ok(u32::from_be_bytes(*rest.first_chunk().context("a number")?))
}

/// THREAT: a host that opens channels that nobody has asked for, or not any more.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_opens_nothing_that_was_not_asked_for() -> Result<()> {
    let posing = Posing::under(EVERYTHING).await?;
    let (mut host, mut client) = posing.raw_session().await?;
    let invited = || vec![("what is asked for later", connection(1, "localhost", 8080))];
    are_refused(&mut host, &mut client, invited()).await?;
    client.send(listening("tcpip-forward", 8080)).await?;
    let asked = host.hear_of(GLOBAL_REQUEST).await?;
    assert_eq!(asked, listening("tcpip-forward", 8080).as_ref());
    host.send(Words::of(REQUEST_SUCCESS)).await?;
    client.hear_of(REQUEST_SUCCESS).await?;
    are_refused(&mut host, &mut client, uninvited()).await?;
    // what was asked for comes
    host.send(connection(1, "localhost", 8080)).await?;
    let heard = client.hear_of(CHANNEL_OPEN).await?;
    let whole = opening("forwarded-tcpip", called(&heard)?).text("localhost").number(8080);
    assert_eq!(heard, whole.text("192.0.2.1").number(4711).as_ref());
    client.send(Words::of(CHANNEL_OPEN_FAILURE).number(called(&heard)?).number(2).text("").text("")).await?;
    host.hear_of(CHANNEL_OPEN_FAILURE).await?;
    // it is over when the client says so, and not when the host does
    client.send(listening("cancel-tcpip-forward", 8080)).await?;
    client.hear_of(REQUEST_SUCCESS).await?;
    are_refused(&mut host, &mut client, invited()).await?;
    are_refused(&mut host, &mut client, uninvited()).await?;
    // there is nothing to take back twice
    client.send(listening("cancel-tcpip-forward", 8080)).await?;
    client.hear_of(REQUEST_FAILURE).await?;
    assert!(posing.gateway.dwelling.journal.text().contains("1 connection from 192.0.2.1:4711"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_host_does_not_do_is_not_granted() -> Result<()> {
    let posing = Posing::under(EVERYTHING).await?;
    let (mut host, mut client) = posing.raw_session().await?;
    client.send(listening("tcpip-forward", 8080)).await?;
    host.hear_of(GLOBAL_REQUEST).await?;
    host.send(Words::of(REQUEST_FAILURE)).await?;
    client.hear_of(REQUEST_FAILURE).await?;
    are_refused(&mut host, &mut client, vec![("what it has refused", connection(1, "localhost", 8080))]).await?;
    // a port that is none, where it was to choose one
    for chosen in [0, 1 << 16, u32::MAX] {
        client.send(listening("tcpip-forward", 0)).await?;
        host.hear_of(GLOBAL_REQUEST).await?;
        host.send(Words::of(REQUEST_SUCCESS).number(chosen)).await?;
        client.hear_of(REQUEST_FAILURE).await?;
        are_refused(&mut host, &mut client, vec![("no port", connection(1, "localhost", chosen))]).await?;
    }
    client.send(listening("tcpip-forward", 0)).await?;
    host.hear_of(GLOBAL_REQUEST).await?;
    host.send(Words::of(REQUEST_SUCCESS).number(8080)).await?;
    assert_eq!(client.hear_of(REQUEST_SUCCESS).await?, Words::of(REQUEST_SUCCESS).number(8080).as_ref());
    are_refused(&mut host, &mut client, uninvited()).await
}

/// Whoever is quick loses nothing.
#[tokio::test(flavor = "multi_thread")]
async fn what_comes_behind_an_answer_is_not_lost() -> Result<()> {
    let posing = Posing::under(EVERYTHING).await?;
    let (mut host, mut client) = posing.raw_session().await?;
    client.send(listening("tcpip-forward", 8080)).await?;
    host.hear_of(GLOBAL_REQUEST).await?;
    // before it is known that it listens
    host.send(connection(1, "localhost", 8080)).await?;
    host.send(Words::of(REQUEST_SUCCESS)).await?;
    client.hear_of(REQUEST_SUCCESS).await?;
    for round in 0..20 {
        let there = called(&client.hear_of(CHANNEL_OPEN).await?)?;
        client
            .send(Words::of(CHANNEL_OPEN_CONFIRMATION).number(there).number(7).number(1 << 20).number(1 << 15))
            .await?;
        // what belongs to it comes right behind, and its end
        for words in ["first ", "second ", "third"] {
            client.send(Words::of(CHANNEL_DATA).number(there).text(words)).await?;
        }
        client.send(Words::of(CHANNEL_CLOSE).number(there)).await?;
        let mut heard = Vec::new();
        loop {
            let message = host.hear().await?;
            match message.first() {
                Some(&CHANNEL_DATA) => heard.extend_from_slice(string(message.get(5..).context("data")?)?.0),
                Some(&CHANNEL_CLOSE) => break,
                _ => {}
            }
        }
        assert_eq!(String::from_utf8(heard)?, "first second third", "round {round}");
        host.send(connection(round + 2, "localhost", 8080)).await?;
    }
    Ok(())
}

/// THREAT: a host that opens more than anybody takes.
#[tokio::test(flavor = "multi_thread")]
async fn there_is_an_end_to_what_a_host_may_open() -> Result<()> {
    let posing = Posing::under(EVERYTHING).await?;
    let (mut host, mut client) = posing.raw_session().await?;
    client.send(listening("tcpip-forward", 8080)).await?;
    host.hear_of(GLOBAL_REQUEST).await?;
    host.send(Words::of(REQUEST_SUCCESS)).await?;
    client.hear_of(REQUEST_SUCCESS).await?;
    let before = memory()?;
    // nobody answers the first, and nobody hears of the others
    for number in 0..3000 {
        host.send(connection(number, "localhost", 8080)).await?;
        if number >= 32 {
            host.hear_of(CHANNEL_OPEN_FAILURE).await?;
        }
    }
    ensure!(memory()? < before + MUCH, "refused channels take memory");
    let mut numbers = Vec::new();
    for _ in 0..32 {
        numbers.push(called(&client.hear_of(CHANNEL_OPEN).await?)?);
    }
    hears_nothing(&mut client).await?;
    // those that are taken count as well, and the client has room for its own
    for (own, there) in (10..).zip(&numbers) {
        let words = Words::of(CHANNEL_OPEN_CONFIRMATION).number(*there).number(own).number(1 << 20).number(1 << 15);
        client.send(words).await?;
        host.hear_of(CHANNEL_OPEN_CONFIRMATION).await?;
    }
    host.send(connection(1, "localhost", 8080)).await?;
    host.hear_of(CHANNEL_OPEN_FAILURE).await?;
    client.open().await?;
    // one that is over makes room for another
    let first = *numbers.first().context("one")?;
    client.send(Words::of(CHANNEL_CLOSE).number(first)).await?;
    host.hear_of(CHANNEL_CLOSE).await?;
    host.send(connection(5000, "localhost", 8080)).await?;
    client.hear_of(CHANNEL_OPEN).await?;
    // and there is an end to the places as well
    let mut granted = 1;
    for port in 9000..9100 {
        client.send(listening("tcpip-forward", port)).await?;
        let answers = async { host.hear_of(GLOBAL_REQUEST).await };
        if timeout(Duration::from_millis(300), answers).await.is_err() {
            break;
        }
        host.send(Words::of(REQUEST_SUCCESS)).await?;
        client.hear_of(REQUEST_SUCCESS).await?;
        granted += 1;
    }
    assert_eq!(granted, 32);
    client.hear_of(REQUEST_FAILURE).await.map(|_| ())
}

/// THREAT: what a host opens while a human thinks is there before the answer (GHSA-xm63).
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_opened_while_a_human_thinks() -> Result<()> {
    let posing = Posing::under(APPROVED).await?;
    for choice in [Choice::Deny, Choice::Approve] {
        let (mut host, mut client) = posing.raw_session().await?;
        client.send(listening("tcpip-forward", 8080)).await?;
        // and asks for another thing at once, which it may not have either
        client.send(opening("direct-tcpip", 7).text("127.0.0.1").number(22).text("").number(0)).await?;
        let asked = timeout(PATIENCE, posing.gateway.dwelling.approvals.asked()).await?;
        for _ in 0..3 {
            host.send(connection(1, "localhost", 8080)).await?;
            let refused = host.hear().await?;
            assert_eq!(refused.first(), Some(&CHANNEL_OPEN_FAILURE), "the host hears of it before anybody has decided");
        }
        sleep(Duration::from_millis(300)).await;
        posing.gateway.dwelling.answer("token-of-dana", asked.id, choice).await?;
        if choice == Choice::Approve {
            assert_eq!(host.hear().await?, listening("tcpip-forward", 8080).as_ref());
            host.send(Words::of(REQUEST_SUCCESS)).await?;
            host.send(connection(1, "localhost", 8080)).await?;
            assert_eq!(client.hear().await?.first(), Some(&REQUEST_SUCCESS));
            client.hear_of(CHANNEL_OPEN).await?;
        } else {
            assert_eq!(client.hear().await?.first(), Some(&REQUEST_FAILURE));
            client.hear_of(CHANNEL_OPEN_FAILURE).await?;
            are_refused(&mut host, &mut client, vec![("what was denied", connection(1, "localhost", 8080))]).await?;
        }
    }
    Ok(())
}

/// THREAT: a host that has things signed for a program that was lent no agent, or has ended.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_has_an_agent_and_a_screen_as_long_as_a_program_was_lent_them() -> Result<()> {
    let posing = Posing::under(EVERYTHING).await?;
    let (mut host, mut client) = posing.raw_session().await?;
    let agent = || opening("auth-agent@openssh.com", 1);
    let screen = || opening("x11", 2).text("192.0.2.1").number(4711);
    let both = || vec![("an agent", agent()), ("a screen", screen())];
    are_refused(&mut host, &mut client, both()).await?;
    // a program that was lent nothing
    let bare = client.open().await?;
    let exec = |channel| Words::of(CHANNEL_REQUEST).number(channel).text("exec").byte(0).text("true");
    client.send(exec(bare)).await?;
    opened(&mut host).await?;
    host.hear_of(CHANNEL_REQUEST).await?;
    are_refused(&mut host, &mut client, both()).await?;
    // one that was, and has not begun
    let lent = client.open().await?;
    client.send(Words::of(CHANNEL_REQUEST).number(lent).text("auth-agent-req@openssh.com").byte(0)).await?;
    let words = Words::of(CHANNEL_REQUEST).number(lent).text("x11-req").byte(0).byte(1);
    client.send(words.text("MIT-MAGIC-COOKIE-1").text("00ff").number(3)).await?;
    are_refused(&mut host, &mut client, both()).await?;
    client.send(exec(lent)).await?;
    let there = opened(&mut host).await?;
    let asked = host.hear_of(CHANNEL_REQUEST).await?;
    let request = |kind: &str| Words::of(CHANNEL_REQUEST).number(0).text(kind).byte(0);
    assert_eq!(asked, request("auth-agent-req@openssh.com").as_ref());
    let asked = host.hear_of(CHANNEL_REQUEST).await?;
    let whole = request("x11-req").byte(1).text("MIT-MAGIC-COOKIE-1").text("00ff").number(3);
    assert_eq!(asked, whole.as_ref());
    host.hear_of(CHANNEL_REQUEST).await?;
    for words in [agent(), agent(), screen()] {
        host.send(words).await?;
        let heard = client.hear_of(CHANNEL_OPEN).await?;
        client.send(Words::of(CHANNEL_OPEN_FAILURE).number(called(&heard)?).number(2).text("").text("")).await?;
        host.hear_of(CHANNEL_OPEN_FAILURE).await?;
    }
    // the screen was lent for one connection
    are_refused(&mut host, &mut client, vec![("a second screen", screen())]).await?;
    host.send(Words::of(CHANNEL_CLOSE).number(there)).await?;
    client.hear_of(CHANNEL_CLOSE).await?;
    are_refused(&mut host, &mut client, both()).await
}
