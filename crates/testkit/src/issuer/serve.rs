//! Just enough HTTP/1.1 to serve two documents, one request a connection.
//! It knows no tokens: what to answer stands in the issuer's state. Enter at [`listen`].

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::PoisonError;
use std::thread;
use std::time::Duration;

use super::{Behaviour, Document, Shared};

const LONGEST_REQUEST: u64 = 16 * 1024;
const PATIENCE: Duration = Duration::from_secs(5);

/// Serves until the issuer ends, then waits for the connections that are left.
pub(super) fn listen(listener: &TcpListener, shared: &Shared) {
    thread::scope(|connections| {
        for connection in listener.incoming() {
            if shared.lock().ending {
                break;
            }
            let Ok(connection) = connection else { continue };
            // a client that goes away is the client's business
            connections.spawn(move || drop(answer(connection, shared)));
        }
    });
}

fn answer(mut connection: TcpStream, shared: &Shared) -> io::Result<()> {
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
    let Some(path) = request_path(&connection)? else {
        return Ok(());
    };
    let document = match path.as_str() {
        "/.well-known/openid-configuration" => Document::Discovery,
        "/keys" => Document::Keys,
        _ => return reply(&mut connection, 404, "", b"no such document"),
    };
    let behaviour = {
        let mut state = shared.lock();
        state.count(document);
        state.behaviour(document).clone()
    };
    match behaviour {
        Behaviour::Serve => {
            let body = shared.lock().document(document);
            reply(&mut connection, 200, "Content-Type: application/json\r\n", body.as_bytes())
        }
        Behaviour::Redirect(to) => reply(&mut connection, 302, &format!("Location: {to}\r\n"), b""),
        Behaviour::Status(status) => reply(&mut connection, status, "", b"out of order"),
        Behaviour::Bytes(body) => reply(&mut connection, 200, "Content-Type: application/json\r\n", &body),
        Behaviour::Endless => endless(&mut connection, shared),
        Behaviour::Hang => {
            hang(document, shared);
            Ok(())
        }
        Behaviour::Close => Ok(()),
    }
}

/// Reads a request to the end of its header.
fn request_path(connection: &TcpStream) -> io::Result<Option<String>> {
    let mut path = None;
    for line in BufReader::new(connection.take(LONGEST_REQUEST)).lines() {
        let line = line?;
        if line.is_empty() {
            return Ok(path);
        }
        path = path.or_else(|| line.split(' ').nth(1).map(str::to_owned));
    }
    Ok(None)
}

fn reply(connection: &mut TcpStream, status: u16, header: &str, body: &[u8]) -> io::Result<()> {
    let length = body.len();
    write!(connection, "HTTP/1.1 {status} -\r\n{header}Content-Length: {length}\r\nConnection: close\r\n\r\n")?;
    connection.write_all(body)
}

fn endless(connection: &mut TcpStream, shared: &Shared) -> io::Result<()> {
    write!(connection, "HTTP/1.1 200 -\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")?;
    while !shared.lock().ending {
        connection.write_all(&[b' '; 4096])?;
    }
    Ok(())
}

fn hang(document: Document, shared: &Shared) {
    let state = shared.lock();
    let waited =
        shared.changed.wait_while(state, |state| !state.ending && *state.behaviour(document) == Behaviour::Hang);
    drop(waited.unwrap_or_else(PoisonError::into_inner));
}
