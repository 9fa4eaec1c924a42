use clock::Timestamp;
use contracts::issuance::v1 as wire;
use contracts::issuance::v1::voucher_feed_service_client::VoucherFeedServiceClient;
use futures::stream::{BoxStream, StreamExt as _};
use member_identity::{OrganizationPath, PersonKey, VoucherId};
use rpc::{Peer, PeerChannel, decode_timestamp};
use tonic::{Code, Status, async_trait};

use super::terms;
use crate::domain::{
    Campaign, CampaignState, FeedBatch, FeedCursors, Found, IssuedVoucher, StockBatch, StockKey,
};
use crate::usecase::{FeedMessage, FollowProblem, IssuancePeer, IssuanceUnavailable};

/// Issuance over gRPC.
pub struct IssuanceOverRpc {
    calls: VoucherFeedServiceClient<PeerChannel>,
    streams: VoucherFeedServiceClient<PeerChannel>,
}

impl IssuanceOverRpc {
    /// Issuance behind two channels: one for calls, and one for the stream that does not end.
    pub fn new(calls: &Peer, streams: &Peer) -> Self {
        Self {
            calls: VoucherFeedServiceClient::new(calls.channel()),
            streams: VoucherFeedServiceClient::new(streams.channel()),
        }
    }
}

#[async_trait]
impl IssuancePeer for IssuanceOverRpc {
    async fn follow(
        &self,
        cursors: FeedCursors,
    ) -> Result<BoxStream<'static, Result<FeedMessage, FollowProblem>>, FollowProblem> {
        let answer = self.streams.clone().follow(encode_cursors(cursors)).await;
        let messages = answer.map_err(|status| follow_problem(&status))?.into_inner();
        let decoded = messages.map(|message| {
            decode_message(message.map_err(|status| follow_problem(&status))?)
                .map_err(FollowProblem::Malformed)
        });
        Ok(decoded.boxed())
    }

    async fn find_vouchers(&self, person: PersonKey) -> Result<Found, IssuanceUnavailable> {
        let person_key = person.as_bytes().to_vec().into();
        let request = wire::FindVouchersRequest { person_key };
        let answer = self.calls.clone().find_vouchers(request).await;
        decode_found(answer.map_err(|_| IssuanceUnavailable)?.into_inner()).map_err(|problem| {
            tracing::warn!(problem, "issuance found vouchers that do not read");
            IssuanceUnavailable
        })
    }
}

/// Issuance refuses a follower of another store with FAILED_PRECONDITION; all else may pass.
fn follow_problem(status: &Status) -> FollowProblem {
    match status.code() {
        Code::FailedPrecondition => FollowProblem::OtherStore,
        code => {
            tracing::debug!(?code, "issuance does not send the voucher feed now");
            FollowProblem::Unavailable
        }
    }
}

fn encode_cursors(cursors: FeedCursors) -> wire::FollowRequest {
    let stock = |(stock, position): (StockKey, i64)| wire::StockCursor {
        campaign_id: stock.campaign_id.to_string(),
        stock_period: stock.period,
        slice: i32::from(stock.slice),
        position,
    };
    wire::FollowRequest {
        epoch: cursors.epoch.map(|epoch| epoch.to_vec()).unwrap_or_default().into(),
        campaign_position: cursors.campaign_position,
        stocks: cursors.stocks.into_iter().map(stock).collect(),
    }
}

fn decode_message(message: wire::FollowResponse) -> Result<FeedMessage, String> {
    let epoch = message.epoch.as_ref().try_into().map_err(|_| "epoch is not 16 bytes")?;
    let campaigns = message.campaigns.into_iter().map(decode_campaign).collect::<Result<_, _>>()?;
    let vouchers = message.vouchers.map(decode_stock).transpose()?;
    let batch = FeedBatch { epoch, campaigns, vouchers };
    Ok(FeedMessage { batch, level: message.level })
}

fn decode_stock(stock: wire::VoucherBatch) -> Result<StockBatch, String> {
    let vouchers = stock.vouchers.into_iter().map(decode_voucher);
    Ok(StockBatch {
        stock: StockKey {
            campaign_id: read("campaign_id", stock.campaign_id.parse())?,
            period: stock.stock_period,
            slice: read("slice", u8::try_from(stock.slice))?,
        },
        first_position: stock.first_position,
        vouchers: vouchers.collect::<Result<_, _>>()?,
    })
}

fn decode_voucher(voucher: wire::IssuedVoucher) -> Result<IssuedVoucher, String> {
    let voucher_id: VoucherId = read("voucher_id", voucher.voucher_id.parse())?;
    let person = read("person_key", PersonKey::try_from(voucher.person_key.as_ref()))?;
    if voucher_id.shard() != person.shard() {
        return Err(format!("{voucher_id} is not in the shard of its person"));
    }
    Ok(IssuedVoucher {
        voucher_id,
        person,
        campaign_id: read("campaign_id", voucher.campaign_id.parse())?,
        valid_from: time("valid_from", voucher.valid_from)?,
        valid_until: time("valid_until", voucher.valid_until)?,
        version: read("version", u32::try_from(voucher.version))?,
    })
}

fn decode_found(found: wire::FindVouchersResponse) -> Result<Found, String> {
    let vouchers = found.vouchers.into_iter().map(decode_voucher).collect::<Result<_, _>>()?;
    let campaigns = found.campaigns.into_iter().map(decode_campaign).collect::<Result<_, _>>()?;
    Ok(Found { vouchers, campaigns })
}

fn decode_campaign(change: wire::CampaignChange) -> Result<Campaign, String> {
    use wire::campaign::State;
    let state = match change.state() {
        State::Draft => CampaignState::Draft,
        State::Active => CampaignState::Active,
        State::Paused => CampaignState::Paused,
        State::Ended => CampaignState::Ended,
        State::Unspecified => return Err(String::from("a campaign without a state")),
    };
    let terms = terms::decode(change.terms.ok_or("a campaign without terms")?)?;
    if terms.rechecks_membership() && change.policy_id.is_empty() {
        return Err(String::from("terms that check again, without a policy"));
    }
    Ok(Campaign {
        state,
        campaign_id: read("campaign_id", change.campaign_id.parse())?,
        organization: read("organization", OrganizationPath::parse(&change.organization))?,
        policy_id: change.policy_id,
        terms,
        title_zh: change.title_zh,
        title_en: change.title_en,
        position: change.position,
    })
}

fn time(field: &str, time: Option<prost_types::Timestamp>) -> Result<Timestamp, String> {
    time.and_then(decode_timestamp).ok_or_else(|| format!("{field} is not a time"))
}

pub(super) fn read<T, E: std::fmt::Display>(field: &str, read: Result<T, E>) -> Result<T, String> {
    read.map_err(|problem| format!("{field}: {problem}"))
}
