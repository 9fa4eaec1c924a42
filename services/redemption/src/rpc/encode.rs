//! Messages as they go out.

use contracts::redemption::v1 as wire;
use rpc::encode_timestamp;

use super::status::refusal_problem;
use crate::domain::{
    AppliedVoucher, Authorization, DailyTotal, Order, Quotation, Receipt, ShownStage, Stage,
    Unused, UnusedReason,
};
use crate::usecase::{DailyTotals, WalletPage};

pub(super) fn authorization(authorization: Authorization) -> wire::Authorization {
    use wire::authorization::State;
    let (state, captured, refunded) = match authorization.stage {
        Stage::Held => (State::Held, None, None),
        Stage::Captured(captured) => (State::Captured, Some(captured), None),
        Stage::Voided { .. } => (State::Voided, None, None),
        Stage::Expired { .. } => (State::Expired, None, None),
        Stage::Refunded { captured, refunded, .. } => {
            (State::Refunded, Some(captured), Some(refunded))
        }
    };
    let discount_fen = authorization.discount().0;
    wire::Authorization {
        authorization_id: authorization.authorization_id.to_string(),
        order_number: authorization.order_number.to_string(),
        state: state.into(),
        order_amount_fen: authorization.order_amount.0,
        discount_fen,
        payable_fen: authorization.order_amount.0 - discount_fen,
        created_at: Some(encode_timestamp(authorization.created_at)),
        expires_at: Some(encode_timestamp(authorization.expires_at)),
        captured_on: captured.map(|booked| booked.on.to_string()).unwrap_or_default(),
        refunded_on: refunded.map(|booked| booked.on.to_string()).unwrap_or_default(),
        vouchers: authorization.vouchers.into_iter().map(applied).collect(),
    }
}

pub(super) fn receipt(receipt: Receipt) -> Option<wire::Authorization> {
    receipt.authorization.map(authorization)
}

pub(super) fn refund(receipt: Receipt) -> wire::RefundResponse {
    let stage = receipt.authorization.as_ref().map(|refunded| refunded.stage);
    let right_returned = match stage {
        Some(Stage::Refunded { right_returned, .. }) => right_returned,
        Some(Stage::Held | Stage::Captured(_) | Stage::Voided { .. } | Stage::Expired { .. })
        | None => false,
    };
    wire::RefundResponse { authorization: self::receipt(receipt), right_returned }
}

pub(super) fn quotation(order: &Order, quotation: Quotation) -> wire::QuoteResponse {
    let order_amount_fen = order.basket.total().0;
    let discount_fen = quotation.applied.as_ref().map_or(0, |applied| applied.discount.0);
    wire::QuoteResponse {
        order_amount_fen,
        discount_fen,
        payable_fen: order_amount_fen - discount_fen,
        vouchers: quotation.applied.into_iter().map(applied).collect(),
        unused: quotation.unused.into_iter().map(unused).collect(),
    }
}

fn applied(applied: AppliedVoucher) -> wire::AppliedVoucher {
    wire::AppliedVoucher {
        voucher_id: applied.voucher_id.to_string(),
        campaign_id: applied.campaign_id.to_string(),
        discount_fen: applied.discount.0,
        line_discounts_fen: applied.line_discounts.iter().map(|fen| fen.0).collect(),
    }
}

fn unused(unused: Unused) -> wire::UnusedVoucher {
    let (reason, text_zh, text_en) = match &unused.why {
        UnusedReason::Refused(refusal) => {
            let problem = refusal_problem(refusal);
            let (zh, en) = problem.shown();
            (refusal.reason.name(), zh.into_owned(), en.into_owned())
        }
        UnusedReason::BetterChosen => (
            "BETTER_CHOSEN",
            String::from("已选用优惠相同或更多的优惠券"),
            String::from("another voucher takes off as much or more"),
        ),
    };
    wire::UnusedVoucher {
        voucher_id: unused.voucher_id.to_string(),
        campaign_id: unused.campaign_id.to_string(),
        reason: reason.to_owned(),
        text_zh,
        text_en,
    }
}

pub(super) fn wallet_vouchers(page: &WalletPage) -> Vec<wire::WalletVoucher> {
    use wire::wallet_voucher::State;
    let voucher = |voucher: &crate::domain::WalletVoucher| {
        let state = match voucher.shown(page.now) {
            ShownStage::Available => State::Available,
            ShownStage::Held => State::Held,
            ShownStage::Used => State::Used,
            ShownStage::Expired => State::Expired,
        };
        let campaign = page.read.campaigns.get(&voucher.campaign_id);
        wire::WalletVoucher {
            voucher_id: voucher.voucher_id.to_string(),
            campaign_id: voucher.campaign_id.to_string(),
            title_zh: campaign.map(|campaign| campaign.title_zh.clone()).unwrap_or_default(),
            title_en: campaign.map(|campaign| campaign.title_en.clone()).unwrap_or_default(),
            state: state.into(),
            valid_from: Some(encode_timestamp(voucher.valid_from)),
            valid_until: Some(encode_timestamp(voucher.valid_until)),
        }
    };
    page.read.vouchers.iter().map(voucher).collect()
}

pub(super) fn daily_totals(totals: DailyTotals) -> wire::GetDailyTotalsResponse {
    let total = |total: DailyTotal| wire::DailyTotal {
        platform: total.platform.to_string(),
        campaign_id: total.campaign_id.to_string(),
        captures: total.captures,
        captured_fen: total.captured.0,
        refunds: total.refunds,
        refunded_fen: total.refunded.0,
    };
    wire::GetDailyTotalsResponse {
        business_day: totals.day.to_string(),
        closed: totals.closed,
        totals: totals.totals.into_iter().map(total).collect(),
    }
}
