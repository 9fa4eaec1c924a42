//! What the accounts of a day come to.

use std::collections::BTreeMap;

use clock::BusinessDay;
use sql::StoreError;
use sql::postgres::classify;
use sqlx::PgConnection;

use super::batch::column;
use crate::store::columns::{Columns, read_rows};

/// The debits and credits of each account, summed from the entries of one page of rows after the
/// other: one sum over a long day would run longer than a statement may.
#[derive(Default)]
pub(super) struct AccountSums {
    sums: BTreeMap<String, (i64, i64)>,
}

impl AccountSums {
    /// Adds the entries of some transactions.
    pub async fn add(
        &mut self,
        tx: &mut PgConnection,
        transactions: Vec<[u8; 16]>,
    ) -> Result<(), StoreError> {
        let found = sqlx::query(
            "SELECT e.account, sum(greatest(e.amount_fen, 0))::BIGINT AS debit_fen,
               sum(greatest(-e.amount_fen, 0))::BIGINT AS credit_fen
             FROM unnest($1::BYTEA[]) AS k (transaction_id) JOIN entry AS e
               ON e.transaction_id = k.transaction_id AND e.shard = get_byte(k.transaction_id, 0)
             GROUP BY e.account",
        )
        .bind(transactions)
        .fetch_all(tx)
        .await
        .map_err(classify)?;
        let read = |row: Columns<'_>| {
            let sums = (row.integer("debit_fen")?, row.integer("credit_fen")?);
            Ok((row.text("account")?.to_owned(), sums))
        };
        for (account, (debit, credit)) in read_rows("entry", &found, "account", read)? {
            let sum = self.sums.entry(account).or_default();
            *sum = (sum.0 + debit, sum.1 + credit);
        }
        Ok(())
    }

    /// Writes the sums of a day that is being closed.
    pub async fn write(self, tx: &mut PgConnection, day: BusinessDay) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO account_day (business_day, account, debit_fen, credit_fen)
             SELECT $1, k.* FROM unnest($2::TEXT[], $3::BIGINT[], $4::BIGINT[]) AS k",
        )
        .bind(day.to_string())
        .bind(column(self.sums.keys(), |account| account.as_str()))
        .bind(column(self.sums.values(), |(debit, _)| *debit))
        .bind(column(self.sums.values(), |(_, credit)| *credit))
        .execute(tx)
        .await
        .map_err(classify)?;
        Ok(())
    }
}
