use clock::Timestamp;
use serde::Serialize;
use sql::StoreError;
use sql::sqlite::{Database, classify};
use sqlx::{SqliteConnection, SqliteExecutor, SqlitePool};

use super::{organizations, rows};
use crate::domain::Slug;
use crate::domain::policy::{Criterion, Policy, PolicyDraft, Publication, decide_publication};
use crate::store::subtree::Subtree;
use crate::store::{Decided, Page};

/// Publishes a revision, unless the newest says the same.
pub(super) async fn publish(
    database: &Database,
    draft: PolicyDraft,
    at: Timestamp,
) -> Result<Decided<Publication>, StoreError> {
    let step = async move |tx: &mut SqliteConnection| {
        let owner_exists = organizations::exists(tx, &draft.organization).await?;
        let newest = one(&mut *tx, &draft.policy_id, None).await?;
        let decided = decide_publication(draft.clone(), newest, owner_exists, at);
        if let Ok(Publication::New(policy)) = &decided {
            insert(tx, policy).await?;
        }
        Ok(decided)
    };
    database.write("publish_policy", step).await
}

const ONE: &str = "
    SELECT p.policy_id, p.revision, p.organization, p.published_at,
           (SELECT json_group_array(
                     json_array(c.criterion_id, c.expression, c.text_zh, c.text_en)
                     ORDER BY c.position)
              FROM policy_criterion c
             WHERE c.policy_id = p.policy_id AND c.revision = p.revision) AS criteria
      FROM policy p
     WHERE p.policy_id = ?1 AND (?2 IS NULL OR p.revision = ?2)
     ORDER BY p.revision DESC
     LIMIT 1";

/// A revision of a policy; the newest when none is named.
pub(super) async fn one<'e>(
    executor: impl SqliteExecutor<'e>,
    policy_id: &Slug,
    revision: Option<i32>,
) -> Result<Option<Policy>, StoreError> {
    let query = sqlx::query(ONE).bind(policy_id.to_string()).bind(revision);
    let row = query.fetch_optional(executor).await.map_err(classify)?;
    row.as_ref().map(rows::policy).transpose()
}

const PAGE: &str = "
    SELECT p.policy_id, p.revision, p.organization, p.published_at,
           (SELECT json_group_array(
                     json_array(c.criterion_id, c.expression, c.text_zh, c.text_en)
                     ORDER BY c.position)
              FROM policy_criterion c
             WHERE c.policy_id = p.policy_id AND c.revision = p.revision) AS criteria
      FROM policy p
     WHERE p.policy_id > ?1
       AND p.revision = (SELECT max(n.revision) FROM policy n WHERE n.policy_id = p.policy_id)
       AND (?2 IS NULL OR p.organization = ?2
            OR (p.organization >= ?3 AND p.organization < ?4))
     ORDER BY p.policy_id
     LIMIT ?5";

/// The newest revision of each policy, by name.
pub(super) async fn page(
    readers: &SqlitePool,
    page: Page<Slug>,
) -> Result<Vec<Policy>, StoreError> {
    let after = page.after.map(|policy_id| policy_id.to_string()).unwrap_or_default();
    let subtree = Subtree::of(page.below.as_ref());
    let query = sqlx::query(PAGE).bind(after);
    let query = query.bind(subtree.path).bind(subtree.first).bind(subtree.end).bind(page.size);
    let found = query.fetch_all(readers).await.map_err(classify)?;
    found.iter().map(rows::policy).collect()
}

const CHANGED: &str = "
    SELECT p.policy_id, p.revision, p.organization, p.published_at, p.policy_version,
           (SELECT json_group_array(
                     json_array(c.criterion_id, c.expression, c.text_zh, c.text_en)
                     ORDER BY c.position)
              FROM policy_criterion c
             WHERE c.policy_id = p.policy_id AND c.revision = p.revision) AS criteria
      FROM policy p
     WHERE p.policy_version > ?1
       AND p.revision = (SELECT max(n.revision) FROM policy n WHERE n.policy_id = p.policy_id)
     ORDER BY p.policy_version
     LIMIT ?2";

/// The newest revisions that were published after a version.
pub(super) async fn changed(
    readers: &SqlitePool,
    after: i64,
    size: u32,
) -> Result<Vec<(i64, Policy)>, StoreError> {
    let query = sqlx::query(CHANGED).bind(after).bind(size);
    let found = query.fetch_all(readers).await.map_err(classify)?;
    found.iter().map(rows::published_policy).collect()
}

const ADVANCE: &str = "
    UPDATE policy_version SET version = version + 1 WHERE only_row = 1 RETURNING version";

const INSERT: &str = "
    INSERT INTO policy (policy_id, revision, organization, digest, published_at, policy_version)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

const INSERT_CRITERIA: &str = "
    INSERT INTO policy_criterion (policy_id, revision, position, criterion_id, expression,
                                  text_zh, text_en)
    SELECT ?1, ?2, value->>'position', value->>'criterion_id', value->>'expression',
           value->>'text_zh', value->>'text_en'
      FROM json_each(?3)";

#[derive(Serialize)]
struct CriterionRow<'a> {
    position: usize,
    criterion_id: &'a str,
    expression: &'a str,
    text_zh: &'a str,
    text_en: &'a str,
}

async fn insert(tx: &mut SqliteConnection, policy: &Policy) -> Result<(), StoreError> {
    let PolicyDraft { policy_id, organization, criteria } = &policy.content;
    let advance = sqlx::query_scalar(ADVANCE).fetch_one(&mut *tx).await;
    let policy_version: i64 = advance.map_err(classify)?;
    sqlx::query(INSERT)
        .bind(policy_id.to_string())
        .bind(policy.revision)
        .bind(organization.to_string())
        .bind(policy.content.digest().to_vec())
        .bind(policy.published_at.as_micros())
        .bind(policy_version)
        .execute(&mut *tx)
        .await
        .map_err(classify)?;
    let row = |(position, criterion): (usize, &'_ Criterion)| {
        let Criterion { criterion_id, expression, text_zh, text_en } = criterion;
        serde_json::json!(CriterionRow {
            position,
            criterion_id: criterion_id.as_str(),
            expression,
            text_zh,
            text_en,
        })
    };
    let rows: Vec<_> = criteria.iter().enumerate().map(row).collect();
    sqlx::query(INSERT_CRITERIA)
        .bind(policy_id.to_string())
        .bind(policy.revision)
        .bind(serde_json::Value::from(rows).to_string())
        .execute(tx)
        .await
        .map_err(classify)?;
    Ok(())
}
