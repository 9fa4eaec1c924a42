//! What a batch of claims leaves behind.

use sql::StoreError;
use sql::postgres::classify;
use sqlx::PgConnection;

use crate::domain::{ClaimEffects, Stock, Voucher, Winner};
use crate::store::claims::{Limit, first_position};

/// Writes the winners and moves the counters from what was read under the lock; anything else there
/// is a conflict. All vouchers of one batch have the stock, instant, validity and liability of the
/// first.
pub(super) async fn write(
    tx: &mut PgConnection,
    effects: &ClaimEffects,
    limit: &Limit,
    before: Stock,
) -> Result<(), StoreError> {
    let winners = &effects.winners;
    let mut by_person: Vec<_> = winners.iter().collect();
    by_person.sort_by_key(|winner| (winner.voucher.person, winner.n));
    let positions: Vec<_> = (first_position(effects)..=effects.stock.feed_head).collect();
    let first = &winners[0].voucher;
    let updated = sqlx::query(include_str!("issue.sql"))
        .bind(column(&by_person, |winner| *winner.voucher.person.as_bytes()))
        .bind(column(&by_person, |winner| i64::from(winner.n)))
        .bind(column(&by_person, |winner| *winner.voucher.voucher_id.as_bytes()))
        .bind(column(&by_person, |winner| winner.partner.as_str()))
        .bind(column(&by_person, |winner| winner.request_id.as_str()))
        .bind(column(&by_person, |winner| shard(&winner.voucher)))
        .bind(column(&by_person, |winner| *winner.voucher.member_id.as_bytes()))
        .bind(column(winners, |winner| *winner.voucher.voucher_id.as_bytes()))
        .bind(column(winners, |winner| shard(&winner.voucher)))
        .bind(column(winners, |winner| *winner.voucher.person.as_bytes()))
        .bind(column(winners, |winner| *winner.voucher.member_id.as_bytes()))
        .bind(column(winners, |winner| i64::from(winner.voucher.serial)))
        .bind(positions)
        .bind(i16::from(first.stock.slice))
        .bind(&limit.limit_id)
        .bind(&limit.period)
        .bind(first.stock.campaign_id.as_str())
        .bind(&first.stock.period)
        .bind(first.valid_from.as_micros())
        .bind(first.valid_until.as_micros())
        .bind(first.liability.0)
        .bind(first.issued_at.as_micros())
        .bind(i64::from(first.version))
        .bind(i64::from(effects.stock.issued))
        .bind(effects.stock.feed_head)
        .bind(i64::from(before.issued))
        .bind(before.feed_head)
        .execute(tx)
        .await
        .map_err(classify)?;
    match updated.rows_affected() {
        1 => Ok(()),
        _ => Err(StoreError::Conflict),
    }
}

/// One column of the rows.
fn column<'a, W: std::borrow::Borrow<Winner>, T>(
    winners: &'a [W],
    read: impl Fn(&'a Winner) -> T,
) -> Vec<T> {
    winners.iter().map(|winner| read(winner.borrow())).collect()
}

fn shard(voucher: &Voucher) -> i16 {
    i16::from(voucher.person.shard().0)
}
