//! The protocols that Postern speaks, one folder each: bytes into operations, cells into bytes.
//!
//! A protocol decides nothing; it asks the core. No folder here knows another.

pub mod postgres;
