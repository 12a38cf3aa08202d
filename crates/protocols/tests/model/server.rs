//! What a server answers, message by message: the rules of the protocol, for the few texts of [`Word`].
//!
//! It does no IO. That these are the rules is shown by real servers, which answer the same. Enter at [`Server::hear`].

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use postern_protocols::postgres::wire::report::Severity;
use postern_protocols::postgres::wire::{Backend, Field, Frontend, Named, Report, TransactionStatus, row};

use crate::words::{Row, Word};

/// What came to it that may do something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reached {
    /// The text itself, where a name stood for it.
    pub(crate) text: String,
    pub(crate) parameters: Vec<Option<String>>,
    /// Where its names were looked up.
    pub(crate) path: String,
}

#[derive(Clone)]
struct Portal {
    text: Bytes,
    parameters: Vec<Option<Bytes>>,
    /// How many of its rows have been given; nothing where it has not begun.
    given: Option<usize>,
    /// Whether it stands behind a Query, which failed: others are rid of it.
    left: bool,
}

/// Which message asked for COPY data, of which so many rows have come.
enum Copying {
    Query(usize),
    Execute(usize),
}

/// A session at the server, open and idle.
pub(crate) struct Server {
    statements: BTreeMap<Bytes, Bytes>,
    portals: BTreeMap<Bytes, Portal>,
    status: TransactionStatus,
    skipping: bool,
    copying: Option<Copying>,
    path: String,
    /// The path as it is where the transaction fails.
    path_before: String,
    /// Texts in which this stands it refuses.
    forbidden: Option<&'static str>,
    /// Whether something of the pipeline at hand was executed.
    executed: bool,
    /// Whether it came to where servers of different versions differ: a Query in such a pipeline is one of its commands to
    /// some, and its end to others.
    pub(crate) uneven: bool,
    /// Whether it came to where servers and gateways differ: something else came in place of the data of a COPY, for which
    /// a server ends the session; or something of the portal that a Query leaves which failed.
    pub(crate) strayed: bool,
    /// What was bound or sent to run since somebody looked.
    pub(crate) reached: Vec<Reached>,
    /// What was executed of it.
    pub(crate) ran: Vec<Reached>,
}

type Answer = Result<Vec<Backend>, Report>;

/// What the gateway sends in place of what it refuses.
pub(crate) const REFUSED: &str = "SELECT \"postern refused this statement\"";
const DUPLICATE: &str = "42P05";
const FAILED: &str = "25P02";
const NO_STATEMENT: &str = "26000";
const NO_PORTAL: &str = "34000";

impl Server {
    pub(crate) fn new() -> Self {
        Self {
            statements: BTreeMap::new(),
            portals: BTreeMap::new(),
            status: TransactionStatus::Idle,
            skipping: false,
            copying: None,
            path: "public".to_owned(),
            path_before: "public".to_owned(),
            forbidden: None,
            executed: false,
            uneven: false,
            strayed: false,
            reached: Vec::new(),
            ran: Vec::new(),
        }
    }

    /// One that refuses texts of this kind as it looks names up.
    pub(crate) fn forbidding(text: &'static str) -> Self {
        Self { forbidden: Some(text), ..Self::new() }
    }

    /// What it says to a message, at once.
    pub(crate) fn hear(&mut self, message: &Frontend) -> Vec<Backend> {
        if let Some(copying) = self.copying.take() {
            return self.copy(copying, message);
        }
        if self.skipping && *message != Frontend::Sync {
            return Vec::new();
        }
        let (answer, extended) = match message {
            Frontend::Query { text } => {
                self.uneven |= std::mem::take(&mut self.executed);
                let answer = self.query(text);
                self.portals.entry(Bytes::new()).and_modify(|portal| portal.left = true);
                (answer, false)
            }
            Frontend::Parse { name, text, .. } => (self.parse(name, text), true),
            Frontend::Bind { portal, statement, parameters, .. } => (self.bind(portal, statement, parameters), true),
            Frontend::Describe { kind, name } => (self.describe(*kind, name), true),
            Frontend::Execute { portal, max_rows } => (self.execute(portal, *max_rows), true),
            Frontend::Close { kind, name } => {
                match kind {
                    Named::Statement => drop(self.statements.remove(name)),
                    Named::Portal => drop(self.portals.remove(name)),
                }
                (Ok(vec![Backend::CloseComplete]), true)
            }
            Frontend::Sync => {
                (self.skipping, self.executed) = (false, false);
                self.settle(true);
                (Ok(vec![self.ready()]), true)
            }
            // data that nobody asked for is passed over
            _ => (Ok(Vec::new()), true),
        };
        self.answered(answer, extended)
    }

    fn answered(&mut self, answer: Answer, extended: bool) -> Vec<Backend> {
        let (mut said, failed) = match answer {
            Ok(said) => (said, false),
            Err(report) => (vec![Backend::ErrorResponse(report)], true),
        };
        if failed {
            match self.status {
                TransactionStatus::Idle => self.settle(false),
                _ => self.status = TransactionStatus::Failed,
            }
            self.skipping = extended;
        }
        if !extended && self.copying.is_none() {
            self.settle(true);
            said.push(self.ready());
        }
        said
    }

    fn ready(&self) -> Backend {
        Backend::ReadyForQuery { status: self.status }
    }

    /// Outside of a transaction's block what was done is kept or undone, and portals are gone.
    fn settle(&mut self, kept: bool) {
        if self.status != TransactionStatus::Idle {
            return;
        }
        self.portals.clear();
        match kept {
            true => self.path_before.clone_from(&self.path),
            false => self.path.clone_from(&self.path_before),
        }
    }

    fn query(&mut self, text: &Bytes) -> Answer {
        self.statements.remove(&Bytes::new());
        // the gateway asks several things in one message
        let word = self.word(text)?;
        self.usable(&word)?;
        if word == Word::Empty {
            return Ok(vec![Backend::EmptyQueryResponse]);
        }
        if word.takes(text) > 0 {
            return Err(error("42P02"));
        }
        self.portals.remove(&Bytes::new());
        self.reach(text, &[])?;
        let mut said = Vec::new();
        said.extend(word.columns().map(|columns| described(&columns)));
        let mut portal = Portal { text: text.clone(), parameters: Vec::new(), given: None, left: false };
        // rows are described before they fail
        match self.run(&word, &mut portal, 0) {
            Ok(ran) => said.extend(ran),
            Err(report) => {
                said.push(Backend::ErrorResponse(report));
                self.portals.insert(Bytes::new(), Portal { left: true, ..portal });
                self.status = match self.status {
                    TransactionStatus::Idle => TransactionStatus::Idle,
                    _ => TransactionStatus::Failed,
                };
                if self.status == TransactionStatus::Idle {
                    self.settle(false);
                }
            }
        }
        if word == Word::CopyIn && self.status != TransactionStatus::Failed {
            self.copying = Some(Copying::Query(0));
        }
        Ok(said)
    }

    fn parse(&mut self, name: &Bytes, text: &Bytes) -> Answer {
        if name.is_empty() {
            self.statements.remove(name);
        }
        let word = self.word(text)?;
        self.usable(&word)?;
        if self.statements.contains_key(name) {
            return Err(error(DUPLICATE));
        }
        self.statements.insert(name.clone(), text.clone());
        Ok(vec![Backend::ParseComplete])
    }

    fn bind(&mut self, portal: &Bytes, statement: &Bytes, parameters: &[Option<Bytes>]) -> Answer {
        let text = self.statements.get(statement).cloned().ok_or_else(|| error(NO_STATEMENT))?;
        let word = self.word(&text)?;
        if word.takes(&text) != parameters.len() {
            return Err(error("08P01"));
        }
        // of nothing nobody knows that it ends a transaction
        if self.status == TransactionStatus::Failed && word == Word::Empty {
            return Err(error(FAILED));
        }
        self.usable(&word)?;
        if !portal.is_empty() && self.portals.contains_key(portal) {
            return Err(error("42P03"));
        }
        let parameters = parameters.to_vec();
        self.reach(&text, &parameters)?;
        self.portals.insert(portal.clone(), Portal { text, parameters, given: None, left: false });
        Ok(vec![Backend::BindComplete])
    }

    fn describe(&mut self, kind: Named, name: &Bytes) -> Answer {
        let (text, mut said) = match kind {
            Named::Statement => {
                let text = self.statements.get(name).cloned().ok_or_else(|| error(NO_STATEMENT))?;
                let types = vec![25; self.word(&text)?.takes(&text)];
                (text, vec![Backend::ParameterDescription(types)])
            }
            Named::Portal => {
                let portal = self.portals.get(name).ok_or_else(|| error(NO_PORTAL))?;
                self.strayed |= portal.left;
                (portal.text.clone(), Vec::new())
            }
        };
        match self.word(&text)?.columns() {
            Some(_) if self.status == TransactionStatus::Failed => return Err(error(FAILED)),
            Some(columns) => said.push(described(&columns)),
            None => said.push(Backend::NoData),
        }
        Ok(said)
    }

    fn execute(&mut self, name: &Bytes, max_rows: i32) -> Answer {
        let mut portal = self.portals.get(name).cloned().ok_or_else(|| error(NO_PORTAL))?;
        self.executed = true;
        self.strayed |= portal.left;
        let word = self.word(&portal.text)?;
        if word == Word::Empty {
            return Ok(vec![Backend::EmptyQueryResponse]);
        }
        self.usable(&word)?;
        let said = self.run(&word, &mut portal, usize::try_from(max_rows).unwrap_or_default())?;
        if word == Word::CopyIn {
            self.copying = Some(Copying::Execute(0));
        }
        // what ended the transaction took its portals along
        if !matches!(word, Word::Commit | Word::Rollback) {
            self.portals.insert(name.clone(), portal);
        }
        Ok(said)
    }

    fn word(&self, text: &Bytes) -> Result<Word, Report> {
        let text = String::from_utf8_lossy(text);
        let refused = self.forbidden.is_some_and(|forbidden| text.contains(forbidden));
        if refused || text == REFUSED {
            let failed = self.status == TransactionStatus::Failed;
            return Err(error(if failed { FAILED } else { "42501" }));
        }
        match Word::of(&text, &self.path) {
            Word::Misspelt => Err(error("42601")),
            word => Ok(word),
        }
    }

    fn usable(&self, word: &Word) -> Result<(), Report> {
        let failed = self.status == TransactionStatus::Failed;
        if failed && !word.ends() { Err(error(FAILED)) } else { Ok(()) }
    }

    /// Notes that something is to run, with what its names stand for.
    fn reach(&mut self, text: &Bytes, parameters: &[Option<Bytes>]) -> Result<(), Report> {
        let own = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
        let parameters = parameters.iter().map(|one| one.as_ref().map(own)).collect();
        self.reached.push(Reached { text: self.meant(text)?, parameters, path: self.path.clone() });
        Ok(())
    }

    fn meant(&self, text: &Bytes) -> Result<String, Report> {
        let text = String::from_utf8_lossy(text).into_owned();
        let Word::Run(name) = Word::of(&text, &self.path) else { return Ok(text) };
        let inner = self.statements.get(name.as_bytes());
        Ok(inner.map_or(text, |inner| String::from_utf8_lossy(inner).into_owned()))
    }

    fn run(&mut self, word: &Word, portal: &mut Portal, most: usize) -> Answer {
        let again = portal.given.is_some();
        let rows = match word {
            Word::Rows(_, rows) => Some(rows.clone()),
            Word::Said => {
                let said = portal.parameters.first().cloned().flatten();
                Some(vec![vec![said.map(|said| String::from_utf8_lossy(&said).into_owned())]])
            }
            Word::SetPath(path, true) => Some(vec![vec![Some(path.clone())]]),
            _ => None,
        };
        if !again {
            self.note_run(portal);
        }
        if let Some(rows) = rows {
            if let (Word::SetPath(path, _), false) = (word, again) {
                self.path.clone_from(path);
            }
            return Ok(given(&rows, portal, most));
        }
        if again && *word != Word::Fails {
            return Err(error("55000"));
        }
        portal.given = Some(0);
        self.does(word)
    }

    fn does(&mut self, word: &Word) -> Answer {
        let done = |tag: &str| vec![Backend::CommandComplete { tag: Bytes::copy_from_slice(tag.as_bytes()) }];
        Ok(match word {
            Word::Fails => return Err(error("22012")),
            // it is there already
            Word::Does(tag) if tag == "CREATE TABLE" => [vec![warning("42P07")], done(tag)].concat(),
            Word::Does(tag) => done(tag),
            Word::Begin if self.status == TransactionStatus::Idle => {
                self.status = TransactionStatus::InTransaction;
                done("BEGIN")
            }
            Word::Begin => [vec![warning("25001")], done("BEGIN")].concat(),
            Word::Commit | Word::Rollback => return Ok(self.end(*word == Word::Commit)),
            Word::SetPath(path, _) => {
                self.path.clone_from(path);
                done("SET")
            }
            Word::Prepare(name, text) => {
                self.prepare(name, text)?;
                done("PREPARE")
            }
            Word::Deallocate(name) => {
                let gone = self.statements.remove(name.as_bytes());
                gone.ok_or_else(|| error(NO_STATEMENT)).map(|_| done("DEALLOCATE"))?
            }
            Word::Run(name) => {
                let text = self.statements.get(name.as_bytes()).cloned().ok_or_else(|| error(NO_STATEMENT))?;
                let word = self.word(&text)?;
                // what shows rows is not run by name here
                self.does(&word)?
            }
            Word::CopyIn => vec![Backend::CopyInResponse { overall: 0, formats: vec![0] }],
            Word::CopyOut => {
                let lines = ["1\tAnn\n", "2\tBob\n", "3\tCem\n"].map(|line| Backend::CopyData(Bytes::from(line)));
                let begin = Backend::CopyOutResponse { overall: 0, formats: vec![0, 0] };
                [vec![begin], lines.to_vec(), vec![Backend::CopyDone], done("COPY 3")].concat()
            }
            Word::Empty | Word::Misspelt | Word::Rows(..) | Word::Said => Vec::new(),
        })
    }

    fn prepare(&mut self, name: &str, text: &str) -> Result<(), Report> {
        let name = Bytes::copy_from_slice(name.as_bytes());
        if self.statements.contains_key(&name) {
            return Err(error(DUPLICATE));
        }
        self.statements.insert(name, Bytes::copy_from_slice(text.as_bytes()));
        Ok(())
    }

    fn note_run(&mut self, portal: &Portal) {
        let own = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
        let parameters = portal.parameters.iter().map(|one| one.as_ref().map(own)).collect();
        let text = self.meant(&portal.text).unwrap_or_default();
        self.ran.push(Reached { text, parameters, path: self.path.clone() });
    }

    fn end(&mut self, commits: bool) -> Vec<Backend> {
        let mut said = Vec::new();
        if self.status == TransactionStatus::Idle {
            said.push(warning("25P01"));
        }
        let kept = commits && self.status != TransactionStatus::Failed;
        self.status = TransactionStatus::Idle;
        self.settle(kept);
        let tag = if kept { "COMMIT" } else { "ROLLBACK" };
        said.push(Backend::CommandComplete { tag: Bytes::from(tag) });
        said
    }

    fn copy(&mut self, copying: Copying, message: &Frontend) -> Vec<Backend> {
        let (Copying::Query(rows) | Copying::Execute(rows)) = &copying;
        let rows = *rows;
        let extended = matches!(copying, Copying::Execute(_));
        let again = |rows| Some(if extended { Copying::Execute(rows) } else { Copying::Query(rows) });
        match message {
            Frontend::CopyData(_) => self.copying = again(rows + 1),
            Frontend::Flush | Frontend::Sync => self.copying = again(rows),
            Frontend::CopyDone => {
                let tag = Bytes::from(format!("COPY {rows}"));
                return self.answered(Ok(vec![Backend::CommandComplete { tag }]), extended);
            }
            Frontend::CopyFail { .. } => {
                let left =
                    Portal { text: Bytes::from("COPY w FROM STDIN"), parameters: Vec::new(), given: None, left: true };
                if !extended && self.status != TransactionStatus::Idle {
                    self.portals.insert(Bytes::new(), left);
                }
                return self.answered(Err(error("57014")), extended);
            }
            _ => {
                self.strayed = true;
                return self.answered(Err(error("08P01")), extended);
            }
        }
        Vec::new()
    }
}

fn given(rows: &[Row], portal: &mut Portal, most: usize) -> Vec<Backend> {
    let from = portal.given.unwrap_or_default().min(rows.len());
    let most = if most == 0 { usize::MAX } else { most };
    let now: Vec<Row> = rows.iter().skip(from).take(most).cloned().collect();
    portal.given = Some(from + now.len());
    let mut said: Vec<Backend> = now.iter().map(data).collect();
    said.push(if now.len() == most {
        Backend::PortalSuspended
    } else {
        Backend::CommandComplete { tag: Bytes::from(format!("SELECT {}", now.len())) }
    });
    said
}

fn data(cells: &Row) -> Backend {
    let mut out = BytesMut::new();
    row::encode(cells.iter().map(|cell| cell.as_deref().map(str::as_bytes)), &mut out).unwrap();
    Backend::DataRow(out.freeze().slice(5..))
}

fn described(columns: &[String]) -> Backend {
    let field = |name: &String| Field {
        name: Bytes::copy_from_slice(name.as_bytes()),
        table_oid: 0,
        attribute: 0,
        type_oid: 25,
        type_size: -1,
        type_modifier: -1,
        format: 0,
    };
    Backend::RowDescription(columns.iter().map(field).collect())
}

fn error(code: &str) -> Report {
    Report::error(code, "the model says so")
}

fn warning(code: &str) -> Backend {
    let report = Report::new(Severity::Warning, "00000", "the model says so");
    let fields = report.fields.into_iter().map(|(kind, text)| match kind {
        b'C' => (kind, Bytes::copy_from_slice(code.as_bytes())),
        _ => (kind, text),
    });
    Backend::NoticeResponse(Report { fields: fields.collect() })
}
