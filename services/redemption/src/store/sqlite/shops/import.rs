use std::collections::BTreeSet;

use member_identity::OrganizationPath;
use sql::StoreError;
use sql::sqlite::classify;
use sqlx::SqliteConnection;

use super::{change, write};
use crate::domain::RequestId;
use crate::domain::shops::{
    ImportBatch, ImportState, ShopImport, ShopRefusal, ShopRowProblem, decide_import,
    decide_import_beginning,
};
use crate::store::columns::read_rows;
use crate::store::sqlite::batch;
use crate::store::{ShopImportReport, shops};

/// Begins an import, or finds it begun.
pub(super) async fn begin(
    tx: &mut SqliteConnection,
    new: ShopImport,
    within: Option<OrganizationPath>,
) -> Result<Result<ShopImport, ShopRefusal>, StoreError> {
    let campaign = match &new.campaign_id {
        Some(campaign_id) => change::owner(tx, campaign_id).await?,
        None => None,
    };
    let begun = one(tx, &new.import_id).await?;
    let decided = decide_import_beginning(new, begun, campaign.as_ref(), within.as_ref());
    match decided {
        Ok((import, true)) => {
            insert(tx, &import).await?;
            Ok(Ok(import))
        }
        Ok((import, false)) => Ok(Ok(import)),
        Err(refusal) => Ok(Err(refusal)),
    }
}

/// Decides a batch and writes all of it.
pub(super) async fn take(
    tx: &mut SqliteConnection,
    batch: &ImportBatch,
) -> Result<ShopImport, StoreError> {
    let import = one(tx, &batch.import_id).await?;
    let import = import.ok_or_else(|| shops::never_begun(&batch.import_id))?;
    let keys = batch.keys(&import.platform);
    let known = change::by_key(tx, &keys).await?;
    let listed = match &import.campaign_id {
        Some(campaign_id) => change::listed(tx, campaign_id, &keys).await?,
        None => BTreeSet::new(),
    };
    let effects = decide_import(ImportState { import, shops: known, listed }, batch);
    write::shops(tx, &effects.shops.values().collect::<Vec<_>>()).await?;
    if let Some(campaign_id) = &effects.import.campaign_id {
        write::listed(tx, campaign_id, &effects.listed, batch.at).await?;
    }
    problems(tx, &batch.import_id, &effects.problems).await?;
    update(tx, &effects.import).await?;
    Ok(effects.import)
}

/// An import with its first bad rows.
pub(super) async fn report(
    connection: &mut SqliteConnection,
    import_id: &RequestId,
) -> Result<Option<ShopImportReport>, StoreError> {
    let found = sqlx::query("SELECT * FROM shop_import WHERE import_id = ?1")
        .bind(import_id.as_str())
        .fetch_all(&mut *connection)
        .await
        .map_err(classify)?;
    let import = read_rows("shop_import", &found, "import_id", shops::import)?.pop();
    let Some(import) = import else { return Ok(None) };
    let found = sqlx::query("SELECT * FROM shop_import_problem WHERE import_id = ?1 ORDER BY line")
        .bind(import_id.as_str())
        .fetch_all(connection)
        .await
        .map_err(classify)?;
    let problems = read_rows("shop_import_problem", &found, "import_id", shops::problem)?;
    Ok(Some(ShopImportReport { import, problems }))
}

async fn one(
    tx: &mut SqliteConnection,
    import_id: &RequestId,
) -> Result<Option<ShopImport>, StoreError> {
    let found = sqlx::query("SELECT * FROM shop_import WHERE import_id = ?1")
        .bind(import_id.as_str())
        .fetch_all(tx)
        .await
        .map_err(classify)?;
    Ok(read_rows("shop_import", &found, "import_id", shops::import)?.pop())
}

async fn insert(tx: &mut SqliteConnection, import: &ShopImport) -> Result<(), StoreError> {
    let query = sqlx::query(
        "INSERT INTO shop_import (import_id, organization, platform, campaign_id, committed_line,
           added, changed, unchanged, listed, bad, updated_at)
         VALUES (?1, ?2, ?3, ?4, 0, 0, 0, 0, 0, 0, ?5)",
    );
    let query = query.bind(import.import_id.as_str()).bind(import.organization.as_str());
    let query = query.bind(import.platform.as_str());
    let query = query.bind(import.campaign_id.as_ref().map(|id| id.as_str()));
    write::run(tx, query.bind(import.updated_at.as_micros())).await
}

async fn update(tx: &mut SqliteConnection, import: &ShopImport) -> Result<(), StoreError> {
    let query = sqlx::query(
        "UPDATE shop_import SET committed_line = ?2, added = ?3, changed = ?4, unchanged = ?5,
           listed = ?6, bad = ?7, updated_at = ?8
         WHERE import_id = ?1",
    );
    let query = query.bind(import.import_id.as_str()).bind(import.committed_line);
    let query = query.bind(import.added).bind(import.changed).bind(import.unchanged);
    let query = query.bind(import.listed).bind(import.bad);
    write::run(tx, query.bind(import.updated_at.as_micros())).await
}

async fn problems(
    tx: &mut SqliteConnection,
    import_id: &RequestId,
    problems: &[ShopRowProblem],
) -> Result<(), StoreError> {
    let query = sqlx::query(
        "INSERT INTO shop_import_problem (import_id, line, column_name, reason)
         SELECT ?1, value ->> 0, value ->> 1, value ->> 2 FROM json_each(?2)",
    );
    let rows = problems.iter().map(|bad| (bad.line, bad.column.as_str(), bad.reason.as_str()));
    write::run(tx, query.bind(import_id.as_str()).bind(batch::array(rows))).await
}
