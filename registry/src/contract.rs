//! What every backend must show: one suite, which each host's tests run over its own storage.
//!
//! Each function panics where the backend breaks a promise of [`store`](crate::Blobs), with the promise in the message. It wants a
//! backend that holds nothing, and leaves things in it.

use bytes::Bytes;
use cidery_protocol::{Cid, Codec};
use futures_util::future::join_all;
use serde_bytes::ByteArray;
use sha2::{Digest, Sha256};

use crate::{
    Admission, Blobs, Error, Etag, Expectation, Put, Sql, StoreError, Value, layout, memory::Chunks,
};

/// The promises of [`Blobs`], but for what [`Blobs::open`] hands out: that is the host's own.
///
/// # Panics
/// Where one is broken.
pub async fn blobs(store: &impl Blobs) {
    objects(store).await;
    deleted(store).await;
    conditional(store).await;
    uploads(store).await;
    listing(store).await;
}

async fn objects(store: &impl Blobs) {
    let (key, first, other) =
        ("contract/object", Bytes::from_static(b"first"), Bytes::from_static(b"other, and longer"));
    assert_eq!(ok(store.get(key, 100).await), None, "an object that nobody wrote is not there");
    assert!(ok(store.open(key).await).is_none(), "an object that nobody wrote is not there");
    assert!(!ok(store.has(key).await), "an object that nobody wrote is not there");
    assert_eq!(ok(store.put_immutable(key, first.clone()).await), Put::Stored);
    assert!(ok(store.has(key).await), "it is there now");
    assert_eq!(ok(store.put_immutable(key, first.clone()).await), Put::Same, "again is the same");
    assert_eq!(ok(store.put_immutable(key, other.clone()).await), Put::Different, "others are refused");
    assert_eq!(read(store, key).await.as_deref(), Some(&b"first"[..]), "and change nothing");
    assert_eq!(ok(store.open(key).await).map(|download| download.length), Some(5), "the length is known");
    assert!(store.get(key, 4).await.is_err(), "a larger object than the limit is an error");
    assert_eq!(
        ok(store.get(key, 5).await).map(|object| object.bytes),
        Some(first),
        "up to the limit is read"
    );
    ok(store.put(key, other.clone()).await);
    assert_eq!(read(store, key).await, Some(other), "put writes over what was there");
    ok(store.put("contract/empty", Bytes::new()).await);
    assert_eq!(read(store, "contract/empty").await, Some(Bytes::new()), "no bytes are an object, too");
    // Keys of tiles: one may continue another, as `000` and `000.p/1` do.
    for key in ["contract/tile/0/000", "contract/tile/0/000.p/1", "contract/@scope/name-._x"] {
        assert_eq!(ok(store.put_immutable(key, Bytes::from_static(b"x")).await), Put::Stored, "{key}");
        assert!(read(store, key).await.is_some(), "{key} is read back");
    }
}

async fn deleted(store: &impl Blobs) {
    let (key, beside) = ("contract/@scope/name/one", "contract/@scope/name/two");
    let bytes = Bytes::from_static(b"bytes");
    ok(store.delete(key).await);
    assert_eq!(ok(store.put_immutable(key, bytes.clone()).await), Put::Stored, "there was nothing to delete");
    assert_eq!(ok(store.put_immutable(beside, bytes.clone()).await), Put::Stored);
    ok(store.delete(key).await);
    assert_eq!(read(store, key).await, None, "an object that was deleted is not there");
    assert!(!ok(store.has(key).await), "an object that was deleted is not there");
    assert!(ok(store.open(key).await).is_none(), "an object that was deleted is not there");
    assert_eq!(ok(store.list("contract/@scope/name/").await), [beside], "and what is beside it still is");
    ok(store.delete(key).await);
    assert_eq!(ok(store.put_immutable(key, bytes).await), Put::Stored, "its key is free again");
    assert_eq!(ok(store.replace(key, Bytes::from_static(b"x"), None).await), None, "and taken again");
    ok(store.delete(key).await);
    assert!(
        ok(store.replace(key, Bytes::from_static(b"x"), None).await).is_some(),
        "there is none to replace"
    );
}

async fn conditional(store: &impl Blobs) {
    let key = "contract/head";
    let bytes = |text: &'static str| Bytes::from_static(text.as_bytes());
    let nonsense = Etag("no such tag".to_owned());
    assert_eq!(
        ok(store.replace(key, bytes("0"), Some(&nonsense)).await),
        None,
        "nothing there, and nothing written"
    );
    assert_eq!(read(store, key).await, None);
    let first = ok(store.replace(key, bytes("1"), None).await).expect("the first is written");
    assert_eq!(ok(store.replace(key, bytes("x"), None).await), None, "something is there now");
    assert_eq!(
        ok(store.get(key, 9).await).map(|object| object.etag),
        Some(first.clone()),
        "the tag that was given"
    );
    let second = ok(store.replace(key, bytes("2"), Some(&first)).await).expect("it follows the first");
    assert_eq!(
        ok(store.replace(key, bytes("x"), Some(&first)).await),
        None,
        "the first is not there any more"
    );
    assert_eq!(read(store, key).await, Some(bytes("2")), "and nothing was written");
    // Eight at once: check and write are one step.
    let racers = (0..8).map(|at| {
        let bytes = Bytes::from(format!("racer {at}"));
        store.replace(key, bytes, Some(&second))
    });
    let won = join_all(racers).await.into_iter().filter(|written| matches!(written, Ok(Some(_)))).count();
    assert_eq!(won, 1, "one of eight writers wins");
}

async fn uploads(store: &impl Blobs) {
    let bytes: Vec<u8> = (0..300_000_u32).map(|at| (at % 251) as u8).collect();
    let cid = Cid::of(Codec::Raw, &bytes);
    let sha256 = ByteArray::new(Sha256::digest(&bytes).into());
    let expect = |size: usize| Expectation { size: size as u64, text: false, sha256: vec![sha256] };
    let admit = |expected| Admission::new(cid, expected);
    let key = layout::blob(&cid);
    let mut altered = bytes.clone();
    altered[299_999] ^= 1;
    let longer = [&bytes[..], b"x"].concat();
    let before = ok(store.list("").await);
    let refused: [(&str, Chunks, Expectation); 6] = [
        ("cid.mismatch", Chunks::of(&altered, 65_536), expect(bytes.len())),
        ("module.size", Chunks::of(&bytes[1..], 65_536), expect(bytes.len())),
        ("module.size", Chunks::of(&longer, 65_536), expect(bytes.len())),
        ("module.size", Chunks::of(b"", 1), expect(bytes.len())),
        (
            "module.sha256",
            Chunks::of(&bytes, 300_000),
            Expectation { sha256: vec![ByteArray::new([0; 32])], ..expect(bytes.len()) },
        ),
        ("request.malformed", Chunks::of(&bytes[..200_000], 65_536).broken(), expect(bytes.len())),
    ];
    for (code, upload, expected) in refused {
        let error = store.store_blob(upload, admit(expected)).await.expect_err("a wrong body is refused");
        assert_eq!(error.code().as_str(), code);
        assert!(ok(store.open(&key).await).is_none(), "{code}: nothing is under the CID");
        assert_eq!(ok(store.list("").await), before, "{code}: the store is what it was");
    }
    for step in [65_536, 300_000, 4_099] {
        let stored = store.store_blob(Chunks::of(&bytes, step), admit(expect(bytes.len()))).await;
        assert_eq!(stored.map_err(|error| error.to_string()).map(|facts| facts.size), Ok(300_000));
        let object = ok(store.get(&key, 300_000).await).expect("it is there");
        assert!(object.bytes == bytes, "the bytes that were admitted");
    }
    assert!(store.store_blob(Chunks::of(&altered, 65_536), admit(expect(bytes.len()))).await.is_err());
    assert!(read(store, &key).await.is_some_and(|stored| stored == bytes), "a refusal leaves what was there");
    let empty = Cid::of(Codec::Raw, b"");
    let nothing = Expectation { size: 0, text: true, sha256: vec![] };
    let stored = store.store_blob(Chunks::of(b"", 1), Admission::new(empty, nothing)).await;
    assert!(stored.is_ok(), "no bytes are a blob, too");
    assert_eq!(read(store, &layout::blob(&empty)).await, Some(Bytes::new()));
}

async fn listing(store: &impl Blobs) {
    for key in ["list/b", "list/a/2", "list/a/1", "lists"] {
        ok(store.put(key, Bytes::from_static(b"x")).await);
    }
    assert_eq!(ok(store.list("list/").await), ["list/a/1", "list/a/2", "list/b"], "sorted, by prefix");
    assert_eq!(ok(store.list("list/a").await).len(), 2, "a prefix may end anywhere");
}

/// The promises of [`Sql`].
///
/// # Panics
/// Where one is broken.
pub fn sql(sql: &impl Sql) {
    let exec = |statement: &str, params: &[Value]| ok(sql.exec(statement, params));
    let all = "SELECT id, name, data FROM contract ORDER BY id";
    exec("CREATE TABLE contract (id INTEGER PRIMARY KEY, name TEXT, data BLOB) STRICT", &[]);
    let largest = (1_i64 << 53) - 1;
    let rows = [
        vec![Value::Integer(-1), Value::Null, Value::Null],
        vec![Value::Integer(7), Value::Text("ä, ?1 and 'quotes'".into()), Value::Blob(vec![0, 255])],
        vec![Value::Integer(largest), Value::Text(String::new()), Value::Blob(vec![9; 100_000])],
    ];
    for row in &rows {
        assert!(exec("INSERT INTO contract VALUES (?1, ?2, ?3)", row).is_empty(), "an insertion has no rows");
    }
    assert_eq!(exec(all, &[]), rows, "values come back as they were");
    let by_id = exec("SELECT name FROM contract WHERE id = ?1", &[Value::Integer(largest)]);
    assert_eq!(by_id, [[Value::Text(String::new())]], "integers are compared as integers");
    let returned = exec(
        "UPDATE contract SET name = ?2 WHERE id = ?1 RETURNING id",
        &[Value::Integer(-1), Value::Text("new".into())],
    );
    assert_eq!(returned, [[Value::Integer(-1)]], "RETURNING gives rows");
    assert!(sql.exec("INSERT INTO contract VALUES (7, NULL, NULL)", &[]).is_err(), "a key is taken once");
    let upsert =
        "INSERT INTO contract VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE SET name = ?2, data = ?3";
    exec(upsert, &[Value::Integer(-1), Value::Null, Value::Blob(Vec::new())]);
    let limited = "SELECT name, data FROM contract ORDER BY id LIMIT ?1";
    let first = exec(limited, &[Value::Integer(1)]);
    assert_eq!(first, [[Value::Null, Value::Blob(Vec::new())]], "a row is replaced, and a limit is a number");
    assert!(sql.exec("SELECT nothing FROM contract", &[]).is_err(), "a wrong statement is an error");

    let before = exec(all, &[]);
    let rolled_back = sql.transaction(|| {
        sql.exec("DELETE FROM contract", &[])?;
        assert!(sql.exec(all, &[])?.is_empty(), "a transaction reads what it wrote");
        Err::<(), Error>(Error::Request { reason: "no".to_owned() })
    });
    assert!(matches!(rolled_back, Err(Error::Request { .. })), "the work's own error comes back");
    assert_eq!(exec(all, &[]), before, "a transaction that failed wrote nothing");
    let failed = sql.transaction(|| {
        sql.exec("DELETE FROM contract WHERE id = 7", &[])?;
        sql.exec("INSERT INTO contract VALUES (-1, NULL, NULL)", &[])?;
        Ok(())
    });
    assert!(matches!(failed, Err(Error::Store(_))), "the database's error comes back");
    assert_eq!(exec(all, &[]), before, "a statement that failed takes the transaction with it");
    let kept = sql.transaction(|| {
        sql.exec("DELETE FROM contract WHERE id <> 7", &[])?;
        Ok(sql.exec("SELECT COUNT(*) FROM contract", &[])?)
    });
    assert_eq!(kept.map_err(|error| error.to_string()), Ok(vec![vec![Value::Integer(1)]]));
    assert_eq!(exec(all, &[]).len(), 1, "a transaction that worked is kept");
    exec("DROP TABLE contract", &[]);
}

async fn read(store: &impl Blobs, key: &str) -> Option<Bytes> {
    ok(store.get(key, 1 << 20).await).map(|object| object.bytes)
}

#[track_caller]
fn ok<T>(result: Result<T, StoreError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}: {:?}", std::error::Error::source(&error).map(ToString::to_string)),
    }
}
