mod approvals;
mod sessions;

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use postern_core::approval::{Approval, Part, State};
use postern_core::id::{OperationId, SessionId};
use postern_core::identity::{Claims, Kind, Principal, PrincipalSummary, Template, TrustRule, VerifiedClaims};
use postern_core::verdict::Who;
use postern_testkit::fakes::StillClock;

use super::*;

/// A store in a folder of its own, and a clock that a test moves.
struct House {
    folder: tempfile::TempDir,
    clock: Arc<StillClock>,
    store: Store,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(StillClock::at(Micros(1_800_000_000_000_000)));
        let store = Store::open(&file(&folder), clock.clone()).await.unwrap();
        Self { folder, clock, store }
    }

    /// Another store on the same file, as another process would have it.
    async fn another(&self) -> Store {
        Store::open(&file(&self.folder), self.clock.clone()).await.unwrap()
    }

    fn question(&self, digest: &str) -> Approval {
        let now = self.clock.now();
        Approval {
            id: ApprovalId::at(now),
            session: SessionId::at(now),
            operation: OperationId::at(now),
            principal: bot(),
            target: "orders".to_owned(),
            parts: vec![Part {
                action: "postgres.delete".to_owned(),
                touches: vec!["delete public.orders".to_owned()],
                facts: [("no_where".to_owned(), serde_json::json!(true))].into(),
                text: "delete from orders where note = '\u{202e}'".to_owned(),
                parameters: vec![Some("1".to_owned()), None],
            }],
            digest: digest.to_owned(),
            rules: vec!["bulk-writes-need-a-human".to_owned()],
            in_clear: Vec::new(),
            approvers: vec![vec![Who::Group("dba".to_owned())]],
            count: 1,
            asked: now,
            expires: now.after(Duration::from_secs(900)),
            reuse: Duration::ZERO,
            answers: Vec::new(),
            state: State::Pending,
        }
    }
}

fn file(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("state/postern.db")
}

fn bot() -> PrincipalSummary {
    PrincipalSummary {
        kind: Kind::Workload,
        name: "deploy-bot".to_owned(),
        issuer: "ci".to_owned(),
        subject: "repo:acme/shop".to_owned(),
        groups: vec!["ci".to_owned()],
        acts_for: None,
    }
}

/// A human of the group `dba`.
fn human(name: &str) -> Principal {
    let vouched = VerifiedClaims::vouched("people", name, Claims::new(), ["dba".to_owned()].into(), Micros(u64::MAX));
    let rule = TrustRule {
        name: Template::parse(name).unwrap(),
        kind: Kind::Human,
        issuer: "people".to_owned(),
        claims: [].into(),
        groups: [].into(),
        acts_for: None,
    };
    Principal::from_claims(&vouched, &[rule]).unwrap()
}

#[tokio::test]
async fn only_the_gateways_account_may_read_the_store() {
    let house = House::new().await;
    let folder = house.folder.path().join("state");
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
        files += 1;
    }
    assert!(files >= 3, "the database, its log, and their index");
}

#[tokio::test]
async fn a_store_that_others_could_read_is_closed_to_them() {
    let house = House::new().await;
    let path = house.folder.path().join("state/postern.db");
    house.store.close().await;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    house.another().await;
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_store_that_cannot_be_used_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "this is no database, but long enough to be taken for one").unwrap();
    for (path, says) in [
        (file.join("postern.db"), "cannot be written"),
        (folder.path().to_owned(), "cannot be written"),
        (file, "cannot be used"),
    ] {
        let fault = Store::open(&path, Arc::new(StillClock::at(Micros(0)))).await.err().unwrap();
        assert_eq!(fault.code, Code::StoreUnavailable, "{path:?}");
        assert!(fault.message.contains(says), "{path:?}: {}", fault.message);
        assert!(fault.hint.is_some(), "{path:?}");
    }
}

#[tokio::test]
async fn what_is_long_over_is_forgotten() {
    use postern_core::ports::Approvals;
    let house = House::new().await;
    let over = house.question("a");
    house.store.ask(over.clone()).await.unwrap();
    house.clock.advance(KEPT);
    let open = house.question("b");
    house.store.ask(open.clone()).await.unwrap();
    house.store.rows.tidy().await.unwrap();
    assert_eq!(house.store.list().await.unwrap().len(), 2);

    house.clock.advance(Duration::from_secs(901));
    house.store.rows.tidy().await.unwrap();
    let left = house.store.list().await.unwrap();
    assert_eq!(
        left.iter().map(|approval| (approval.id, approval.state)).collect::<Vec<_>>(),
        [(open.id, State::Expired)]
    );
}
