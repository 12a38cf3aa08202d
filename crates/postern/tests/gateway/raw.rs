//! A client of bytes: it says what no driver would, at the moment it likes.
//!
//! Message layouts are those of the PostgreSQL documentation, chapter 55.7.

#![expect(clippy::arithmetic_side_effects, reason = "lengths and counts of a test are small")]

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::served::{Served, Way};

/// The request for TLS: length 8 and the code 80877103.
pub(crate) const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// A connection inside TLS.
pub(crate) type Encrypted = StreamOwned<ClientConnection, TcpStream>;

/// A connection in plain text, which gives up after a while.
pub(crate) fn plain(served: &Served) -> TcpStream {
    connected(served.port)
}

/// The same to any port of this machine.
pub(crate) fn connected(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// A connection that has asked for TLS and got it.
pub(crate) fn encrypted(served: &Served) -> Encrypted {
    let mut stream = plain(served);
    ask_for_tls(&mut stream);
    inside(stream, &served.site.path("state/tls.crt"), &[])
}

/// Asks for TLS, and hears that it may begin.
pub(crate) fn ask_for_tls(stream: &mut TcpStream) {
    stream.write_all(&SSL_REQUEST).unwrap();
    let mut answer = [0];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"S");
}

/// A connection that begins TLS with its next byte, and says that it speaks one of `protocols` (ALPN).
pub(crate) fn inside(stream: TcpStream, authority: &Path, protocols: &[&str]) -> Encrypted {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let client = ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap()).unwrap();
    StreamOwned::new(client, stream)
}

/// A connection that has logged in and may send queries.
pub(crate) fn logged_in(served: &Served, way: &Way) -> Encrypted {
    let mut stream = encrypted(served);
    stream.write_all(&startup(&way.user, &way.database)).unwrap();
    assert_eq!(message(&mut stream).unwrap().0, b'R', "it asks for a password");
    stream.write_all(&tagged(b'p', format!("{}\0", way.password).as_bytes())).unwrap();
    loop {
        let (tag, body) = message(&mut stream).unwrap();
        assert_ne!(tag, b'E', "{}", String::from_utf8_lossy(&body));
        if tag == b'Z' {
            return stream;
        }
    }
}

/// A startup packet of protocol 3.0.
pub(crate) fn startup(user: &str, database: &str) -> Vec<u8> {
    let parameters = format!("user\0{user}\0database\0{database}\0\0");
    let length = u32::try_from(parameters.len()).unwrap() + 8;
    [&length.to_be_bytes()[..], &[0, 3, 0, 0], parameters.as_bytes()].concat()
}

/// A message with its length.
pub(crate) fn tagged(tag: u8, body: &[u8]) -> Vec<u8> {
    [&header(tag, u32::try_from(body.len()).unwrap() + 4)[..], body].concat()
}

/// The beginning of a message of a length that may be a lie.
pub(crate) fn header(tag: u8, length: u32) -> [u8; 5] {
    let [a, b, c, d] = length.to_be_bytes();
    [tag, a, b, c, d]
}

/// The next message of the server: its tag and its body.
pub(crate) fn message(stream: &mut impl Read) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    stream.read_exact(&mut head)?;
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
    let mut body = vec![0; usize::try_from(length).unwrap() - 4];
    stream.read_exact(&mut body)?;
    Ok((head[0], body))
}

/// All messages up to the end of the connection, which must come; an error is told by its fields.
pub(crate) fn farewell(stream: &mut impl Read) -> String {
    let mut said = String::new();
    loop {
        match message(stream) {
            Ok((b'E', body)) => {
                for field in body.split(|byte| *byte == 0).filter(|field| !field.is_empty()) {
                    let (kind, text) = field.split_at(1);
                    if matches!(kind, b"S" | b"C" | b"M" | b"D" | b"H") {
                        said.push_str(&format!("{} {}\n", kind.escape_ascii(), String::from_utf8_lossy(text)));
                    }
                }
            }
            Ok((tag, _)) => said.push_str(&format!("message {}\n", tag.escape_ascii())),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => panic!("it is not closed: {said}"),
            Err(_) => return said,
        }
    }
}
