//! Rows as SQLite has them, and what they are in the domain.

use std::fmt::Display;

use clock::Timestamp;
use member_identity::{
    Employment, Honours, MemberId, OrganizationPath, PersonKey, RegionCode, Trade,
};
use sql::StoreError;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::domain::keyring::{Blind, WrappedKey};
use crate::domain::member::{Member, Registration, State};
use crate::domain::organization::Organization;
use crate::domain::roster::{KeptProblem, RosterImport};

/// The columns of `member` that make a [`Member`].
pub(super) struct MemberRow {
    member_id: Vec<u8>,
    person_key: Vec<u8>,
    organization: String,
    trade: String,
    employment: String,
    region_code: String,
    honours: String,
    state: String,
    version: i64,
    updated_at: i64,
}

impl MemberRow {
    pub(super) fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            member_id: row.try_get("member_id")?,
            person_key: row.try_get("person_key")?,
            organization: row.try_get("organization")?,
            trade: row.try_get("trade")?,
            employment: row.try_get("employment")?,
            region_code: row.try_get("region_code")?,
            honours: row.try_get("honours")?,
            state: row.try_get("state")?,
            version: row.try_get("version")?,
            updated_at: row.try_get("updated_at")?,
        })
    }
}

impl TryFrom<MemberRow> for Member {
    type Error = StoreError;

    fn try_from(row: MemberRow) -> Result<Self, StoreError> {
        let member_id = MemberId::try_from(row.member_id.as_slice());
        let member_id = member_id.map_err(|why| corrupt("member", "?", why))?;
        let broken = |why: &dyn Display| corrupt("member", member_id, why);
        let person = PersonKey::try_from(row.person_key.as_slice()).map_err(|why| broken(&why))?;
        let state = State::parse(&row.state).ok_or_else(|| broken(&"not a state"))?;
        let registration = Registration {
            organization: row.organization.parse().map_err(|why| broken(&why))?,
            trade: Trade::parse(&row.trade).map_err(|why| broken(&why))?,
            employment: Employment::parse(&row.employment).map_err(|why| broken(&why))?,
            region: RegionCode::parse(&row.region_code).map_err(|why| broken(&why))?,
            honours: Honours::parse(&row.honours).map_err(|why| broken(&why))?,
        };
        Ok(Self {
            member_id,
            person,
            registration,
            state,
            version: row.version,
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }
}

pub(super) fn member(row: &SqliteRow) -> Result<Member, StoreError> {
    MemberRow::read(row).map_err(sql::sqlite::classify)?.try_into()
}

pub(super) fn organization(row: &SqliteRow) -> Result<Organization, StoreError> {
    let path: String = get(row, "path")?;
    let region_code: String = get(row, "region_code")?;
    let broken = |why: &dyn Display| corrupt("organization", &path, why);
    Ok(Organization {
        path: OrganizationPath::parse(&path).map_err(|why| broken(&why))?,
        region: RegionCode::parse(&region_code).map_err(|why| broken(&why))?,
        name: get(row, "name")?,
    })
}

pub(super) fn roster_import(row: &SqliteRow) -> Result<RosterImport, StoreError> {
    let import_id: String = get(row, "import_id")?;
    let organization: String = get(row, "organization")?;
    let organization = OrganizationPath::parse(&organization)
        .map_err(|why| corrupt("roster_import", &import_id, why))?;
    Ok(RosterImport {
        import_id,
        organization,
        committed_line: get(row, "committed_line")?,
        added: get(row, "added")?,
        changed: get(row, "changed")?,
        unchanged: get(row, "unchanged")?,
        bad: get(row, "bad")?,
        updated_at: Timestamp::from_micros(get(row, "updated_at")?),
    })
}

/// Problems as `json_group_array()` writes them.
pub(super) fn kept_problems(text: &str, import_id: &str) -> Result<Vec<KeptProblem>, StoreError> {
    let rows: Vec<(i64, String, String)> = serde_json::from_str(text)
        .map_err(|_| corrupt("roster_problem", import_id, "not a list of problems"))?;
    let problem = |(line, column, reason)| KeptProblem { line, column, reason };
    Ok(rows.into_iter().map(problem).collect())
}

pub(super) fn person_key(row: &SqliteRow) -> Result<PersonKey, StoreError> {
    let bytes: Vec<u8> = get(row, "person_key")?;
    PersonKey::try_from(bytes.as_slice()).map_err(|why| corrupt("person", "?", why))
}

pub(super) fn wrapped_key(row: &SqliteRow) -> Result<WrappedKey, StoreError> {
    let version: i64 = get(row, "key_version")?;
    let version = u32::try_from(version).map_err(|why| corrupt("person", "?", why))?;
    Ok(WrappedKey { version, sealed: get(row, "wrapped_key")? })
}

pub(super) fn blind(bytes: &[u8]) -> Result<Blind, StoreError> {
    bytes.try_into().map_err(|why| corrupt("blind_index", "?", why))
}

pub(super) fn get<'r, T>(row: &'r SqliteRow, column: &'static str) -> Result<T, StoreError>
where
    T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    row.try_get(column).map_err(sql::sqlite::classify)
}

pub(super) fn corrupt(table: &'static str, id: impl Display, why: impl Display) -> StoreError {
    StoreError::Corrupt { table, id: id.to_string(), detail: why.to_string() }
}
