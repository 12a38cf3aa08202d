//! SSH, protocol version 2.
//!
//! It turns channels and requests into operations and decides nothing. What is asked for is read by [`analyze`], the
//! packets of file transfers by [`wire`].

pub mod analyze;
pub mod vocabulary;
pub mod wire;
