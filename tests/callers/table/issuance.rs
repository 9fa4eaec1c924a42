//! `CampaignService`, `FundService`, `IssuanceService` and `VoucherFeedService`.

use contracts::common::v1::ErrorReason;
use contracts::issuance::v1 as wire;
use contracts::issuance::v1::issue_to_list_request::Part;
use member_identity::PersonKey;
use prost::Message;

use super::{Row, answered, outside};
use crate::raw::{ask, ask_stream, read};
use crate::world::{City, TODAY, World, programme};

/// The campaign that goes through all stages in the table.
const SPARE: &str = "guangzhou-spare";

pub(super) fn rows(world: &World) -> Vec<Row> {
    let (own, foreign) = (&world.own, &world.foreign);
    vec![
        apply_campaign(own, foreign),
        verb(
            "/zhisong.issuance.v1.CampaignService/ActivateCampaign",
            foreign,
            |request_id, campaign_id| wire::ActivateCampaignRequest { request_id, campaign_id },
        ),
        verb(
            "/zhisong.issuance.v1.CampaignService/PauseCampaign",
            foreign,
            |request_id, campaign_id| wire::PauseCampaignRequest { request_id, campaign_id },
        ),
        verb(
            "/zhisong.issuance.v1.CampaignService/ResumeCampaign",
            foreign,
            |request_id, campaign_id| wire::ResumeCampaignRequest { request_id, campaign_id },
        ),
        verb(
            "/zhisong.issuance.v1.CampaignService/EndCampaign",
            foreign,
            |request_id, campaign_id| wire::EndCampaignRequest { request_id, campaign_id },
        ),
        get_campaign(own, foreign),
        list_campaigns(own),
        get_stock(own, foreign),
        create_fund(own, foreign),
        get_fund(own, foreign),
        list_funds(own),
        claim(own, foreign),
        issue_to_list(own, foreign),
        get_voucher(own, foreign),
        list_vouchers(own, foreign),
        watch_vouchers(own, foreign),
        Row::everywhere(
            "/zhisong.issuance.v1.VoucherFeedService/Follow",
            ask(&wire::FollowRequest::default()),
        ),
        Row::everywhere(
            "/zhisong.issuance.v1.VoucherFeedService/FindVouchers",
            ask(&wire::FindVouchersRequest { person_key: person_key().into() }),
        ),
    ]
}

fn person_key() -> Vec<u8> {
    PersonKey::from_bytes([7; 16]).as_bytes().to_vec()
}

fn apply_campaign(own: &City, foreign: &City) -> Row {
    let apply = |request_id: &str, campaign_id: &str, city: &City| {
        let programme_toml = programme(campaign_id, city.name);
        ask(&wire::ApplyCampaignRequest { request_id: request_id.to_owned(), programme_toml })
    };
    Row::new(
        "/zhisong.issuance.v1.CampaignService/ApplyCampaign",
        apply("apply", SPARE, own),
        vec![
            outside("for another organization", apply("theirs", "theirs", foreign)),
            outside("over another's campaign", apply("over", &foreign.campaign_id, own)),
        ],
    )
}

/// A verb that moves a campaign: of the table's own in turn, and of another's.
fn verb<M: Message>(
    path: &'static str,
    foreign: &City,
    request: impl Fn(String, String) -> M,
) -> Row {
    let theirs = request("theirs".to_owned(), foreign.campaign_id.clone());
    let own = request("own".to_owned(), SPARE.to_owned());
    Row::new(path, ask(&own), vec![outside("another's campaign", ask(&theirs))])
}

fn get_campaign(own: &City, foreign: &City) -> Row {
    let get =
        |city: &City| ask(&wire::GetCampaignRequest { campaign_id: city.campaign_id.clone() });
    Row::new(
        "/zhisong.issuance.v1.CampaignService/GetCampaign",
        get(own),
        vec![outside("another's campaign", get(foreign))],
    )
}

fn list_campaigns(own: &City) -> Row {
    let list = || ask(&wire::ListCampaignsRequest::default());
    let expected = [own.campaign_id.clone(), SPARE.to_owned()];
    Row::new(
        "/zhisong.issuance.v1.CampaignService/ListCampaigns",
        list(),
        vec![answered("whatever there is", list(), move |answer| {
            let listed = read::<wire::ListCampaignsResponse>(answer).campaigns;
            listed.into_iter().map(|campaign| campaign.campaign_id).eq(expected.iter().cloned())
        })],
    )
}

fn get_stock(own: &City, foreign: &City) -> Row {
    let get = |city: &City| {
        let (campaign_id, business_day) = (city.campaign_id.clone(), TODAY.to_owned());
        ask(&wire::GetStockRequest { campaign_id, business_day })
    };
    Row::new(
        "/zhisong.issuance.v1.CampaignService/GetStock",
        get(own),
        vec![outside("another's campaign", get(foreign))],
    )
}

fn create_fund(own: &City, foreign: &City) -> Row {
    let create = |request_id: &str, city: &City| {
        ask(&wire::CreateFundRequest {
            request_id: request_id.to_owned(),
            fund_id: SPARE.to_owned(),
            organization: city.organization.clone(),
            pledged_fen: 1,
        })
    };
    Row::new(
        "/zhisong.issuance.v1.FundService/CreateFund",
        create("own", own),
        vec![outside("for another organization", create("theirs", foreign))],
    )
}

fn get_fund(own: &City, foreign: &City) -> Row {
    let get = |city: &City| ask(&wire::GetFundRequest { fund_id: city.fund_id.clone() });
    Row::new(
        "/zhisong.issuance.v1.FundService/GetFund",
        get(own),
        vec![outside("another's fund", get(foreign))],
    )
}

fn list_funds(own: &City) -> Row {
    let list = || ask(&wire::ListFundsRequest::default());
    let expected = [own.fund_id.clone(), SPARE.to_owned()];
    Row::new(
        "/zhisong.issuance.v1.FundService/ListFunds",
        list(),
        vec![answered("whatever there is", list(), move |answer| {
            let listed = read::<wire::ListFundsResponse>(answer).funds;
            listed.into_iter().map(|fund| fund.fund_id).eq(expected.iter().cloned())
        })],
    )
}

fn claim(own: &City, foreign: &City) -> Row {
    let claim = |request_id: &str, campaign: &City, member: &City| {
        ask(&wire::ClaimRequest {
            request_id: request_id.to_owned(),
            campaign_id: campaign.campaign_id.clone(),
            member_id: member.member_id.clone(),
        })
    };
    Row::new(
        "/zhisong.issuance.v1.IssuanceService/Claim",
        claim("own", own, own),
        vec![
            outside("another's member", claim("their-member", own, foreign)),
            outside("another's campaign", claim("their-campaign", foreign, own)),
            outside("another's both", claim("theirs", foreign, foreign)),
        ],
    )
}

fn issue_to_list(own: &City, foreign: &City) -> Row {
    let list = |request_id: &str, campaign: &City, member: &City| {
        let header = wire::ListHeader {
            request_id: request_id.to_owned(),
            campaign_id: campaign.campaign_id.clone(),
            selection: None,
        };
        let member = wire::ListedMember { row: 1, member_id: member.member_id.clone() };
        let members = wire::ListedMembers { members: vec![member] };
        let message = |part| wire::IssueToListRequest { part: Some(part) };
        ask_stream(&[Part::Header(header), Part::Members(members)].map(message))
    };
    let select = |policy: &City| {
        let header = wire::ListHeader {
            request_id: "selection".to_owned(),
            campaign_id: own.campaign_id.clone(),
            selection: Some(wire::PolicySelection {
                policy_id: policy.policy_id.clone(),
                ..wire::PolicySelection::default()
            }),
        };
        ask(&wire::IssueToListRequest { part: Some(Part::Header(header)) })
    };
    Row::new(
        "/zhisong.issuance.v1.IssuanceService/IssueToList",
        list("list", own, own),
        vec![
            // A row of another's is a row that is refused.
            answered("another's member", list("their-member", own, foreign), |answer| {
                let answer = read::<wire::IssueToListResponse>(answer);
                let reasons: Vec<_> = answer.refused.iter().map(|row| row.reason()).collect();
                answer.issued == 0 && reasons == [ErrorReason::OutsideSubtree]
            }),
            outside("another's campaign", list("their-campaign", foreign, own)),
            outside("another's policy", select(foreign)),
            answered("whomever its policy selects", select(own), |answer| {
                let answer = read::<wire::IssueToListResponse>(answer);
                let progress = answer.progress.unwrap_or_default();
                (answer.issued, progress.scanned, progress.total) == (1, 1, 1)
            }),
        ],
    )
}

fn get_voucher(own: &City, foreign: &City) -> Row {
    let get = |city: &City| ask(&wire::GetVoucherRequest { voucher_id: city.voucher_id.clone() });
    Row::new(
        "/zhisong.issuance.v1.IssuanceService/GetVoucher",
        get(own),
        vec![outside("another's member's voucher", get(foreign))],
    )
}

fn watch_vouchers(own: &City, foreign: &City) -> Row {
    let watch = |city: &City| {
        let campaign_id = city.campaign_id.clone();
        ask(&wire::WatchVouchersRequest { campaign_id, after: Vec::new() })
    };
    Row::new(
        "/zhisong.issuance.v1.IssuanceService/WatchVouchers",
        watch(own),
        vec![outside("another's campaign", watch(foreign))],
    )
}

fn list_vouchers(own: &City, foreign: &City) -> Row {
    let list = |city: &City| {
        let member_id = city.member_id.clone();
        ask(&wire::ListVouchersRequest { member_id, ..Default::default() })
    };
    Row::new(
        "/zhisong.issuance.v1.IssuanceService/ListVouchers",
        list(own),
        vec![outside("another's member", list(foreign))],
    )
}
