//! Cells without a secret in them, many of which look as if they had one.
//!
//! Enter at [`harmless`].

use super::corpus::{Cell, Chance, FORMS, LETTERS, cell};

const HEX: &str = "0123456789abcdef";

/// The `number`th harmless cell.
pub(crate) fn harmless(number: u64) -> Cell {
    let mut chance = Chance(number ^ 0x0a11_c1ea);
    let (name, value) = match number % 4 {
        0 => plain(&mut chance),
        1 => numbers(&mut chance),
        2 => opaque(&mut chance),
        _ => named(&mut chance),
    };
    let form = *chance.of(&FORMS);
    let (label, text) = cell(&mut chance, form, name, &value);
    Cell { label, text, truth: Vec::new() }
}

fn plain(chance: &mut Chance) -> (&'static str, String) {
    let number = chance.next();
    match chance.below(10) {
        0 => ("name", chance.of(&["Ada Lovelace", "Søren Ødegård", "Łukasz Żółć", "李小龙"]).to_string()),
        1 => ("city", chance.of(&["Zürich", "São Paulo", "New York, NY 10001", "東京"]).to_string()),
        2 => ("price", format!("{}.{:02} EUR", number % 10_000, number % 100)),
        3 => (
            "note",
            format!(
                "delivered on {:02}.{:02}.2026 at {:02}:{:02}, left with the neighbour",
                1 + number % 28,
                1 + number % 12,
                number % 24,
                number % 60
            ),
        ),
        4 => ("url", format!("https://example.org/products/{}?page={}#top", number % 10_000, number % 9)),
        5 => ("query", format!("select id, password_hash is not null from users where id = {}", number % 1000)),
        6 => ("handle", format!("@{} see logo@2x.png and left-pad@{}.3.0", chance.text(6, "abcdefgh"), number % 9)),
        7 => ("remote", format!("git@github.com:acme/{}.git", chance.text(6, "abcdefgh"))),
        8 => ("path", format!("/var/lib/{}/data-{}.tar.gz", chance.text(6, "abcdefgh"), number % 100)),
        _ => (
            "version",
            format!("{}.{}.{}-rc.{}+build.{}", number % 9, number % 30, number % 12, number % 4, number % 100_000),
        ),
    }
}

fn numbers(chance: &mut Chance) -> (&'static str, String) {
    let number = chance.next();
    match chance.below(14) {
        0 => ("order_id", chance.digits(16)),
        1 => ("orderNumber", format!("{}{}", 4 + number % 2, chance.digits(15))),
        2 => ("invoice_no", format!("2026{}", chance.digits(12))),
        3 => ("tracking", format!("1Z{}", chance.text(16, "0123456789ABCDEF"))),
        4 => ("created_ms", (1_700_000_000_000 + number % 90_000_000_000).to_string()),
        5 => ("ts", (1_700_000_000_000_000 + number % 90_000_000_000_000).to_string()),
        6 => ("snowflake", (1_000_000_000_000_000_000 + number % 900_000_000_000_000_000).to_string()),
        7 => ("imei", format!("35{}", chance.digits(13))),
        8 => ("ean", format!("400{}", chance.digits(10))),
        9 => ("position", format!("{}.{}, -{}.{}", number % 90, chance.digits(6), number % 180, chance.digits(6))),
        10 => (
            "address",
            format!("{}.{}.{}.{}:{}", number % 256, number % 199, number % 251, number % 241, number % 65_536),
        ),
        11 => ("part", format!("{}-{}-{}", chance.digits(4), chance.digits(3), chance.digits(5))),
        12 => ("difference", format!("+{}", chance.digits(6))),
        _ => ("range", format!("{}-{}", chance.digits(8), chance.digits(8))),
    }
}

fn opaque(chance: &mut Chance) -> (&'static str, String) {
    let hex = |chance: &mut Chance, many| chance.text(many, HEX);
    match chance.below(12) {
        0 | 1 => {
            let parts: Vec<String> = [8, 4, 4, 4, 12].iter().map(|many| hex(chance, *many)).collect();
            (*chance.of(&["id", "request_id", "trace"]), parts.join("-"))
        }
        2 => ("commit", hex(chance, 40)),
        3 => ("digest", format!("sha256:{}", hex(chance, 64))),
        4 => ("md5", hex(chance, 32)),
        5 => ("image", format!("data:image/png;base64,iVBORw0KGgo{}=", chance.text(300, &format!("{LETTERS}+/")))),
        6 => (
            "mac",
            format!(
                "{}:{}:{}:{}:{}:{}",
                hex(chance, 2),
                hex(chance, 2),
                hex(chance, 2),
                hex(chance, 2),
                hex(chance, 2),
                hex(chance, 2)
            ),
        ),
        7 => (
            "certificate",
            format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----", chance.text(64, LETTERS)),
        ),
        8 => ("cursor", format!("eyJ{}", chance.text(40, LETTERS))),
        9 => ("sample", format!("ghp_{}", chance.text(36, LETTERS))),
        10 => ("ssh_key", format!("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA{} bob", chance.text(43, LETTERS))),
        _ => ("etag", format!("W/{}-{}", hex(chance, 6), hex(chance, 16))),
    }
}

fn named(chance: &mut Chance) -> (&'static str, String) {
    let number = chance.next();
    match chance.below(16) {
        0 => ("password", "********".to_owned()),
        1 => ("password", format!("vault:kv/data/orders-{}#password", number % 100)),
        2 => ("password_changed_at", format!("2026-11-{:02}T08:15:{:02}Z", 1 + number % 28, number % 60)),
        3 => ("token_type", "Bearer".to_owned()),
        4 => ("max_tokens", (number % 100_000).to_string()),
        5 => ("secret", format!("projects/acme/secrets/db-{}/versions/{}", number % 100, number % 9)),
        6 => ("api_key", "${STRIPE_API_KEY}".to_owned()),
        7 => ("token", "expired, please log in again".to_owned()),
        8 => ("secretName", format!("shop-tls-{}", number % 1000)),
        9 => ("password", "required".to_owned()),
        10 => ("dsn", format!("postgres://app:${{PGPASSWORD}}@db-{}.internal:5432/shop", number % 9)),
        11 => ("keyboard", format!("qwerty-{}", number % 1000)),
        12 => ("bsn_count", (number % 1_000_000_000).to_string()),
        13 => ("telemetry", format!("{}", number % 10_000_000_000)),
        14 => ("token_count", chance.digits(6)),
        _ => ("aws_region", format!("eu-west-{} AKIA-compatible", number % 3)),
    }
}
