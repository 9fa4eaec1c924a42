use std::collections::BTreeSet;

use benefit::programme::Programme;
use contracts::eligibility::v1::import_roster_request::Part;
use contracts::eligibility::v1::policy_service_client::PolicyServiceClient;
use contracts::eligibility::v1::registry_service_client::RegistryServiceClient;
use contracts::eligibility::v1::{
    CreateOrganizationRequest, ImportRosterRequest, ListMembersRequest, Organization, RosterHeader,
    RosterRow, RosterRows,
};
use contracts::issuance::v1::campaign_service_client::CampaignServiceClient;
use contracts::issuance::v1::{ActivateCampaignRequest, ApplyCampaignRequest};
use member_identity::RegionCode;

use super::clients::{Clients, DemoProblem};
use super::{Options, PROGRAMME, UNION, evidence, progress};
use crate::channel::RoleChannel;
use crate::policy::publish_request;
use crate::roster::{self, City};
use crate::tokens::Role;

/// Rows in one message of a roster, and members on one page.
const ROWS_AT_ONCE: usize = 1_000;
const PAGE: i32 = 5_000;

/// Does what a union office does before the day, and gives the ids of its members and what of
/// their roster must stay secret.
pub(super) async fn prepare(
    clients: &Clients,
    programme: &Programme,
    options: Options,
) -> Result<(Vec<String>, BTreeSet<String>), DemoProblem> {
    let province = RegionCode::parse("440000").expect("Guangdong is in the catalogue");
    let cities = roster::cities(province, UNION);
    let mut registry = RegistryServiceClient::new(clients.channel(Role::UnionOffice, 0));
    create_organizations(&mut registry, province, &cities).await?;
    let canaries = import(&mut registry, &cities, options).await?;
    publish(clients, programme).await?;
    activate(clients, programme).await?;
    Ok((member_ids(&mut registry).await?, canaries))
}

async fn create_organizations(
    registry: &mut RegistryServiceClient<RoleChannel>,
    province: RegionCode,
    cities: &[City],
) -> Result<(), DemoProblem> {
    let top = City { region: province, organization: UNION.to_owned() };
    for city in std::iter::once(&top).chain(cities) {
        let organization = Organization {
            path: city.organization.clone(),
            region_code: city.region.to_string(),
            name: format!("{}总工会", city.region.full_name()),
        };
        let request = CreateOrganizationRequest { organization: Some(organization) };
        let created = registry.create_organization(request).await;
        created.map_err(DemoProblem::refused("creating an organization"))?;
    }
    Ok(())
}

async fn import(
    registry: &mut RegistryServiceClient<RoleChannel>,
    cities: &[City],
    options: Options,
) -> Result<BTreeSet<String>, DemoProblem> {
    let bar = progress::bar("roster", options.members, options.progress);
    let rows: Vec<RosterRow> = roster::rows(cities, options.members, options.seed).collect();
    let canaries = evidence::canaries(&rows);
    let header =
        RosterHeader { import_id: "demo-roster".to_owned(), organization: UNION.to_owned() };
    let mut messages = vec![ImportRosterRequest { part: Some(Part::Header(header)) }];
    for rows in rows.chunks(ROWS_AT_ONCE) {
        let rows = RosterRows { rows: rows.to_vec() };
        messages.push(ImportRosterRequest { part: Some(Part::Rows(rows)) });
    }
    let counted = bar.clone();
    let stream = tokio_stream::iter(messages.into_iter().inspect(move |message| {
        if let Some(Part::Rows(rows)) = &message.part {
            counted.inc(rows.rows.len() as u64);
        }
    }));
    let imported = registry.import_roster(stream).await;
    let imported = imported.map_err(DemoProblem::refused("importing the roster"))?.into_inner();
    bar.finish();
    match imported.roster_import {
        Some(report) if report.bad == 0 => Ok(canaries),
        Some(report) => Err(DemoProblem::Contradiction(format!(
            "{} made-up rows were refused, the first for {:?}",
            report.bad,
            report.problems.first().map(|problem| &problem.reason)
        ))),
        None => Err(DemoProblem::Contradiction("the import reported nothing".to_owned())),
    }
}

async fn publish(clients: &Clients, programme: &Programme) -> Result<(), DemoProblem> {
    let mut policies = PolicyServiceClient::new(clients.channel(Role::UnionOffice, 0));
    let published = policies.publish_policy(publish_request(programme)).await;
    published.map_err(DemoProblem::refused("publishing the policy"))?;
    Ok(())
}

async fn activate(clients: &Clients, programme: &Programme) -> Result<(), DemoProblem> {
    let mut campaigns = CampaignServiceClient::new(clients.channel(Role::UnionOffice, 0));
    let request = ApplyCampaignRequest {
        request_id: "demo-apply".to_owned(),
        programme_toml: PROGRAMME.to_owned(),
    };
    let applied = campaigns.apply_campaign(request).await;
    applied.map_err(DemoProblem::refused("applying the campaign"))?;
    let request = ActivateCampaignRequest {
        request_id: "demo-activate".to_owned(),
        campaign_id: programme.campaign_id.clone(),
    };
    let activated = campaigns.activate_campaign(request).await;
    activated.map_err(DemoProblem::refused("activating the campaign"))?;
    Ok(())
}

async fn member_ids(
    registry: &mut RegistryServiceClient<RoleChannel>,
) -> Result<Vec<String>, DemoProblem> {
    let mut ids = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListMembersRequest { below: UNION.to_owned(), page_size: PAGE, page_token };
        let page = registry.list_members(request).await;
        let page = page.map_err(DemoProblem::refused("listing members"))?.into_inner();
        ids.extend(page.members.into_iter().map(|member| member.member_id));
        if page.next_page_token.is_empty() {
            return Ok(ids);
        }
        page_token = page.next_page_token;
    }
}
