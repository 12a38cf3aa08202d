//! What can be wrong with bytes of this protocol.
//!
//! Whose fault it is follows from which side the bytes came from; only the session knows that.

use std::fmt;

/// Why bytes are not a message, or values cannot become one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// The length announced is over the limit of this phase. Found before the body is awaited.
    #[error("{} announces {length} bytes, {limit} are allowed", Tag(*tag))]
    TooLong {
        /// The type of the message; none for a packet before the session, which has no type.
        tag: Option<u8>,
        /// What its length field says; a negative length appears as 2³¹ or more.
        length: u32,
        /// The most it may say.
        limit: usize,
    },
    /// The length announced is less than the length field itself needs.
    #[error("{} announces {length} bytes, fewer than its header", Tag(*tag))]
    TooShort {
        /// The type of the message; none for a packet before the session, which has no type.
        tag: Option<u8>,
        /// What its length field says.
        length: u32,
    },
    /// No message of this direction begins with this byte.
    #[error("{} is unknown", Tag(Some(*.0)))]
    UnknownMessage(u8),
    /// The message ends inside a field.
    #[error("{what} ends before its last field")]
    Truncated {
        /// Which message.
        what: &'static str,
    },
    /// The message goes on after its last field.
    #[error("{what} has {count} bytes after its last field")]
    Trailing {
        /// Which message.
        what: &'static str,
        /// How many bytes are left over.
        count: usize,
    },
    /// A count is more than the bytes that follow could hold.
    #[error("{what} announces {count} items, more than it has room for")]
    Count {
        /// Which message.
        what: &'static str,
        /// What the count says.
        count: usize,
    },
    /// A field holds a value that its format does not have.
    #[error("{what} has a wrong {field}")]
    Malformed {
        /// Which message.
        what: &'static str,
        /// Which field.
        field: &'static str,
    },
    /// A startup parameter is given twice, so that two readers could take different values.
    #[error("startup parameter `{}` is given twice", name.escape_debug())]
    Duplicate {
        /// The name of the parameter.
        name: String,
    },
    /// A protocol version other than 3.
    #[error("protocol version {major}.{minor} is not supported, only version 3 is")]
    Version {
        /// The version asked for, before the dot.
        major: u16,
        /// The version asked for, after the dot.
        minor: u16,
    },
    /// A value that this protocol has no way to write.
    #[error("cannot write {what}: {why}")]
    Unwritable {
        /// Which message or field.
        what: &'static str,
        /// What stands in the way.
        why: &'static str,
    },
}

/// Names a message by its first byte.
struct Tag(Option<u8>);

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("startup packet"),
            Some(tag) if tag.is_ascii_graphic() => write!(f, "message type `{}`", char::from(tag)),
            Some(tag) => write!(f, "message type 0x{tag:02x}"),
        }
    }
}
