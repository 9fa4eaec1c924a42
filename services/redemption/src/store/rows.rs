//! What the rows of any backend mean. A row that means nothing is `Corrupt`.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use benefit::Fen;
use clock::Timestamp;
use member_identity::{AuthorizationId, VoucherId};
use sql::StoreError;

use super::columns::{Columns, Detailed};
use crate::domain::shops::ShopKey;
use crate::domain::{
    AccountBalance, AppliedVoucher, Authorization, Booked, Campaign, ClosedDay, DailyTotal,
    DayState, Detail, Fingerprint, Laid, OrderKey, PeriodCount, Reason, RefundPart, Refusal,
    Remembered, RequestId, RequestKey, ShopChain, Stage, StatementFormat, StatementHead,
    StatementRow, StockKey, TransactionKind, Verb, VoucherStage, WalletVoucher,
};

/// A voucher; its row carries `expires_at` of the authorization that holds it.
pub(super) fn voucher(row: Columns<'_>) -> Detailed<WalletVoucher> {
    voucher_held_until(row, row.maybe_time("expires_at")?)
}

/// A voucher whose holder, if it has one, was read apart.
pub(super) fn voucher_held_until(
    row: Columns<'_>,
    until: Option<Timestamp>,
) -> Detailed<WalletVoucher> {
    let stage = match (row.text("state")?, row.maybe_id("held_by")?, until) {
        ("AVAILABLE", None, _) => VoucherStage::Available,
        ("HELD", Some(by), Some(until)) => VoucherStage::Held { by, until },
        ("USED", None, _) => VoucherStage::Used,
        (state, ..) => return Err(format!("state {state} with or without a holder")),
    };
    let counted = row.maybe_text("use_period")?.map(|period| -> Detailed<_> {
        Ok(PeriodCount { period: period.to_owned(), uses: row.small("period_uses")? })
    });
    Ok(WalletVoucher {
        voucher_id: row.id("voucher_id")?,
        person: row.id("person_key")?,
        campaign_id: row.parsed("campaign_id")?,
        stage,
        uses_left: row.small("uses_left")?,
        balance_left: row.maybe_integer("balance_left")?.map(Fen),
        spent: row.fen("spent_fen")?,
        returns: row.small("returns")?,
        counted: counted.transpose()?,
        valid_from: row.time("valid_from")?,
        valid_until: row.time("valid_until")?,
        is_closed: row.flag("closed")?,
        closing_due: None,
    })
}

/// An authorization as it was read with one of its vouchers; [`take_authorizations`] puts them
/// together.
pub(super) struct StoredAuthorization {
    authorization: Authorization,
    /// The number of its refunds.
    refunds: usize,
    /// The chain that its shop belongs to now.
    chain: Option<ShopChain>,
}

/// An authorization with one of its vouchers; its row carries organization and chain of the shop as
/// it is registered now.
pub(super) fn authorization(row: Columns<'_>) -> Detailed<StoredAuthorization> {
    let (stage, applied) = (stage(row)?, applied(row)?);
    let order_amount = row.fen("order_amount_fen")?;
    let line_amounts = match row.text("line_amounts")? {
        "" => unknown_lines(order_amount, &applied),
        _ => row.maybe_amounts("line_amounts")?.unwrap_or_default(),
    };
    let captured_amounts = match (stage, row.maybe_amounts("captured_amounts")?) {
        (Stage::Captured(_) | Stage::Refunded { .. }, None) => line_amounts.clone(),
        (Stage::Captured(_) | Stage::Refunded { .. }, Some(amounts)) => amounts,
        (Stage::Held | Stage::Voided { .. } | Stage::Expired { .. }, _) => Vec::new(),
    };
    let lines = line_amounts.len();
    let is_even = applied.line_discounts.len() == lines
        && (captured_amounts.is_empty() || captured_amounts.len() == lines);
    if !is_even {
        return Err(String::from("its lists are not of the same lines"));
    }
    let authorization = Authorization {
        authorization_id: row.id("authorization_id")?,
        person: row.id("person_key")?,
        partner: row.parsed("partner")?,
        order_number: row.parsed("order_number")?,
        shop_id: row.maybe_parsed("shop_id")?,
        request_id: row.parsed("authorize_request_id")?,
        order_amount,
        line_amounts,
        vouchers: vec![applied],
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        stage,
        captured_amounts,
        chain: row.maybe_parsed("chain")?,
        refunds: Vec::new(),
    };
    let (refunds, chain) = (row.small("refunds")?, chain_now(row)?);
    Ok(StoredAuthorization { authorization, refunds, chain })
}

fn chain_now(row: Columns<'_>) -> Detailed<Option<ShopChain>> {
    let Some(chain) = row.maybe_parsed("chain_now")? else { return Ok(None) };
    Ok(Some(ShopChain::new(row.organization("registered_by")?, &chain)))
}

/// The lines of an order that was authorized before they were kept: what it cost beyond its one
/// discount is counted with the first of them.
fn unknown_lines(order_amount: Fen, applied: &AppliedVoucher) -> Vec<Fen> {
    let mut lines = applied.line_discounts.clone();
    if let Some(first) = lines.first_mut() {
        first.0 += order_amount.0 - applied.discount.0;
    }
    lines
}

fn stage(row: Columns<'_>) -> Detailed<Stage> {
    let booked = |at, on| -> Detailed<Option<Booked>> {
        Ok(row.maybe_time(at)?.zip(row.maybe_day(on)?).map(|(at, on)| Booked { at, on }))
    };
    let captured = booked("captured_at", "captured_on")?;
    let refunded = booked("refunded_at", "refunded_on")?;
    let closed = row.maybe_time("closed_at")?;
    match (row.text("state")?, captured, refunded, closed) {
        ("HELD", None, None, None) => Ok(Stage::Held),
        ("CAPTURED", Some(captured), None, None) => Ok(Stage::Captured(captured)),
        ("VOIDED", None, None, Some(at)) => Ok(Stage::Voided { at }),
        ("EXPIRED", None, None, Some(at)) => Ok(Stage::Expired { at }),
        ("REFUNDED", Some(captured), Some(refunded), None) => {
            Ok(Stage::Refunded { captured, refunded })
        }
        (state, ..) => Err(format!("state {state} with other times than it has")),
    }
}

/// A voucher's part in an authorization.
fn applied(row: Columns<'_>) -> Detailed<AppliedVoucher> {
    Ok(AppliedVoucher {
        voucher_id: row.id("voucher_id")?,
        campaign_id: row.parsed("campaign_id")?,
        organization: row.organization("organization")?,
        discount: row.fen("part_fen")?,
        line_discounts: row.maybe_amounts("line_discounts")?.ok_or("line_discounts are missing")?,
    })
}

/// A refund, and of which authorization. It returned all that was left when it does not say what.
pub(super) fn refund(row: Columns<'_>) -> Detailed<(AuthorizationId, StoredRefund)> {
    let rights = row.text("returned_vouchers")?.split(',').filter(|place| !place.is_empty());
    let rights: Result<_, _> = rights.map(str::parse).collect();
    let stored = StoredRefund {
        request_id: row.parsed("request_id")?,
        returned: row.maybe_amounts("returned_amounts")?,
        rights: rights.map_err(|_| String::from("returned_vouchers are not places"))?,
        booked: Booked { at: row.time("refunded_at")?, on: row.day("refunded_on")? },
    };
    Ok((row.id("authorization_id")?, stored))
}

/// A refund as its row has it.
pub(super) struct StoredRefund {
    request_id: RequestId,
    returned: Option<Vec<Fen>>,
    rights: Vec<usize>,
    booked: Booked,
}

/// A request and how it was answered.
pub(super) fn request(row: Columns<'_>) -> Detailed<(RequestKey, Remembered)> {
    let verb = Verb::from_name(row.text("verb")?).ok_or("an unknown verb")?;
    let key = (row.parsed("partner")?, verb, row.parsed("request_id")?);
    Ok((key, remembered(row)?))
}

/// An order and its live authorization.
pub(super) fn order(row: Columns<'_>) -> Detailed<(OrderKey, AuthorizationId)> {
    let key = (row.parsed("partner")?, row.parsed("order_number")?);
    Ok((key, row.id("authorization_id")?))
}

fn remembered(row: Columns<'_>) -> Detailed<Remembered> {
    let outcome = match (row.text("outcome")?, row.maybe_text("reason")?) {
        ("OK", None) => Ok(row.maybe_id("authorization_id")?),
        ("REFUSED", Some(reason)) => Err(refusal(reason, row.text("details")?)?),
        (outcome, _) => return Err(format!("outcome {outcome} with or without a reason")),
    };
    let fingerprint = Fingerprint::from_bytes(row.bytes("fingerprint")?.to_vec());
    Ok(Remembered { fingerprint, outcome, created_at: row.time("created_at")? })
}

/// Details are stored as a JSON list of key and value.
fn refusal(reason: &str, details: &str) -> Detailed<Refusal> {
    let reason = Reason::from_name(reason).ok_or_else(|| format!("reason {reason}"))?;
    let details: Vec<(String, String)> =
        serde_json::from_str(details).map_err(|_| String::from("details are not a list"))?;
    let detail = |(key, value): (String, String)| Some((Detail::from_name(&key)?, value));
    let details = details.into_iter().map(detail).collect::<Option<_>>();
    Ok(Refusal { reason, details: details.ok_or_else(|| String::from("an unknown detail"))? })
}

/// What is known of today; the row carries the first open day after it and the last day of all.
pub(super) fn day_state(row: Columns<'_>) -> Detailed<DayState> {
    Ok(DayState {
        closed: row.maybe_text("state")? == Some("CLOSED"),
        next_open: row.maybe_day("next_open")?,
        last: row.maybe_day("last")?,
    })
}

/// The cursor of one stock's feed.
pub(super) fn cursor(row: Columns<'_>) -> Detailed<(StockKey, i64)> {
    let slice = u8::try_from(row.integer("slice")?).map_err(|_| "slice is out of range")?;
    let period = row.text("period")?.to_owned();
    let stock = StockKey { campaign_id: row.parsed("campaign_id")?, period, slice };
    Ok((stock, row.integer("position")?))
}

/// The feed's epoch, and the cursor of the campaigns.
pub(super) fn feed_source(row: Columns<'_>) -> Detailed<([u8; 16], i64)> {
    let epoch = row.bytes("epoch")?.try_into().map_err(|_| "epoch is not 16 bytes")?;
    Ok((epoch, row.integer("campaign_position")?))
}

/// A day that is closed.
pub(super) fn closed_day(row: Columns<'_>) -> Detailed<ClosedDay> {
    let format = StatementFormat::from_number(row.integer("format")?);
    Ok(ClosedDay {
        at: row.time("closed_at")?,
        format: format.ok_or("an unknown format")?,
        has_funders: row.flag("funders")?,
    })
}

/// What a statement holds.
pub(super) fn statement_head(row: Columns<'_>) -> Detailed<StatementHead> {
    let format = StatementFormat::from_number(row.integer("format")?);
    Ok(StatementHead {
        format: format.ok_or("an unknown format")?,
        rows: row.integer("rows")?,
        captured: row.fen("captured_fen")?,
        refunded: row.fen("refunded_fen")?,
        sha256: row.bytes("sha256")?.try_into().map_err(|_| "sha256 is not 32 bytes")?,
        closed_at: row.time("closed_at")?,
    })
}

/// A row of the journal; it carries the amount of its first entry.
pub(super) fn statement_row(row: Columns<'_>) -> Detailed<StatementRow> {
    let kind = TransactionKind::from_name(row.text("kind")?).ok_or("an unknown kind")?;
    Ok(StatementRow {
        transaction_id: row.id("transaction_id")?,
        kind,
        platform: row.parsed("partner")?,
        shop_id: row.maybe_parsed("shop_id")?,
        chain: row.maybe_parsed("chain")?,
        authorization_id: row.id("authorization_id")?,
        order_number: row.parsed("order_number")?,
        campaign_id: row.parsed("campaign_id")?,
        organization: row.organization("organization")?,
        voucher_id: row.id("voucher_id")?,
        amount: row.fen("amount_fen")?,
        at: row.time("created_at")?,
        late_of: row.maybe_day("late_of")?,
    })
}

/// What an account came to.
pub(super) fn account_balance(row: Columns<'_>) -> Detailed<AccountBalance> {
    Ok(AccountBalance {
        account: row.parsed("account")?,
        debit: row.fen("debit_fen")?,
        credit: row.fen("credit_fen")?,
    })
}

/// The totals of one platform and campaign.
pub(super) fn daily_total(row: Columns<'_>) -> Detailed<DailyTotal> {
    Ok(DailyTotal {
        platform: row.parsed("partner")?,
        campaign_id: row.parsed("campaign_id")?,
        organization: row.organization("organization")?,
        captures: row.integer("captures")?,
        captured: row.fen("captured_fen")?,
        refunds: row.integer("refunds")?,
        refunded: row.fen("refunded_fen")?,
    })
}

/// Lays out authorizations that were read with one row a voucher; gives those that have refunds,
/// which are read apart.
pub(super) fn take_authorizations(
    laid: &mut Laid,
    found: Vec<StoredAuthorization>,
) -> BTreeMap<AuthorizationId, usize> {
    let mut refunded = BTreeMap::new();
    for StoredAuthorization { authorization: one, refunds, chain } in found {
        if refunds > 0 {
            refunded.insert(one.authorization_id, refunds);
        }
        if let (Some(shop_id), Some(chain)) = (one.shop_id.clone(), chain) {
            laid.chains.insert(ShopKey { platform: one.partner.clone(), shop_id }, chain);
        }
        match laid.authorizations.entry(one.authorization_id) {
            Entry::Vacant(place) => drop(place.insert(one)),
            Entry::Occupied(mut known) => known.get_mut().vouchers.extend(one.vouchers),
        }
    }
    refunded
}

/// Adds their refunds, in order, to the authorizations that have some. One that was made since the
/// authorizations were read is left out, as they do not know of it.
pub(super) fn take_refunds(
    laid: &mut Laid,
    refunded: &BTreeMap<AuthorizationId, usize>,
    found: Vec<(AuthorizationId, StoredRefund)>,
) -> Result<(), StoreError> {
    for (id, stored) in found {
        let Some(authorization) = laid.authorizations.get_mut(&id) else { continue };
        if Some(&authorization.refunds.len()) == refunded.get(&id) {
            continue;
        }
        let StoredRefund { request_id, returned, rights, booked } = stored;
        let returned = returned.unwrap_or_else(|| authorization.left_amounts());
        authorization.refunds.push(RefundPart { request_id, returned, rights, booked });
    }
    let count = |id| laid.authorizations.get(id).map_or(0, |known| known.refunds.len());
    match refunded.iter().find(|(id, refunds)| count(id) != **refunds) {
        None => Ok(()),
        Some((id, refunds)) => Err(StoreError::Corrupt {
            table: "refund",
            id: id.to_string(),
            detail: format!("{} of {refunds} refunds were found", count(id)),
        }),
    }
}

/// The vouchers of the authorizations that are not laid out themselves.
pub(super) fn vouchers_missing(laid: &Laid) -> BTreeSet<VoucherId> {
    let parts = laid.authorizations.values().flat_map(|authorization| &authorization.vouchers);
    let ids = parts.map(|applied| applied.voucher_id);
    ids.filter(|id| !laid.vouchers.contains_key(id)).collect()
}

/// Each voucher of an authorization must be in its wallet.
pub(super) fn require_vouchers(laid: &Laid) -> Result<(), StoreError> {
    match vouchers_missing(laid).first() {
        None => Ok(()),
        Some(id) => Err(in_no_wallet(*id)),
    }
}

/// Some voucher of an authorization was not found.
pub(super) fn in_no_wallet(id: VoucherId) -> StoreError {
    let detail = String::from("the voucher is in no wallet");
    StoreError::Corrupt { table: "authorization_voucher", id: id.to_string(), detail }
}

/// Lays out campaigns, which every voucher must have.
pub(super) fn take_campaigns(laid: &mut Laid, found: Vec<Campaign>) -> Result<(), StoreError> {
    laid.campaigns.extend(found.into_iter().map(|one| (one.campaign_id.clone(), one)));
    match laid.vouchers.values().find(|own| !laid.campaigns.contains_key(&own.campaign_id)) {
        None => Ok(()),
        Some(voucher) => Err(StoreError::Corrupt {
            table: "wallet_voucher",
            id: voucher.voucher_id.to_string(),
            detail: String::from("its campaign is not known"),
        }),
    }
}
