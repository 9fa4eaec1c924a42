use std::collections::BTreeMap;

use aws_lc_rs::digest;
use clock::{BusinessDay, Timestamp, Zone};
use futures::TryStreamExt as _;

use super::LawProblem;
use super::snapshot::{Row, Rule, Snapshot, hex};
use super::verdict::{Finding, Law, Verdict};

/// The first line of a statement's file.
const HEADER: &str = "line,business_day,kind,transaction_id,authorization_id,order_number,\
                      campaign_id,organization,voucher_id,amount_fen,at,late_of\n";

const FIGURES: &str = "
    SELECT (SELECT COUNT(*) FROM business_day WHERE state = 'CLOSED') AS closed_days,
      (SELECT COUNT(*) FROM business_day WHERE state = 'OPEN') AS open_days,
      COUNT(*) AS statements,
      CAST(COALESCE(SUM(captured_fen - refunded_fen), 0) AS BIGINT) AS statements_fen,
      (SELECT CAST(COALESCE(SUM(amount_fen), 0) AS BIGINT) FROM entry
       WHERE account LIKE 'fund:%') AS captured_less_refunded_fen
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
      j.campaign_id, j.organization, j.voucher_id, j.created_at, j.late_of, e.amount_fen
    FROM journal AS j LEFT JOIN entry AS e
      ON e.shard = j.shard AND e.transaction_id = j.transaction_id AND e.position = 0
    ORDER BY j.business_day, j.partner, j.created_at, j.transaction_id";

/// Law R5: a statement of a closed day never changes, so that it is still the file that the
/// journal gives; closed statements and the open days are all that was captured and not refunded;
/// what came late is on the open day that followed.
pub(super) async fn check(redemption: &mut Snapshot) -> Result<Verdict, LawProblem> {
    let mut verdict = redemption.judge(Law::R5, FIGURES, RULES).await?;
    let mut audit = Audit::begin(redemption).await?;
    let mut rows = redemption.rows(ROWS);
    while let Some(row) = rows.try_next().await? {
        audit.take(&row)?;
    }
    audit.finish(&mut verdict);
    Ok(verdict)
}

/// A day and a platform.
type Key = (String, String);

/// What a statement says that it holds: rows, captured, refunded, digest.
#[derive(PartialEq, Eq)]
struct Head {
    rows: i64,
    captured_fen: i64,
    refunded_fen: i64,
    sha256: Vec<u8>,
}

/// The file that the journal gives.
struct Writer {
    key: Key,
    head: Head,
    digest: digest::Context,
}

struct Audit {
    zone: Zone,
    /// Whether each day is closed.
    closed: BTreeMap<String, bool>,
    /// The statements that no row was read for yet.
    heads: BTreeMap<Key, Head>,
    writer: Option<Writer>,
    statements_fen: i64,
    open_fen: i64,
    unlike: Finding,
    early: Finding,
    misplaced: Finding,
}

impl Audit {
    async fn begin(redemption: &mut Snapshot) -> Result<Self, LawProblem> {
        let mut closed = BTreeMap::new();
        let mut days = redemption.rows("SELECT day, state FROM business_day");
        while let Some(row) = days.try_next().await? {
            closed.insert(row.get("day")?, row.get::<&str>("state")? == "CLOSED");
        }
        drop(days);
        let mut heads = BTreeMap::new();
        let mut statements = redemption.rows("SELECT * FROM statement");
        let mut statements_fen = 0;
        while let Some(row) = statements.try_next().await? {
            let head = Head {
                rows: row.get("rows")?,
                captured_fen: row.get("captured_fen")?,
                refunded_fen: row.get("refunded_fen")?,
                sha256: row.get("sha256")?,
            };
            statements_fen += head.captured_fen - head.refunded_fen;
            heads.insert((row.get("business_day")?, row.get("platform")?), head);
        }
        Ok(Self {
            zone: Zone::shanghai(),
            closed,
            heads,
            writer: None,
            statements_fen,
            open_fen: 0,
            unlike: Finding::none_yet("closed days whose statement is not what the journal gives"),
            early: Finding::none_yet("statements of a day that is not closed, or without a row"),
            misplaced: Finding::none_yet("transactions on a day that is not theirs"),
        })
    }

    fn take(&mut self, row: &Row) -> Result<(), LawProblem> {
        let (day, partner): (&str, &str) = (row.get("business_day")?, row.get("partner")?);
        let same = |writer: &Writer| writer.key.0 == day && writer.key.1 == partner;
        if !self.writer.as_ref().is_some_and(same) {
            self.end_statement();
            self.writer = Some(Writer::begin((day.to_owned(), partner.to_owned())));
        }
        let amount_fen = row.get::<Option<i64>>("amount_fen")?.unwrap_or(0).saturating_abs();
        let writer = self.writer.as_mut().expect("begun above");
        writer.line(row, amount_fen)?;
        self.check_day(row, day)
    }

    /// A row is on the day of the clock, or, when that was closed, on a later one that names it.
    fn check_day(&mut self, row: &Row, day: &str) -> Result<(), LawProblem> {
        let created_at = Timestamp::from_micros(row.get("created_at")?);
        let today = BusinessDay::of(created_at, &self.zone).to_string();
        let is_closed = |day: &str| self.closed.get(day).copied().unwrap_or(false);
        let in_place = match row.get::<Option<&str>>("late_of")? {
            None => day == today,
            Some(late_of) => late_of == today && day > late_of && is_closed(late_of),
        };
        if !in_place || !self.closed.contains_key(day) {
            let id: &[u8] = row.get("transaction_id")?;
            self.misplaced.add(|| format!("transaction {} of {today} on {day}", hex(id)));
        }
        Ok(())
    }

    fn end_statement(&mut self) {
        let Some(writer) = self.writer.take() else { return };
        let (key, given) = writer.finish();
        let shown = || format!("{} {}", key.0, key.1);
        let stated = self.heads.remove(&key);
        if self.closed.get(&key.0).copied().unwrap_or(false) {
            if stated.as_ref() != Some(&given) {
                self.unlike.add(shown);
            }
        } else {
            self.open_fen += given.captured_fen - given.refunded_fen;
            if stated.is_some() {
                self.early.add(shown);
            }
        }
    }

    fn finish(mut self, verdict: &mut Verdict) {
        self.end_statement();
        for (day, platform) in self.heads.keys() {
            self.early.add(|| format!("{day} {platform}"));
        }
        verdict.figure("open_fen", self.open_fen);
        let net = verdict.figures.get("captured_less_refunded_fen").copied().unwrap_or(0);
        let mut adrift = Finding::none_yet("sums of statements and open days that are adrift");
        let together = self.statements_fen + self.open_fen;
        if together != net {
            adrift.add(|| format!("{together} fen, but {net} captured less refunded"));
        }
        for finding in [self.unlike, self.early, self.misplaced, adrift] {
            verdict.find(finding);
        }
    }
}

impl Writer {
    fn begin(key: Key) -> Self {
        let mut digest = digest::Context::new(&digest::SHA256);
        digest.update(HEADER.as_bytes());
        let head = Head { rows: 0, captured_fen: 0, refunded_fen: 0, sha256: Vec::new() };
        Self { key, head, digest }
    }

    fn line(&mut self, row: &Row, amount_fen: i64) -> Result<(), LawProblem> {
        let text = |column| row.get::<&str>(column);
        let id = |column| row.get::<&[u8]>(column).map(hex);
        let kind = text("kind")?;
        match kind {
            "CAPTURE" => self.head.captured_fen += amount_fen,
            _ => self.head.refunded_fen += amount_fen,
        }
        self.head.rows += 1;
        let line = format!(
            "{},{},{kind},txn_{},aut_{},{},{},{},vch_{},{amount_fen},{},{}\n",
            self.head.rows,
            self.key.0,
            id("transaction_id")?,
            id("authorization_id")?,
            text("order_number")?,
            text("campaign_id")?,
            text("organization")?,
            id("voucher_id")?,
            Timestamp::from_micros(row.get("created_at")?),
            row.get::<Option<&str>>("late_of")?.unwrap_or_default(),
        );
        self.digest.update(line.as_bytes());
        Ok(())
    }

    fn finish(self) -> (Key, Head) {
        let sha256 = self.digest.finish().as_ref().to_vec();
        (self.key, Head { sha256, ..self.head })
    }
}
