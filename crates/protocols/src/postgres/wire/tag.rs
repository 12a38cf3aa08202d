//! The first byte of every tagged message: 55.7, "Message Formats".
//!
//! The same byte means different things in the two directions, so each direction has its own list.

/// What a client sends.
pub mod client {
    /// Bind parameters to a prepared statement, making a portal.
    pub const BIND: u8 = b'B';
    /// Close a statement or portal.
    pub const CLOSE: u8 = b'C';
    /// A piece of COPY data.
    pub const COPY_DATA: u8 = b'd';
    /// The end of COPY data.
    pub const COPY_DONE: u8 = b'c';
    /// COPY given up by the client.
    pub const COPY_FAIL: u8 = b'f';
    /// Describe a statement or portal.
    pub const DESCRIBE: u8 = b'D';
    /// Run a portal.
    pub const EXECUTE: u8 = b'E';
    /// Send what is pending.
    pub const FLUSH: u8 = b'H';
    /// Call a function by its OID.
    pub const FUNCTION_CALL: u8 = b'F';
    /// Prepare a statement.
    pub const PARSE: u8 = b'P';
    /// `PasswordMessage`, `SASLInitialResponse`, `SASLResponse`, `GSSResponse`: they share one byte.
    pub const PASSWORD: u8 = b'p';
    /// Run statements given as text.
    pub const QUERY: u8 = b'Q';
    /// End a pipeline.
    pub const SYNC: u8 = b'S';
    /// End the session.
    pub const TERMINATE: u8 = b'X';
}

/// What a server sends.
pub mod server {
    /// Any step of authentication.
    pub const AUTHENTICATION: u8 = b'R';
    /// The key with which this session may be cancelled.
    pub const BACKEND_KEY_DATA: u8 = b'K';
    /// Bind succeeded.
    pub const BIND_COMPLETE: u8 = b'2';
    /// Close succeeded.
    pub const CLOSE_COMPLETE: u8 = b'3';
    /// A statement ended well.
    pub const COMMAND_COMPLETE: u8 = b'C';
    /// COPY in both directions begins (replication).
    pub const COPY_BOTH_RESPONSE: u8 = b'W';
    /// A piece of COPY data.
    pub const COPY_DATA: u8 = b'd';
    /// The end of COPY data.
    pub const COPY_DONE: u8 = b'c';
    /// COPY from the client begins.
    pub const COPY_IN_RESPONSE: u8 = b'G';
    /// COPY to the client begins.
    pub const COPY_OUT_RESPONSE: u8 = b'H';
    /// One row.
    pub const DATA_ROW: u8 = b'D';
    /// The answer to a statement without text.
    pub const EMPTY_QUERY_RESPONSE: u8 = b'I';
    /// An error.
    pub const ERROR_RESPONSE: u8 = b'E';
    /// The server speaks an older minor version, or knows not every option.
    pub const NEGOTIATE_PROTOCOL_VERSION: u8 = b'v';
    /// What a function returned that was called by number.
    pub const FUNCTION_CALL_RESPONSE: u8 = b'V';
    /// What was described returns no rows.
    pub const NO_DATA: u8 = b'n';
    /// A notice.
    pub const NOTICE_RESPONSE: u8 = b'N';
    /// NOTIFY from some session.
    pub const NOTIFICATION_RESPONSE: u8 = b'A';
    /// Types of a statement's parameters.
    pub const PARAMETER_DESCRIPTION: u8 = b't';
    /// The value of a setting that clients need to know.
    pub const PARAMETER_STATUS: u8 = b'S';
    /// Parse succeeded.
    pub const PARSE_COMPLETE: u8 = b'1';
    /// A portal stopped at its row limit.
    pub const PORTAL_SUSPENDED: u8 = b's';
    /// The server waits for the next query or pipeline.
    pub const READY_FOR_QUERY: u8 = b'Z';
    /// The columns of the rows to come.
    pub const ROW_DESCRIPTION: u8 = b'T';
}
