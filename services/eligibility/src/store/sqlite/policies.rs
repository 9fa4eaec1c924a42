use std::fmt::Display;

use clock::Timestamp;
use serde::Serialize;
use sql::StoreError;
use sql::sqlite::{Database, classify};
use sqlx::sqlite::SqliteRow;
use sqlx::{SqliteConnection, SqliteExecutor, SqlitePool};

use super::Subtree;
use super::rows::{corrupt, get};
use crate::domain::Refusal;
use crate::domain::Slug;
use crate::domain::policy::{Criterion, Policy, PolicyDraft, Publication, decide_publication};
use crate::store::{Decided, Page};

/// Publishes a revision, unless the newest says the same.
pub(super) async fn publish(
    database: &Database,
    draft: PolicyDraft,
    at: Timestamp,
) -> Result<Decided<Publication>, StoreError> {
    let step = async move |tx: &mut SqliteConnection| {
        if super::organizations::one(&mut *tx, &draft.organization).await?.is_none() {
            return Ok(Err(Refusal::NotFound("organization")));
        }
        let newest = one(&mut *tx, &draft.policy_id, None).await?;
        let decided = decide_publication(draft.clone(), newest, at);
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
    row.as_ref().map(policy).transpose()
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
    let rows = query.fetch_all(readers).await.map_err(classify)?;
    rows.iter().map(policy).collect()
}

fn policy(row: &SqliteRow) -> Result<Policy, StoreError> {
    let policy_id: String = get(row, "policy_id")?;
    let organization: String = get(row, "organization")?;
    let criteria: String = get(row, "criteria")?;
    let broken = |why: &dyn Display| corrupt("policy", &policy_id, why);
    let criteria: Vec<[String; 4]> =
        serde_json::from_str(&criteria).map_err(|_| broken(&"its criteria are not a list"))?;
    let criteria = criteria.into_iter().map(criterion).collect::<Result<_, _>>();
    Ok(Policy {
        revision: get(row, "revision")?,
        content: PolicyDraft {
            policy_id: policy_id.parse().map_err(|why| broken(&why))?,
            organization: organization.parse().map_err(|why| broken(&why))?,
            criteria: criteria.map_err(|why| broken(&why))?,
        },
        published_at: Timestamp::from_micros(get(row, "published_at")?),
    })
}

fn criterion(row: [String; 4]) -> Result<Criterion, crate::domain::SlugProblem> {
    let [criterion_id, expression, text_zh, text_en] = row;
    Ok(Criterion { criterion_id: criterion_id.parse()?, expression, text_zh, text_en })
}

const INSERT: &str = "
    INSERT INTO policy (policy_id, revision, organization, digest, published_at)
    VALUES (?1, ?2, ?3, ?4, ?5)";

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
    sqlx::query(INSERT)
        .bind(policy_id.to_string())
        .bind(policy.revision)
        .bind(organization.to_string())
        .bind(policy.content.digest().to_vec())
        .bind(policy.published_at.as_micros())
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
