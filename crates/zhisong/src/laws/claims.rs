use std::collections::{HashMap, HashSet};

use futures::TryStreamExt as _;
use member_identity::{MemberId, VoucherId};

use super::LawProblem;
use super::acks::{Ack, Acks, ClaimAck, OK, SOLD_OUT};
use super::snapshot::{Bind, Row, Rule, Snapshot, places};
use super::verdict::{Finding, Law, Verdict};

/// Answers that are looked up by one query.
const AT_ONCE: usize = 200;

const FIGURES: &str = "
    SELECT (SELECT COUNT(*) FROM voucher) AS vouchers,
      (SELECT COUNT(*) FROM claim_request) AS requests";

const RULES: &[Rule] = &[
    Rule {
        what: "vouchers that no request reaches",
        sql: "
    SELECT v.voucher_id, v.campaign_id, v.period, v.serial
    FROM voucher AS v LEFT JOIN claim_request AS r ON r.person_key = v.person_key
      AND r.slice = v.slice AND r.campaign_id = v.campaign_id AND r.voucher_id = v.voucher_id
      AND r.member_id = v.member_id
    WHERE r.voucher_id IS NULL",
    },
    Rule {
        what: "requests that got no such voucher",
        sql: "
    SELECT r.caller, r.campaign_id, r.request_id, r.voucher_id
    FROM claim_request AS r LEFT JOIN voucher AS v ON v.slice = r.slice
      AND v.voucher_id = r.voucher_id AND v.person_key = r.person_key
      AND v.campaign_id = r.campaign_id AND v.member_id = r.member_id
    WHERE v.voucher_id IS NULL",
    },
    Rule {
        what: "vouchers that several requests got",
        sql: "
    SELECT slice, voucher_id, COUNT(*) AS requests FROM claim_request
    GROUP BY slice, voucher_id HAVING COUNT(*) > 1",
    },
];

/// Law I3: every acknowledged voucher exists as acknowledged, and every stored voucher is reached
/// by its request.
pub(super) async fn kept(
    issuance: &mut Snapshot,
    acks: Option<&Acks>,
) -> Result<Verdict, LawProblem> {
    let mut verdict = issuance.judge(Law::I3, FIGURES, RULES).await?;
    let Some(acks) = acks else {
        verdict.lacks_input();
        return Ok(verdict);
    };
    let mut lost = Finding::none_yet("acknowledged vouchers that are not there as acknowledged");
    let (mut lines, mut batch, mut seen) = (acks.lines()?, Vec::with_capacity(AT_ONCE), 0);
    loop {
        let ack = lines.next()?;
        let last = ack.is_none();
        if let Some(Ack::Claim(claim)) = ack
            && claim.answer == OK
        {
            batch.push(claim);
            seen += 1;
        }
        if batch.len() == AT_ONCE || (last && !batch.is_empty()) {
            look_up(issuance, &batch, &mut lost).await?;
            batch.clear();
        }
        if last {
            break;
        }
    }
    verdict.count("acknowledged", seen);
    verdict.count("unfinished_lines", lines.unfinished());
    verdict.find(lost);
    Ok(verdict)
}

/// A voucher is in the slice of its shard, or in the one slice of a stock that is not cut: it is
/// looked for in both, each time by its whole key.
const BY_ID: &str = "
    SELECT wanted.column1 AS at, v.member_id, v.campaign_id, v.period, v.serial, r.caller,
      r.request_id
    FROM (VALUES {places}) AS wanted
    JOIN voucher AS v ON v.slice = wanted.column3 AND v.voucher_id = wanted.column2
    LEFT JOIN claim_request AS r ON r.person_key = v.person_key AND r.slice = v.slice
      AND r.campaign_id = v.campaign_id AND r.voucher_id = v.voucher_id";

async fn look_up(
    issuance: &mut Snapshot,
    batch: &[ClaimAck],
    lost: &mut Finding,
) -> Result<(), LawProblem> {
    let binds = batch.iter().enumerate().flat_map(|(at, claim)| {
        let id = claim.voucher_id.as_deref().and_then(|id| id.parse::<VoucherId>().ok());
        let id = id.expect("the line was checked when it was read");
        [0, i64::from(id.shard().0)].into_iter().flat_map(move |slice| {
            [Bind::Integer(at as i64), Bind::Bytes(id.as_bytes().to_vec()), Bind::Integer(slice)]
        })
    });
    let binds = binds.collect();
    let sql = BY_ID.replace("{places}", &places(2 * batch.len(), 3));
    let rows = issuance.look_up(sql, binds).await?;
    let mut found = vec![false; batch.len()];
    for row in rows {
        let at = usize::try_from(row.get::<i64>("at")?).unwrap_or(usize::MAX);
        if let (Some(claim), Some(found)) = (batch.get(at), found.get_mut(at)) {
            *found |= is_as_acknowledged(&row, claim)?;
        }
    }
    for (claim, _) in batch.iter().zip(found).filter(|(_, found)| !found) {
        let ClaimAck { caller, campaign_id, request_id, .. } = claim;
        lost.add(|| format!("{caller} {campaign_id} {request_id}"));
    }
    Ok(())
}

fn is_as_acknowledged(row: &Row, claim: &ClaimAck) -> Result<bool, LawProblem> {
    let text = |column| row.get::<Option<String>>(column);
    let member_id = row.get::<Option<&[u8]>>("member_id")?;
    let member_id = member_id.and_then(|bytes| MemberId::try_from(bytes).ok());
    let stored = (
        member_id.map(|id| id.to_string()),
        text("campaign_id")?,
        text("period")?,
        row.get::<Option<i64>>("serial")?,
        text("caller")?,
        text("request_id")?,
    );
    let ClaimAck { caller, campaign_id, request_id, member_id, stock_period, serial, .. } = claim;
    let own = |text: &String| Some(text.clone());
    Ok(stored
        == (
            own(member_id),
            own(campaign_id),
            stock_period.clone(),
            *serial,
            own(caller),
            own(request_id),
        ))
}

/// What callers were told about one stock.
#[derive(Default)]
struct Told {
    /// Members who got one, or none because nothing was left.
    demand: HashSet<MemberId>,
    sold_out: u64,
}

const STOCKS: &str = "
    SELECT campaign_id, period, CAST(SUM(quota) AS BIGINT) AS quota,
      CAST(SUM(issued) AS BIGINT) AS issued, CAST(SUM(returned) AS BIGINT) AS returned
    FROM stock GROUP BY campaign_id, period";

/// Law I4: a stock that was said to be sold out has given out its quota, and a demand of at least
/// the quota ends with exactly the quota.
pub(super) async fn sold_out(
    issuance: &mut Snapshot,
    acks: Option<&Acks>,
) -> Result<Verdict, LawProblem> {
    let mut verdict = Verdict::holds(Law::I4);
    let Some(acks) = acks else {
        verdict.lacks_input();
        return Ok(verdict);
    };
    let mut told = told(acks)?;
    let sum = |figure: fn(&Told) -> u64| told.values().map(figure).sum();
    verdict.count("sold_out_answers", sum(|told| told.sold_out));
    verdict.count("demand", sum(|told| told.demand.len() as u64));
    let mut left = Finding::none_yet("stocks that were said to be sold out and have some left");
    let mut unmet = Finding::none_yet("stocks that did not end with exactly their quota");
    let mut full = 0;
    let mut rows = issuance.rows(STOCKS);
    while let Some(row) = rows.try_next().await? {
        let key = (row.get("campaign_id")?, row.get("period")?);
        let Some(told) = told.remove(&key) else { continue };
        let (quota, issued): (i64, i64) = (row.get("quota")?, row.get("issued")?);
        let returned: i64 = row.get("returned")?;
        full += u64::from(issued - returned >= quota);
        let shown = || format!("{} {}: {issued} of {quota}", key.0, key.1);
        // What is returned after the answer is there to be had again; before it, it was given out.
        if told.sold_out > 0 && issued < quota {
            left.add(shown);
        }
        if told.demand.len() as i64 >= quota && issued - returned != quota && returned == 0 {
            unmet.add(shown);
        }
    }
    // A stock has no row until its first voucher is given out.
    for ((campaign_id, period), told) in told.iter().filter(|(_, told)| told.sold_out > 0) {
        left.add(|| format!("{campaign_id} {period}: none given out, {} told", told.sold_out));
    }
    verdict.count("stocks_given_out", full);
    verdict.find(left);
    verdict.find(unmet);
    Ok(verdict)
}

fn told(acks: &Acks) -> Result<HashMap<(String, String), Told>, LawProblem> {
    let mut stocks: HashMap<(String, String), Told> = HashMap::new();
    let mut lines = acks.lines()?;
    while let Some(ack) = lines.next()? {
        let Ack::Claim(claim) = ack else { continue };
        let ClaimAck { campaign_id, member_id, answer, stock_period, .. } = claim;
        let (OK | SOLD_OUT, Some(period)) = (answer.as_str(), stock_period) else { continue };
        let told = stocks.entry((campaign_id, period)).or_default();
        told.sold_out += u64::from(answer == SOLD_OUT);
        told.demand.insert(member_id.parse().expect("the line was checked when it was read"));
    }
    Ok(stocks)
}
