use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use clock::{BusinessDay, Timestamp, Zone};
use futures::TryStreamExt as _;

use super::LawProblem;
use super::snapshot::{Row, Rule, Snapshot};
use super::statement_file::{Head, Key, Kind, Writer};
use super::statement_sums::StatementSums;
use super::verdict::{Finding, Law, Verdict};
use crate::hex::hex;

/// All kinds of counterparty have statements of the same rows, so one kind is the sum.
const FIGURES: &str = "
    SELECT (SELECT COUNT(*) FROM business_day WHERE state = 'CLOSED') AS closed_days,
      (SELECT COUNT(*) FROM business_day WHERE state = 'OPEN') AS open_days,
      COUNT(*) AS statements,
      CAST(COALESCE(SUM(CASE WHEN kind = 'PLATFORM' THEN captured_fen - refunded_fen ELSE 0 END), 0)
        AS BIGINT) AS statements_fen
    FROM statement";

const RULES: &[Rule] = &[
    Rule {
        what: "orders booked on another day than their transaction",
        sql: "
    SELECT j.transaction_id, j.kind, j.business_day, a.captured_on, r.refunded_on
    FROM journal AS j JOIN \"authorization\" AS a
      ON a.shard = j.shard AND a.authorization_id = j.authorization_id
    LEFT JOIN refund AS r ON r.shard = j.shard AND r.authorization_id = j.authorization_id
      AND r.part = j.part
    WHERE j.business_day <> COALESCE(
      CASE WHEN j.kind = 'CAPTURE' THEN a.captured_on ELSE r.refunded_on END, '')",
    },
    Rule {
        what: "days whose closing time is not that of their state",
        sql:
            "
    SELECT day, state, closed_at FROM business_day
    WHERE (state = 'CLOSED' AND closed_at IS NULL) OR (state <> 'CLOSED' AND closed_at IS NOT NULL)",
    },
];

/// The rows of every statement, in its order. The amount is that of the first entry.
const ROWS: &str = "
    SELECT j.business_day, j.partner, j.kind, j.transaction_id, j.authorization_id, j.order_number,
      j.campaign_id, j.organization, j.voucher_id, j.created_at, j.late_of, j.shop_id, j.chain,
      a.shop_id AS order_shop_id, a.chain AS order_chain, e.amount_fen
    FROM journal AS j LEFT JOIN entry AS e
      ON e.shard = j.shard AND e.transaction_id = j.transaction_id AND e.position = 0
    LEFT JOIN \"authorization\" AS a
      ON a.shard = j.shard AND a.authorization_id = j.authorization_id
    ORDER BY j.business_day, j.partner, j.created_at, j.transaction_id";

/// Law R5: a statement of a closed day never changes, so that it is still the file that the
/// journal gives; closed statements and the open days are all that was captured and not refunded;
/// what came late is on the open day that followed; and of a closed day all platforms' statements,
/// all funders', and all chains' with the rows that are no chain's come to the same. `net_fen` is
/// what law R2 worked out anew to be captured and not refunded.
pub(super) async fn check(redemption: &mut Snapshot, net_fen: i64) -> Result<Verdict, LawProblem> {
    let mut verdict = redemption.judge(Law::R5, FIGURES, RULES).await?;
    verdict.figure("captured_less_refunded_fen", net_fen);
    let mut audit = Audit::begin(redemption).await?;
    let mut rows = redemption.rows(ROWS);
    while let Some(row) = rows.try_next().await? {
        audit.take(&row)?;
    }
    audit.finish(&mut verdict);
    Ok(verdict)
}

/// What is known of a business day.
struct Day {
    is_closed: bool,
    /// Whether its funders' statements are made.
    has_funders: bool,
}

struct Audit {
    zone: Zone,
    days: BTreeMap<String, Day>,
    /// The statements that no row was read for yet.
    heads: BTreeMap<Key, Head>,
    /// The files that the journal gives of one day.
    writers: BTreeMap<Key, Writer>,
    sums: StatementSums,
    statements_fen: i64,
    open_fen: i64,
    unlike: Finding,
    early: Finding,
    misplaced: Finding,
    astray: Finding,
}

impl Audit {
    async fn begin(redemption: &mut Snapshot) -> Result<Self, LawProblem> {
        let mut days = BTreeMap::new();
        let mut found = redemption.rows("SELECT * FROM business_day");
        while let Some(row) = found.try_next().await? {
            let is_closed = row.get::<&str>("state")? == "CLOSED";
            let has_funders = row.get::<i64>("funders")? == 1;
            days.insert(row.get("day")?, Day { is_closed, has_funders });
        }
        drop(found);
        let mut heads = BTreeMap::new();
        let mut statements = redemption.rows("SELECT * FROM statement");
        let (mut sums, mut statements_fen) = (StatementSums::default(), 0);
        while let Some(row) = statements.try_next().await? {
            let (key, head) = (Key::of_statement(&row)?, Head::stated(&row)?);
            sums.add_statement(&key.day, key.kind, &head);
            if key.kind == Kind::Platform {
                statements_fen += head.captured_fen - head.refunded_fen;
            }
            heads.insert(key, head);
        }
        Ok(Self {
            zone: Zone::shanghai(),
            days,
            heads,
            writers: BTreeMap::new(),
            sums,
            statements_fen,
            open_fen: 0,
            unlike: Finding::none_yet("closed days whose statement is not what the journal gives"),
            early: Finding::none_yet("statements of a day that is not closed, or without a row"),
            misplaced: Finding::none_yet("transactions on a day that is not theirs"),
            astray: Finding::none_yet("transactions in a chain's statement that is not theirs"),
        })
    }

    fn take(&mut self, row: &Row) -> Result<(), LawProblem> {
        let day: &str = row.get("business_day")?;
        if self.writers.keys().next().is_some_and(|key| key.day != day) {
            self.end_day();
        }
        let amount_fen = row.get::<Option<i64>>("amount_fen")?.unwrap_or(0).saturating_abs();
        for key in Key::of_row(row)? {
            let format = self.heads.get(&key).map_or_else(|| key.format(), |head| head.format);
            let writer = match self.writers.entry(key) {
                Entry::Occupied(writer) => writer.into_mut(),
                Entry::Vacant(place) => {
                    let writer = Writer::begin(format, place.key());
                    place.insert(writer)
                }
            };
            writer.line(row, amount_fen)?;
        }
        self.sums.add_row(row, amount_fen)?;
        self.check_chain(row)?;
        self.check_day(row, day)
    }

    /// A row is on the day of the clock, or, when that was closed, on a later one that names it.
    fn check_day(&mut self, row: &Row, day: &str) -> Result<(), LawProblem> {
        let created_at = Timestamp::from_micros(row.get("created_at")?);
        let today = BusinessDay::of(created_at, &self.zone).to_string();
        let is_closed = |day: &str| self.days.get(day).is_some_and(|day| day.is_closed);
        let in_place = match row.get::<Option<&str>>("late_of")? {
            None => day == today,
            Some(late_of) => late_of == today && day > late_of && is_closed(late_of),
        };
        if !in_place || !self.days.contains_key(day) {
            let id: &[u8] = row.get("transaction_id")?;
            self.misplaced.add(|| format!("transaction {} of {today} on {day}", hex(id)));
        }
        Ok(())
    }

    /// A row is of its order's shop, and counts as the chain that the order was captured in when the
    /// registering organization is, or is above, the one that pays.
    fn check_chain(&mut self, row: &Row) -> Result<(), LawProblem> {
        let text = |column| row.get::<Option<&str>>(column);
        let payer: &str = row.get("organization")?;
        let concerns = |chain: &&str| {
            let registrar = chain.split(':').next().unwrap_or_default();
            let below = payer.strip_prefix(registrar);
            below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let due = text("order_chain")?.filter(concerns);
        if text("shop_id")? != text("order_shop_id")? || text("chain")? != due {
            let id: &[u8] = row.get("transaction_id")?;
            self.astray.add(|| format!("transaction {} of {payer}", hex(id)));
        }
        Ok(())
    }

    fn end_day(&mut self) {
        for (key, writer) in std::mem::take(&mut self.writers) {
            self.end_statement(&key, &writer.finish());
        }
    }

    fn end_statement(&mut self, key: &Key, given: &Head) {
        let stated = self.heads.remove(key);
        let day = self.days.get(&key.day);
        if day.is_some_and(|day| day.is_closed) {
            // A day that an older version closed has none for its funders until days are next
            // closed.
            let is_due = key.kind != Kind::Funder || day.is_some_and(|day| day.has_funders);
            if stated.as_ref() != Some(given) && (is_due || stated.is_some()) {
                self.unlike.add(|| key.to_string());
            }
        } else {
            if key.kind == Kind::Platform {
                self.open_fen += given.captured_fen - given.refunded_fen;
            }
            if stated.is_some() {
                self.early.add(|| key.to_string());
            }
        }
    }

    fn finish(mut self, verdict: &mut Verdict) {
        self.end_day();
        for key in self.heads.keys() {
            self.early.add(|| key.to_string());
        }
        verdict.figure("open_fen", self.open_fen);
        let net = verdict.figures.get("captured_less_refunded_fen").copied().unwrap_or(0);
        let mut adrift = Finding::none_yet("sums of statements and open days that are adrift");
        let together = self.statements_fen + self.open_fen;
        if together != net {
            adrift.add(|| format!("{together} fen, but {net} captured less refunded"));
        }
        let closed =
            |day: &str| self.days.get(day).filter(|day| day.is_closed).map(|day| day.has_funders);
        let unequal = self.sums.judge(closed);
        for finding in [self.unlike, self.early, self.misplaced, self.astray, adrift, unequal] {
            verdict.find(finding);
        }
    }
}
