//! One secret of each kind, with a name that it is found under in real life, and the part of it that must be hidden.
//!
//! Check digits are worked out here by trying, and not as the detectors do it, where that is short. Enter at [`make`].

use postern_core::mask::detect::Detector;

use super::corpus::{Chance, DIGITS, LETTERS, URL};

const BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A name, a value, and what of the value is the secret.
pub(crate) fn make(chance: &mut Chance, detector: Detector) -> (String, String, String) {
    let whole = |name: &str, value: String| (name.to_owned(), value.clone(), value);
    let plain = *chance.of(&["value", "note", "env", "config", "description", "auth"]);
    match detector {
        Detector::PrivateKey => whole(plain, private_key(chance)),
        Detector::AwsKey if chance.below(2) == 0 => {
            let start = *chance.of(&["AKIA", "ASIA"]);
            whole(plain, format!("{start}{}", chance.text(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")))
        }
        Detector::AwsKey => whole("aws_secret_access_key", chance.text(40, BASE64)),
        Detector::AzureKey => {
            let key = format!("{}==", chance.text(86, BASE64));
            let name = chance.text(8, "abcdefgh");
            (
                plain.to_owned(),
                format!(
                    "DefaultEndpointsProtocol=https;AccountName={name};AccountKey={key};EndpointSuffix=core.windows.net"
                ),
                key,
            )
        }
        Detector::GcpKey => whole(plain, format!("AIza{}", chance.text(35, URL))),
        Detector::GithubToken => {
            let kind = *chance.of(&["ghp_", "gho_", "ghs_"]);
            whole(plain, summed(chance, kind))
        }
        Detector::GitlabToken => whole(plain, format!("glpat-{}", chance.text(20, LETTERS))),
        Detector::SlackToken => {
            let (team, bot) = (chance.digits(12), chance.digits(13));
            whole(plain, format!("xoxb-{team}-{bot}-{}", chance.text(24, LETTERS)))
        }
        Detector::StripeKey => {
            let kind = *chance.of(&["sk_live_", "sk_test_", "rk_live_"]);
            let long = *chance.of(&[24, 99]);
            whole(plain, format!("{kind}{}", chance.text(long, LETTERS)))
        }
        Detector::NpmToken => whole(plain, summed(chance, "npm_")),
        Detector::PypiToken => whole(plain, format!("pypi-AgEIcHlwaS5vcmc{}", chance.text(150, URL))),
        Detector::OpenaiKey => {
            whole(plain, format!("sk-proj-{}T3BlbkFJ{}", chance.text(74, URL), chance.text(74, LETTERS)))
        }
        Detector::AnthropicKey => whole(plain, format!("sk-ant-api03-{}AA", chance.text(93, URL))),
        Detector::VaultToken => whole(plain, format!("hvs.{}", chance.text(90, LETTERS))),
        Detector::PosternToken => whole(plain, format!("pst_at_{}", chance.text(43, URL))),
        Detector::Jwt => whole(plain, jwt(chance)),
        Detector::ConnectionString => {
            let password = chance.text(14, "abcdefghijkmnpqrstuvwxyzABCDEFGH23456789!$*-_");
            let scheme = *chance.of(&["postgres", "mysql", "amqp", "redis", "mongodb+srv", "https"]);
            (plain.to_owned(), format!("{scheme}://app:{password}@db-{}.internal:5432/shop", chance.below(9)), password)
        }
        Detector::NamedSecret => named(chance),
        Detector::CardNumber => {
            whole(chance.of::<&str>(&["card", "pan", "card_number", "payment", "note"]), card_number(chance))
        }
        Detector::Iban => whole(chance.of::<&str>(&["iban", "account", "note"]), iban(chance)),
        Detector::UsSsn => {
            let number =
                format!("{:03}-{:02}-{:04}", 1 + chance.below(665), 1 + chance.below(99), 1 + chance.below(9999));
            whole(chance.of::<&str>(&["ssn", "employee_ssn", "note"]), number)
        }
        Detector::Email => {
            let (first, last) = (chance.text(6, "abcdefghij"), chance.text(7, "klmnopqrst"));
            let domain = *chance.of(&["example.org", "mail.corp.test", "uni-example.de", "shop.co.uk"]);
            whole(chance.of::<&str>(&["email", "mail", "contact"]), format!("{first}.{last}@{domain}"))
        }
        Detector::Phone => phone(chance),
        Detector::DeTaxId
        | Detector::FrNir
        | Detector::EsDni
        | Detector::NlBsn
        | Detector::PlPesel
        | Detector::BrCpf
        | Detector::UkNino
        | Detector::InAadhaar => national(chance, detector),
    }
}

fn private_key(chance: &mut Chance) -> String {
    let kind = *chance.of(&[
        "RSA PRIVATE KEY",
        "PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
        "EC PRIVATE KEY",
        "PGP PRIVATE KEY BLOCK",
    ]);
    let lines: Vec<String> = (0..6).map(|_| chance.text(64, BASE64)).collect();
    match chance.below(5) {
        0 => format!("AGE-SECRET-KEY-1{}", chance.text(58, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L")),
        _ => format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----", lines.join("\n")),
    }
}

/// With the checksum that GitHub describes: CRC-32 by its table.
fn summed(chance: &mut Chance, prefix: &str) -> String {
    let table: Vec<u32> = (0..256_u32)
        .map(|byte| (0..8).fold(byte, |crc, _| if crc % 2 == 1 { 0xedb8_8320 ^ (crc / 2) } else { crc / 2 }))
        .collect();
    let random = chance.text(30, LETTERS);
    let step = |crc: u32, byte: u8| table[usize::try_from((crc ^ u32::from(byte)) % 256).unwrap()] ^ (crc / 256);
    let mut sum = !random.bytes().fold(u32::MAX, step);
    let digits: Vec<char> = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".chars().collect();
    let mut last = [' '; 6];
    for place in last.iter_mut().rev() {
        *place = digits[usize::try_from(sum % 62).unwrap()];
        sum /= 62;
    }
    format!("{prefix}{random}{}", last.iter().collect::<String>())
}

fn jwt(chance: &mut Chance) -> String {
    let header = *chance.of(&[r#"{"alg":"RS256","typ":"JWT"}"#, r#"{"typ":"JWT","alg":"HS256","kid":"a1"}"#]);
    let claims = format!(r#"{{"sub":"{}","exp":1800000000}}"#, chance.digits(6));
    let encode = |text: &str| data_encoding::BASE64URL_NOPAD.encode(text.as_bytes());
    format!("{}.{}.{}", encode(header), encode(&claims), chance.text(43, URL))
}

fn named(chance: &mut Chance) -> (String, String, String) {
    let (names, value): (&[&str], String) = match chance.below(3) {
        0 => (&["password", "db_password", "DB_PASSWORD", "smtpPassword"], {
            let word = chance.of(&["Sommer", "tiger", "Kaffee", "winter"]).to_string();
            format!("{word}{}{}", chance.digits(3), chance.of(&["!", "", "#", "$x"]))
        }),
        1 => (&["api_key", "apiKey", "X-Api-Key", "stripe_secret", "client_secret"], chance.text(32, LETTERS)),
        _ => (&["token", "access_token", "refreshToken", "auth_token"], chance.text(40, "0123456789abcdef")),
    };
    (chance.of(names).to_string(), value.clone(), value)
}

fn luhn(digits: &str) -> bool {
    let doubled = |digit: u32| [0, 2, 4, 6, 8, 1, 3, 5, 7, 9][usize::try_from(digit).unwrap()];
    let values = digits.chars().rev().map(|digit| digit.to_digit(10).unwrap());
    values.enumerate().map(|(at, digit)| if at % 2 == 1 { doubled(digit) } else { digit }).sum::<u32>() % 10 == 0
}

fn card_number(chance: &mut Chance) -> String {
    let ranges: [(&str, usize, &[usize]); 7] = [
        ("4", 16, &[4, 4, 4, 4]),
        ("53", 16, &[4, 4, 4, 4]),
        ("2345", 16, &[4, 4, 4, 4]),
        ("37", 15, &[4, 6, 5]),
        ("6011", 16, &[4, 4, 4, 4]),
        ("3530", 16, &[4, 4, 4, 4]),
        ("36", 14, &[4, 6, 4]),
    ];
    let (start, length, groups) = *chance.of(&ranges);
    let body = format!("{start}{}", chance.digits(length - start.len() - 1));
    let whole = (0..10).map(|check| format!("{body}{check}")).find(|whole| luhn(whole)).unwrap();
    let between = *chance.of(&["", " ", "-"]);
    let mut rest = whole.as_str();
    let parts: Vec<&str> = groups
        .iter()
        .map(|many| {
            let (part, after) = rest.split_at(*many);
            rest = after;
            part
        })
        .collect();
    parts.join(between)
}

/// The remainder by 97, digit by digit.
fn by_97(digits: &str) -> u64 {
    digits.chars().fold(0, |rest, digit| (rest * 10 + u64::from(digit.to_digit(10).unwrap())) % 97)
}

fn iban(chance: &mut Chance) -> String {
    let (country, numbers, bank, digits) = *chance.of(&[
        ("DE", "1314", "", 18),
        ("FR", "1527", "", 23),
        ("GB", "1611", "NWBK", 14),
        ("NL", "2321", "ABNA", 10),
        ("ES", "1428", "", 20),
    ]);
    let account = format!("{bank}{}", chance.digits(digits));
    let spelled: String = account.chars().map(|one| one.to_digit(36).unwrap().to_string()).collect();
    let check = (2..=98).find(|check| by_97(&format!("{spelled}{numbers}{check:02}")) == 1).unwrap();
    let whole = format!("{country}{check:02}{account}");
    match chance.below(2) {
        0 => whole,
        _ => whole.as_bytes().chunks(4).map(|four| std::str::from_utf8(four).unwrap()).collect::<Vec<_>>().join(" "),
    }
}

fn phone(chance: &mut Chance) -> (String, String, String) {
    let value = match chance.below(3) {
        0 => format!("+49 30 {}", chance.text(8, "23456789")),
        1 => format!(
            "+1 {}{}-{}{}-{}",
            2 + chance.below(8),
            chance.digits(2),
            2 + chance.below(8),
            chance.digits(2),
            chance.digits(4)
        ),
        _ => format!("0{}-{}", chance.text(3, "123456789"), chance.text(7, "123456789")),
    };
    (chance.of(&["phone", "mobile", "telephoneNumber", "customer_phone"]).to_string(), value.clone(), value)
}

/// Numbers of states: of random ones, the first that passes the check as it is written in the law or the manual.
fn national(chance: &mut Chance, detector: Detector) -> (String, String, String) {
    let weighted = |text: &str, weights: &[i64]| -> i64 {
        text.chars().zip(weights).map(|(digit, weight)| i64::from(digit.to_digit(10).unwrap()) * weight).sum()
    };
    let (name, value) = match detector {
        Detector::DeTaxId => ("steuer_id", tax_id(chance)),
        Detector::FrNir => ("nir", {
            let whole = format!(
                "{}{:02}{:02}{:02}{}",
                1 + chance.below(2),
                chance.below(100),
                1 + chance.below(12),
                1 + chance.below(95),
                chance.digits(6)
            );
            let key = 97 - by_97(&whole);
            format!("{whole}{key:02}")
        }),
        Detector::EsDni => ("dni", {
            let number = chance.below(100_000_000);
            let letters: Vec<char> = "TRWAGMYFPDXBNJZSQVHLCKE".chars().collect();
            format!("{number:08}{}", letters[usize::try_from(number % 23).unwrap()])
        }),
        Detector::NlBsn => (
            "bsn",
            loop {
                let text = format!("{}{}", 1 + chance.below(9), chance.digits(8));
                if weighted(&text, &[9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 == 0 {
                    break text;
                }
            },
        ),
        Detector::PlPesel => ("pesel", {
            let body = format!(
                "{:02}{:02}{:02}{}",
                chance.below(100),
                1 + chance.below(12),
                1 + chance.below(28),
                chance.digits(4)
            );
            let check = (10 - weighted(&body, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10) % 10;
            format!("{body}{check}")
        }),
        Detector::BrCpf => ("cpf", {
            let body = format!("{}{}", 1 + chance.below(8), chance.text(8, "0123456789"));
            let check = |text: &str, weights: &[i64]| match weighted(text, weights) % 11 {
                0 | 1 => 0,
                rest => 11 - rest,
            };
            let first = check(&body, &[10, 9, 8, 7, 6, 5, 4, 3, 2]);
            let ten = format!("{body}{first}");
            let second = check(&ten, &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
            format!("{}.{}.{}-{first}{second}", &body[..3], &body[3..6], &body[6..])
        }),
        Detector::UkNino => (
            "nino",
            format!("{}{}{}", chance.of(&["AB", "CE", "PR", "WZ"]), chance.digits(6), chance.of(&["A", "B", "C", "D"])),
        ),
        _ => ("aadhaar", aadhaar(chance)),
    };
    (name.to_owned(), value.clone(), value)
}

fn tax_id(chance: &mut Chance) -> String {
    loop {
        let mut ten: Vec<char> = DIGITS.chars().collect();
        for at in (1..10).rev() {
            ten.swap(at, usize::try_from(chance.below(u64::try_from(at + 1).unwrap())).unwrap());
        }
        ten[9] = ten[usize::try_from(chance.below(8)).unwrap()];
        if ten[0] == '0' {
            continue;
        }
        let check = ten.iter().fold(10, |product, digit| {
            let sum = (product + digit.to_digit(10).unwrap()) % 10;
            (if sum == 0 { 20 } else { sum * 2 }) % 11
        });
        return format!("{}{}", ten.iter().collect::<String>(), (11 - check) % 10);
    }
}

/// Verhoeff's digit, by the tables of his thesis.
fn aadhaar(chance: &mut Chance) -> String {
    const PRODUCT: [&str; 10] = [
        "0123456789",
        "1234067895",
        "2340178956",
        "3401289567",
        "4012395678",
        "5987604321",
        "6598710432",
        "7659821043",
        "8765932104",
        "9876543210",
    ];
    const PERMUTED: [&str; 8] = [
        "0123456789",
        "1576283094",
        "5803796142",
        "8916043527",
        "9453126870",
        "4286573901",
        "2793806415",
        "7046913258",
    ];
    let of = |table: &[&str], row: usize, column: usize| usize::from(table[row].as_bytes()[column] - b'0');
    let body = format!("{}{}", 2 + chance.below(8), chance.digits(10));
    let check = |whole: &str| {
        whole
            .bytes()
            .rev()
            .enumerate()
            .fold(0, |sum, (at, digit)| of(&PRODUCT, sum, of(&PERMUTED, at % 8, usize::from(digit - b'0'))))
    };
    let whole = (0..10).map(|last| format!("{body}{last}")).find(|whole| check(whole) == 0).unwrap();
    format!("{} {} {}", &whole[..4], &whole[4..8], &whole[8..])
}
