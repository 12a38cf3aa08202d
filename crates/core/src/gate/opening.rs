//! Opening a target: what is asked of the policy, the recorder, the secret store and the network before a session is one,
//! and who may connect there again.
//!
//! THREAT: a credential that a client sees, or that outlives its use. A [`Lease`] is made here and goes to the login of a
//! protocol alone. Enter at [`Gate::open`].

use std::net::SocketAddr;
use std::sync::Arc;

use crate::code::Code;
use crate::fault::Fault;
use crate::gate::admission::Admission;
use crate::gate::lasting::first;
use crate::gate::live::Alive;
use crate::gate::verdicts::Verdicts;
use crate::gate::{Gate, House, Known, Open, short, told};
use crate::id::SessionId;
use crate::identity::Principal;
use crate::inventory::Means;
use crate::journal::Event;
use crate::ports::{Certified, ClientCertificate, Encrypt, Later, Link, LoginKey};
use crate::secret::Secret;
use crate::target::{AccountKey, Certificate, Login, Target};

/// The account to log in with at the target. Only the login of a protocol opens it.
#[derive(Debug)]
pub struct Lease {
    /// The account's name.
    pub user: String,
    /// Its password; none for a target that trusts the gateway's address, or takes its key.
    pub password: Option<Secret>,
    /// Its private key, where it proves itself with one outside of TLS.
    pub key: Option<LoginKey>,
}

impl Lease {
    /// Fetches what an account proves itself with, and dials its target.
    pub(crate) async fn take(
        Means { vault, dial, certify, .. }: &Means,
        target: &Target,
        login: &Login,
        by: Option<(SessionId, &Principal)>,
    ) -> Result<(Self, Link), Fault> {
        let password = match &login.password {
            Some(reference) => Some(vault.fetch(reference).await?),
            None => None,
        };
        let key = match &login.key {
            Some(AccountKey::Kept(reference)) => {
                Some(LoginKey { private: vault.fetch(reference).await?, certificate: None })
            }
            Some(AccountKey::Issued) => {
                let nobody = || Fault::gateway(Code::Internal, "there is nobody here to certify the key of an account");
                let certify = certify.as_ref().ok_or_else(nobody)?;
                Some(certify.certify(&Certified { account: &login.user, by }).await?)
            }
            None => None,
        };
        let certificate = match &login.certificate {
            Some(Certificate { chain, key }) => {
                Some(ClientCertificate { chain: vault.fetch(chain).await?, key: vault.fetch(key).await? })
            }
            None => None,
        };
        let link = dial.dial(target, certificate).await?;
        Ok((Self { user: login.user.clone(), password, key }, link))
    }
}

/// The server that a session is connected to, of those that its target's name stands for, and how it is encrypted.
#[derive(Clone)]
pub(super) struct Server {
    peer: SocketAddr,
    tls: Option<Arc<dyn Encrypt>>,
}

/// A way to the server of an open session that carries no password.
#[derive(Clone)]
pub struct Redial {
    house: Arc<House>,
    target: Arc<Target>,
    server: Option<Server>,
}

impl Redial {
    /// Connects to the server once more.
    ///
    /// # Errors
    /// Where it cannot be reached.
    pub async fn dial(&self) -> Result<Link, Fault> {
        // INVARIANT: it is encrypted as its session is, and shows the certificate that this shows: what runs can be taken
        // back whatever has become of the secret store since
        let Some(Server { peer, tls }) = self.server.clone() else {
            return Err(Fault::gateway(Code::Internal, "nothing runs at a target that was never reached"));
        };
        // THREAT: a session's key is told to another server of the same name, and what runs at its own runs on
        let stream = self.house.dial.again(&self.target, peer).await?;
        Ok(Link { stream, tls, peer })
    }
}

impl Gate<Known> {
    /// Who the client is.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.state.principal
    }

    /// Opens a target for the principal: policy must let it in, the session is journalled, the credential fetched
    /// and the target dialled, in this order.
    ///
    /// # Errors
    /// Why it does not open; journalled.
    pub async fn open(self, target: &str, space: Option<&str>) -> Result<(Gate<Open>, Lease, Link), Fault> {
        let rulebook = self.house.policy.rulebook();
        let admitted = Admission::to(
            &self.state,
            self.client.ip(),
            Some(self.protocol),
            (target, space),
            &rulebook,
            self.house.clock.now(),
        );
        let (admission, scope) = match admitted {
            Ok(admitted) => admitted,
            Err(fault) => return Err(self.refused(target, fault).await),
        };
        let now = self.house.clock.now();
        let most = scope.sessions(&admission.situation(now));
        let seat = match self.house.usage.sit(&admission.principal, &admission.target.name, most, now) {
            Ok(seat) => seat,
            Err(fault) => return Err(self.refused(target, fault).await),
        };
        let event = Event::SessionOpened {
            principal: admission.principal.summary(),
            client: self.client.to_string(),
            called: self.called.clone(),
            protocol: self.protocol.to_owned(),
            target: admission.target.name.to_string(),
            credential: admission.credential(),
            space: Some(admission.space.to_string()).filter(|space| !space.is_empty()),
            policy: scope.revision().to_string(),
        };
        self.house.write(Some(self.session), event).await?;
        let tape = match self.begin_recording(&admission).await {
            Ok(tape) => tape,
            Err(fault) => {
                let closed = Event::SessionClosed { reason: fault.to_string() };
                self.house.write(Some(self.session), closed).await?;
                return Err(fault);
            }
        };
        let now = self.house.clock.now();
        let end = self.house.lifetime.end(now, &admission.principal);
        let alive = Alive::new(&self.house, self.session, &tape);
        let mut gate = self.into_state(Open {
            admission,
            scope,
            verdicts: Verdicts::default(),
            seat,
            end,
            lineage: None,
            server: None,
            tape,
            alive,
        });
        // who ends the session need not wait for a target that does not answer
        let over = gate.over();
        let over: Later<'_, _> = Box::pin(async { Err(over.await) });
        let leased = first([Box::pin(gate.lease(&gate.state.admission.login)), over]).await;
        match leased {
            Ok((lease, link)) => {
                gate.state.server = Some(Server { peer: link.peer, tls: link.tls.clone() });
                Ok((gate, lease, link))
            }
            Err(fault) => {
                let reason = fault.to_string();
                gate.close(&reason).await?;
                Err(fault)
            }
        }
    }

    pub(super) async fn refused(&self, target: &str, fault: Fault) -> Fault {
        let fault = told(fault);
        let event = Event::SessionRefused {
            principal: self.state.principal.summary(),
            client: self.client.to_string(),
            target: short(target),
            code: fault.code.to_string(),
            message: fault.message.clone(),
        };
        match self.house.write(None, event).await {
            Ok(_) => fault,
            Err(worse) => worse,
        }
    }
}

impl Gate<Open> {
    /// The gateway's own way to the same target, for reading its catalog.
    ///
    /// # Errors
    /// Where the secret store or the target cannot be reached.
    pub async fn catalog_lease(&self) -> Result<(Lease, Link), Fault> {
        self.lease(self.catalog_login()).await
    }

    /// The account that reads the target's catalog.
    #[must_use]
    pub fn catalog_login(&self) -> &Login {
        self.target().catalog_login.as_ref().unwrap_or(&self.state.admission.login)
    }

    /// Another way to the same server, for taking back what runs there.
    #[must_use]
    pub fn redial(&self) -> Redial {
        Redial { house: Arc::clone(&self.house), target: Arc::clone(self.target()), server: self.state.server.clone() }
    }

    async fn lease(&self, login: &Login) -> Result<(Lease, Link), Fault> {
        let Admission { target, principal, .. } = &self.state.admission;
        Lease::take(&self.house.means(), target, login, Some((self.session, principal))).await
    }
}
