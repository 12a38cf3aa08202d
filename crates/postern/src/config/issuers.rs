//! `[[issuer]]`: who may vouch for principals.
//!
//! A token says nothing of its issuer but its URL, so no two issuers share one.

use super::Draft;
use postern_adapters::identity::{Issuer, KEYS};
use postern_core::document::{Findings, Place, Reader, Text};
use reqwest::Url;

#[derive(Clone, Copy)]
enum Kind {
    Oidc,
    Later,
}

const KINDS: &[(&str, Kind)] =
    &[("oidc", Kind::Oidc), ("saml", Kind::Later), ("spiffe", Kind::Later), ("kubernetes", Kind::Later)];

pub(super) fn read_all(draft: &mut Draft<'_>, tables: Vec<Reader<'_>>) -> Vec<Issuer> {
    let mut issuers: Vec<(Issuer, Place)> = Vec::new();
    for table in tables {
        let place = table.place();
        let Some(issuer) = read(draft, table) else { continue };
        let same = |other: &&(Issuer, Place)| other.0.name == issuer.name || other.0.url == issuer.url;
        if let Some((other, first)) = issuers.iter().find(same) {
            let message = if other.name == issuer.name {
                format!("there are two issuers `{}`", issuer.name)
            } else {
                format!("issuers `{}` and `{}` have the same url", other.name, issuer.name)
            };
            let first = draft.findings.at(first);
            draft.findings.wrong(&place, message, None).notes.push(format!("the first is at {first}"));
        }
        issuers.push((issuer, place));
    }
    issuers.into_iter().map(|(issuer, _)| issuer).collect()
}

fn read(draft: &mut Draft<'_>, mut table: Reader<'_>) -> Option<Issuer> {
    let findings = &mut draft.findings;
    let name = table.required(findings, "name");
    if let Some(kind) = table.text(findings, "kind")
        && let Some(Kind::Later) = kind.one_of(findings, "kind", KINDS)
    {
        let hint = "this version verifies tokens of `oidc` issuers".to_owned();
        findings.wrong(&kind.place, format!("{}: not in this version", kind.text), Some(hint));
    }
    let reserved = name.as_ref().filter(|name| name.text == KEYS);
    if let Some(name) = reserved {
        let hint = "give it another name; principals of `ssh` need no [[issuer]]".to_owned();
        findings.wrong(&name.place, "`ssh` is the gateway's own name for keys that are registered", Some(hint));
    }
    let url = table.required(findings, "url");
    let audience = table.required(findings, "audience");
    let groups_claim = table.text(findings, "groups_claim").map(|text| text.text);
    let groups_prefix = table.text(findings, "groups_prefix");
    if let Some(prefix) = groups_prefix.as_ref().filter(|_| groups_claim.is_none()) {
        let hint = "add groups_claim = \"groups\", or leave this out".to_owned();
        findings.wrong(&prefix.place, "`groups_prefix` has no use without `groups_claim`", Some(hint));
    }
    let ca = table.text(findings, "ca");
    let ca_file = ca.and_then(|text| draft.base.path(findings, &text, "ca"));
    table.finish(findings);
    let url = url.filter(|url| is_safe(findings, url));
    Some(Issuer {
        name: name?.text,
        url: url?.text,
        audience: audience?.text,
        groups_claim,
        groups_prefix: groups_prefix.map(|text| text.text),
        ca_file,
    })
}

// THREAT: keys fetched in clear can be anybody's. Loopback never leaves the machine.
fn is_safe(findings: &mut Findings, text: &Text) -> bool {
    let hint = match Url::parse(&text.text) {
        Ok(url) if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() => {
            "write https://HOST[/PATH], nothing behind it"
        }
        Ok(url) if url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url)) => return true,
        Ok(url) if url.scheme() == "http" => "write https://…; http is for loopback addresses only",
        Ok(_) | Err(_) => "write https://HOST[/PATH]",
    };
    findings.wrong(&text.place, format!("`{}` is no url of an issuer", text.text), Some(hint.to_owned()));
    false
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
