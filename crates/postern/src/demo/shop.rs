//! The shop's database: customers, cards, tokens, orders; all of it made up.
//!
//! It belongs to the account that the gateway logs in with, so that what stops a DROP is the gateway and not the
//! database.

use postern_localpg::{Error, Server};

const SHOP: &str = include_str!("shop.sql");

/// Makes the account and the database.
pub(super) fn fill(server: &Server, password: &str) -> Result<(), Error> {
    server.create_login("app", password)?;
    server.run_sql("postgres", SHOP).map(drop)
}
