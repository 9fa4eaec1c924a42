use contracts::redemption::v1::{
    AppliedVoucher, Authorization, QuoteResponse, RefundPart, RefundResponse, UnusedVoucher,
};
use serde_json::{Value, json};

use super::super::arguments::Language;
use super::super::failure::Failure;
use super::super::output::{Answer, instant, short};

const AMOUNTS: &[&str] = &["order_amount_fen", "discount_fen", "payable_fen"];
const AUTHORIZATION: &[&str] = &[
    "authorization_id",
    "order_number",
    "state",
    "order_amount_fen",
    "discount_fen",
    "payable_fen",
    "created_at",
    "expires_at",
    "captured_on",
    "refunded_on",
    "line_amounts_fen",
    "captured_amounts_fen",
    "returned_amounts_fen",
    "captured_fen",
    "refunded_fen",
];
const APPLIED: &[&str] = &[
    "voucher_id",
    "campaign_id",
    "organization",
    "discount_fen",
    "line_discounts_fen",
    "captured_fen",
];
const QUOTED: &[&str] =
    &["voucher_id", "campaign_id", "organization", "discount_fen", "line_discounts_fen"];
const REFUND: &[&str] = &[
    "request_id",
    "returned_fen",
    "discount_fen",
    "voucher_discounts_fen",
    "returned_voucher_ids",
    "refunded_on",
];
const UNUSED: &[&str] = &["voucher_id", "campaign_id", "reason", "text"];

/// What authorize would do.
pub(super) fn quote(quoted: QuoteResponse, language: Language) -> Answer {
    let amounts = json!({
        "order_amount_fen": quoted.order_amount_fen,
        "discount_fen": quoted.discount_fen,
        "payable_fen": quoted.payable_fen,
    });
    let unused = quoted.unused.into_iter().map(|voucher| unused(voucher, language));
    Answer::record(amounts, AMOUNTS)
        .and_list("vouchers", quoted.vouchers.into_iter().map(applied).collect(), QUOTED)
        .and_list("unused", unused.collect(), UNUSED)
}

/// An authorization that the answer must have.
pub(super) fn authorization(found: Option<Authorization>) -> Result<Answer, Failure> {
    let found = found.ok_or_else(|| Failure::missing("authorization"))?;
    let value = authorization_value(&found);
    let vouchers = found.vouchers.into_iter().map(applied).collect();
    let refunds = found.refunds.into_iter().map(refund).collect();
    Ok(Answer::record(value, AUTHORIZATION)
        .and_list("vouchers", vouchers, APPLIED)
        .and_list("refunds", refunds, REFUND))
}

/// The fields of an authorization but its vouchers and refunds.
pub(in super::super) fn authorization_value(found: &Authorization) -> Value {
    json!({
        "state": short(found.state().as_str_name(), "STATE_"),
        "authorization_id": found.authorization_id,
        "order_number": found.order_number,
        "order_amount_fen": found.order_amount_fen,
        "discount_fen": found.discount_fen,
        "payable_fen": found.payable_fen,
        "created_at": instant(found.created_at),
        "expires_at": instant(found.expires_at),
        "captured_on": found.captured_on,
        "refunded_on": found.refunded_on,
        "line_amounts_fen": found.line_amounts_fen,
        "captured_amounts_fen": found.captured_amounts_fen,
        "returned_amounts_fen": found.returned_amounts_fen,
        "captured_fen": found.captured_fen,
        "refunded_fen": found.refunded_fen,
    })
}

/// A refunded authorization, and what the refund gave back to the person.
pub(super) fn refunded(refunded: RefundResponse) -> Result<Answer, Failure> {
    let right_returned = refunded.right_returned;
    let text = match right_returned {
        true => "a voucher can be used once more",
        false => "no voucher can be used once more because of this refund",
    };
    let answer = authorization(refunded.authorization)?.with("right_returned", right_returned);
    Ok(answer.with("refund", refunded.refund.map(refund)).note(text))
}

/// A void that came before the authorize it names.
pub(super) fn voided_before() -> Answer {
    let value = json!({ "state": "VOIDED" });
    Answer::record(value, &["state"]).note(
        "no authorize of that request id has arrived; if it still does, it is refused \
         VOIDED_BEFORE_AUTHORIZE",
    )
}

fn applied(voucher: AppliedVoucher) -> Value {
    json!({
        "voucher_id": voucher.voucher_id,
        "campaign_id": voucher.campaign_id,
        "discount_fen": voucher.discount_fen,
        "line_discounts_fen": voucher.line_discounts_fen,
        "organization": voucher.organization,
        "captured_fen": voucher.captured_fen,
    })
}

fn refund(refund: RefundPart) -> Value {
    json!({
        "request_id": refund.request_id,
        "returned_fen": refund.returned_fen,
        "discount_fen": refund.discount_fen,
        "voucher_discounts_fen": refund.voucher_discounts_fen,
        "returned_voucher_ids": refund.returned_voucher_ids,
        "refunded_at": instant(refund.refunded_at),
        "refunded_on": refund.refunded_on,
    })
}

fn unused(voucher: UnusedVoucher, language: Language) -> Value {
    json!({
        "voucher_id": voucher.voucher_id,
        "campaign_id": voucher.campaign_id,
        "reason": voucher.reason,
        "text": language.of(voucher.text_zh, voucher.text_en),
    })
}
