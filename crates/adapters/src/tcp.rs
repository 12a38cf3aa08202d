//! What every connection of the gateway is set to, towards clients and towards targets.
//!
//! No `TCP_USER_TIMEOUT`: it would also end a connection whose other side lives and does not read, as a pager does that
//! nobody looks at. Enter at [`tune`].

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::net::sockopt;

/// When a silent connection is asked for a sign of life, how often, and how many times in vain. Whatever stands between
/// forgets a connection after some minutes without a packet, and a machine that is gone is noticed after two.
pub(crate) const KEEPALIVE: (Duration, Duration, u32) = (Duration::from_secs(60), Duration::from_secs(15), 4);

/// Has a connection kept alive while nobody says anything, and small messages sent at once.
///
/// # Errors
/// Where the connection is gone.
pub fn tune(stream: &impl AsFd) -> io::Result<()> {
    let (idle, interval, count) = KEEPALIVE;
    // without it a reply in several pieces waits for the other side's acknowledgements
    sockopt::set_tcp_nodelay(stream, true)?;
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, idle)?;
    sockopt::set_tcp_keepintvl(stream, interval)?;
    sockopt::set_tcp_keepcnt(stream, count)?;
    Ok(())
}
