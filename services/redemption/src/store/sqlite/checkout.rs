use std::collections::BTreeSet;

use sql::StoreError;
use sqlx::SqliteConnection;

use super::{batch, load, save};
use crate::domain::{Answer, Command, Desk, Laid, Moment};
use crate::store::columns::read_rows;

/// Lays out, judges, and writes what changed.
pub(super) async fn judge_all(
    tx: &mut SqliteConnection,
    commands: &[Command],
    moment: Moment,
) -> Result<Vec<Answer>, StoreError> {
    let laid = load::lay_out(tx, commands, moment.now).await?;
    let now = moment.now;
    let mut desk = Desk::new(moment, laid);
    let answers = commands.iter().map(|command| desk.judge(command)).collect();
    save::changes(tx, &desk.into_changes(), now).await?;
    Ok(answers)
}

/// Writes down holds that ran out, the oldest first.
pub(super) async fn expire(
    tx: &mut SqliteConnection,
    moment: Moment,
    max: u32,
) -> Result<u32, StoreError> {
    let lapsed = sqlx::query(
        r#"SELECT authorization_id FROM "authorization"
           WHERE state = 'HELD' AND expires_at <= ?1 ORDER BY expires_at LIMIT ?2"#,
    )
    .bind(moment.now.as_micros())
    .bind(max)
    .fetch_all(&mut *tx)
    .await
    .map_err(sql::sqlite::classify)?;
    if lapsed.is_empty() {
        return Ok(0);
    }
    let ids =
        read_rows("authorization", &lapsed, "authorization_id", |row| row.id("authorization_id"))?;
    let ids: BTreeSet<_> = ids.into_iter().collect();
    let mut laid = Laid::default();
    load::authorizations(tx, &mut laid, &ids).await?;
    load::vouchers_of_authorizations(tx, &mut laid).await?;
    let now = moment.now;
    let mut desk = Desk::new(moment, laid);
    ids.iter().for_each(|id| desk.expire_if_lapsed(*id));
    save::changes(tx, &desk.into_changes(), now).await?;
    Ok(batch::count(lapsed.len()))
}
