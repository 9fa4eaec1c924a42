use member_identity::AuthorizationId;

use super::LawProblem;
use super::acks::{Ack, Acks, CheckoutAck, OK};
use super::snapshot::{Bind, Rule, Snapshot, places};
use super::verdict::{Finding, Law, Verdict};

/// Answers that are looked up by one query.
const AT_ONCE: usize = 200;

/// The refusals of the checkout that are stored for ever. Any other (an unknown member, a wrong
/// token, an overload) is judged anew when it is sent again.
const REMEMBERED: [&str; 32] = [
    "NO_VOUCHER",
    "VOUCHER_UNKNOWN",
    "VOUCHER_HELD",
    "VOUCHER_USED",
    "VOUCHER_NOT_YET_VALID",
    "VOUCHER_EXPIRED",
    "BELOW_THRESHOLD",
    "GOODS_NOT_COVERED",
    "REGION_NOT_COVERED",
    "OUTSIDE_HOURS",
    "SHOP_UNKNOWN",
    "SHOP_BLOCKED",
    "TERMINAL_BLOCKED",
    "SHOP_REGION_DIFFERS",
    "SHOP_NOT_LISTED",
    "REDEEMING_STOPPED",
    "NOT_COMBINABLE",
    "ORDER_ALREADY_AUTHORIZED",
    "ALREADY_VOIDED",
    "ALREADY_CAPTURED",
    "HOLD_EXPIRED",
    "ALREADY_REFUNDED",
    "NOT_CAPTURED",
    "VOIDED_BEFORE_AUTHORIZE",
    "AUTHORIZATION_UNKNOWN",
    "NOTHING_LEFT",
    "ORDER_CAP_REACHED",
    "USES_OF_PERIOD_SPENT",
    "PORTION_ABOVE_ORDER",
    "PORTION_LINE_UNKNOWN",
    "TOO_MANY_REFUNDS",
    "NO_LONGER_ELIGIBLE",
];

const FIGURES: &str = "
    SELECT COUNT(*) AS requests,
      CAST(COALESCE(SUM(CASE WHEN outcome = 'OK' THEN 1 ELSE 0 END), 0) AS BIGINT) AS ok
    FROM request";

const RULES: &[Rule] = &[
    Rule {
        what: "requests whose authorization is not the caller's, or not there",
        sql: "
    SELECT r.partner, r.verb, r.request_id, r.authorization_id
    FROM request AS r LEFT JOIN \"authorization\" AS a
      ON a.shard = r.shard AND a.authorization_id = r.authorization_id AND a.partner = r.partner
    WHERE r.authorization_id IS NOT NULL AND a.authorization_id IS NULL",
    },
    Rule {
        what: "requests that did something to nothing",
        sql: "
    SELECT partner, verb, request_id FROM request
    WHERE outcome = 'OK' AND authorization_id IS NULL AND verb <> 'VOID'",
    },
    Rule {
        what: "authorizations that are not what their request was answered with",
        sql: "
    SELECT a.authorization_id, a.partner, a.authorize_request_id
    FROM \"authorization\" AS a LEFT JOIN request AS r ON r.partner = a.partner
      AND r.verb = 'AUTHORIZE' AND r.request_id = a.authorize_request_id AND r.outcome = 'OK'
      AND r.shard = a.shard AND r.authorization_id = a.authorization_id
    WHERE r.request_id IS NULL",
    },
];

/// Law A1 at the checkout: every answer stands as it was given, and every authorization is the
/// answer to its request.
pub(super) async fn check(
    redemption: &mut Snapshot,
    acks: Option<&Acks>,
) -> Result<Verdict, LawProblem> {
    let mut verdict = redemption.judge(Law::A1, FIGURES, RULES).await?;
    let Some(acks) = acks else {
        verdict.lacks_input();
        return Ok(verdict);
    };
    let mut changed = Finding::none_yet("acknowledged answers that are not stored as acknowledged");
    let (mut lines, mut batch, mut seen) = (acks.lines()?, Vec::with_capacity(AT_ONCE), 0);
    loop {
        let ack = lines.next()?;
        let last = ack.is_none();
        if let Some((verb, ack)) = ack.and_then(stored_verb) {
            batch.push((verb, ack));
            seen += 1;
        }
        if batch.len() == AT_ONCE || (last && !batch.is_empty()) {
            look_up(redemption, &batch, &mut changed).await?;
            batch.clear();
        }
        if last {
            break;
        }
    }
    verdict.count("acknowledged", seen);
    verdict.find(changed);
    Ok(verdict)
}

/// The verb as it is stored, when the answer is.
fn stored_verb(ack: Ack) -> Option<(&'static str, CheckoutAck)> {
    let (verb, ack) = match ack {
        Ack::Claim(_) => return None,
        Ack::Authorize(ack) => ("AUTHORIZE", ack),
        Ack::Capture(ack) => ("CAPTURE", ack),
        Ack::Void(ack) => ("VOID", ack),
        Ack::Refund(ack) => ("REFUND", ack),
    };
    let stored = ack.answer == OK || REMEMBERED.contains(&ack.answer.as_str());
    stored.then_some((verb, ack))
}

const BY_KEY: &str = "
    SELECT wanted.column1 AS at, r.outcome, r.reason, r.authorization_id
    FROM (VALUES {places}) AS wanted
    LEFT JOIN request AS r ON r.partner = wanted.column2 AND r.verb = wanted.column3
      AND r.request_id = wanted.column4";

async fn look_up(
    redemption: &mut Snapshot,
    batch: &[(&'static str, CheckoutAck)],
    changed: &mut Finding,
) -> Result<(), LawProblem> {
    let binds = batch.iter().enumerate().flat_map(|(at, (verb, ack))| {
        let text = |text: &str| Bind::Text(text.to_owned());
        [Bind::Integer(at as i64), text(&ack.caller), text(verb), text(&ack.request_id)]
    });
    let binds = binds.collect();
    let rows =
        redemption.look_up(BY_KEY.replace("{places}", &places(batch.len(), 4)), binds).await?;
    for row in rows {
        let at = usize::try_from(row.get::<i64>("at")?).unwrap_or(usize::MAX);
        let Some((verb, ack)) = batch.get(at) else { continue };
        let stored = match row.get::<Option<&str>>("outcome")? {
            Some(OK) => Some(OK),
            _ => row.get::<Option<&str>>("reason")?,
        };
        let id = row.get::<Option<&[u8]>>("authorization_id")?;
        let id = id.and_then(|bytes| AuthorizationId::try_from(bytes).ok());
        let same_id = ack.answer != OK || id.map(|id| id.to_string()) == ack.authorization_id;
        if stored != Some(ack.answer.as_str()) || !same_id {
            let CheckoutAck { caller, request_id, answer, .. } = ack;
            let stored = stored.unwrap_or("nothing");
            changed.add(|| format!("{caller} {verb} {request_id}: {answer}, stored {stored}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use redemption::domain::Reason;

    use super::REMEMBERED;

    /// Other content under a known id leaves the stored answer as it is; what nobody could tell is
    /// asked again; and no order names a campaign.
    const NOT_REMEMBERED: [Reason; 3] =
        [Reason::RequestIdReused, Reason::BenefitNotAvailableNow, Reason::CampaignUnknown];

    #[test]
    fn every_reason_of_the_checkout_is_remembered_but_those_that_are_judged_anew() {
        let all = Reason::ALL.into_iter().filter(|reason| !NOT_REMEMBERED.contains(reason));
        let all: BTreeSet<&str> = all.map(Reason::name).collect();
        assert_eq!(BTreeSet::from(REMEMBERED), all);
    }
}
