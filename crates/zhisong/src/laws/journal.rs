use super::LawProblem;
use super::snapshot::{Rule, Snapshot};
use super::verdict::{Law, Verdict};

const FIGURES: &str = "
    SELECT (SELECT COUNT(*) FROM journal) AS transactions, COUNT(*) AS entries,
      CAST(COALESCE(SUM(amount_fen), 0) AS BIGINT) AS sum_fen,
      (SELECT COUNT(*) FROM account_day) AS account_days
    FROM entry";

const RULES: &[Rule] = &[
    Rule {
        what: "transactions whose entries do not come to zero",
        sql: "
    SELECT j.transaction_id, j.kind, e.entries, e.sum_fen
    FROM journal AS j LEFT JOIN (
      SELECT shard, transaction_id, COUNT(*) AS entries,
        CAST(SUM(amount_fen) AS BIGINT) AS sum_fen
      FROM entry GROUP BY shard, transaction_id
    ) AS e ON e.shard = j.shard AND e.transaction_id = j.transaction_id
    WHERE COALESCE(e.entries, 0) < 2 OR e.sum_fen <> 0",
    },
    Rule {
        what: "entries of no transaction",
        sql: "
    SELECT e.transaction_id, e.position, e.account, e.amount_fen
    FROM entry AS e LEFT JOIN journal AS j
      ON j.shard = e.shard AND j.transaction_id = e.transaction_id
    WHERE j.transaction_id IS NULL",
    },
    Rule {
        what: "vouchers whose spent money is not that of their entries",
        sql: "
    SELECT w.voucher_id, w.spent_fen, s.entries_fen
    FROM wallet_voucher AS w LEFT JOIN (
      SELECT j.shard, j.voucher_id, CAST(SUM(e.amount_fen) AS BIGINT) AS entries_fen
      FROM journal AS j JOIN entry AS e
        ON e.shard = j.shard AND e.transaction_id = j.transaction_id AND e.position = 0
      GROUP BY j.shard, j.voucher_id
    ) AS s ON s.shard = w.shard AND s.voucher_id = w.voucher_id
    WHERE w.spent_fen <> COALESCE(s.entries_fen, 0)",
    },
    // A capture debits the fund and credits the platform; a refund does the reverse.
    Rule {
        what: "entries on another account, or on its other side",
        sql: "
    SELECT e.transaction_id, e.position, e.account, e.amount_fen, j.kind
    FROM entry AS e JOIN journal AS j
      ON j.shard = e.shard AND j.transaction_id = e.transaction_id
    WHERE NOT (
      (e.account = 'fund:' || j.organization || ':' || j.campaign_id
       AND CASE WHEN j.kind = 'CAPTURE' THEN e.amount_fen ELSE -e.amount_fen END >= 0)
      OR (e.account = 'platform:' || j.partner
          AND CASE WHEN j.kind = 'CAPTURE' THEN -e.amount_fen ELSE e.amount_fen END >= 0))",
    },
    Rule {
        what: "transactions that another organization pays",
        sql: "
    SELECT j.transaction_id, j.campaign_id, j.organization
    FROM journal AS j LEFT JOIN authorization_voucher AS p ON p.shard = j.shard
      AND p.authorization_id = j.authorization_id AND p.voucher_id = j.voucher_id
    WHERE p.organization IS NULL OR p.organization <> j.organization
      OR p.campaign_id <> j.campaign_id",
    },
    Rule {
        what: "balances of a closed day that are not its entries",
        sql: "
    SELECT e.business_day, e.account, e.debit_fen, e.credit_fen, b.debit_fen AS balance_debit_fen,
      b.credit_fen AS balance_credit_fen
    FROM business_day AS s
    JOIN (
      SELECT j.business_day, e.account,
        CAST(SUM(CASE WHEN e.amount_fen > 0 THEN e.amount_fen ELSE 0 END) AS BIGINT) AS debit_fen,
        CAST(SUM(CASE WHEN e.amount_fen < 0 THEN -e.amount_fen ELSE 0 END) AS BIGINT) AS credit_fen
      FROM journal AS j JOIN entry AS e
        ON e.shard = j.shard AND e.transaction_id = j.transaction_id
      GROUP BY j.business_day, e.account
    ) AS e ON e.business_day = s.day
    LEFT JOIN account_day AS b ON b.business_day = e.business_day AND b.account = e.account
    WHERE s.state = 'CLOSED' AND (b.account IS NULL OR b.debit_fen <> e.debit_fen
      OR b.credit_fen <> e.credit_fen)",
    },
    Rule {
        what: "balances without an entry, or of a day that is not closed",
        sql: "
    SELECT b.business_day, b.account, b.debit_fen, b.credit_fen
    FROM account_day AS b LEFT JOIN business_day AS s ON s.day = b.business_day
    LEFT JOIN (
      SELECT DISTINCT j.business_day, e.account
      FROM journal AS j JOIN entry AS e
        ON e.shard = j.shard AND e.transaction_id = j.transaction_id
    ) AS e ON e.business_day = b.business_day AND e.account = b.account
    WHERE e.account IS NULL OR s.state IS NULL OR s.state <> 'CLOSED'",
    },
];

/// Law R4: every transaction's entries come to zero, on the accounts that it is about, and the
/// balances of closed days are their entries.
pub(super) async fn check(redemption: &mut Snapshot) -> Result<Verdict, LawProblem> {
    redemption.judge(Law::R4, FIGURES, RULES).await
}
