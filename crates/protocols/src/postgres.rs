//! PostgreSQL, protocol version 3.
//!
//! Enter at [`wire`] for the codec.

pub mod wire;
