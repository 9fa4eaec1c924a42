use clock::BusinessDay;
use member_identity::{
    Employment, Honours, IdDocument, MobileNumber, OrganizationPath, PersonName, RegionCode, Trade,
};

use super::{PersonalContent, RosterRow, RowProblem, WrittenRow};
use crate::domain::keyring::{BlindKind, KeyRing};
use crate::domain::member::Registration;

/// Reads a row for an import of `header`'s members, judging dates as of `today`. The first column
/// that is wrong is reported.
pub fn read_row(
    row: &WrittenRow,
    header: &OrganizationPath,
    today: BusinessDay,
    ring: &KeyRing,
) -> Result<RosterRow, RowProblem> {
    let content = read_content(row, today)?;
    let registration = read_registration(row, header)?;
    let number = content.id.canonical();
    let phone = content.phone.as_ref().map(|phone| ring.blind(BlindKind::Phone, phone.reveal()));
    Ok(RosterRow {
        line: row.line,
        tag: ring.content_tag(&canonical(&content, &number)),
        id_blinds: ring.blinds(BlindKind::IdNumber, &number),
        index_version: ring.index_version(),
        phone_blind: phone,
        draft: None,
        content,
        registration,
    })
}

fn read_content(row: &WrittenRow, today: BusinessDay) -> Result<PersonalContent, RowProblem> {
    let problem = |column, reason| RowProblem { line: row.line, column, reason };
    let name = PersonName::parse(&row.name).map_err(|why| problem("name", why.reason()))?;
    let id = IdDocument::parse(&row.id_number, today.date())
        .map_err(|why| problem("id_number", why.reason()))?;
    let phone = match row.phone.trim() {
        "" => None,
        text => Some(MobileNumber::parse(text).map_err(|why| problem("phone", why.reason()))?),
    };
    Ok(PersonalContent { id, phone, name })
}

fn read_registration(
    row: &WrittenRow,
    header: &OrganizationPath,
) -> Result<Registration, RowProblem> {
    let problem = |column, reason| RowProblem { line: row.line, column, reason };
    let trade = Trade::parse(&row.trade).map_err(|why| problem("trade", why.reason()))?;
    let employment = match row.employment.trim() {
        "" => Employment::NewForm,
        text => Employment::parse(text).map_err(|why| problem("employment", why.reason()))?,
    };
    let region = read_region(&row.region).ok_or(problem("region", "REGION_UNKNOWN"))?;
    let honours = Honours::parse(&row.honours).map_err(|why| problem("honours", why.reason()))?;
    let organization = match row.organization.trim() {
        "" => header.clone(),
        text => {
            OrganizationPath::parse(text).map_err(|why| problem("organization", why.reason()))?
        }
    };
    if !header.contains(&organization) {
        return Err(problem("organization", "ORGANIZATION_OUTSIDE"));
    }
    Ok(Registration { organization, trade, employment, region, honours })
}

/// Six digits, or a name that only one region has.
fn read_region(text: &str) -> Option<RegionCode> {
    RegionCode::parse(text).ok().or_else(|| RegionCode::by_name(text))
}

/// The whole personal content as one text, of which only a keyed digest is kept.
fn canonical(content: &PersonalContent, number: &str) -> String {
    let phone = content.phone.as_ref().map_or("", |phone| phone.reveal());
    format!("{number}|{phone}|{}", content.name.reveal())
}
