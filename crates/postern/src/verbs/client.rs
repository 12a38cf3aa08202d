//! How verbs talk to a gateway: HTTPS, with the token of a file.
//!
//! THREAT: a token sent to whoever asks. The address must be https, the certificate is checked, and redirects are not
//! followed.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use postern_core::visible::line;
use reqwest::{Certificate, Client, Method, Response, StatusCode, Url, redirect};
use serde::Deserialize;
use serde_json::Value;

use crate::cli::Remote;
use crate::failure::{Failure, reason};

const PATIENCE: Duration = Duration::from_secs(30);
/// How long an answer may take that comes line by line: longer than any session lasts.
const LONG: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The longest line of such an answer, in bytes.
const LONGEST_LINE: usize = 256 << 20;

/// A gateway, and who we are to it.
pub(super) struct Gateway {
    client: Client,
    base: Url,
    token: String,
}

#[derive(Deserialize)]
struct Problem {
    code: String,
    #[serde(alias = "error_description")]
    detail: String,
    hint: Option<String>,
}

impl Gateway {
    pub(super) fn new(remote: &Remote) -> Result<Self> {
        let hint = "write https://HOST:PORT, the address of the gateway's HTTPS listener";
        let wrong = || Failure::new(format!("`{}` is no gateway's address", remote.gateway)).hint(hint);
        let base = Url::parse(&remote.gateway).ok().filter(|url| url.scheme() == "https").ok_or_else(wrong)?;
        let mut client =
            Client::builder().https_only(true).redirect(redirect::Policy::none()).timeout(PATIENCE).no_proxy();
        if let Some(file) = &remote.ca_file {
            let pem = fs::read(file).map_err(|error| unreadable(file, &error))?;
            let roots = Certificate::from_pem_bundle(&pem).ok().filter(|roots| !roots.is_empty());
            let roots =
                roots.ok_or_else(|| Failure::new(format!("`{}` holds no certificate in PEM", file.display())))?;
            client = client.tls_certs_only(roots);
        }
        let file = &remote.token_file;
        let token = fs::read_to_string(file).map_err(|error| unreadable(file, &error))?;
        let token = token.trim().to_owned();
        if token.is_empty() {
            return Err(Failure::new(format!("`{}` is empty", file.display())).hint("put your token in it").into());
        }
        Ok(Self { client: client.build().context("TLS cannot be prepared")?, base, token })
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value> {
        self.send(Method::GET, path, None).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.send(Method::POST, path, Some(body)).await
    }

    /// Exchanges the token for a credential of the kind `wanted`, with what else is to be said of it.
    pub(super) async fn exchange(&self, wanted: &str, more: &[(&str, &str)]) -> Result<Value> {
        let mut form = self.base.join("/v1/token").context("there is no such path")?;
        form.query_pairs_mut()
            .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")
            .append_pair("requested_token_type", wanted)
            .extend_pairs(more)
            .append_pair("subject_token_type", "urn:ietf:params:oauth:token-type:id_token")
            .append_pair("subject_token", &self.token);
        // THREAT: a token in an address is in everybody's log
        let fields = form.query().unwrap_or_default().to_owned();
        form.set_query(None);
        let request = self.client.post(form).header("content-type", "application/x-www-form-urlencoded").body(fields);
        read(request.send().await.map_err(|error| self.unreached(&error))?).await
    }

    /// The same, with a query.
    pub(super) async fn get_with(&self, path: &str, query: &[(&str, &str)]) -> Result<Value> {
        let mut url = self.base.join(path).with_context(|| format!("`{path}` is no path"))?;
        url.query_pairs_mut().extend_pairs(query);
        self.get(url.as_str()).await
    }

    /// An answer that comes line by line.
    pub(super) async fn lines(&self, path: &str) -> Result<Lines> {
        let url = self.base.join(path).with_context(|| format!("`{path}` is no path"))?;
        let request = self.client.get(url).bearer_auth(&self.token).timeout(LONG);
        let response = request.send().await.map_err(|error| self.unreached(&error))?;
        if response.status() == StatusCode::OK {
            return Ok(Lines { response, came: Vec::new(), read: 0 });
        }
        read(response).await?;
        Err(Failure::new("the gateway's answer is unreadable").into())
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let url = self.base.join(path).with_context(|| format!("`{path}` is no path"))?;
        let mut request = self.client.request(method, url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|error| self.unreached(&error))?;
        read(response).await
    }

    fn unreached(&self, error: &reqwest::Error) -> Failure {
        let mut causes = String::new();
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            causes = cause.to_string();
            source = cause.source();
        }
        let failure = Failure::new(format!("the gateway at {} was not reached: {causes}", self.base));
        if causes.contains("certificate") {
            return failure.hint("pass the authority of its certificate with --ca-file");
        }
        failure.hint("see that it runs, and that the address is that of its HTTPS listener")
    }
}

/// An answer that comes line by line.
pub(super) struct Lines {
    response: Response,
    came: Vec<u8>,
    /// How much of it was read.
    read: usize,
}

impl Lines {
    /// The next line; nothing at the end.
    pub(super) async fn next(&mut self) -> Result<Option<String>> {
        let mut looked = self.read;
        loop {
            if let Some(end) = self.came.get(looked..).and_then(|rest| rest.iter().position(|byte| *byte == b'\n')) {
                let end = looked.saturating_add(end);
                let line = self.came.get(self.read..end).unwrap_or_default().to_vec();
                self.read = end.saturating_add(1);
                return String::from_utf8(line).map(Some).context("the gateway's answer is unreadable");
            }
            self.came.drain(..self.read);
            self.read = 0;
            looked = self.came.len();
            if looked > LONGEST_LINE {
                return Err(Failure::new("the gateway's answer is unreadable: a line does not end").into());
            }
            match self.response.chunk().await.context("the gateway's answer broke off")? {
                Some(more) => self.came.extend_from_slice(&more),
                None => return Ok(None),
            }
        }
    }

    /// Whether the next line is there already.
    pub(super) fn has_more(&self) -> bool {
        self.came.get(self.read..).is_some_and(|rest| rest.contains(&b'\n'))
    }
}

fn unreadable(file: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("`{}` cannot be read: {}", file.display(), reason(error)))
}

async fn read(response: Response) -> Result<Value> {
    let status = response.status();
    let text = response.text().await.context("the gateway's answer broke off")?;
    if status == StatusCode::OK {
        return serde_json::from_str(&text).context("the gateway's answer is unreadable");
    }
    let Ok(Problem { code, detail, hint }) = serde_json::from_str(&text) else {
        return Err(Failure::new(format!("the gateway answered {status}")).into());
    };
    // THREAT: whoever answers may be no gateway, and an answer may hold a stranger's words
    let failure = Failure::new(format!("{}: {}", line(&code), line(&detail)));
    Err(match hint {
        Some(hint) => failure.hint(line(&hint)),
        None => failure,
    }
    .into())
}
