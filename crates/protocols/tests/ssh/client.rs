//! A client of one connection that asks for one thing after another, and says all that it hears.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result, bail};
use russh::client::{self, AuthResult, Handle};
use russh::keys::PublicKeyOrCertificate;
use russh::{Channel, ChannelMsg};
use tokio::net::TcpStream;

use crate::gateway::Gateway;

/// A client that has logged in.
pub(crate) struct Caller {
    pub(crate) handle: Handle<Trusting>,
}

/// Takes any host for the right one.
#[derive(Default)]
pub(crate) struct Trusting(Arc<Mutex<String>>);

fn said_in(said: &Mutex<String>) -> MutexGuard<'_, String> {
    said.lock().unwrap_or_else(PoisonError::into_inner)
}

impl client::Handler for Trusting {
    type Error = russh::Error;

    async fn check_server_key(&mut self, _: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        Ok(true)
    }

    async fn disconnected(&mut self, reason: client::DisconnectReason<russh::Error>) -> Result<(), russh::Error> {
        if let client::DisconnectReason::ReceivedDisconnect(said) = reason {
            *said_in(&self.0) = said.message;
        }
        Ok(())
    }
}

/// What came of a program.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) status: Option<u32>,
    pub(crate) closed: bool,
}

impl Caller {
    /// Logs in as the bot.
    pub(crate) async fn log_in(gateway: &Gateway) -> Result<Self> {
        Self::log_in_as(gateway, "web", "token-of-bot").await
    }

    pub(crate) async fn log_in_as(gateway: &Gateway, user: &str, token: &str) -> Result<Self> {
        let stream = TcpStream::connect(gateway.address).await?;
        let trusting = Trusting::default();
        let said = Arc::clone(&trusting.0);
        let mut handle = client::connect_stream(Arc::new(client::Config::default()), stream, trusting).await?;
        let result = handle.authenticate_password(user, token).await?;
        if !matches!(result, AuthResult::Success) {
            handle.await.ok();
            bail!("the login was refused: {}", said_in(&said));
        }
        // who is known and gets no further is told so right away
        if handle.send_ping().await.is_err() || !said_in(&said).is_empty() {
            bail!("no session was opened: {}", said_in(&said));
        }
        Ok(Self { handle })
    }

    /// Runs a command, and waits for its end or that of the connection.
    pub(crate) async fn run(&self, command: &str) -> Result<Answer> {
        let channel = self.handle.channel_open_session().await?;
        channel.exec(true, command).await?;
        Ok(hear(channel).await)
    }
}

/// Hears a channel to its end.
#[expect(clippy::wildcard_enum_match_arm, reason = "nothing else is looked at")]
pub(crate) async fn hear(mut channel: Channel<client::Msg>) -> Answer {
    let mut answer = Answer::default();
    while let Some(message) = channel.wait().await {
        match message {
            ChannelMsg::Data { data } | ChannelMsg::ExtendedData { data, .. } => {
                answer.text.push_str(&String::from_utf8_lossy(&data));
            }
            ChannelMsg::ExitStatus { exit_status } => answer.status = Some(exit_status),
            ChannelMsg::Close => answer.closed = true,
            _ => {}
        }
    }
    answer
}

/// Bytes that are no packet, on a connection of their own once it has logged in.
pub(crate) async fn spoil(caller: &Caller) -> Result<()> {
    // a request whose length says more than there is
    caller.handle.send_global_request("tcpip-forward", b"\xff\xff\xff\xff", true).await.context("it was taken")?;
    Ok(())
}
