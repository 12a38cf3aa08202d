//! The PostgreSQL v3 codec: bytes to messages and back.
//!
//! Nothing here does IO, keeps time, or knows what a principal, a rule or a mask is. Both ends of
//! the wire are taken to be hostile: every length is checked before it is used, every count against
//! the bytes that could hold it, and a message that is not exactly what its format says is an error.
//!
//! Enter at [`startup::next`] for the untagged packets that open a connection, then at
//! [`frame::next`] for tagged messages, and give the frames to [`Frontend::decode`] (what clients
//! say) or [`Backend::decode`] (what servers say).
//!
//! The formats are those of the PostgreSQL documentation, chapter 55, "Frontend/Backend Protocol".

pub mod array;
pub mod backend;
pub mod error;
pub mod frame;
pub mod frontend;
pub mod password;
mod read;
pub mod report;
pub mod row;
pub mod startup;
pub mod tag;
mod write;

pub use backend::{Authentication, Backend, Field, TransactionStatus};
pub use error::WireError;
pub use frame::{Frame, Limit};
pub use frontend::{Frontend, Named};
pub use password::Password;
pub use report::Report;
pub use row::Cell;
pub use startup::Startup;

/// Format code of a value sent as text (55.7, "Bind").
pub const TEXT: i16 = 0;
/// Format code of a value sent in its type's binary form (55.7, "Bind").
pub const BINARY: i16 = 1;

#[cfg(test)]
mod tests;
