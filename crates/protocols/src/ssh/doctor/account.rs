//! An account of a host: what it is asked, and what of the answers is a way round the gateway.
//!
//! Enter at [`Account::ask`].

use bytes::{Bytes, BytesMut};
use postern_core::Fault;
use postern_core::examination::{Finding, Gravity, Subject};
use postern_core::operation::{Effect, Object};
use postern_core::policy::Needs;
use postern_core::target::HostKey;

use super::found::{Found, KEYS, PRINCIPALS};
use super::keys::{self, Entry};
use super::person::{self, Person};
use super::questions;
use super::settings::{Seen, Settings};
use crate::ssh::asking::{self, Asking, Offer, Said};
use crate::ssh::wire::sftp::{Frame, Hello, VERSION, frame};

/// An account, and what its host says of it.
pub(super) struct Account<'a> {
    needs: &'a Needs,
    pub(super) offer: Option<Offer>,
    known_by: Option<String>,
    methods: Vec<String>,
    greeting: Said,
    /// Nothing where it may run nothing.
    told: Option<Told>,
    files: Option<Hello>,
}

/// What commands said.
struct Told {
    person: Person,
    sudo: Said,
    writable: Said,
    settings: Settings,
    entries: Vec<Entry>,
}

impl<'a> Account<'a> {
    pub(super) async fn ask(subject: &Subject<'_>, needs: &'a Needs) -> Result<Self, Fault> {
        let mut asking = Asking::log_in(subject.target, subject.means, &needs.login).await?;
        let greeting = asking.run(questions::GREETING).await;
        let told = match greeting.text().lines().any(|line| line == questions::GREETED) {
            true => Some(Told::ask(&mut asking, &needs.login.user).await),
            false => None,
        };
        let files = hello(&asking.start("sftp", first(), |said| hello(said).is_some()).await);
        let (offer, known_by) = (asking.offer.take(), asking.known_by.take());
        asking.leave().await;
        // last, because to a host it is a login that failed
        let methods = asking::methods(subject.target, subject.means, &needs.login).await?;
        Ok(Self { needs, offer, known_by, methods, greeting, told, files })
    }

    fn name(&self) -> &'a str {
        &self.needs.login.user
    }

    pub(super) fn found(&self) -> Vec<Found> {
        let mut found: Vec<Found> = self.logins().into_iter().collect();
        match &self.told {
            Some(told) => {
                found.extend(told.person.found(self.name()));
                found.extend(person::sudo(self.name(), &told.sudo));
                found.extend(self.keys(told));
                found.extend(self.planted(told));
                found.extend(self.authority(told));
                found.extend(self.unseen_settings(told));
            }
            None => {
                found.extend(Person::named(self.name()).found(self.name()));
                found.push(self.unseen());
            }
        }
        found.extend(self.files());
        found.into_iter().map(|one| one.about(self.name())).collect()
    }

    /// How else the account may log in.
    fn logins(&self) -> Option<Found> {
        let name = self.name();
        if self.methods.is_empty() {
            let what = format!("the host lets `{name}` in without any proof");
            let why = "whoever reaches the host is that account, past Postern";
            let advice = "set PermitEmptyPasswords no, and give the account a key";
            let finding = Finding::new(Gravity::Grave, "login-nothing", what, why).advice(advice);
            return Some(Found::from(finding).mended(name, ["AuthenticationMethods publickey"]));
        }
        let words: Vec<&str> =
            self.methods.iter().map(String::as_str).filter(|method| *method != "publickey").collect();
        if self.needs.login.key.is_none() {
            let what = format!("the gateway logs in as `{name}` with a password");
            let why = "the host hears it, it can be guessed, and whoever learns it logs in past Postern";
            let advice = "give the login a `key`, or certificate = \"issued\"";
            return Some(Finding::new(Gravity::Warning, "login-password", what, why).advice(advice).into());
        }
        if words.is_empty() {
            return None;
        }
        let what = format!("the host takes other proofs of `{name}` than a key: {}", words.join(", "));
        let why = "whoever learns or guesses a password logs in past Postern";
        let lines = ["AuthenticationMethods publickey", "PasswordAuthentication no", "KbdInteractiveAuthentication no"];
        Some(Found::from(Finding::new(Gravity::Warning, "login-others", what, why)).mended(name, lines))
    }

    /// The keys that open the account, the gateway's and others.
    fn keys(&self, told: &Told) -> Vec<Found> {
        let (name, mut found) = (self.name(), Vec::new());
        let own = self.known_by.as_deref().and_then(HostKey::parse);
        let is_own = |entry: &&Entry| own.as_ref().is_some_and(|own| entry.is(own));
        let others: Vec<String> = told.entries.iter().filter(|entry| !is_own(entry)).map(Entry::shown).collect();
        if !others.is_empty() {
            let (count, listed) = (others.len(), others.join("; "));
            let what = format!("{count} other key{} open `{name}`: {listed}", if count == 1 { "" } else { "s" });
            let why = "whoever has one logs in past Postern: past rules, masks and the journal";
            let finding = Finding::new(Gravity::Warning, "other-keys", what, why);
            found.push(
                self.moved(finding.advice("ask whose they are, give those people Postern, then take them out"), told),
            );
        }
        let loose = told.entries.iter().filter(is_own).find(|own| own.is_from_anywhere() || own.is_unbounded());
        if let Some(own) = loose {
            let lacks =
                if own.is_from_anywhere() { "from anywhere (no `from=`)" } else { "for everything (no `restrict`)" };
            let what = format!("the gateway's key for `{name}` is good {lacks}");
            let why = "whoever gets hold of that key needs no gateway";
            let advice = "where gateways come from more addresses than this one, name them all in `from`";
            found.push(self.moved(Finding::new(Gravity::Warning, "key-unbounded", what, why).advice(advice), told));
        }
        if told.settings.is_set("authorizedkeyscommand") {
            let what = "sshd asks a command for keys (AuthorizedKeysCommand)";
            let why = "the keys that it knows open the account as well, and were not looked at";
            found.push(Finding::new(Gravity::Note, "keys-command", what, why).into());
        }
        found
    }

    /// A finding that a file of keys mends which the account cannot write, and which holds the gateway's alone.
    fn moved(&self, finding: Finding, told: &Told) -> Found {
        let (name, found) = (self.name(), Found::from(finding));
        match (&self.needs.login.key, &self.known_by, told.person.from) {
            (Some(postern_core::target::AccountKey::Issued), ..) => found.mended(name, ["AuthorizedKeysFile none"]),
            (Some(_), Some(own), Some(from)) => {
                let lets = |effect, object: &str| self.needs.lets(effect, &Object::at([object]));
                let pty = if lets(Effect::Execute, "pty") { ",pty" } else { "" };
                let forward = if lets(Effect::Transfer, "*:*") { ",port-forwarding" } else { "" };
                let own = own.split_ascii_whitespace().take(2).collect::<Vec<_>>().join(" ");
                let line = format!("restrict{pty}{forward},from=\"{}\" {own} postern", from.to_canonical());
                let place = format!("AuthorizedKeysFile {KEYS}/%u");
                found.file(KEYS, name, line).mended(name, [place.as_str()])
            }
            (Some(_) | None, ..) => found,
        }
    }

    /// Files that the account may write, and which let somebody in or decide what its commands mean.
    fn planted(&self, told: &Told) -> Vec<Found> {
        let (name, mut found, text) = (self.name(), Vec::new(), told.writable.text());
        let writable: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let read = told.settings.key_files(name, &told.person.home);
        let below = |file: &str| format!("{}/{file}", told.person.home);
        let keys: Vec<&str> = writable
            .iter()
            .copied()
            .filter(|file| file.starts_with(".ssh/authorized_keys"))
            .filter(|file| read.iter().any(|known| known == file || *known == below(file)))
            .collect();
        if !keys.is_empty() && !told.person.is_root() {
            let what = format!("`{name}` may write {}", keys.join(", "));
            let why = "whoever may write a file as this account can let himself in, past Postern and for good";
            found.push(self.moved(Finding::new(Gravity::Warning, "keys-writable", what, why), told));
        }
        let environment = told.settings.value("permituserenvironment").is_some_and(|value| value != "no");
        if environment {
            let what = "sshd takes variables from ~/.ssh/environment (PermitUserEnvironment)";
            let why = "a variable such as LD_PRELOAD or BASH_ENV has other programs run than a command names";
            let finding = Finding::new(Gravity::Warning, "user-environment", what, why);
            found.push(Found::from(finding).everywhere("PermitUserEnvironment no".to_owned()));
        }
        let lets = |file: &&&str| self.needs.lets(Effect::Write, &Object::at([below(file)]));
        let starts = writable.iter().filter(|file| !file.starts_with(".ssh/authorized_keys"));
        let starts: Vec<&str> =
            starts.filter(|file| environment || **file != ".ssh/environment").filter(lets).copied().collect();
        if !starts.is_empty() {
            let what = format!("rules may let `{name}` write {}", starts.join(", "));
            let why = "what stands there runs, or renames programs, before the command that a rule has read";
            let advice = "forbid writing these by a rule, or let root own them";
            let finding = Finding::new(Gravity::Warning, "startup-files", what, why).advice(advice);
            found.push(Found::from(finding).mended(name, ["PermitUserRC no"]));
        }
        found
    }

    /// How far an authority of certificates opens the host.
    fn authority(&self, told: &Told) -> Option<Found> {
        let narrowed = ["authorizedprincipalsfile", "authorizedprincipalscommand"];
        let everywhere =
            told.settings.is_set("trustedusercakeys") && !narrowed.iter().any(|one| told.settings.is_set(one));
        if !everywhere {
            return None;
        }
        let name = self.name();
        let what = "the authorities in TrustedUserCAKeys open every account of the host, root too";
        let why = "whoever has the key of one, such as the gateway's root secret, is whoever he wants to be there";
        let advice = "accounts without a file there are then closed to certificates: make one for each that needs it";
        let finding = Finding::new(Gravity::Warning, "authority-everywhere", what, why).advice(advice);
        let found = Found::from(finding).everywhere(format!("AuthorizedPrincipalsFile {PRINCIPALS}/%u"));
        Some(found.file(PRINCIPALS, name, name.to_owned()))
    }

    fn unseen_settings(&self, told: &Told) -> Option<Found> {
        let name = self.name();
        let (what, why) = match told.settings.seen {
            Seen::Whole => return None,
            Seen::Files => (
                "sshd's settings were read from its files, without what is in `Match` blocks",
                "what is set for this account alone was not looked at",
            ),
            Seen::Nothing => (
                "sshd's settings cannot be read by the account",
                "where it looks for keys and whose certificates it takes was not looked at; its defaults were assumed",
            ),
        };
        let advice = format!("as root at the host: sshd -T -C user={name}");
        Some(Finding::new(Gravity::Note, "settings-unseen", what, why).advice(advice).into())
    }

    /// What is to be said where nothing can be asked.
    fn unseen(&self) -> Found {
        let errors = String::from_utf8_lossy(&self.greeting.errors).into_owned();
        let said = [self.greeting.text(), errors].into_iter().find_map(|text| Some(text.lines().next()?.to_owned()));
        let said = said.map(|line| format!(" (it says: {})", line.chars().take(120).collect::<String>()));
        let what = format!("`{}` runs no commands{}", self.name(), said.unwrap_or_default());
        let why = "its groups, sudo, keys and shell, and sshd's settings were not looked at";
        let advice =
            "well so, where rules need none; what it can do look up at the host: id, sudo -l -U, sshd -T -C user=";
        Finding::new(Gravity::Note, "unseen", what, why).advice(advice).into()
    }

    /// What files can be transferred by.
    fn files(&self) -> Option<Found> {
        let wanted = "rules for files, and `scp` since OpenSSH 9, need it";
        let (gravity, what) = match &self.files {
            Some(hello) if hello.version < VERSION => {
                (Gravity::Warning, format!("the host's sftp server speaks version {} and not {VERSION}", hello.version))
            }
            Some(hello) if !hello.extensions.iter().any(|(name, _)| name.starts_with(b"posix-rename@")) => {
                (Gravity::Note, "the host's sftp server has none of OpenSSH's extensions".to_owned())
            }
            Some(_) => return None,
            None => (Gravity::Note, format!("`{}` has no sftp at the host", self.name())),
        };
        let advice = "in sshd_config: Subsystem sftp internal-sftp";
        Some(Finding::new(gravity, "sftp", what, wanted).advice(advice).into())
    }
}

impl Told {
    async fn ask(asking: &mut Asking, account: &str) -> Self {
        let person = Person::of(&asking.run(questions::PERSON).await);
        let sudo = if person.is_root() { Said::default() } else { asking.run(questions::SUDO).await };
        let writable = asking.run(questions::WRITABLE).await;
        let settings = Settings::of(&asking.run(questions::SETTINGS).await);
        let entries = keys::entries(&asking.run(&settings.keys(account, &person.home)).await.text());
        Self { person, sudo, writable, settings, entries }
    }
}

/// What a client of sftp says first.
fn first() -> Bytes {
    let mut out = BytesMut::new();
    let hello = Hello { answers: false, version: VERSION, extensions: Vec::new() };
    hello.encode(&mut out).ok();
    out.freeze()
}

fn hello(said: &Said) -> Option<Hello> {
    let mut bytes = BytesMut::from(said.out.as_slice());
    let frame: Frame = frame::next(&mut bytes).ok().flatten()?;
    Hello::decode(&frame).ok().filter(|hello| hello.answers)
}
