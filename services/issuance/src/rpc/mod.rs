//! The gRPC edge: decode, use case, map error, encode. No rule of the business is here.

mod campaign_service;
mod decode;
mod eligibility_peer;
mod encode;
mod encode_terms;
mod fund_service;
mod issuance_service;
mod issue_to_list;
mod redemption_peer;
mod status;
mod voucher_feed_service;

use std::sync::Arc;

use contracts::issuance::v1::campaign_service_server::CampaignServiceServer;
use contracts::issuance::v1::fund_service_server::FundServiceServer;
use contracts::issuance::v1::issuance_service_server::IssuanceServiceServer;
use contracts::issuance::v1::voucher_feed_service_server::VoucherFeedServiceServer;
use tonic::server::NamedService;
use tonic::service::RoutesBuilder;

use self::campaign_service::CampaignRpc;
pub(crate) use self::eligibility_peer::EligibilityService;
use self::fund_service::FundRpc;
use self::issuance_service::IssuanceRpc;
pub(crate) use self::redemption_peer::RedemptionService;
use self::voucher_feed_service::VoucherFeedRpc;
use crate::usecase::Issuance;

/// A claim is some hundred bytes, and 1,024 rows of a list are at most 53 KiB.
const CLAIM_BYTES_MAX: usize = 64 * 1024;
/// A programme file may have 64 KiB, and the message is little more.
const CAMPAIGN_BYTES_MAX: usize = 128 * 1024;
/// A follower names every stock that it knows, at some 80 bytes each.
const FEED_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Full names of the services, for health and reflection.
pub(crate) fn names() -> Vec<&'static str> {
    vec![
        CampaignServiceServer::<CampaignRpc>::NAME,
        FundServiceServer::<FundRpc>::NAME,
        IssuanceServiceServer::<IssuanceRpc>::NAME,
        VoucherFeedServiceServer::<VoucherFeedRpc>::NAME,
    ]
}

/// Adds the services to a server.
pub(crate) fn mount(issuance: &Arc<Issuance>, routes: &mut RoutesBuilder) {
    let campaigns = CampaignServiceServer::new(CampaignRpc(Arc::clone(issuance)));
    let funds = FundServiceServer::new(FundRpc(Arc::clone(issuance)));
    let claims = IssuanceServiceServer::new(IssuanceRpc(Arc::clone(issuance)));
    let feed = VoucherFeedServiceServer::new(VoucherFeedRpc(Arc::clone(issuance)));
    routes
        .add_service(campaigns.max_decoding_message_size(CAMPAIGN_BYTES_MAX))
        .add_service(funds.max_decoding_message_size(CLAIM_BYTES_MAX))
        .add_service(claims.max_decoding_message_size(CLAIM_BYTES_MAX))
        .add_service(feed.max_decoding_message_size(FEED_BYTES_MAX));
}

/// Cuts a page that was read one row too long, and gives the token of the next one.
fn next_page<T>(rows: &mut Vec<T>, limit: u32, token: impl FnOnce(&T) -> String) -> String {
    let limit = usize::try_from(limit).expect("a page is small");
    if rows.len() <= limit {
        return String::new();
    }
    rows.truncate(limit);
    rows.last().map(token).unwrap_or_default()
}
