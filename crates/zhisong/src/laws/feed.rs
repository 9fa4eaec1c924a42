use std::cmp::Ordering;
use std::collections::HashMap;

use futures::TryStreamExt as _;

use super::LawProblem;
use super::snapshot::{Row, Snapshot};
use super::verdict::{Finding, Law, Verdict};
use crate::hex::hex;

const WALLETS: &str = "
    SELECT CAST(w.shard AS BIGINT) AS shard, w.voucher_id, w.person_key, w.campaign_id,
      w.valid_from, w.valid_until, CAST(w.version AS BIGINT) AS version,
      CAST(CASE WHEN c.grace_days > 0 AND w.returns > 0 THEN 1 ELSE 0 END AS BIGINT) AS has_grace
    FROM wallet_voucher AS w LEFT JOIN campaign AS c ON c.campaign_id = w.campaign_id
    ORDER BY w.shard, w.voucher_id";

/// Every voucher at its place in the feed; one that was never fed is law I1's to find.
const VOUCHERS: &str = "
    SELECT CAST(v.shard AS BIGINT) AS shard, v.voucher_id, v.person_key, v.campaign_id,
      v.valid_from, v.valid_until, CAST(v.version AS BIGINT) AS version, f.period,
      CAST(f.slice AS BIGINT) AS slice, f.position
    FROM feed AS f JOIN voucher AS v ON v.slice = f.slice AND v.voucher_id = f.voucher_id
    ORDER BY v.shard, v.voucher_id, f.position, f.period";

/// A stock.
type Key = (String, String, i64);

/// The wallets are what issuance gave out: nothing that it does not know, everything up to the
/// cursors, and of the same person, campaign and validity.
pub(super) async fn check(
    redemption: &mut Snapshot,
    issuance: &mut Snapshot,
) -> Result<Verdict, LawProblem> {
    let mut verdict = Verdict::holds(Law::Feed);
    verdict.find(epoch(redemption, issuance).await?);
    verdict.find(campaigns(redemption, issuance).await?);
    let cursors = cursors(redemption).await?;
    verdict.find(heads(issuance, &cursors).await?);
    let mut merge = Merge::new(cursors);
    {
        let mut wallets = redemption.rows(WALLETS);
        let mut vouchers = issuance.rows(VOUCHERS);
        let mut wallet = wallets.try_next().await?;
        let mut voucher = vouchers.try_next().await?;
        loop {
            let order = match (&wallet, &voucher) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(wallet), Some(voucher)) => key(wallet)?.cmp(&key(voucher)?),
            };
            merge.take(wallet.as_ref(), voucher.as_ref(), order)?;
            if order != Ordering::Greater {
                wallet = wallets.try_next().await?;
            }
            if order != Ordering::Less {
                voucher = vouchers.try_next().await?;
            }
        }
    }
    merge.finish(&mut verdict);
    Ok(verdict)
}

fn key(row: &Row) -> Result<(i64, &[u8]), LawProblem> {
    Ok((row.get("shard")?, row.get("voucher_id")?))
}

/// The two sides, walked in the order of their keys.
struct Merge {
    cursors: HashMap<Key, i64>,
    wallets: u64,
    behind: u64,
    unknown: Finding,
    missing: Finding,
    unlike: Finding,
    astray: Finding,
}

impl Merge {
    fn new(cursors: HashMap<Key, i64>) -> Self {
        Self {
            cursors,
            wallets: 0,
            behind: 0,
            unknown: Finding::none_yet("wallet vouchers that issuance does not know"),
            missing: Finding::none_yet("vouchers before the cursor without a wallet"),
            unlike: Finding::none_yet("wallet vouchers that are not as they were issued"),
            astray: Finding::none_yet("wallet vouchers in another shard than their person's"),
        }
    }

    /// `order` says which side is first; `Equal` is one voucher on both.
    fn take(
        &mut self,
        wallet: Option<&Row>,
        voucher: Option<&Row>,
        order: Ordering,
    ) -> Result<(), LawProblem> {
        if let Some(wallet) = wallet.filter(|_| order != Ordering::Greater) {
            self.wallets += 1;
            self.check_shard(wallet)?;
        }
        match (wallet, voucher, order) {
            (Some(wallet), _, Ordering::Less) => {
                let id = key(wallet)?.1;
                self.unknown.add(|| format!("voucher {}", hex(id)));
            }
            (_, Some(voucher), Ordering::Greater) => self.check_fed(voucher)?,
            (Some(wallet), Some(voucher), _) => self.check_same(wallet, voucher)?,
            _ => {}
        }
        Ok(())
    }

    fn check_shard(&mut self, wallet: &Row) -> Result<(), LawProblem> {
        let (shard, id) = key(wallet)?;
        let person: &[u8] = wallet.get("person_key")?;
        let own = |bytes: &[u8]| bytes.first().copied().map(i64::from) == Some(shard);
        if !own(id) || !own(person) {
            self.astray.add(|| format!("voucher {} in {shard}", hex(id)));
        }
        Ok(())
    }

    fn check_fed(&mut self, voucher: &Row) -> Result<(), LawProblem> {
        let stock = (voucher.get("campaign_id")?, voucher.get("period")?, voucher.get("slice")?);
        let position: i64 = voucher.get("position")?;
        match self.cursors.get(&stock).is_some_and(|cursor| position <= *cursor) {
            false => self.behind += 1,
            true => {
                let id = key(voucher)?.1;
                self.missing.add(|| format!("voucher {} at {position}", hex(id)));
            }
        }
        Ok(())
    }

    /// A wallet may be of an earlier version than issuance's, never of a later one.
    fn check_same(&mut self, wallet: &Row, voucher: &Row) -> Result<(), LawProblem> {
        let version = |row: &Row| row.get::<i64>("version");
        let bytes = |row: &Row| row.get::<Vec<u8>>("person_key");
        let text = |row: &Row| row.get::<String>("campaign_id");
        // A right that came back with grace may live longer.
        let has_grace = wallet.get::<i64>("has_grace")? == 1;
        let until = |row: &Row| row.get::<i64>("valid_until");
        let same_end = match has_grace {
            true => until(wallet)? >= until(voucher)?,
            false => until(wallet)? == until(voucher)?,
        };
        let same_begin = wallet.get::<i64>("valid_from")? == voucher.get::<i64>("valid_from")?;
        let known = version(wallet)?.cmp(&version(voucher)?);
        let same = bytes(wallet)? == bytes(voucher)?
            && text(wallet)? == text(voucher)?
            && (known == Ordering::Less || (same_begin && same_end));
        if !same || known == Ordering::Greater {
            let id = key(wallet)?.1;
            self.unlike.add(|| format!("voucher {}", hex(id)));
        }
        Ok(())
    }

    fn finish(self, verdict: &mut Verdict) {
        verdict.count("wallet_vouchers", self.wallets);
        verdict.count("not_fed_yet", self.behind);
        verdict.count("cursors", self.cursors.len() as u64);
        for finding in [self.unknown, self.missing, self.unlike, self.astray] {
            verdict.find(finding);
        }
    }
}

/// The cursors are of this store of issuance and of no other.
async fn epoch(redemption: &mut Snapshot, issuance: &mut Snapshot) -> Result<Finding, LawProblem> {
    let mut finding = Finding::none_yet("feeds followed that are another store's");
    let mut rows = issuance.rows("SELECT value FROM meta WHERE key = 'epoch'");
    let own = rows.try_next().await?.map(|row| row.get::<String>("value")).transpose()?;
    let mut rows = redemption.rows("SELECT epoch FROM feed_source");
    while let Some(row) = rows.try_next().await? {
        let followed = hex(row.get("epoch")?);
        if own.as_ref() != Some(&followed) {
            finding.add(|| format!("epoch {followed}"));
        }
    }
    Ok(finding)
}

async fn cursors(redemption: &mut Snapshot) -> Result<HashMap<Key, i64>, LawProblem> {
    let mut cursors = HashMap::new();
    let mut rows = redemption.rows(
        "SELECT campaign_id, period, CAST(slice AS BIGINT) AS slice, position FROM feed_cursor",
    );
    while let Some(row) = rows.try_next().await? {
        let stock = (row.get("campaign_id")?, row.get("period")?, row.get("slice")?);
        cursors.insert(stock, row.get("position")?);
    }
    Ok(cursors)
}

/// No cursor is ahead of the head of its feed.
async fn heads(
    issuance: &mut Snapshot,
    cursors: &HashMap<Key, i64>,
) -> Result<Finding, LawProblem> {
    let mut heads: HashMap<Key, i64> = HashMap::new();
    let mut rows = issuance
        .rows("SELECT campaign_id, period, CAST(slice AS BIGINT) AS slice, feed_head FROM stock");
    while let Some(row) = rows.try_next().await? {
        let stock = (row.get("campaign_id")?, row.get("period")?, row.get("slice")?);
        heads.insert(stock, row.get("feed_head")?);
    }
    let mut finding = Finding::none_yet("cursors ahead of their feed");
    for (stock, cursor) in cursors {
        let head = heads.get(stock).copied().unwrap_or(0);
        if *cursor > head {
            finding.add(|| format!("{} {} {}: {cursor} of {head}", stock.0, stock.1, stock.2));
        }
    }
    Ok(finding)
}

/// What redemption knows of a campaign is what issuance's feed says at that position.
async fn campaigns(
    redemption: &mut Snapshot,
    issuance: &mut Snapshot,
) -> Result<Finding, LawProblem> {
    let mut feed: HashMap<i64, (String, String)> = HashMap::new();
    let mut rows = issuance.rows("SELECT position, campaign_id, state FROM campaign_feed");
    while let Some(row) = rows.try_next().await? {
        feed.insert(row.get("position")?, (row.get("campaign_id")?, row.get("state")?));
    }
    let mut finding = Finding::none_yet("campaigns that are not as they were fed");
    let mut rows = redemption.rows("SELECT campaign_id, state, position FROM campaign");
    while let Some(row) = rows.try_next().await? {
        let known = (row.get("campaign_id")?, row.get("state")?);
        if feed.get(&row.get("position")?) != Some(&known) {
            finding.add(|| format!("{} {}", known.0, known.1));
        }
    }
    Ok(finding)
}
