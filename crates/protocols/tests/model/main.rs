//! The session against a model of a server: random messages, cut anywhere, with cancels, answers and ends between.
//!
//! The model says what a client sees of any sequence of messages, and is itself held against real servers. Nothing here
//! opens a socket but for that, and time is the runtime's own, so that a case takes a millisecond. Each case has a number,
//! which is all that is random about it: a failure names it, and `POSTERN_FIRST` begins with it. `POSTERN_CASES` says how
//! many there are. Enter at [`server::Server`] for the model.

#![expect(
    clippy::wildcard_enum_match_arm,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test names what it looks for, counts what it sees, falls where it is wrong, and says how far it got"
)]

mod approvals;
mod cases;
mod chance;
mod client;
mod hostile;
mod messages;
mod sequences;
mod server;
mod stage;
mod target;
mod words;
