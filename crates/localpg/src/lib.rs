//! A real PostgreSQL server of one's own: found on the machine, started on loopback, stopped with its owner.
//!
//! `postern demo` puts one behind the gateway, and the tests run against one.
//! It knows nothing of Postern: no policy, no gateway, no sample data.
//!
//! Enter at [`Installation::discover`], then [`Server::start`]. All calls block.

mod account;
mod error;
mod installation;
mod server;
mod sql;

pub use error::Error;
pub use installation::Installation;
pub use server::{Data, Options, SUPERUSER, Server, Tls};
