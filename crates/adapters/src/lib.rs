//! The gateway's hands: each module implements one port of core with what the machine, the network or a file gives.
//!
//! An adapter decides nothing about access, and knows no protocol. Which of them a gateway uses, its composition root
//! says.

pub mod blobs;
pub mod certify;
pub mod clock;
pub mod dial;
pub mod identity;
pub mod index;
pub mod journal;
pub mod store;
pub mod tcp;
pub mod tls;
pub mod vault;
