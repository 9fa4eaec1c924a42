//! Messages as they go out.

use benefit::Fen;
use contracts::redemption::v1 as wire;
use rpc::encode_timestamp;

use super::status::refusal_problem;
use crate::domain::{
    AppliedVoucher, Authorization, DailyTotal, Order, Quotation, Receipt, RefundPart, Refusal,
    ShownStage, Stage, Unused, UnusedReason, WalletVoucher, hindrance,
};
use crate::usecase::{DailyTotals, WalletPage};

pub(super) fn authorization(authorization: Authorization) -> wire::Authorization {
    use wire::authorization::State;
    let (state, captured) = match authorization.stage {
        Stage::Held => (State::Held, None),
        Stage::Captured(captured) => (State::Captured, Some(captured)),
        Stage::Voided { .. } => (State::Voided, None),
        Stage::Expired { .. } => (State::Expired, None),
        Stage::Refunded { captured, .. } => (State::Refunded, Some(captured)),
    };
    let discount_fen = authorization.discount().0;
    let refunded_on = authorization.refunds.last().map(|refund| refund.booked.on.to_string());
    let captured_fen = authorization.captured_by_voucher();
    let vouchers = authorization.vouchers.iter().zip(&captured_fen);
    let vouchers = vouchers.map(|(applied, fen)| wire::AppliedVoucher {
        captured_fen: fen.0,
        ..self::applied(applied)
    });
    let refunds = refunds(&authorization);
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
        refunded_on: refunded_on.unwrap_or_default(),
        vouchers: vouchers.collect(),
        line_amounts_fen: amounts(&authorization.line_amounts),
        captured_amounts_fen: amounts(&authorization.captured_amounts),
        returned_amounts_fen: amounts(&authorization.returned_amounts()),
        captured_fen: captured_fen.iter().map(|fen| fen.0).sum(),
        refunded_fen: refunds.iter().map(|refund| refund.discount_fen).sum(),
        refunds,
    }
}

fn refunds(authorization: &Authorization) -> Vec<wire::RefundPart> {
    let refund = |(refund, discounts): (&RefundPart, Vec<Fen>)| {
        let voucher_id = |at: &usize| authorization.vouchers[*at].voucher_id.to_string();
        wire::RefundPart {
            request_id: refund.request_id.to_string(),
            returned_fen: refund.returned_amount().0,
            discount_fen: discounts.iter().map(|fen| fen.0).sum(),
            voucher_discounts_fen: amounts(&discounts),
            returned_voucher_ids: refund.rights.iter().map(voucher_id).collect(),
            refunded_at: Some(encode_timestamp(refund.booked.at)),
            refunded_on: refund.booked.on.to_string(),
        }
    };
    authorization.refunds.iter().zip(authorization.given_back_by_refund()).map(refund).collect()
}

fn amounts(fen: &[Fen]) -> Vec<i64> {
    fen.iter().map(|fen| fen.0).collect()
}

pub(super) fn receipt(receipt: Receipt) -> Option<wire::Authorization> {
    receipt.authorization.map(authorization)
}

pub(super) fn refund(receipt: Receipt) -> wire::RefundResponse {
    let authorization = self::receipt(receipt);
    // An answer is the authorization as of the refund, which is its last.
    let refund = authorization.as_ref().and_then(|refunded| refunded.refunds.last()).cloned();
    let right_returned =
        refund.as_ref().is_some_and(|refund| !refund.returned_voucher_ids.is_empty());
    wire::RefundResponse { authorization, right_returned, refund }
}

pub(super) fn quotation(order: &Order, quotation: Quotation) -> wire::QuoteResponse {
    let order_amount_fen = order.basket.total().0;
    let discount_fen = quotation.applied.iter().map(|applied| applied.discount.0).sum();
    wire::QuoteResponse {
        order_amount_fen,
        discount_fen,
        payable_fen: order_amount_fen - discount_fen,
        vouchers: quotation.applied.iter().map(applied).collect(),
        unused: quotation.unused.into_iter().map(unused).collect(),
    }
}

/// A voucher's part in an order of which nothing was captured yet.
fn applied(applied: &AppliedVoucher) -> wire::AppliedVoucher {
    wire::AppliedVoucher {
        voucher_id: applied.voucher_id.to_string(),
        campaign_id: applied.campaign_id.to_string(),
        discount_fen: applied.discount.0,
        line_discounts_fen: amounts(&applied.line_discounts),
        organization: applied.organization.to_string(),
        captured_fen: 0,
    }
}

/// A refusal's reason and its texts in Chinese and English.
pub(super) fn shown(refusal: &Refusal) -> (String, String, String) {
    let problem = refusal_problem(refusal);
    let (zh, en) = problem.shown();
    (refusal.reason.name().to_owned(), zh.into_owned(), en.into_owned())
}

fn unused(unused: Unused) -> wire::UnusedVoucher {
    let (reason, text_zh, text_en) = match &unused.why {
        UnusedReason::Refused(refusal) => shown(refusal),
        UnusedReason::BetterChosen => (
            String::from("BETTER_CHOSEN"),
            String::from("已选用优惠相同或更多的优惠券"),
            String::from("others take off as much or more"),
        ),
    };
    wire::UnusedVoucher {
        voucher_id: unused.voucher_id.to_string(),
        campaign_id: unused.campaign_id.to_string(),
        reason,
        text_zh,
        text_en,
    }
}

pub(super) fn wallet_vouchers(page: &WalletPage) -> Vec<wire::WalletVoucher> {
    page.read.vouchers.iter().map(|voucher| wallet_voucher(page, voucher)).collect()
}

fn wallet_voucher(page: &WalletPage, voucher: &WalletVoucher) -> wire::WalletVoucher {
    use wire::wallet_voucher::State;
    let state = match voucher.shown(page.now) {
        ShownStage::Available => State::Available,
        ShownStage::Held => State::Held,
        ShownStage::Used => State::Used,
        ShownStage::Expired => State::Expired,
    };
    let campaign = page.read.campaigns.get(&voucher.campaign_id);
    let hindrance = campaign.and_then(|campaign| hindrance(voucher, campaign, page.now));
    let (reason, text_zh, text_en) = hindrance.as_ref().map(shown).unwrap_or_default();
    wire::WalletVoucher {
        voucher_id: voucher.voucher_id.to_string(),
        campaign_id: voucher.campaign_id.to_string(),
        title_zh: campaign.map(|campaign| campaign.title_zh.clone()).unwrap_or_default(),
        title_en: campaign.map(|campaign| campaign.title_en.clone()).unwrap_or_default(),
        state: state.into(),
        valid_from: Some(encode_timestamp(voucher.valid_from)),
        valid_until: Some(encode_timestamp(voucher.valid_until)),
        uses_left: i32::try_from(voucher.uses_left).unwrap_or(i32::MAX),
        balance_left_fen: voucher.balance_left.map_or(0, |left| left.0),
        reason,
        text_zh,
        text_en,
    }
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
