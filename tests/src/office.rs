//! What a union office does before a campaign: unions, roster, policy, campaign.

use contracts::eligibility::v1::import_roster_request::Part;
use contracts::eligibility::v1::member_reference::Reference;
use contracts::eligibility::v1::policy_service_client::PolicyServiceClient;
use contracts::eligibility::v1::registry_service_client::RegistryServiceClient;
use contracts::eligibility::v1::{
    CreateOrganizationRequest, Criterion, GetMemberRequest, ImportRosterRequest,
    ListMembersRequest, MemberReference, Organization, PublishPolicyRequest, RosterHeader,
    RosterImport, RosterRow, RosterRows, SuspendMemberRequest,
};
use contracts::issuance::v1::campaign_service_client::CampaignServiceClient;
use contracts::issuance::v1::fund_service_client::FundServiceClient;
use contracts::issuance::v1::{ActivateCampaignRequest, ApplyCampaignRequest, CreateFundRequest};
use jiff::civil::Date;
use member_identity::{RegionCode, Trade, resident_id_from_parts};
use zhisong::roster::City;

use crate::callers::{self, CallerChannel};
use crate::served::Suite;

/// Rows in one message of a roster, and members on one page.
const ROWS_AT_ONCE: usize = 1_000;
const PAGE: i32 = 5_000;
/// What an office may do.
const SCOPES: [&str; 6] = [
    "registry.write",
    "registry.read",
    "policy.write",
    "policy.read",
    "campaign.write",
    "campaign.read",
];

/// A union office at its desk.
pub struct Office {
    registry: RegistryServiceClient<CallerChannel>,
    policies: PolicyServiceClient<CallerChannel>,
    campaigns: CampaignServiceClient<CallerChannel>,
    funds: FundServiceClient<CallerChannel>,
}

impl Office {
    /// The office of an organization.
    pub async fn of(suite: &Suite, organization: &str) -> Self {
        let channel = suite.channel(&callers::grant("office", organization, &SCOPES)).await;
        Self {
            registry: RegistryServiceClient::new(channel.clone()),
            policies: PolicyServiceClient::new(channel.clone()),
            campaigns: CampaignServiceClient::new(channel.clone()),
            funds: FundServiceClient::new(channel),
        }
    }

    /// Adds a union.
    pub async fn add_union(&mut self, path: &str, region: RegionCode) {
        let organization = Organization {
            path: path.to_owned(),
            region_code: region.to_string(),
            name: format!("{}总工会", region.full_name()),
        };
        let request = CreateOrganizationRequest { organization: Some(organization) };
        self.registry.create_organization(request).await.expect("is added");
    }

    /// Adds a province's union and one for each of its cities below it.
    pub async fn add_unions(&mut self, province: (&str, RegionCode), cities: &[City]) {
        self.add_union(province.0, province.1).await;
        for city in cities {
            self.add_union(&city.organization, city.region).await;
        }
    }

    /// Takes in a roster, every row of which must be good.
    pub async fn import(&mut self, import_id: &str, organization: &str, rows: &[RosterRow]) {
        let report = self.send_roster(import_id, organization, rows).await;
        assert_eq!((report.bad, report.added), (0, rows.len() as i64), "{:?}", report.problems);
    }

    async fn send_roster(
        &mut self,
        import_id: &str,
        organization: &str,
        rows: &[RosterRow],
    ) -> RosterImport {
        let messages = roster_messages(import_id, organization, rows);
        let sent = self.registry.import_roster(tokio_stream::iter(messages)).await;
        sent.expect("is taken in").into_inner().roster_import.expect("a report")
    }

    /// The id of a member by ID number.
    pub async fn member_id(&mut self, id_number: &str) -> String {
        let reference = Some(Reference::IdNumber(id_number.to_owned()));
        let request = GetMemberRequest { member: Some(MemberReference { reference }) };
        let found = self.registry.get_member(request).await.expect("is a member").into_inner();
        found.member.expect("a member").member_id
    }

    /// A member counts no longer, until reinstated.
    pub async fn suspend(&mut self, member_id: &str) {
        let request_id = format!("suspend-{member_id}");
        let request = SuspendMemberRequest { request_id, member_id: member_id.to_owned() };
        self.registry.suspend_member(request).await.expect("is suspended");
    }

    /// The ids of the members of an organization and of all below it, ordered.
    pub async fn member_ids(&mut self, below: &str) -> Vec<String> {
        let mut ids = Vec::new();
        let mut page_token = String::new();
        loop {
            let request =
                ListMembersRequest { below: below.to_owned(), page_size: PAGE, page_token };
            let page = self.registry.list_members(request).await.expect("lists").into_inner();
            ids.extend(page.members.into_iter().map(|member| member.member_id));
            if page.next_page_token.is_empty() {
                return ids;
            }
            page_token = page.next_page_token;
        }
    }

    /// Sets money aside; gives the fund's name.
    pub async fn pledge(&mut self, fund_id: &str, organization: &str, pledged_fen: i64) -> String {
        let request = CreateFundRequest {
            request_id: format!("pledge-{fund_id}"),
            fund_id: fund_id.to_owned(),
            organization: organization.to_owned(),
            pledged_fen,
        };
        self.funds.create_fund(request).await.expect("is pledged");
        fund_id.to_owned()
    }

    /// Publishes a programme's policy, applies the programme and activates it; gives its name.
    pub async fn open_campaign(&mut self, source: &str) -> String {
        let programme = benefit::programme::parse(source).expect("a good programme");
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
        self.policies.publish_policy(request).await.expect("is published");
        let campaign_id = programme.campaign_id;
        let request_id = format!("apply-{campaign_id}");
        let request = ApplyCampaignRequest { request_id, programme_toml: source.to_owned() };
        self.campaigns.apply_campaign(request).await.expect("is applied");
        let request_id = format!("activate-{campaign_id}");
        let request = ActivateCampaignRequest { request_id, campaign_id: campaign_id.clone() };
        self.campaigns.activate_campaign(request).await.expect("is activated");
        campaign_id
    }
}

/// The messages of one import: the header, then the rows.
pub fn roster_messages(
    import_id: &str,
    organization: &str,
    rows: &[RosterRow],
) -> Vec<ImportRosterRequest> {
    let header =
        RosterHeader { import_id: import_id.to_owned(), organization: organization.to_owned() };
    let parts =
        rows.chunks(ROWS_AT_ONCE).map(|rows| Part::Rows(RosterRows { rows: rows.to_vec() }));
    let parts = std::iter::once(Part::Header(header)).chain(parts);
    parts.map(|part| ImportRosterRequest { part: Some(part) }).collect()
}

/// The number of nobody's identity card: people born on one day are told apart by `sequence`.
pub fn id_number(sequence: u16) -> String {
    resident_id_from_parts(440_103, Date::constant(1969, 7, 20), sequence)
}

/// A row for a made-up courier who works in a region.
pub fn row(sequence: u16, region: &str, organization: &str) -> RosterRow {
    RosterRow {
        line: i64::from(sequence) + 1,
        name: "张三丰".to_owned(),
        id_number: id_number(sequence),
        phone: String::new(),
        trade: Trade::Courier.as_str().to_owned(),
        employment: String::new(),
        region: region.to_owned(),
        honours: String::new(),
        organization: organization.to_owned(),
    }
}

/// A member named by id.
pub fn by_id(member_id: &str) -> Option<MemberReference> {
    Some(MemberReference { reference: Some(Reference::MemberId(member_id.to_owned())) })
}
