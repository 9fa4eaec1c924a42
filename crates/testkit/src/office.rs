//! What a union office brings to a fresh suite.

use benefit::programme::{self, Programme};
use contracts::eligibility::v1::grant::Reference;
use contracts::eligibility::v1::import_roster_request::Part;
use contracts::eligibility::v1::{
    CreateOrganizationRequest, Criterion, Grant, ImportRosterRequest, ListMembersRequest,
    Organization, PublishPolicyRequest, RosterHeader, RosterImport, RosterRow, RosterRows,
    SetGrantRequest,
};
use contracts::issuance::v1::{ActivateCampaignRequest, ApplyCampaignRequest};
use tonic::Status;

use crate::clients::{APP, Clients};

/// Rows in one message of a roster, and members on one page.
const ROWS_AT_ONCE: usize = 1_000;
const PAGE: i32 = 5_000;

/// What member apps may verify members for.
pub const PURPOSE: &str = "bus-fare";

/// Organizations, a roster and a programme.
#[derive(Clone, Debug)]
pub struct Office {
    /// The organizations, the top one first.
    pub organizations: Vec<Organization>,
    /// The roster, in the order of its lines.
    pub rows: Vec<RosterRow>,
    /// The programme file.
    pub programme_toml: String,
}

/// What a suite knows after the office has been there.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The campaign, which is active.
    pub campaign_id: String,
    /// All members, ordered by their ids.
    pub member_ids: Vec<String>,
    /// How the roster came in.
    pub roster: RosterImport,
}

impl Office {
    /// Brings everything in and activates the campaign.
    pub async fn load(&self, clients: &Clients) -> Result<Loaded, Status> {
        let programme = self.programme();
        self.create_organizations(clients).await?;
        self.grant(clients).await?;
        let roster = self.import(clients, "roster", &self.rows).await?;
        publish(clients, &programme).await?;
        self.offer(clients).await?;
        let member_ids = member_ids(clients, &programme).await?;
        Ok(Loaded { campaign_id: programme.campaign_id, member_ids, roster })
    }

    /// Makes the tree of unions.
    pub async fn create_organizations(&self, clients: &Clients) -> Result<(), Status> {
        for organization in &self.organizations {
            let request = CreateOrganizationRequest { organization: Some(organization.clone()) };
            clients.registry().create_organization(request).await?;
        }
        Ok(())
    }

    /// Lets member apps verify for [`PURPOSE`] whoever is a member, by id or by identity number.
    pub async fn grant(&self, clients: &Clients) -> Result<(), Status> {
        let organization = self.organizations.first().map(|top| top.path.clone());
        let grant = Grant {
            partner: APP.to_owned(),
            purpose: PURPOSE.to_owned(),
            organization: organization.unwrap_or_default(),
            references: vec![Reference::MemberId.into(), Reference::IdNumber.into()],
            ..Grant::default()
        };
        clients.grants().set_grant(SetGrantRequest { grant: Some(grant) }).await.map(drop)
    }

    /// Imports some rows under an import id.
    pub async fn import(
        &self,
        clients: &Clients,
        import_id: &str,
        rows: &[RosterRow],
    ) -> Result<RosterImport, Status> {
        let organization = self.organizations.first().map(|top| top.path.clone());
        let header = RosterHeader {
            import_id: import_id.to_owned(),
            organization: organization.unwrap_or_default(),
        };
        let mut messages = vec![ImportRosterRequest { part: Some(Part::Header(header)) }];
        for rows in rows.chunks(ROWS_AT_ONCE) {
            let part = Part::Rows(RosterRows { rows: rows.to_vec() });
            messages.push(ImportRosterRequest { part: Some(part) });
        }
        let imported = clients.registry().import_roster(tokio_stream::iter(messages)).await?;
        Ok(imported.into_inner().roster_import.unwrap_or_default())
    }

    /// Applies the programme and activates its campaign.
    pub async fn offer(&self, clients: &Clients) -> Result<(), Status> {
        let request = ApplyCampaignRequest {
            request_id: "apply".to_owned(),
            programme_toml: self.programme_toml.clone(),
        };
        clients.campaigns().apply_campaign(request).await?;
        let request = ActivateCampaignRequest {
            request_id: "activate".to_owned(),
            campaign_id: self.programme().campaign_id,
        };
        clients.campaigns().activate_campaign(request).await?;
        Ok(())
    }

    fn programme(&self) -> Programme {
        programme::parse(&self.programme_toml).expect("the office's programme is well formed")
    }
}

async fn publish(clients: &Clients, programme: &Programme) -> Result<(), Status> {
    let criteria = programme.policy.criteria.iter().map(|criterion| Criterion {
        criterion_id: criterion.criterion_id.clone(),
        expression: criterion.expression.clone(),
        text_zh: criterion.text_zh.clone(),
        text_en: criterion.text_en.clone(),
    });
    let request = PublishPolicyRequest {
        policy_id: programme.policy.policy_id.clone(),
        organization: programme.organization.to_string(),
        criteria: criteria.collect(),
    };
    clients.policies().publish_policy(request).await.map(drop)
}

async fn member_ids(clients: &Clients, programme: &Programme) -> Result<Vec<String>, Status> {
    let mut ids = Vec::new();
    let mut page_token = String::new();
    loop {
        let below = programme.organization.to_string();
        let request = ListMembersRequest { below, page_size: PAGE, page_token };
        let page = clients.registry().list_members(request).await?.into_inner();
        ids.extend(page.members.into_iter().map(|member| member.member_id));
        if page.next_page_token.is_empty() {
            return Ok(ids);
        }
        page_token = page.next_page_token;
    }
}
