//! A protocol of lines that can be broken in one way at a time, so that the suite can be seen to fail.
//!
//! A client sends a word a line; the target does it and answers a line. Enter at [`Toy`].

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result, ensure};
use postern_core::approval::{Settled, State};
use postern_core::gate::{Asked, Asking, Decision, Gate, Held, Open, Standing};
use postern_core::journal::Outcome;
use postern_core::mask::echo::Echo;
use postern_core::operation::{Output, Outputs};
use postern_core::{Cell, Claim, Code, Column, Denial, Effect, Fault, Masked, Object, Operation, Secret, Touch};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream};
use tokio::task::JoinSet;

use super::super::{Ask, Heard, Subject};
use crate::fakes::{Arrivals, Dwelling, HouseBuilder, Reach, operation};

const POLICY: &str = r#"
    [[principal]]
    name   = "{sub}"
    kind   = "human"
    issuer = "corp"
    claims = { sub = ["bot", "dana"] }

    [[target]]
    name     = "shop"
    protocol = "toy"
    address  = "shop.test:7000"
    login    = { user = "app", password = "env:SHOP" }

    [[rule]]
    name   = "reads"
    effect = "allow"
    who    = ["*"]
    on     = ["*"]
    do     = { effects = ["read"], objects = ["public.*"] }

    [[rule]]
    name   = "deletes"
    effect = "approve"
    who    = ["*"]
    on     = ["*"]
    do     = { effects = ["delete"], objects = ["public.*"] }
    with   = { approvers = ["principal:dana"] }

    [[mask]]
    name    = "cards"
    columns = ["public.orders.card"]
    kind    = "fixed"
"#;

/// What the target answers where it has nothing to tell.
const NOTHING: &str = "nothing";

/// What is wrong with a toy.
pub(super) struct Flaw;

#[rustfmt::skip]
impl Flaw {
    pub(super) const NONE: u8 = 0;
    pub(super) const IGNORES_DENIALS: u8 = 1;
    pub(super) const DENIES_TOO_LATE: u8 = 2;
    pub(super) const DECIDES_ITSELF: u8 = 3;
    pub(super) const DIES_OF_DENIALS: u8 = 4;
    pub(super) const RUSHES: u8 = 5;
    pub(super) const IGNORES_FAULTS: u8 = 6;
    pub(super) const SENDS_CELLS_AS_THEY_ARE: u8 = 7;
    pub(super) const NOTES_WHAT_IT_SENDS: u8 = 8;
    pub(super) const PASSES_OVER_GARBAGE: u8 = 9;
    pub(super) const FALLS_WHOLE: u8 = 10;
    pub(super) const DOES_NOT_WAIT: u8 = 11;
    pub(super) const IGNORES_ANSWERS: u8 = 12;
    pub(super) const RUNS_WHAT_WAS_TAKEN_BACK: u8 = 13;
    pub(super) const LEAVES_QUESTIONS_OPEN: u8 = 14;
    pub(super) const STAYS: u8 = 15;
    pub(super) const SHOWS_THE_CREDENTIAL: u8 = 16;
    pub(super) const NOTES_THE_CREDENTIAL: u8 = 17;
    pub(super) const SAYS_WHAT_IT_DOES_NOT_RECORD: u8 = 18;
    pub(super) const RECORDS_BEFORE_IT_MASKS: u8 = 19;
    pub(super) const SAYS_WHAT_CANNOT_BE_RECORDED: u8 = 20;
    pub(super) const RECORDS_THE_END_ALONE: u8 = 21;
    pub(super) const DOES_NOT_LISTEN: u8 = 22;
    pub(super) const KEEPS_IT_QUIET: u8 = 23;
    pub(super) const HEARS_AND_GOES_ON: u8 = 24;
}

/// The toy with this flaw, between a target that remembers and clients.
pub(super) struct Toy<const FLAW: u8> {
    dwelling: Dwelling,
    /// What the target was told.
    told: Arc<Mutex<Vec<String>>>,
    /// Whether a flaw has ended everything.
    fallen: Arc<AtomicBool>,
    tasks: Mutex<JoinSet<()>>,
}

impl<const FLAW: u8> Subject for Toy<FLAW> {
    type Session = BufReader<DuplexStream>;

    const SECRET: &'static str = "4111-whole-secret";
    const CREDENTIAL: &'static str = "s3cret-Inject3d";
    const SHOWN: &'static str = NOTHING;

    async fn start() -> Result<Self> {
        let (reach, arrivals) = Reach::pairs();
        let dwelling = HouseBuilder::new(POLICY).reaching(reach).build()?;
        dwelling.vault.put("env:SHOP", Self::CREDENTIAL);
        dwelling.tokens.know("token-of-bot", "bot");
        dwelling.tokens.know("token-of-dana", "dana");
        let told = Arc::default();
        let mut tasks = JoinSet::new();
        tasks.spawn(targets(arrivals, Arc::clone(&told), [Self::SECRET, Self::CREDENTIAL]));
        Ok(Self { dwelling, told, fallen: Arc::default(), tasks: Mutex::new(tasks) })
    }

    fn dwelling(&self) -> &Dwelling {
        &self.dwelling
    }

    async fn open(&self) -> Result<Self::Session> {
        ensure!(!self.fallen.load(Ordering::SeqCst), "nobody answers");
        let known = self.dwelling.accept().identify(Claim::Token(Secret::new("token-of-bot"))).await?;
        let (gate, lease, link) = known.open("shop", None).await?;
        let password = lease.password.context("there is a password")?;
        let mut target = BufReader::new(link.stream);
        target.write_all(&[b"login ", password.expose(), b"\n"].concat()).await?;
        let (client, near) = tokio::io::duplex(4_096);
        let (fallen, echo) = (Arc::clone(&self.fallen), Echo::of([&password]));
        let session = Session::<FLAW> { gate, client: BufReader::new(near), target, card: Self::SECRET, echo, fallen };
        self.tasks.lock().unwrap().spawn(session.serve(password));
        Ok(BufReader::new(client))
    }

    async fn ask(&self, session: &mut Self::Session, ask: Ask) -> Result<Heard> {
        let mut heard = Heard { text: String::new(), done: false };
        if session.write_all(format!("{}\n", word(ask)).as_bytes()).await.is_err() {
            return Ok(heard);
        }
        loop {
            let mut line = String::new();
            if session.read_line(&mut line).await.unwrap_or(0) == 0 {
                return Ok(heard);
            }
            heard.text.push_str(&line);
            heard.done = line.starts_with("done");
            if heard.done || line.starts_with("refused") {
                return Ok(heard);
            }
        }
    }

    fn reached(&self, ask: Ask) -> Result<bool> {
        Ok(self.told.lock().unwrap().iter().any(|line| line == word(ask)))
    }
}

fn word(ask: Ask) -> &'static str {
    match ask {
        Ask::Allowed => "read",
        Ask::Denied => "drop",
        Ask::Held => "delete",
        Ask::Masked => "card",
        Ask::Echoed => "echo",
        Ask::Malformed => "garbage",
    }
}

/// What a word asks for, where it is one of the protocol's.
fn meaning(word: &str) -> Option<Operation> {
    let of = |action, effect| operation(action, vec![Touch::whole(effect, Object::at(["public", "orders"]))], word);
    match word {
        "read" | "echo" => Some(of("toy.read", Effect::Read)),
        "drop" => Some(of("toy.drop", Effect::Define)),
        "delete" => Some(of("toy.delete", Effect::Delete)),
        "card" => {
            Some(of("toy.read", Effect::Read).but(|deed| deed.outputs = Outputs::Cells(vec![Output::Bare(card())])))
        }
        _ => None,
    }
}

fn card() -> Column {
    Column { object: Object::at(["public", "orders"]), name: "card".into() }
}

async fn targets(arrivals: Arrivals, told: Arc<Mutex<Vec<String>>>, [secret, credential]: [&'static str; 2]) {
    let mut sessions = JoinSet::new();
    while let Some(stream) = arrivals.next().await {
        let told = Arc::clone(&told);
        sessions.spawn(async move {
            let mut stream = BufReader::new(stream);
            let mut line = String::new();
            while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
                let word = line.trim_end().to_owned();
                let cell = match &*word {
                    "card" => secret,
                    "echo" => credential,
                    _ => NOTHING,
                };
                let login = word.starts_with("login");
                told.lock().unwrap().push(word);
                if !login && stream.write_all(format!("{cell}\n").as_bytes()).await.is_err() {
                    return;
                }
                line.clear();
            }
        });
    }
}

struct Session<const FLAW: u8> {
    gate: Gate<Open>,
    client: BufReader<DuplexStream>,
    target: BufReader<Box<dyn postern_core::ports::Duplex>>,
    card: &'static str,
    echo: Echo,
    fallen: Arc<AtomicBool>,
}

impl<const FLAW: u8> Session<FLAW> {
    async fn serve(mut self, password: Secret) {
        if FLAW == Flaw::NOTES_THE_CREDENTIAL {
            let note = String::from_utf8_lossy(password.expose()).into_owned();
            self.gate.alert(Code::TargetLogin, &note).await.unwrap();
        }
        if FLAW == Flaw::SHOWS_THE_CREDENTIAL {
            self.client.write_all(&[password.expose(), b"\n"].concat()).await.unwrap();
        }
        let mut over = self.gate.over();
        let reason = loop {
            let mut line = String::new();
            let read = tokio::select! {
                fault = &mut over, if FLAW != Flaw::STAYS => break fault.to_string(),
                read = self.client.read_line(&mut line) => read.unwrap_or(0),
            };
            if read == 0 || self.fallen.load(Ordering::SeqCst) {
                break "the client left".to_owned();
            }
            if let Err(fault) = self.take(line.trim_end()).await {
                break fault.to_string();
            }
        };
        // a journal that is lost takes no end either
        drop(self.gate.close(&reason).await);
    }

    async fn take(&mut self, word: &str) -> Result<(), Fault> {
        let Some(operation) = meaning(word) else {
            self.fallen.fetch_or(FLAW == Flaw::FALLS_WHOLE, Ordering::SeqCst);
            let passed_over = FLAW == Flaw::PASSES_OVER_GARBAGE;
            self.say("refused: no such word").await;
            return if passed_over { Ok(()) } else { Err(Fault::client(Code::ClientViolation, "no such word")) };
        };
        if FLAW == Flaw::DECIDES_ITSELF && word == "drop" {
            self.say("refused").await;
            return Ok(());
        }
        // as a real protocol may, it asks something of its own first
        let own = self.gate.own("what there is", "look\n".into()).await?;
        self.send(&own.spend().0).await;
        let early = if FLAW == Flaw::RUSHES { Some(self.tell(word).await) } else { None };
        let cell = match self.gate.submit(vec![operation], format!("{word}\n").into()).await {
            Ok(Decision::Go(permit)) => match early {
                Some(cell) => cell,
                None => self.send(&permit.spend().0).await,
            },
            Ok(Decision::Ask(asking)) => return self.hold(asking, word).await,
            Ok(Decision::No(_)) if FLAW == Flaw::IGNORES_DENIALS => self.tell(word).await,
            Ok(Decision::No(denial)) => {
                if FLAW == Flaw::DENIES_TOO_LATE {
                    self.tell(word).await;
                }
                self.refuse(&denial).await;
                let dies = FLAW == Flaw::DIES_OF_DENIALS;
                return if dies { Err(Fault::client(denial.code, denial.message)) } else { Ok(()) };
            }
            Err(_) if FLAW == Flaw::IGNORES_FAULTS => self.tell(word).await,
            Err(fault) => return Err(fault),
        };
        self.answer(cell).await
    }

    async fn hold(&mut self, asking: Box<Asking>, word: &str) -> Result<(), Fault> {
        if FLAW == Flaw::DOES_NOT_WAIT {
            self.tell(word).await;
        }
        let Asked::Wait(held) = self.gate.ask(asking, Standing::Free).await? else { panic!("the rule says: it waits") };
        let mut more = String::new();
        tokio::select! {
            settled = held.settled() => self.go_on(*held, settled?, word).await,
            _ = self.client.read_line(&mut more) => self.take_back(*held, word).await,
        }
    }

    async fn go_on(&mut self, held: Held, settled: Settled, word: &str) -> Result<(), Fault> {
        let denied = settled.state == State::Denied;
        let again: Vec<_> = meaning(word).into_iter().collect();
        let cell = match self.gate.resume(held, settled, &again).await? {
            Ok(permit) => self.send(&permit.spend().0).await,
            Err(_) if denied && FLAW == Flaw::IGNORES_ANSWERS => self.tell(word).await,
            Err(denial) => {
                self.refuse(&denial).await;
                return Ok(());
            }
        };
        self.answer(cell).await
    }

    async fn take_back(&mut self, held: Held, word: &str) -> Result<(), Fault> {
        if FLAW != Flaw::LEAVES_QUESTIONS_OPEN {
            self.gate.withdraw(held).await?;
        }
        if FLAW == Flaw::RUNS_WHAT_WAS_TAKEN_BACK {
            self.tell(word).await;
        }
        Err(Fault::client(Code::ClientViolation, "the client left"))
    }

    /// Tells the client what came back.
    async fn answer(&mut self, cell: String) -> Result<(), Fault> {
        if FLAW != Flaw::DOES_NOT_LISTEN && self.echo.within(cell.as_bytes()) {
            let fault = Fault::gateway(Code::CredentialShown, "the target sent the credential back");
            if FLAW != Flaw::KEEPS_IT_QUIET {
                self.gate.alert(fault.code, &fault.message).await?;
            }
            if FLAW == Flaw::HEARS_AND_GOES_ON {
                self.say("refused: it may not be shown").await;
                return Ok(());
            }
            return Err(fault);
        }
        let whole = cell.clone();
        let masked = self.gate.masks().of(&card()).map(|mask| mask.apply(Cell::Text(&cell)));
        let shown = match masked {
            Some(Masked::Replace(text)) if cell == self.card && FLAW != Flaw::SENDS_CELLS_AS_THEY_ARE => text,
            Some(Masked::Keep | Masked::Replace(_) | Masked::Omit | Masked::Abort) | None => cell.clone(),
        };
        if FLAW == Flaw::NOTES_WHAT_IT_SENDS {
            let id = self.gate.own("a note", bytes::Bytes::new()).await?.id();
            self.gate.finished(vec![(id, Outcome::Done { note: cell })])?;
        }
        if FLAW == Flaw::RECORDS_BEFORE_IT_MASKS {
            self.gate.shown(None, whole.as_bytes())?;
        }
        self.say(&shown).await;
        self.say("done").await;
        Ok(())
    }

    async fn refuse(&mut self, denial: &Denial) {
        self.say(&format!("refused: {}", denial.message)).await;
    }

    /// Tells the target something that no permit was given for.
    async fn tell(&mut self, word: &str) -> String {
        self.send(format!("{word}\n").as_bytes()).await
    }

    /// Sends a line to the target and hears its answer.
    async fn send(&mut self, bytes: &[u8]) -> String {
        self.target.write_all(bytes).await.unwrap();
        let mut line = String::new();
        self.target.read_line(&mut line).await.unwrap();
        line.trim_end().to_owned()
    }

    /// A client that has left hears nothing, nor does one whose session cannot be recorded.
    async fn say(&mut self, line: &str) {
        let line = format!("{line}\n");
        let unrecorded = match FLAW {
            Flaw::SAYS_WHAT_IT_DOES_NOT_RECORD => true,
            Flaw::RECORDS_THE_END_ALONE => line != "done\n",
            _ => false,
        };
        let recorded = unrecorded || self.gate.shown(None, line.as_bytes()).is_ok();
        if recorded || FLAW == Flaw::SAYS_WHAT_CANNOT_BE_RECORDED {
            drop(self.client.write_all(line.as_bytes()).await);
        }
    }
}
