use std::cmp::Ordering;
use std::collections::HashMap;

use benefit::programme::Programme;
use clock::{BusinessDay, Timestamp};
use futures::TryStreamExt as _;

use super::LawProblem;
use super::campaigns::Campaigns;
use super::snapshot::{Row, Rule, Snapshot};
use super::verdict::{Finding, Law, Verdict};
use crate::hex::hex;

const FIGURES: &str = "
    SELECT (SELECT COUNT(*) FROM voucher) AS vouchers,
      (SELECT COUNT(*) FROM person_limit) AS limit_rows";

const RULES: &[Rule] = &[
    Rule {
        what: "limit rows whose numbers are not 1 to their count",
        sql: "
    SELECT person_key, limit_id, period, COUNT(*) AS rows_found, MIN(n) AS first_n, MAX(n) AS last_n
    FROM person_limit GROUP BY person_key, limit_id, period
    HAVING MIN(n) <> 1 OR MAX(n) <> COUNT(*) OR COUNT(DISTINCT n) <> COUNT(*)",
    },
    Rule {
        what: "limit rows of no voucher of the person",
        sql: "
    SELECT l.person_key, l.limit_id, l.period, l.n, l.voucher_id
    FROM person_limit AS l LEFT JOIN voucher AS v
      ON v.slice = l.slice AND v.voucher_id = l.voucher_id AND v.person_key = l.person_key
    WHERE v.voucher_id IS NULL",
    },
];

/// Each voucher with its limit row, or with none, person by person.
const BY_PERSON: &str = "
    SELECT v.person_key, v.voucher_id, v.campaign_id, v.issued_at, l.limit_id,
      l.period AS limit_period
    FROM voucher AS v LEFT JOIN person_limit AS l
      ON l.person_key = v.person_key AND l.slice = v.slice AND l.voucher_id = v.voucher_id
    ORDER BY v.person_key, v.voucher_id";

const BY_MEMBER: &str =
    "SELECT member_id, person_key, voucher_id FROM voucher ORDER BY member_id, voucher_id";
const MEMBERS: &str = "SELECT member_id, person_key FROM member ORDER BY member_id";

/// Law I2: at most the allowed number a person and limit period. Counted twice: from the limit
/// rows, and from the vouchers themselves, whose day is computed here from when they were issued.
pub(super) async fn check(
    issuance: &mut Snapshot,
    eligibility: &mut Snapshot,
    campaigns: &Campaigns,
) -> Result<Verdict, LawProblem> {
    let mut verdict = issuance.judge(Law::I2, FIGURES, RULES).await?;
    verdict.find(campaigns.unreadable());
    let mut count = Count::new(campaigns);
    let mut rows = issuance.rows(BY_PERSON);
    while let Some(row) = rows.try_next().await? {
        count.take(&row)?;
    }
    drop(rows);
    count.finish(&mut verdict);
    verdict.find(persons(issuance, eligibility).await?);
    Ok(verdict)
}

/// Counting the vouchers of one person after the other.
struct Count<'a> {
    campaigns: &'a Campaigns,
    person: Vec<u8>,
    voucher: Vec<u8>,
    /// How many the person has, by campaign and limit period.
    has: HashMap<(String, String), u32>,
    persons: u64,
    most: u32,
    unlimited: Finding,
    doubled: Finding,
    misplaced: Finding,
    above: Finding,
}

impl<'a> Count<'a> {
    fn new(campaigns: &'a Campaigns) -> Self {
        Self {
            campaigns,
            person: Vec::new(),
            voucher: Vec::new(),
            has: HashMap::new(),
            persons: 0,
            most: 0,
            unlimited: Finding::none_yet("vouchers without a limit row"),
            doubled: Finding::none_yet("vouchers with more than one limit row"),
            misplaced: Finding::none_yet("limit rows of another limit or period"),
            above: Finding::none_yet("persons with more vouchers than allowed"),
        }
    }

    fn take(&mut self, row: &Row) -> Result<(), LawProblem> {
        let (person, voucher): (&[u8], &[u8]) = (row.get("person_key")?, row.get("voucher_id")?);
        if self.person != person {
            self.end_person();
            self.person = person.to_owned();
            self.persons += 1;
        } else if self.voucher == voucher {
            self.doubled.add(|| format!("voucher {}", hex(voucher)));
            return Ok(());
        }
        self.voucher = voucher.to_owned();
        let campaign_id: &str = row.get("campaign_id")?;
        let Some(programme) = self.campaigns.programme(campaign_id) else { return Ok(()) };
        let issued_at = Timestamp::from_micros(row.get("issued_at")?);
        let period = limit_period(programme, issued_at);
        match (row.get::<Option<&str>>("limit_id")?, row.get::<Option<&str>>("limit_period")?) {
            (Some(limit_id), Some(found)) => {
                if limit_id.strip_prefix("campaign:") != Some(campaign_id) || found != period {
                    self.misplaced.add(|| format!("voucher {}: {limit_id} {found}", hex(voucher)));
                }
            }
            _ => self.unlimited.add(|| format!("voucher {}", hex(voucher))),
        }
        *self.has.entry((campaign_id.to_owned(), period)).or_default() += 1;
        Ok(())
    }

    fn end_person(&mut self) {
        for ((campaign_id, period), has) in self.has.drain() {
            let programme = self.campaigns.programme(&campaign_id);
            let allowed = programme.map_or(0, |programme| programme.person_limit);
            self.most = self.most.max(has);
            if has > allowed {
                let person = hex(&self.person);
                self.above.add(|| format!("{person}: {has} of {allowed} {campaign_id} {period}"));
            }
        }
    }

    fn finish(mut self, verdict: &mut Verdict) {
        self.end_person();
        verdict.count("persons", self.persons);
        verdict.figure("most_per_person", i64::from(self.most));
        for finding in [self.unlimited, self.doubled, self.misplaced, self.above] {
            verdict.find(finding);
        }
    }
}

/// The limit period of an instant, as limit rows spell it.
fn limit_period(programme: &Programme, at: Timestamp) -> String {
    match programme.limit_period {
        benefit::LimitPeriod::Day => format!("day:{}", BusinessDay::of(at, &programme.zone)),
        benefit::LimitPeriod::Campaign => "campaign".to_owned(),
    }
}

/// Vouchers whose person is not the one whose membership they were claimed with: whatever the
/// account or the card, a person is one person.
async fn persons(
    issuance: &mut Snapshot,
    eligibility: &mut Snapshot,
) -> Result<Finding, LawProblem> {
    let mut finding = Finding::none_yet("vouchers whose member is not the person");
    let mut vouchers = issuance.rows(BY_MEMBER);
    let mut members = eligibility.rows(MEMBERS);
    let mut member = members.try_next().await?;
    while let Some(voucher) = vouchers.try_next().await? {
        let wanted: &[u8] = voucher.get("member_id")?;
        let order = loop {
            let Some(known) = &member else { break Ordering::Greater };
            match known.get::<&[u8]>("member_id")?.cmp(wanted) {
                Ordering::Less => member = members.try_next().await?,
                order => break order,
            }
        };
        let person = match &member {
            Some(known) if order == Ordering::Equal => Some(known.get::<&[u8]>("person_key")?),
            _ => None,
        };
        if person != Some(voucher.get("person_key")?) {
            let voucher_id: &[u8] = voucher.get("voucher_id")?;
            finding.add(|| format!("voucher {}", hex(voucher_id)));
        }
    }
    Ok(finding)
}
