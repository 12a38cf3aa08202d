//! A relay that looks at nothing: the least that anything between a client and a server can cost.
//!
//! `relay LISTEN TARGET` passes on bytes between whoever connects to LISTEN and TARGET, until it is killed. It must
//! never learn what a protocol is, or it is no floor to measure by.

use std::io;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
async fn main() -> io::Result<()> {
    let mut words = std::env::args().skip(1);
    let (Some(listen), Some(target)) = (words.next(), words.next()) else {
        return Err(io::Error::other("usage: relay LISTEN TARGET"));
    };
    let listener = TcpListener::bind(listen).await?;
    loop {
        let (client, _) = listener.accept().await?;
        let target = target.clone();
        tokio::spawn(async move {
            // whichever end goes, the other is closed with it
            pass(client, &target).await.ok();
        });
    }
}

async fn pass(mut client: TcpStream, target: &str) -> io::Result<()> {
    let mut target = TcpStream::connect(target).await?;
    client.set_nodelay(true)?;
    target.set_nodelay(true)?;
    copy_bidirectional(&mut client, &mut target).await.map(drop)
}
