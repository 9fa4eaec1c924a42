//! `RegistryService`.

use contracts::common::v1::ErrorReason;
use contracts::eligibility::v1 as wire;
use member_identity::RegionCode;
use suite_tests::office::{roster_messages, row};
use tonic::Code;

use super::{Case, Row, answered, outside, refused};
use crate::raw::{Ask, ask, ask_stream, read};
use crate::world::{City, World};

pub(super) fn rows(world: &World) -> Vec<Row> {
    let (own, foreign) = (&world.own, &world.foreign);
    vec![
        create_organization(own, foreign),
        get_organization(own, foreign),
        list_organizations(own, foreign),
        get_member(own, foreign),
        list_members(own, foreign),
        suspend_member(own, foreign),
        reinstate_member(own, foreign),
        import_roster(own, foreign),
        get_roster_import(own, foreign),
    ]
}

fn create_organization(own: &City, foreign: &City) -> Row {
    let below = |city: &City, region_code: &str| {
        let organization = wire::Organization {
            path: format!("{}/district", city.organization),
            region_code: region_code.to_owned(),
            name: RegionCode::parse(region_code).expect("a region").full_name().to_owned(),
        };
        ask(&wire::CreateOrganizationRequest { organization: Some(organization) })
    };
    Row::new(
        "/zhisong.eligibility.v1.RegistryService/CreateOrganization",
        below(own, "440106"),
        vec![outside("below another organization", below(foreign, "440305"))],
    )
}

fn get_organization(own: &City, foreign: &City) -> Row {
    let get = |path: &str| ask(&wire::GetOrganizationRequest { path: path.to_owned() });
    Row::new(
        "/zhisong.eligibility.v1.RegistryService/GetOrganization",
        get(&own.organization),
        vec![
            outside("another organization", get(&foreign.organization)),
            outside("the one above", get("gd")),
            outside("one that does not exist elsewhere", get("gd/nowhere")),
        ],
    )
}

fn list_organizations(own: &City, foreign: &City) -> Row {
    let list = |below: &str| {
        ask(&wire::ListOrganizationsRequest { below: below.to_owned(), ..Default::default() })
    };
    let within = own.organization.clone();
    Row::new(
        "/zhisong.eligibility.v1.RegistryService/ListOrganizations",
        list(&own.organization),
        vec![
            outside("below another organization", list(&foreign.organization)),
            outside("below the one above", list("gd")),
            answered("whatever there is", list(""), move |answer| {
                let listed = read::<wire::ListOrganizationsResponse>(answer).organizations;
                listed.len() == 2 && listed.iter().all(|one| one.path.starts_with(&within))
            }),
        ],
    )
}

fn get_member(own: &City, foreign: &City) -> Row {
    let get = |member| ask(&wire::GetMemberRequest { member: Some(member) });
    Row::new(
        "/zhisong.eligibility.v1.RegistryService/GetMember",
        get(own.member()),
        vec![
            outside("another's member", get(foreign.member())),
            outside("another's member by ID number", get(foreign.document())),
        ],
    )
}

fn list_members(own: &City, foreign: &City) -> Row {
    let list = |below: &str| {
        ask(&wire::ListMembersRequest { below: below.to_owned(), ..Default::default() })
    };
    let member_id = own.member_id.clone();
    Row::new(
        "/zhisong.eligibility.v1.RegistryService/ListMembers",
        list(&own.organization),
        vec![
            outside("another's members", list(&foreign.organization)),
            outside("members below the one above", list("gd")),
            answered("whoever there is", list(""), move |answer| {
                let listed = read::<wire::ListMembersResponse>(answer).members;
                listed.len() == 1 && listed[0].member_id == member_id
            }),
        ],
    )
}

fn suspend_member(own: &City, foreign: &City) -> Row {
    let suspend = |city: &City| {
        let (request_id, member_id) = ("suspend".to_owned(), city.member_id.clone());
        ask(&wire::SuspendMemberRequest { request_id, member_id })
    };
    Row::new(
        "/zhisong.eligibility.v1.RegistryService/SuspendMember",
        suspend(own),
        vec![outside("another's member", fresh_suspension(foreign))],
    )
}

/// Under a request id of its own, so that it is not a replay with other content.
fn fresh_suspension(city: &City) -> Ask {
    let (request_id, member_id) = ("suspend-foreign".to_owned(), city.member_id.clone());
    ask(&wire::SuspendMemberRequest { request_id, member_id })
}

fn reinstate_member(own: &City, foreign: &City) -> Row {
    let reinstate = |request_id: &str, city: &City| {
        let (request_id, member_id) = (request_id.to_owned(), city.member_id.clone());
        ask(&wire::ReinstateMemberRequest { request_id, member_id })
    };
    Row::new(
        "/zhisong.eligibility.v1.RegistryService/ReinstateMember",
        reinstate("reinstate", own),
        vec![outside("another's member", reinstate("reinstate-foreign", foreign))],
    )
}

fn import_roster(own: &City, foreign: &City) -> Row {
    let import = |import_id: &str, header: &City, row: wire::RosterRow| {
        ask_stream(&roster_messages(import_id, &header.organization, &[row]))
    };
    let own_row = row(1, own.region, &own.organization);
    let their_member = row(2, own.region, &own.organization);
    let their_organization = row(3, own.region, &foreign.organization);
    Row::new(
        "/zhisong.eligibility.v1.RegistryService/ImportRoster",
        import("again", own, own_row.clone()),
        vec![
            outside("for another organization", import("theirs", foreign, own_row.clone())),
            refused(
                "under another's import id",
                import(&foreign.import_id, own, own_row),
                Code::AlreadyExists,
                ErrorReason::ImportIdReused,
            ),
            one_bad_row("another's member", import("poach", own, their_member)),
            one_bad_row("into another organization", import("plant", own, their_organization)),
        ],
    )
}

fn one_bad_row(what: &'static str, ask: Ask) -> Case {
    answered(what, ask, |answer| {
        let report = read::<wire::ImportRosterResponse>(answer).roster_import.expect("a report");
        (report.bad, report.added, report.changed, report.unchanged) == (1, 0, 0, 0)
    })
}

fn get_roster_import(own: &City, foreign: &City) -> Row {
    let get =
        |city: &City| ask(&wire::GetRosterImportRequest { import_id: city.import_id.clone() });
    Row::new(
        "/zhisong.eligibility.v1.RegistryService/GetRosterImport",
        get(own),
        vec![outside("another's import", get(foreign))],
    )
}
