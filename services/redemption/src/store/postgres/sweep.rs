use std::collections::BTreeSet;

use sql::StoreError;
use sql::postgres::classify;
use sqlx::PgConnection;

use super::locked::{self, Locked};
use super::{load, save};
use crate::domain::{Desk, Laid, Moment};
use crate::store::columns::read_rows;

/// Writes down holds that ran out, the oldest first, but for those that another step is at.
pub(super) async fn expire(
    tx: &mut PgConnection,
    moment: Moment,
    max: u32,
) -> Result<u32, StoreError> {
    let lapsed = sqlx::query(
        r#"SELECT authorization_id FROM "authorization"
           WHERE state = 'HELD' AND expires_at <= $1 ORDER BY expires_at LIMIT $2"#,
    )
    .bind(moment.now.as_micros())
    .bind(i64::from(max))
    .fetch_all(&mut *tx)
    .await
    .map_err(classify)?;
    let ids =
        read_rows("authorization", &lapsed, "authorization_id", |row| row.id("authorization_id"))?;
    let ids: BTreeSet<_> = ids.into_iter().collect();
    if ids.is_empty() {
        return Ok(0);
    }
    let mut locked = Locked::default();
    locked.add(locked::free_of(tx, &ids).await?, moment.now)?;
    let mut laid = Laid::default();
    load::authorizations(tx, &mut laid, &ids).await?;
    laid.authorizations.retain(|_, one| {
        let mut vouchers = one.vouchers.iter().map(|applied| applied.voucher_id);
        vouchers.all(|id| locked.ids.contains(&id))
    });
    locked.lay_out(&mut laid)?;
    let mut desk = Desk::new(moment, laid);
    ids.iter().for_each(|id| desk.expire_if_lapsed(*id));
    let changes = desk.into_changes();
    save::changes(tx, &changes).await?;
    Ok(u32::try_from(changes.authorizations.len()).expect("it is at most `max`"))
}
