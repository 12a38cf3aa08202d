//! What is written is found again, however the gateway came to know of it.

use postern_core::clock::Micros;
use postern_core::excerpt::Excerpt;
use postern_core::id::OperationId;
use postern_core::identity::{Kind, PrincipalSummary};
use postern_core::journal::{Decided, Event, Keys};
use postern_core::ports::Append as _;
use postern_core::secret::Secret;
use postern_testkit::fakes::StillClock;
use tempfile::TempDir;

use super::*;
use crate::journal::{Durability, Journal};

const NOW: Micros = Micros(1_800_000_000_000_000);

/// A journal with its index, as a gateway has them.
struct Site {
    folder: TempDir,
    journal: Journal,
    store: Arc<Store>,
    index: Index,
}

fn root() -> Secret {
    Secret::new([7; 32])
}

impl Site {
    async fn new() -> Self {
        Self::in_folder(tempfile::tempdir().unwrap()).await
    }

    async fn in_folder(folder: TempDir) -> Self {
        let clock = Arc::new(StillClock::at(NOW));
        let keys = Keys::derive(&root()).unwrap();
        let journal =
            Journal::open(&folder.path().join("journal"), keys, Durability::Os, "1.0", clock.clone()).unwrap();
        let store = Arc::new(Store::open(&folder.path().join("store.db"), clock).await.unwrap());
        let sealer = Sealer::derive(&root()).unwrap();
        let index = Index::open(&folder.path().join("journal"), Arc::clone(&store), sealer);
        Self { folder, journal, store, index }
    }

    /// Ends as a killed gateway does: what was noted and is not in the store is lost.
    async fn killed(self) -> TempDir {
        drop(self.index);
        self.store.close().await;
        drop(self.journal);
        self.folder
    }

    async fn write(&self, session: Option<SessionId>, events: Vec<Event>, noting: bool) {
        let drafts: Vec<Draft> = events.into_iter().map(|event| Draft { session, at: NOW, event }).collect();
        let last = self.journal.append(drafts.clone()).await.unwrap().sequence;
        if noting {
            self.index.note(last, &drafts);
        }
    }

    async fn session(&self, who: &str, target: &str, noting: bool) -> SessionId {
        let session = SessionId::at(NOW);
        let opened = Event::SessionOpened {
            principal: principal(who),
            client: "127.0.0.1:1".to_owned(),
            called: None,
            protocol: "toy".to_owned(),
            target: target.to_owned(),
            credential: None,
            space: None,
            policy: "0".to_owned(),
        };
        self.write(Some(session), vec![opened], noting).await;
        session
    }

    /// What a query finds, as the statements or else the kinds of records, newest first.
    async fn found(&self, text: &str) -> Vec<String> {
        let query = Query::parse(text, NOW).unwrap();
        let (mut all, mut before) = (Vec::new(), None);
        loop {
            let Found { hits, next } = self.index.search(&query, before, 3).await.unwrap();
            assert!(hits.len() <= 3);
            all.extend(hits.into_iter().map(|hit| hit.opened.map_or_else(|| "-".to_owned(), |opened| opened.text)));
            if next.is_none() {
                return all;
            }
            assert!(before.is_none_or(|before| next < Some(before)), "each page begins before the last one");
            before = next;
        }
    }
}

fn principal(who: &str) -> PrincipalSummary {
    PrincipalSummary {
        kind: Kind::Workload,
        name: who.to_owned(),
        issuer: "corp".to_owned(),
        subject: who.to_owned(),
        groups: Vec::new(),
        acts_for: None,
    }
}

fn operation(text: &str, touches: &[&str], denied: bool) -> Event {
    let id = OperationId::at(NOW);
    let decided = if denied {
        Decided::Deny { rule: Some("never".to_owned()), code: "PST-3002".to_owned(), message: "no".to_owned() }
    } else {
        Decided::Allow { rules: vec!["reads".to_owned()], approval: None }
    };
    Event::Operation {
        id,
        actions: ["toy.read".to_owned()].into(),
        touches: touches.iter().map(|touch| (*touch).to_owned()).collect(),
        prepare: false,
        decided,
        masks: Vec::new(),
        policy: "0".to_owned(),
        digest: "0".to_owned(),
        sealed: Sealer::derive(&root()).unwrap().seal(&id.to_string(), &[text], &Excerpt::default()).unwrap(),
    }
}

#[tokio::test]
async fn records_are_found_by_all_that_can_be_asked() {
    let site = Site::new().await;
    let one = site.session("deploy-bot", "orders", true).await;
    let other = site.session("assistant", "stats", true).await;
    for (session, text, touches, denied) in [
        (one, "SELECT mail", &["read public.customers (email, id)"][..], false),
        (one, "DELETE all", &["delete public.orders"], true),
        (other, "SELECT Mail too", &["read public.customers (id)", "read public.orders"], false),
    ] {
        site.write(Some(session), vec![operation(text, touches, denied)], true).await;
    }
    for (query, expected) in [
        ("verdict:allow", &["SELECT Mail too", "SELECT mail"][..]),
        ("verdict:deny", &["DELETE all"]),
        ("verdict:deny,allow principal:deploy-bot", &["DELETE all", "SELECT mail"]),
        ("principal:deploy-* object:public.*", &["DELETE all", "SELECT mail"]),
        ("target:stats verdict:*", &["SELECT Mail too"]),
        ("object:public.customers", &["SELECT Mail too", "SELECT mail"]),
        ("object:public.customers.email", &["SELECT mail"]),
        ("object:*.orders effect:read", &["SELECT Mail too"]),
        ("action:toy.* rule:never", &["DELETE all"]),
        ("mail", &["SELECT Mail too", "SELECT mail"]),
        ("\"mail too\"", &["SELECT Mail too"]),
        ("text:mail since:1h", &["SELECT Mail too", "SELECT mail"]),
        ("text:mail until:1h", &[]),
        ("since:2027-01-01 mail", &["SELECT Mail too", "SELECT mail"]),
        ("principal:deploy_bot", &[]),
        ("object:public", &[]),
    ] {
        assert_eq!(site.found(query).await, expected, "{query}");
    }
    assert_eq!(site.found(&format!("session:{one}")).await, ["DELETE all", "SELECT mail", "-"]);
    assert_eq!(site.found("").await.len(), 6, "two sessions, three operations, and the segment");
    // what is done to a session is found by it as well as by who does it, and is nobody else's
    let by = principal("ann");
    site.write(None, vec![Event::SessionKilled { session: one, by, reason: "wild".to_owned() }], true).await;
    assert_eq!(site.found(&format!("session:{one}")).await, ["-", "DELETE all", "SELECT mail", "-"]);
    assert_eq!(site.found("principal:ann").await, ["-"]);
    assert_eq!(site.found("principal:deploy-bot").await, ["DELETE all", "SELECT mail", "-"]);
}

#[tokio::test]
async fn what_a_killed_gateway_has_not_noted_is_made_up_for() {
    let site = Site::new().await;
    let noted = site.session("deploy-bot", "orders", true).await;
    site.write(Some(noted), vec![operation("noted", &["read public.a"], false)], true).await;
    site.index.flush().await.unwrap();
    site.write(Some(noted), vec![operation("not noted", &["read public.b"], false)], false).await;
    let later = site.session("assistant", "stats", false).await;
    for round in 0..2000 {
        let text = format!("round {round}");
        site.write(Some(later), vec![operation(&text, &["read public.c"], false)], false).await;
    }
    let site = Site::in_folder(site.killed().await).await;
    assert_eq!(site.found("principal:deploy-bot verdict:allow").await, ["not noted", "noted"]);
    assert_eq!(site.found("object:public.b").await, ["not noted"]);
    assert_eq!(site.found("principal:assistant object:public.c").await.len(), 2000);
    assert_eq!(site.found("\"round 1999\" target:stats").await, ["round 1999"]);
}

#[tokio::test]
async fn what_is_too_much_to_note_is_read_from_the_journal() {
    let site = Site::new().await;
    let session = site.session("deploy-bot", "orders", true).await;
    for round in 0..60 {
        let touches: Vec<String> = (0..1000).map(|n| format!("read public.t{round}_{n}")).collect();
        let touches: Vec<&str> = touches.iter().map(String::as_str).collect();
        site.write(Some(session), vec![operation(&format!("round {round}"), &touches, false)], true).await;
    }
    assert_eq!(site.found("object:public.t7_999").await, ["round 7"]);
    assert_eq!(site.found("object:public.t59_0").await, ["round 59"]);
    let after = site.session("deploy-bot", "orders", true).await;
    site.write(Some(after), vec![operation("after", &["read public.after"], false)], true).await;
    assert_eq!(site.found("object:public.after").await, ["after"]);
}

/// A journal that is written all the time is made up for in the time that it takes to read what was there.
#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_grows_is_not_read_for_ever() {
    let site = Site::new().await;
    let session = site.session("deploy-bot", "orders", true).await;
    for number in 0..BLOCK {
        site.write(Some(session), vec![operation(&format!("before {number}"), &["read public.a"], false)], true).await;
    }
    site.index.desk.noted().overlook();
    let flushed = std::sync::atomic::AtomicBool::new(false);
    let writing = async {
        let mut written = 0_u32;
        while !flushed.load(std::sync::atomic::Ordering::Relaxed) && written < 20_000 {
            site.write(Some(session), vec![operation("since", &["read public.b"], false)], true).await;
            written = written.saturating_add(1);
            tokio::task::yield_now().await;
        }
        written
    };
    let flushing = async {
        site.index.flush().await.unwrap();
        flushed.store(true, std::sync::atomic::Ordering::Relaxed);
    };
    let (written, ()) = tokio::join!(writing, flushing);
    assert!(written < 20_000, "it was read as long as it grew");
    site.write(Some(session), vec![operation("the last", &["read public.c"], false)], true).await;
    assert_eq!(site.found("object:public.c").await, ["the last"]);
    assert_eq!(site.found("object:public.a").await.len(), 512);
    assert_eq!(site.found("object:public.b").await.len(), usize::try_from(written).unwrap());
}

/// What has happened already is noted before the file has its line.
#[tokio::test]
async fn a_line_that_waits_to_be_written_is_waited_for() {
    let site = Site::new().await;
    let session = site.session("deploy-bot", "orders", true).await;
    let drafts = vec![Draft { session: Some(session), at: NOW, event: operation("soon", &["read public.a"], false) }];
    let last = site.journal.soon(&drafts).unwrap();
    site.index.note(last, &drafts);
    site.index.desk.noted().overlook();
    site.index.flush().await.unwrap();
    assert_eq!(site.found("object:public.a").await, ["soon"]);
}
