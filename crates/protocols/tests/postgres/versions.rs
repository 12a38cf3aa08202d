//! Versions and options of the protocol: to each that a client may ask for, the gateway says what PostgreSQL 18 says, byte
//! for byte, whatever the version of the target is.

use std::net::SocketAddr;

use anyhow::{Result, ensure};
use bytes::BytesMut;
use postern_protocols::postgres::wire::startup;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::gateway::{APP, Gateway};
use crate::{READS, SHOP};

/// A startup packet, written by hand: nothing of it is checked.
fn packet(version: [u8; 4], user: &str, database: &str, options: &[&str]) -> Result<Vec<u8>> {
    let mut body = version.to_vec();
    let own = ["user", user, "database", database];
    for text in own.iter().chain(options) {
        body.extend_from_slice(text.as_bytes());
        body.push(0);
    }
    body.push(0);
    Ok([&u32::try_from(body.len() + 4)?.to_be_bytes()[..], &body].concat())
}

/// What is said before the client is asked who it is; or the error that comes instead, up to where it is told from others.
async fn said(address: SocketAddr, packet: &[u8]) -> Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(packet).await?;
    heard(stream).await
}

async fn heard(mut stream: TcpStream) -> Result<String> {
    let mut said = Vec::new();
    loop {
        let mut head = [0; 5];
        stream.read_exact(&mut head).await?;
        let [tag, length @ ..] = head;
        let mut body = vec![0; usize::try_from(u32::from_be_bytes(length))? - 4];
        stream.read_exact(&mut body).await?;
        match tag {
            b'R' => return Ok(said.escape_ascii().to_string()),
            b'E' => {
                let fields =
                    body.split(|byte| *byte == 0).filter(|field| matches!(field.first(), Some(b'S' | b'C' | b'M')));
                let fields: Vec<String> = fields.map(|field| field.escape_ascii().to_string()).collect();
                return Ok(format!("{}{}", said.escape_ascii(), fields.join(" ")));
            }
            _ => said.extend(head.iter().chain(&body)),
        }
        ensure!(said.len() < 10_000, "there is no end of it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_version_and_option_is_answered_as_by_the_server() -> Result<()> {
    let server = Gateway::start(18, SHOP, READS).await?;
    let older = Gateway::start(15, SHOP, READS).await?;
    let (novelty, grease) = (["_pq_.novelty", "on"], ["_pq_.test_protocol_negotiation", ""]);
    for (version, options, negotiated) in [
        ([0, 3, 0, 0], &[][..], false),
        // reserved: no server speaks it, and none says so
        ([0, 3, 0, 1], &[], false),
        ([0, 3, 0, 2], &[], false),
        ([0, 3, 0, 3], &[], true),
        ([0, 3, 0xff, 0xff], &[], true),
        // what newer clients ask for so that nobody forgets to negotiate
        ([0, 3, 0x27, 0x0f], &grease, true),
        ([0, 3, 0, 0], &novelty, true),
        ([0, 3, 0, 1], &novelty, true),
        ([0, 3, 0, 2], &["_pq_.b", "1", "application_name", "x", "_pq_.a", "2", "_pq_.", "3"], true),
        ([0, 4, 0, 0], &[], false),
        ([0, 0, 0, 0], &[], false),
        ([4, 210, 22, 50], &[], false),
    ] {
        let expected = said(server.server.address(), &packet(version, APP, "postgres", options)?).await?;
        assert_eq!(expected.starts_with('v'), negotiated, "{expected}");
        for gateway in [&server, &older] {
            let heard = said(gateway.address, &packet(version, "bot", "shop", options)?).await?;
            assert_eq!(heard, expected, "{version:?} {options:?}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn encryption_that_there_is_not_is_declined_once() -> Result<()> {
    let gateway = Gateway::start(18, SHOP, READS).await?;
    let mut request = BytesMut::new();
    startup::encode_gss_enc_request(&mut request);
    let mut met = Vec::new();
    for address in [gateway.server.address(), gateway.address] {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(&request).await?;
        assert_eq!(stream.read_u8().await?, b'N');
        stream.write_all(&request).await?;
        met.push(heard(stream).await?);
    }
    assert!(met[0].contains("unsupported frontend protocol 1234.5680"), "{met:?}");
    assert_eq!(met[0], met[1]);
    Ok(())
}
