use sql::StoreError;
use sqlx::PgConnection;

use super::{load, save};
use crate::domain::{Answer, Command, Desk, Moment};

/// Lays out, judges, and writes what changed.
pub(super) async fn judge_all(
    tx: &mut PgConnection,
    commands: &[Command],
    moment: Moment,
) -> Result<Vec<Answer>, StoreError> {
    let laid = load::lay_out(tx, commands, moment.now).await?;
    let mut desk = Desk::new(moment, laid);
    let answers = commands.iter().map(|command| desk.judge(command)).collect();
    save::changes(tx, &desk.into_changes()).await?;
    Ok(answers)
}
