//! HTTPS: TLS, then HTTP/1.1, then the API's router, with a bound on everything a stranger could drag out.
//!
//! It knows no route.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use postern_adapters::tls::listener::Certificate;
use postern_api::Client;
use postern_core::Fault;
use postern_core::gate::Halt;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::over;

/// For the TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// For a request's head, and for an idle connection.
const HEAD: Duration = Duration::from_secs(30);
/// For a request from its head to the answer.
const REQUEST: Duration = Duration::from_secs(30);

/// Serves the API.
#[derive(Clone)]
pub(super) struct Https {
    api: Router,
    halt: watch::Receiver<Halt>,
    tls: TlsAcceptor,
}

impl Https {
    pub(super) fn new(api: Router, halt: watch::Receiver<Halt>, certificate: &Certificate) -> Result<Self, Fault> {
        Ok(Self { api, halt, tls: TlsAcceptor::from(certificate.config(&[b"http/1.1"])?) })
    }

    pub(super) async fn serve(self, stream: TcpStream, address: SocketAddr) {
        let stream = match timeout(HANDSHAKE, self.tls.accept(stream)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return tracing::debug!(client = %address, %error, "no TLS handshake"),
            Err(_) => return tracing::debug!(client = %address, "a TLS handshake took too long"),
        };
        let api = self.api;
        let answer = service_fn(move |request| answer(api.clone(), request, address));
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(HEAD);
        let mut connection = std::pin::pin!(http.serve_connection(TokioIo::new(stream), answer));
        let mut halt = self.halt;
        let served = tokio::select! {
            served = connection.as_mut() => served,
            () = over(&mut halt) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = served {
            tracing::debug!(client = %address, %error, "an HTTP connection ended early");
        }
    }
}

async fn answer(
    api: Router,
    request: Request<Incoming>,
    address: SocketAddr,
) -> Result<Response, std::convert::Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(Client(address));
    match timeout(REQUEST, api.oneshot(request)).await {
        Ok(answered) => answered,
        Err(_) => Ok((StatusCode::REQUEST_TIMEOUT, "the request took too long\n").into_response()),
    }
}
