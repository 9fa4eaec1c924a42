//! What is written of the domain's types, column by column, whatever the backend.

use clock::Timestamp;

use crate::domain::{
    Authorization, Booked, NewRefund, Refusal, Remembered, Stage, VoucherStage, WalletVoucher,
};

/// Bytes as hexadecimal text.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The columns of an authorization that change.
pub(super) struct StageColumns {
    pub state: &'static str,
    pub captured_at: Option<i64>,
    pub captured_on: Option<String>,
    pub refunded_at: Option<i64>,
    pub refunded_on: Option<String>,
    pub closed_at: Option<i64>,
    pub captured_amounts: Option<String>,
    pub chain: Option<String>,
    pub refunds: i64,
}

impl From<&Authorization> for StageColumns {
    fn from(authorization: &Authorization) -> Self {
        let (mut captured, mut refunded) = (None, None);
        let (state, closed_at) = match authorization.stage {
            Stage::Held => ("HELD", None),
            Stage::Captured(booked) => {
                captured = Some(booked);
                ("CAPTURED", None)
            }
            Stage::Voided { at } => ("VOIDED", Some(at)),
            Stage::Expired { at } => ("EXPIRED", Some(at)),
            Stage::Refunded { captured: first, refunded: then } => {
                (captured, refunded) = (Some(first), Some(then));
                ("REFUNDED", None)
            }
        };
        let at = |booked: Booked| booked.at.as_micros();
        let on = |booked: Booked| booked.on.to_string();
        Self {
            state,
            captured_at: captured.map(at),
            captured_on: captured.map(on),
            refunded_at: refunded.map(at),
            refunded_on: refunded.map(on),
            closed_at: closed_at.map(Timestamp::as_micros),
            captured_amounts: captured_amounts(authorization),
            chain: authorization.chain.as_ref().map(ToString::to_string),
            refunds: i64::try_from(authorization.refunds.len())
                .expect("an authorization has few refunds"),
        }
    }
}

/// What was captured of each line; nothing is written for all of it, which is what most orders are.
fn captured_amounts(authorization: &Authorization) -> Option<String> {
    let captured = &authorization.captured_amounts;
    let is_part = !captured.is_empty() && *captured != authorization.line_amounts;
    is_part.then(|| joined(captured))
}

/// The columns of a refund.
pub(super) struct RefundColumns {
    pub returned_amounts: String,
    pub returned_vouchers: String,
    pub refunded_at: i64,
    pub refunded_on: String,
}

impl From<&NewRefund> for RefundColumns {
    fn from(new: &NewRefund) -> Self {
        let refund = &new.refund;
        Self {
            returned_amounts: joined(&refund.returned),
            returned_vouchers: joined(&refund.rights),
            refunded_at: refund.booked.at.as_micros(),
            refunded_on: refund.booked.on.to_string(),
        }
    }
}

/// The columns of a voucher that change: its state, and the authorization that holds it.
pub(super) fn voucher_stage(voucher: &WalletVoucher) -> (&'static str, Option<[u8; 16]>) {
    match voucher.stage {
        VoucherStage::Available => ("AVAILABLE", None),
        VoucherStage::Held { by, .. } => ("HELD", Some(*by.as_bytes())),
        VoucherStage::Used => ("USED", None),
    }
}

/// How a request was answered.
pub(super) struct OutcomeColumns {
    pub outcome: &'static str,
    pub reason: Option<&'static str>,
    pub details: Option<String>,
    pub shard: u8,
    pub authorization_id: Option<[u8; 16]>,
}

impl From<&Remembered> for OutcomeColumns {
    fn from(seen: &Remembered) -> Self {
        match &seen.outcome {
            Ok(made) => Self {
                outcome: "OK",
                reason: None,
                details: None,
                shard: made.map_or(0, |id| id.shard().0),
                authorization_id: made.map(|id| *id.as_bytes()),
            },
            Err(refusal) => Self {
                outcome: "REFUSED",
                reason: Some(refusal.reason.name()),
                details: Some(details(refusal)),
                shard: 0,
                authorization_id: None,
            },
        }
    }
}

/// A JSON list of key and value.
fn details(refusal: &Refusal) -> String {
    let pairs = refusal.details.iter().map(|(detail, value)| (detail.name(), value));
    serde_json::to_string(&pairs.collect::<Vec<_>>()).expect("texts become JSON")
}

/// A list in one column, joined by commas.
pub(super) fn joined<T: ToString>(parts: &[T]) -> String {
    parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}
