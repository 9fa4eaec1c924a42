//! Laws as constraints: the schema refuses what the domain never does.

use std::sync::Arc;

use issuance::store;
use issuance::store::conformance::{Bench, Offer, noon};
use sql::DatabaseConfig;
use sqlx::{Connection as _, SqliteConnection};

/// Changes that break a law, each refused by a constraint.
const BREAKS: &[(&str, &str)] = &[
    ("I1: more than the quota", "UPDATE stock SET issued = quota + 1"),
    ("I1: more returned than issued", "UPDATE stock SET returned = issued + 1"),
    ("I1: a serial twice", "UPDATE voucher SET serial = 1"),
    ("I1: a serial below one", "UPDATE voucher SET serial = 0 WHERE serial = 1"),
    (
        "I2: a number of a person twice",
        "INSERT INTO person_limit SELECT * FROM person_limit LIMIT 1",
    ),
    ("A1: a request twice", "INSERT INTO claim_request SELECT * FROM claim_request LIMIT 1"),
    ("feed: a position twice", "UPDATE feed SET position = 1"),
    ("a voucher without a stock", "UPDATE voucher SET period = 'day:1999-01-01'"),
    ("a state that is none", "UPDATE campaign SET state = 'OPEN'"),
    ("an id that is none", "UPDATE voucher SET member_id = x'00'"),
];

#[tokio::test]
async fn constraints_refuse_what_breaks_a_law() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("issuance.db");
    let url = format!("sqlite://{}", path.display());
    let store = store::open(&DatabaseConfig::at(&url)).await.expect("the database opens");
    let bench = Bench::over(Arc::clone(&store));
    let offer = Offer::default();
    bench.activate(offer).await;
    let wishes = vec![bench.wish(1, "one"), bench.wish(2, "two")];
    assert!(bench.claim(offer, noon("2022-07-22"), wishes).await.iter().all(Result::is_ok));
    store.close().await;

    let mut connection = SqliteConnection::connect(&url).await.expect("connects");
    for (law, change) in BREAKS {
        let refused = sqlx::query(*change).execute(&mut connection).await;
        let refused = refused.expect_err(law).into_database_error().expect("the database refuses");
        assert!(refused.message().contains("constraint"), "{law}: {refused}");
    }
}
