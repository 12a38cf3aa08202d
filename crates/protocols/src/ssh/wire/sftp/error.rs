//! What can be wrong with a packet.
//!
//! It says nothing of what stands in one: that may be anybody's file. Enter at [`SftpError`].

/// A packet that is none, or cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SftpError {
    /// It says that it is longer than any may be.
    #[error("a packet of {length} bytes is announced, and {most} is the most")]
    TooLong {
        /// What it says.
        length: u32,
        /// What it may say.
        most: usize,
    },
    /// It has no room for what it is.
    #[error("a packet without a kind")]
    Empty,
    /// It ends before its fields do.
    #[error("{what} ends too early")]
    Truncated {
        /// What it would be.
        what: &'static str,
    },
    /// It goes on where its fields end.
    #[error("{what} has {count} bytes too many")]
    Trailing {
        /// What it is.
        what: &'static str,
        /// How many.
        count: usize,
    },
    /// A field holds what it cannot hold.
    #[error("{what} has a {field} that is none")]
    Malformed {
        /// What it is.
        what: &'static str,
        /// Which field.
        field: &'static str,
    },
    /// It is not of the kind that has to come now.
    #[error("a packet of kind {kind} where {what} has to come")]
    Unexpected {
        /// What has to come.
        what: &'static str,
        /// What came.
        kind: u8,
    },
    /// What is to be written does not fit into a packet.
    #[error("{what} does not fit into a packet")]
    Unwritable {
        /// What it is.
        what: &'static str,
    },
}
