//! Connections through the target to somewhere else: each its own operation.
//!
//! THREAT: what a connection brings before it is decided about. None is open on either side by then.

use std::sync::Arc;

use postern_core::Fault;
use postern_core::gate::Flow;
use postern_core::journal::Outcome;

use super::channel::{Channel, Right};
use super::{Done, End, Session, reading};
use crate::ssh::forward::Connecting;
use crate::ssh::transport::Beyond;
use crate::ssh::transport::server::Opening;
use crate::ssh::transport::target::Opened;
use crate::ssh::wire::order::Order;

impl Session {
    /// Decides about a connection. Nothing of it is taken before that.
    pub(super) async fn forward(&mut self, beyond: Beyond, opening: Opening) -> Result<(), End> {
        let operation = reading::forward(&beyond);
        match self.at_once(operation, &Order::Connect(beyond)).await? {
            None => opening.refuse(true).await,
            Some(permit) => {
                let (connecting, flow) = Connecting::of(permit)?;
                let target = Arc::clone(&self.target);
                self.connecting = self.connecting.saturating_add(1);
                self.work.push(Box::pin(async move {
                    let connected = target.connect(connecting).await;
                    Done::Connected(Box::new((opening, flow)), connected)
                }));
            }
        }
        Ok(())
    }

    /// It is connected, or not.
    pub(super) async fn connected(
        &mut self,
        (opening, flow): (Opening, Flow),
        connected: Result<Opened, Fault>,
    ) -> Result<(), End> {
        self.connecting = self.connecting.saturating_sub(1);
        match connected {
            Ok(opened) => {
                // THREAT: what was permitted, and is forbidden by the time that it is connected
                if self.gate.goes_on(&flow)?.is_err() {
                    self.ended.push((flow.id(), Outcome::Unknown));
                    self.leave_behind(opened);
                    opening.refuse(true).await;
                    return Ok(());
                }
                let (number, to_client, came) = opening.accept().await;
                let mut channel = Channel::new(to_client, came);
                channel.note = Some("closed".to_owned());
                channel.runs(Right::Own(Box::new(flow)), &opened, &self.echo);
                self.called.insert(opened.number, number);
                channel.into.open(opened.way());
                self.channels.insert(number, channel);
            }
            Err(fault) => {
                tracing::debug!(code = %fault.code, cause = fault.cause, "{}", fault.message);
                self.ended.push((flow.id(), Outcome::Failed { code: fault.code.to_string() }));
                opening.refuse(false).await;
            }
        }
        self.told_early().await
    }
}
