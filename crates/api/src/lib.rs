//! What people and programs reach over HTTPS: `/v1`, the page of an approval, health and metrics.
//!
//! It decides nothing: who somebody is, what they may see and whether their answer counts is core's. Enter at
//! [`router`]; which routes there are, and who may call each, is one table in `routes`.

mod approvals;
mod audit;
mod caller;
mod health;
mod metrics;
mod openapi;
mod pages;
mod problem;
mod recordings;
mod routes;
mod sessions;
mod token;
mod view;

use std::sync::Arc;

use axum::Router;
use postern_core::House;
use postern_core::ports::{Protocol, Search};

pub use caller::Client;
pub use metrics::Counts;

use pages::Desk;

#[cfg(test)]
mod tests;

/// What all requests share.
pub struct Api {
    house: Arc<House>,
    search: Arc<dyn Search>,
    counts: Arc<Counts>,
    desk: Desk,
    origin: String,
    host: String,
    ports: Vec<(&'static str, u16)>,
    keys: Vec<(&'static str, String)>,
    protocols: Vec<Arc<dyn Protocol>>,
}

impl Api {
    /// The API of a gateway that browsers know as `origin`, such as `https://gw.example.com:18443`.
    #[must_use]
    pub fn new(house: Arc<House>, search: Arc<dyn Search>, counts: Arc<Counts>, origin: impl Into<String>) -> Self {
        let (host, ports, keys, protocols) = (String::new(), Vec::new(), Vec::new(), Vec::new());
        Self { house, search, counts, desk: Desk::default(), origin: origin.into(), host, ports, keys, protocols }
    }

    /// The same, of a gateway whose protocols are reached on these ports of `host`.
    #[must_use]
    pub fn listening(self, host: impl Into<String>, ports: impl IntoIterator<Item = (&'static str, u16)>) -> Self {
        Self { host: host.into(), ports: ports.into_iter().collect(), ..self }
    }

    /// The same, where clients of these protocols know the gateway by these keys.
    #[must_use]
    pub fn known_by(self, keys: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        Self { keys: keys.into_iter().collect(), ..self }
    }

    /// Reads recordings by these protocols.
    #[must_use]
    pub fn reading(self, protocols: Vec<Arc<dyn Protocol>>) -> Self {
        Self { protocols, ..self }
    }
}

/// The service. Every request must carry a [`Client`] among its extensions.
pub fn router(api: Api) -> Router {
    routes::router(Arc::new(api))
}
