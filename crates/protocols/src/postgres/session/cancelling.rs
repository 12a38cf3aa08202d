//! What a cancel request does to an open session.
//!
//! It is for what the client had asked by the time that it came, and for nothing later: a held operation is taken
//! back; what runs at the target is cancelled there, and no other message is taken until the target has heard of it.

use std::time::Duration;

use postern_core::Fault;
use postern_core::gate::{Permit, Redial};
use postern_core::ports::Later;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::super::cancel::Wanted;
use super::super::forward::Target;
use super::super::login::target::{cancel_packet, encrypted};
use super::hold::Holding;
use super::reply::Place;
use super::{End, Session};

/// How the journal calls it: the packet itself holds the target's key.
const TEXT: &str = "CancelRequest";
/// How long the target may take to hear of it.
const PATIENCE: Duration = Duration::from_secs(5);

/// A cancel request on its way to the target.
pub(super) struct Cancelling {
    told: Later<'static, ()>,
    /// Whoever asked for it is told by its end.
    _done: Option<oneshot::Sender<()>>,
}

impl Cancelling {
    /// One that the gateway asks for itself.
    pub(super) fn own(told: Later<'static, ()>) -> Self {
        Self { told, _done: None }
    }
}

/// Waits until the target has heard; for ever where there is nothing to hear.
pub(super) async fn told(cancelling: &mut Option<Cancelling>) {
    match cancelling {
        Some(cancelling) => (&mut cancelling.told).await,
        None => std::future::pending().await,
    }
}

impl Session<'_> {
    /// Deals with a cancel request.
    pub(super) async fn cancel(&mut self, wanted: Wanted) -> Result<(), End> {
        let came = Place(wanted.at);
        if self.holding.as_ref().is_some_and(Holding::is_waiting) {
            return if self.replies.last() <= came { self.take_back(None).await } else { Ok(()) };
        }
        if self.replies.oldest().is_none_or(|oldest| oldest > came) {
            return Ok(());
        }
        let told = self.cancel_at_target().await?;
        self.cancelling = Some(Cancelling { told, _done: Some(wanted.done) });
        Ok(())
    }

    /// Has the target told to give up what it does for this session; harmless where it does nothing.
    pub(super) async fn cancel_at_target(&mut self) -> Result<Later<'static, ()>, Fault> {
        let permit = self.gate.own(TEXT, cancel_packet(&self.target_key).freeze()).await?;
        Ok(Box::pin(tell(self.gate.redial(), permit)))
    }
}

/// Tells the target, on a connection of its own.
async fn tell(redial: Redial, permit: Permit) {
    let told = async {
        let (mut inlet, outlet) = encrypted(redial.dial().await?).await?;
        let mut target = Target::new(outlet);
        target.forward(permit);
        target.let_out();
        target.finish().await;
        // the server closes the connection once it has passed the signal on
        while inlet.fill().await.unwrap_or(0) > 0 {
            inlet.buffer.clear();
        }
        Ok::<(), Fault>(())
    };
    match timeout(PATIENCE, told).await {
        Ok(Ok(())) => {}
        Ok(Err(fault)) => {
            tracing::warn!(code = %fault.code, "a cancel request did not reach the target: {}", fault.message)
        }
        Err(_) => tracing::warn!("the target did not take a cancel request in time"),
    }
}
