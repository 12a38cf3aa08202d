use std::path::PathBuf;

use postern_core::clock::Micros;
use postern_testkit::fakes::StillClock;

use super::*;

struct House {
    folder: tempfile::TempDir,
    store: Arc<Store>,
    sealed: Sealed,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(StillClock::at(Micros(1_800_000_000_000_000)));
        let store = Arc::new(Store::open(&folder.path().join("postern.db"), clock).await.unwrap());
        let sealed = Sealed::new(Arc::clone(&store), &root(7)).unwrap();
        Self { folder, store, sealed }
    }

    /// Puts a row back as it was, as somebody who can write the file would.
    async fn put_back(&self, old: &SealedSecret) {
        let file = self.folder.path().join("postern.db");
        let pool = sqlx::SqlitePool::connect(file.to_str().unwrap()).await.unwrap();
        let query = sqlx::query("UPDATE secrets SET version = $1, sealed = $2 WHERE name = $3");
        let query = query.bind(i64::try_from(old.version).unwrap()).bind(&old.sealed).bind(&old.name);
        query.execute(&pool).await.unwrap();
    }

    async fn value(&self, name: &str) -> Result<Vec<u8>, Code> {
        let value = self.sealed.fetch(&named(name)).await;
        value.map(|value| value.expose().to_vec()).map_err(|fault| fault.code)
    }
}

fn root(byte: u8) -> Secret {
    Secret::new(vec![byte; 32])
}

fn named(name: &str) -> SealedName {
    SealedName::parse(name).unwrap()
}

fn secret(text: &str) -> Secret {
    Secret::new(text.as_bytes())
}

#[tokio::test]
async fn a_secret_is_set_once_and_rotated_after() {
    let House { sealed, .. } = &House::new().await;
    let name = named("orders");
    assert_eq!(sealed.rotate(&name, &secret("early")).await.unwrap_err().code, Code::SecretUnknown);
    sealed.set(&name, &secret("first")).await.unwrap();
    assert_eq!(sealed.set(&name, &secret("again")).await.unwrap_err().code, Code::SecretTaken);
    assert_eq!(sealed.fetch(&name).await.unwrap().expose(), b"first");
    assert_eq!(sealed.rotate(&name, &secret("second")).await.unwrap(), 2);
    assert_eq!(sealed.fetch(&name).await.unwrap().expose(), b"second");
    let listed = sealed.list().await.unwrap();
    assert_eq!(listed.iter().map(|one| (one.name.as_str(), one.version)).collect::<Vec<_>>(), [("orders", 2)]);
}

#[tokio::test]
async fn of_many_who_rotate_each_makes_a_version() {
    let house = House::new().await;
    let (name, one, other) = (named("orders"), secret("one"), secret("other"));
    house.sealed.set(&name, &secret("first")).await.unwrap();
    let rotate = |value| house.sealed.rotate(&name, value);
    let all = tokio::join!(rotate(&one), rotate(&other), rotate(&one), rotate(&other));
    let mut versions = [all.0, all.1, all.2, all.3].map(Result::unwrap);
    versions.sort_unstable();
    assert_eq!(versions, [2, 3, 4, 5]);
}

#[tokio::test]
async fn nothing_in_the_store_tells_a_value() {
    let house = House::new().await;
    house.sealed.set(&named("orders"), &secret("hunter2-hunter2")).await.unwrap();
    house.sealed.rotate(&named("orders"), &secret("correct-horse")).await.unwrap();
    house.store.close().await;
    let mut read = 0;
    for entry in std::fs::read_dir(house.folder.path()).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        read += bytes.len();
        for value in ["hunter2", "correct-horse"] {
            for form in [value.to_owned(), BASE64.encode(value.as_bytes())] {
                assert!(!bytes.windows(form.len()).any(|window| window == form.as_bytes()), "{}", path.display());
            }
        }
    }
    assert!(read > 4_096, "the store was read");
}

#[tokio::test]
async fn values_cannot_be_swapped_between_names() {
    let house = House::new().await;
    house.sealed.set(&named("orders"), &secret("of orders")).await.unwrap();
    house.sealed.set(&named("stats"), &secret("of stats")).await.unwrap();
    let stolen = house.store.sealed("stats").await.unwrap().unwrap();
    house.store.renew_sealed("orders", 1, &stolen.sealed).await.unwrap();
    assert_eq!(house.value("orders").await, Err(Code::SealBroken));
    assert_eq!(house.value("stats").await, Ok(b"of stats".to_vec()));
}

#[tokio::test]
async fn an_old_value_cannot_be_put_back() {
    let house = House::new().await;
    house.sealed.set(&named("orders"), &secret("old")).await.unwrap();
    let old = house.store.sealed("orders").await.unwrap().unwrap();
    house.sealed.rotate(&named("orders"), &secret("new")).await.unwrap();
    assert_eq!(house.value("orders").await, Ok(b"new".to_vec()));
    // under the newer version it does not open, and under its own it is older than what was seen
    house.store.renew_sealed("orders", 2, &old.sealed).await.unwrap();
    assert_eq!(house.value("orders").await, Err(Code::SealBroken));
    house.put_back(&old).await;
    assert_eq!(house.value("orders").await, Err(Code::SealBroken));
    // a gateway that has seen neither cannot know
    let another = Sealed::new(Arc::clone(&house.store), &root(7)).unwrap();
    assert_eq!(another.fetch(&named("orders")).await.unwrap().expose(), b"old");
}

#[tokio::test]
async fn another_key_opens_nothing() {
    let house = House::new().await;
    house.sealed.set(&named("orders"), &secret("hunter2")).await.unwrap();
    let other = Sealed::new(Arc::clone(&house.store), &root(8)).unwrap();
    assert_eq!(other.fetch(&named("orders")).await.unwrap_err().code, Code::SealBroken);
}
