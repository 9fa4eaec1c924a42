//! Answers as the contracts have them.

use std::sync::Arc;

use benefit::StockPeriod;
use benefit::programme::Programme;
use contracts::issuance::v1 as wire;
use rpc::{Problem, encode_timestamp};

use super::encode_terms::terms;
use super::issue_to_list::{Chunk, Row};
use super::status;
use crate::domain::{Campaign, CampaignState, StockKey, Voucher, VoucherEntries};
use crate::store::{CampaignAt, Issued};
use crate::usecase::{ChunkAnswer, FeedMessage, Found, Given, StockFigures};

pub(super) fn campaign(campaign: &Campaign) -> wire::Campaign {
    let programme = &campaign.programme;
    wire::Campaign {
        campaign_id: campaign.campaign_id.to_string(),
        organization: programme.organization.to_string(),
        title_zh: programme.title_zh.clone(),
        title_en: programme.title_en.clone(),
        state: state(campaign.state).into(),
        policy_id: programme.policy.policy_id.clone(),
        terms: Some(terms(&programme.terms)),
        starts_on: programme.starts_on.to_string(),
        ends_on: programme.ends_on.to_string(),
        stock_period: stock_period(programme.stock_period).into(),
        quota: i64::try_from(programme.quota).expect("a quota is at most a billion"),
        person_limit: i32::try_from(programme.person_limit).expect("a limit is at most 100"),
        updated_at: Some(encode_timestamp(campaign.updated_at)),
        fund_id: programme.fund.clone().unwrap_or_default(),
    }
}

fn state(state: CampaignState) -> wire::campaign::State {
    match state {
        CampaignState::Draft => wire::campaign::State::Draft,
        CampaignState::Active => wire::campaign::State::Active,
        CampaignState::Paused => wire::campaign::State::Paused,
        CampaignState::Ended => wire::campaign::State::Ended,
    }
}

fn stock_period(period: StockPeriod) -> wire::StockPeriod {
    match period {
        StockPeriod::Day => wire::StockPeriod::Day,
        StockPeriod::Campaign => wire::StockPeriod::Campaign,
    }
}

pub(super) fn stock(figures: &StockFigures) -> wire::GetStockResponse {
    let StockFigures { period, stock } = figures;
    wire::GetStockResponse {
        period: period.clone(),
        quota: stock.quota.into(),
        issued: stock.issued.into(),
        returned: stock.returned.into(),
        remaining: stock.remaining().into(),
    }
}

pub(super) fn voucher(issued: &Issued) -> wire::Voucher {
    let Issued { voucher, programme } = issued;
    wire::Voucher {
        voucher_id: voucher.voucher_id.to_string(),
        campaign_id: voucher.stock.campaign_id.to_string(),
        member_id: voucher.member_id.to_string(),
        stock_period: voucher.stock.period.clone(),
        serial: voucher.serial.into(),
        terms: Some(terms(&programme.terms)),
        valid_from: Some(encode_timestamp(voucher.valid_from)),
        valid_until: Some(encode_timestamp(voucher.valid_until)),
        issued_at: Some(encode_timestamp(voucher.issued_at)),
    }
}

/// The answer of a chunk, from what was given to those of its rows that name a member.
pub(super) fn listed(chunk: Chunk, given: ChunkAnswer) -> wire::IssueToListResponse {
    let mut answer = wire::IssueToListResponse {
        progress: chunk.page.map(|page| wire::SelectionProgress {
            cursor: page.cursor,
            scanned: page.scanned,
            total: page.total,
        }),
        ..wire::IssueToListResponse::default()
    };
    let mut given = given.into_iter();
    for row in chunk.rows {
        let problem = match row.member_id.and_then(|_| given.next()) {
            Some(Ok(Given::Now)) => {
                answer.issued += 1;
                continue;
            }
            Some(Ok(Given::Before)) => {
                answer.issued_before += 1;
                continue;
            }
            Some(Err(failure)) => status::problem(failure),
            None => Problem::field("member_id", "").texts("不是会员编号", "not a member id"),
        };
        answer.refused.push(refused(row, &problem));
    }
    answer
}

fn refused(row: Row, problem: &Problem) -> wire::RefusedRow {
    let (text_zh, text_en) = problem.shown();
    wire::RefusedRow {
        row: row.number,
        member_id: row.text,
        reason: problem.reason().into(),
        text_zh: text_zh.into_owned(),
        text_en: text_en.into_owned(),
    }
}

pub(super) fn feed_message(message: &FeedMessage) -> wire::FollowResponse {
    wire::FollowResponse {
        epoch: message.epoch.0.to_vec().into(),
        campaigns: message.campaigns.iter().map(campaign_change).collect(),
        vouchers: message.vouchers.as_ref().map(voucher_batch),
        level: message.level,
    }
}

pub(super) fn found(found: &Found) -> wire::FindVouchersResponse {
    wire::FindVouchersResponse {
        vouchers: found.vouchers.iter().map(|issued| issued_voucher(&issued.voucher)).collect(),
        campaigns: found.campaigns.iter().map(campaign_change).collect(),
    }
}

fn campaign_change(change: &CampaignAt) -> wire::CampaignChange {
    let programme: &Programme = &change.campaign.programme;
    wire::CampaignChange {
        position: change.entry.position,
        campaign_id: change.campaign.campaign_id.to_string(),
        organization: programme.organization.to_string(),
        state: state(change.entry.state).into(),
        terms: Some(terms(&programme.terms)),
        title_zh: programme.title_zh.clone(),
        title_en: programme.title_en.clone(),
        policy_id: programme.policy.policy_id.clone(),
    }
}

fn voucher_batch(entries: &VoucherEntries) -> wire::VoucherBatch {
    let StockKey { campaign_id, period, slice } = &entries.stock;
    wire::VoucherBatch {
        campaign_id: campaign_id.to_string(),
        stock_period: period.clone(),
        slice: (*slice).into(),
        first_position: entries.first_position,
        vouchers: entries.vouchers.iter().map(issued_voucher).collect(),
    }
}

/// Consecutive positions of one period as events.
pub(super) fn voucher_events(
    entries: VoucherEntries,
    programme: &Arc<Programme>,
) -> wire::WatchVouchersResponse {
    let VoucherEntries { stock, first_position, vouchers } = entries;
    let events = (first_position..).zip(vouchers).map(|(position, own)| {
        let voucher = voucher(&Issued { voucher: own, programme: Arc::clone(programme) });
        wire::VoucherEvent {
            id: format!("{}/{position}", stock.period),
            source: format!("zhisong/issuance/{}", stock.campaign_id),
            spec_version: String::from("1.0"),
            r#type: String::from("zhisong.voucher.issued.v1"),
            subject: voucher.voucher_id.clone(),
            time: voucher.issued_at,
            position,
            voucher: Some(voucher),
        }
    });
    wire::WatchVouchersResponse { events: events.collect() }
}

fn issued_voucher(voucher: &Voucher) -> wire::IssuedVoucher {
    wire::IssuedVoucher {
        voucher_id: voucher.voucher_id.to_string(),
        person_key: voucher.person.as_bytes().to_vec().into(),
        campaign_id: voucher.stock.campaign_id.to_string(),
        valid_from: Some(encode_timestamp(voucher.valid_from)),
        valid_until: Some(encode_timestamp(voucher.valid_until)),
        version: i32::try_from(voucher.version).unwrap_or(i32::MAX),
    }
}
