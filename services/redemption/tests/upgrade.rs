//! A database of the service before, brought up to date: what was sold before is there, is answered
//! as before, and can be given back.

#[path = "support/databases.rs"]
mod databases;
#[path = "support/old.rs"]
mod old;

use std::process::ExitCode;
use std::sync::Arc;

use benefit::{Fen, Portion};
use databases::Databases;
use libtest_mimic::Arguments;
use member_identity::{AuthorizationId, PersonKey};
use redemption::domain::{Stage, Verb, VoucherStage};
use redemption::store::conformance::Till;
use redemption::store::{AuthorizationKey, Store, open};
use sql::DatabaseConfig;
use sqlx::{Connection as _, SqliteConnection};

/// Ann bought two lines for 5.00 less 2.99; Bob brought his drink back, and his right returned.
const SOLD: &str = "
    INSERT INTO campaign VALUES ('cool-drinks', 'gd', 'ACTIVE', 'AMOUNT_OFF', 300, 299,
      'cold-drink', '440000', '', 'RIGHT_RETURNS', 'Asia/Shanghai', 'zh', 'en', 1);
    INSERT INTO business_day VALUES ('2022-07-22', 'OPEN', 1, NULL);
    INSERT INTO wallet_voucher VALUES
      (1, x'01000000000000000000000000000001', x'01010101010101010101010101010101', 'cool-drinks',
       'USED', NULL, 0, 1658448000000000, 1758448000000000, 1),
      (2, x'02000000000000000000000000000001', x'02020202020202020202020202020202', 'cool-drinks',
       'AVAILABLE', NULL, 1, 1658448000000000, 1758448000000000, 1);
    INSERT INTO \"authorization\" VALUES
      (1, x'0100000000000000000000000000000a', x'01010101010101010101010101010101', 'wepay', 'o1',
       'a1', 'CAPTURED', 500, 299, 1658455200000000, 1658455500000000, 1658455300000000,
       '2022-07-22', NULL, NULL, NULL, NULL),
      (2, x'0200000000000000000000000000000b', x'02020202020202020202020202020202', 'wepay', 'o2',
       'a2', 'REFUNDED', 300, 299, 1658455200000000, 1658455500000000, 1658455300000000,
       '2022-07-22', 1658455400000000, '2022-07-22', 1, NULL);
    INSERT INTO authorization_voucher VALUES
      (1, x'0100000000000000000000000000000a', 0, x'01000000000000000000000000000001',
       'cool-drinks', 299, '200,99'),
      (2, x'0200000000000000000000000000000b', 0, x'02000000000000000000000000000001',
       'cool-drinks', 299, '299');
    INSERT INTO partner_order VALUES
      ('wepay', 'o1', 1, x'0100000000000000000000000000000a', 1),
      ('wepay', 'o2', 2, x'0200000000000000000000000000000b', 0);
    INSERT INTO request VALUES
      ('wepay', 'REFUND', 'r2', x'0102030405060708', 'OK', NULL, NULL, 2,
       x'0200000000000000000000000000000b', 1658455400000000);
    INSERT INTO journal VALUES
      (1, x'0100000000000000000000000000000c', x'0100000000000000000000000000000a',
       x'01000000000000000000000000000001', 'CAPTURE', 'wepay', 'o1', 'cool-drinks', 'gd',
       '2022-07-22', 1658455300000000, NULL),
      (2, x'0200000000000000000000000000000c', x'0200000000000000000000000000000b',
       x'02000000000000000000000000000001', 'CAPTURE', 'wepay', 'o2', 'cool-drinks', 'gd',
       '2022-07-22', 1658455300000000, NULL),
      (2, x'0200000000000000000000000000000d', x'0200000000000000000000000000000b',
       x'02000000000000000000000000000001', 'REFUND', 'wepay', 'o2', 'cool-drinks', 'gd',
       '2022-07-22', 1658455400000000, NULL);
    INSERT INTO entry VALUES
      (1, x'0100000000000000000000000000000c', 0, 'fund:gd:cool-drinks', 299),
      (1, x'0100000000000000000000000000000c', 1, 'platform:wepay', -299),
      (2, x'0200000000000000000000000000000c', 0, 'fund:gd:cool-drinks', 299),
      (2, x'0200000000000000000000000000000c', 1, 'platform:wepay', -299),
      (2, x'0200000000000000000000000000000d', 0, 'fund:gd:cool-drinks', -299),
      (2, x'0200000000000000000000000000000d', 1, 'platform:wepay', 299)";

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let databases = Databases::start(&arguments);
    let name = "a_database_of_the_service_before_is_brought_up_to_date";
    let play = Arc::new(|config| Box::pin(play(config)) as _);
    libtest_mimic::run(&arguments, databases.trials(name, play).into()).exit_code()
}

async fn play(config: DatabaseConfig) {
    old::write(&config, SOLD.to_owned()).await;
    is_kept(&config).await;
    if config.url.starts_with("sqlite") {
        let mut connection = SqliteConnection::connect(&config.url).await.expect("it opens");
        let broken = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut connection).await;
        assert!(broken.expect("it is checked").is_empty(), "every row has what it refers to");
    }
}

fn id(shard: u8, last: u8) -> AuthorizationId {
    let mut bytes = [0; 16];
    (bytes[0], bytes[15]) = (shard, last);
    AuthorizationId::from_bytes(bytes)
}

async fn is_kept(config: &DatabaseConfig) {
    let store = open(config).await.expect("it is brought up to date");
    let till = Till::open(store.clone()).await;
    spent_is_counted(&till).await;
    gave_back(&till, &*store).await;
    let of_ann = till.stored(id(1, 10)).await;
    assert_eq!(of_ann.line_amounts, [Fen(401), Fen(99)], "the rest counts with the first line");
    assert_eq!(of_ann.vouchers[0].organization.as_str(), "gd");
    assert_eq!(of_ann.captured(), Fen(299));
    let part = till.refunded("r1", id(1, 10), Portion::Lines(vec![(1, Fen(99))])).await;
    assert_eq!(part.refunded(), Fen(99));
    let whole = till.refunded("r3", id(1, 10), Portion::Whole).await;
    assert!(matches!(whole.stage, Stage::Refunded { .. }));
    assert_eq!(till.totals("2022-07-22").await[0].refunded, Fen(2 * 299));
    let ann = PersonKey::from_bytes([1; 16]);
    let own = till.only_voucher(ann).await;
    assert_eq!((own.stage, own.returns), (VoucherStage::Available, 1));
    store.close().await;
}

/// What was captured before and not given back counts as spent when the vouchers are closed.
async fn spent_is_counted(till: &Till) {
    for (n, spent) in [(1, 299), (2, 0)] {
        let own = till.only_voucher(PersonKey::from_bytes([n; 16])).await;
        assert_eq!((own.spent, own.is_closed), (Fen(spent), false));
    }
}

/// What was given back before is one refund of all, and is answered as such.
async fn gave_back(till: &Till, store: &dyn Store) {
    let key = AuthorizationKey::Id(id(2, 11));
    let found = store.authorization(&till.partner, &key).await.expect("the store is there");
    let found = found.expect("it was made");
    assert_eq!((found.refunds.len(), found.refunded()), (1, Fen(299)));
    assert_eq!(
        (found.refunds[0].request_id.as_str(), &found.refunds[0].rights[..]),
        ("r2", &[0][..])
    );
    let request = (till.partner.clone(), Verb::Refund, "r2".parse().expect("a key"));
    let recalled = store.recall(&request).await.expect("the store is there").expect("it is known");
    let answer = recalled.remembered.answer(&request, recalled.authorization, None);
    assert_eq!(answer.expect("an effect").authorization, Some(found));
    let bob = PersonKey::from_bytes([2; 16]);
    assert_eq!(till.only_voucher(bob).await.returns, 1);
}
