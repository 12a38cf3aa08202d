//! How a client proves who it is: a token as password or by OAUTHBEARER, or knowledge of a session credential's
//! password, by SCRAM.
//!
//! Which of them is asked for depends on the user name alone, and one attempt has one user name from its beginning to
//! its end. Whom the proof makes of the client is the gate's to say. Enter at [`Connection::identify`].

#![expect(clippy::wildcard_enum_match_arm, reason = "whatever is not expected ends the login")]

use bytes::Bytes;
use postern_core::credential::PREFIX;
use postern_core::fault::Side;
use postern_core::gate::{Accepted, Gate, Known};
use postern_core::{Claim, Code, Fault, Secret};

use super::super::wire::{Authentication, Backend, Frame, Frontend, Limit, Password, frame};
use super::{Connection, gone, in_time, violation};
use crate::oauthbearer::{self, Said};
use crate::scram::{self, Broken, Exchange};

/// The user name of clients that send their token by OAUTHBEARER.
const BEARER: &str = "oauth";

impl Connection {
    /// Finds out who the client is.
    pub(super) async fn identify(&mut self, gate: Gate<Accepted>, user: &str) -> Result<Gate<Known>, Fault> {
        if user == BEARER {
            return self.bearer(gate).await;
        }
        // THREAT: a name that somebody has is told from one that nobody has. All that look like one are asked the same.
        let claim = if user.starts_with(PREFIX) { self.scram(&gate, user).await } else { self.token().await };
        let known = match claim {
            Ok(claim) => gate.identify(claim).await?,
            Err(fault) => return Err(gate.refused_login(fault).await),
        };
        if let Some(answer) = known.answer() {
            let last = Bytes::from(scram::answered(answer));
            self.say(&Backend::Authentication(Authentication::SaslFinal(last)));
        }
        Ok(known)
    }

    /// Asks for the token, in clear text inside TLS.
    async fn token(&mut self) -> Result<Claim, Fault> {
        let password = self.ask(Authentication::CleartextPassword).await?;
        Ok(Claim::Token(Secret::new(password.cleartext().map_err(violation)?)))
    }

    /// Takes a token by OAUTHBEARER (RFC 7628; 55.3.2). Who has none, or one that is not taken, is told where they are
    /// to be had, and then refused; clients fetch one and come again.
    async fn bearer(&mut self, gate: Gate<Accepted>) -> Result<Gate<Known>, Fault> {
        let discovery = gate.discovery();
        let fault = match self.said().await {
            Ok(Said::Token(token)) => match gate.identify(Claim::Token(token)).await {
                Ok(known) => return Ok(known),
                Err(fault) => fault,
            },
            Ok(Said::Nothing) => gate.refused_login(none()).await,
            Ok(Said::Other) => gate.refused_login(other()).await,
            Err(fault) => return Err(gate.refused_login(fault).await),
        };
        // what the gateway cannot find out says nothing about the token
        if fault.side == Side::Client {
            let failure = oauthbearer::failure(discovery.as_deref());
            // all that a client may say to this is that it has heard it (RFC 7628 §3.2.3); it is refused whatever it says
            self.ask(Authentication::SaslContinue(Bytes::from(failure))).await.ok();
        }
        Err(fault)
    }

    /// What a client says of its token.
    async fn said(&mut self) -> Result<Said, Fault> {
        // THREAT: whoever hears a bearer token has it. The mechanism is not even named outside of TLS (RFC 7628 §5).
        if self.tls.is_none() {
            return Err(Fault::client(Code::PlainTextRefused, "a bearer token is taken inside TLS only")
                .hint("connect with sslmode=verify-full"));
        }
        let mechanisms = vec![Bytes::from_static(oauthbearer::NAME.as_bytes())];
        let initial = self.ask(Authentication::Sasl { mechanisms }).await?.sasl_initial().map_err(violation)?;
        if initial.mechanism != oauthbearer::NAME {
            return Err(Fault::client(Code::ClientViolation, "a mechanism that was not offered was chosen"));
        }
        let message = match initial.data {
            Some(data) => data,
            // it lets the server begin, which has nothing to say (RFC 4422 §5)
            None => self.ask(Authentication::SaslContinue(Bytes::new())).await?.sasl_response(),
        };
        Said::read(&message).map_err(|why| Fault::client(Code::ClientViolation, why.to_string()))
    }

    /// Asks for a proof that the client knows the password of `user`, which it does not send.
    async fn scram(&mut self, gate: &Gate<Accepted>, user: &str) -> Result<Claim, Fault> {
        let end_point = self.tls.as_ref().and_then(|tls| tls.end_point.clone());
        let offered = scram::offered(end_point.as_deref());
        let mechanisms = offered.iter().map(|name| Bytes::from_static(name.as_bytes())).collect();
        let initial = self.ask(Authentication::Sasl { mechanisms }).await?.sasl_initial().map_err(violation)?;
        let first = initial.data.unwrap_or_default();
        let exchange = Exchange::begin(&initial.mechanism, &first, end_point.as_deref(), &gate.challenge(user));
        let exchange = exchange.map_err(broken)?;
        let challenge = Bytes::copy_from_slice(exchange.challenge().as_bytes());
        let last = self.ask(Authentication::SaslContinue(challenge)).await?.sasl_response();
        exchange.end(user, &last).map(Claim::Response).map_err(broken)
    }

    async fn ask(&mut self, question: Authentication) -> Result<Password, Fault> {
        self.say(&Backend::Authentication(question));
        in_time(self.until, self.outlet.drain_all()).await?.map_err(gone)?;
        let frame = self.message().await?;
        match Frontend::decode(&frame).map_err(violation)? {
            Frontend::Password(password) => Ok(password),
            _ => Err(Fault::client(Code::ClientViolation, "a password message was expected")),
        }
    }

    async fn message(&mut self) -> Result<Frame, Fault> {
        loop {
            if let Some(frame) = frame::next(&mut self.inlet.buffer, Limit::PASSWORD).map_err(violation)? {
                return Ok(frame);
            }
            if in_time(self.until, self.inlet.fill()).await?.map_err(gone)? == 0 {
                return Err(Fault::client(Code::ProofMissing, "the client left without proving who it is"));
            }
        }
    }
}

fn none() -> Fault {
    Fault::client(Code::ProofMissing, "no token was given")
        .hint("a client that can fetch one needs oauth_issuer and oauth_client_id")
}

fn other() -> Fault {
    Fault::client(Code::TokenInvalid, "what is given is not a token")
        .hint("send an OpenID Connect token of a trusted issuer, as `Bearer`")
}

fn broken(why: Broken) -> Fault {
    match why {
        Broken::Binding(_) => Fault::client(Code::BindingMismatch, why.to_string())
            .hint("somebody may stand between you and the gateway: compare its certificate"),
        Broken::Random => Fault::gateway(Code::Internal, why.to_string()),
        Broken::Malformed(_) | Broken::Unoffered(_) => Fault::client(Code::ClientViolation, why.to_string()),
    }
}
