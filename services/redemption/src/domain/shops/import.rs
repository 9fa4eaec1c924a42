use std::collections::{BTreeMap, BTreeSet, HashMap};

use clock::Timestamp;
use member_identity::{OrganizationPath, RegionCode};

use super::{Shop, ShopKey, ShopRefusal, ShopStage, ShopText};
use crate::domain::{CampaignId, ChainId, Partner, RequestId, ShopId};

/// Bad rows that an import keeps and shows at most.
pub const SHOP_PROBLEMS_MAX: i64 = 1_000;

/// How far an import has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopImport {
    /// The caller's import id.
    pub import_id: RequestId,
    /// The organization that new shops belong to.
    pub organization: OrganizationPath,
    /// The platform whose shops these are.
    pub platform: Partner,
    /// The campaign on whose list good rows are put.
    pub campaign_id: Option<CampaignId>,
    /// The last line that has been decided.
    pub committed_line: i64,
    /// Rows that registered a new shop.
    pub added: i64,
    /// Rows that changed a shop.
    pub changed: i64,
    /// Rows that found the shop as they say.
    pub unchanged: i64,
    /// Shops that were put on the campaign's list.
    pub listed: i64,
    /// Rows that were not taken in.
    pub bad: i64,
    /// When its last batch was committed.
    pub updated_at: Timestamp,
}

/// A row as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenShop {
    /// The line in the file.
    pub line: i64,
    /// The platform's own id.
    pub shop_id: String,
    /// What is over its door.
    pub title: String,
    /// Code or full Chinese name of where it stands.
    pub region: String,
    /// The chain; empty for none.
    pub chain: String,
}

/// A row that has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopRow {
    /// The line in the file.
    pub line: i64,
    /// The platform's own id.
    pub shop_id: ShopId,
    /// What is over its door.
    pub title: ShopText,
    /// Where it stands.
    pub region: RegionCode,
    /// The chain that it belongs to.
    pub chain: Option<ChainId>,
}

/// A row that was not taken in: where, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopRowProblem {
    /// The line in the file.
    pub line: i64,
    /// The column.
    pub column: String,
    /// A stable key.
    pub reason: String,
}

/// Rows to decide and commit together, in line order.
#[derive(Clone, Debug)]
pub struct ImportBatch {
    /// The caller's import id.
    pub import_id: RequestId,
    /// The rows, read or not to be read; lines ascend.
    pub rows: Vec<Result<ShopRow, ShopRowProblem>>,
    /// The time of the commit.
    pub at: Timestamp,
}

/// What the store knows, locked.
#[derive(Clone, Debug)]
pub struct ImportState {
    /// How far the import has come.
    pub import: ShopImport,
    /// Those of the batch's shops that are registered.
    pub shops: HashMap<ShopKey, Shop>,
    /// Those that the import's campaign lists.
    pub listed: BTreeSet<ShopKey>,
}

/// What a batch comes to.
#[derive(Clone, Debug)]
pub struct ImportEffects {
    /// The import after the batch.
    pub import: ShopImport,
    /// Shops as they became, each once however many rows named it.
    pub shops: BTreeMap<ShopKey, Shop>,
    /// Shops that get on the list of the import's campaign.
    pub listed: BTreeSet<ShopKey>,
    /// Bad rows to keep.
    pub problems: Vec<ShopRowProblem>,
}

impl ImportBatch {
    /// The shops of the rows that could be read, as shops of that platform.
    pub fn keys(&self, platform: &Partner) -> BTreeSet<ShopKey> {
        let rows = self.rows.iter().flatten();
        rows.map(|row| ShopKey { platform: platform.clone(), shop_id: row.shop_id.clone() })
            .collect()
    }
}

impl WrittenShop {
    /// Reads it. The first column that is wrong is reported.
    pub fn read(&self) -> Result<ShopRow, ShopRowProblem> {
        let wrong = |column, reason| problem(self.line, column, reason);
        let shop_id = self.shop_id.trim().parse();
        let chain = match self.chain.trim() {
            "" => Ok(None),
            key => key.parse().map(Some),
        };
        let region = self.region.trim();
        let region =
            RegionCode::parse(region).or_else(|why| RegionCode::by_name(region).ok_or(why));
        Ok(ShopRow {
            line: self.line,
            shop_id: shop_id.map_err(|_| wrong("shop_id", "KEY_FORM"))?,
            title: self.title.parse().map_err(|_| wrong("title_zh", "TEXT_FORM"))?,
            region: region.map_err(|_| wrong("region", "REGION_UNKNOWN"))?,
            chain: chain.map_err(|_| wrong("chain", "KEY_FORM"))?,
        })
    }
}

/// Decides on the beginning of an import, given the one of that id and the organization of its
/// campaign. Gives the import as it stands, and whether it is new. Order of answers: subtree,
/// campaign known, its subtree, import id.
pub fn decide_import_beginning(
    new: ShopImport,
    begun: Option<ShopImport>,
    campaign: Option<&OrganizationPath>,
    within: Option<&OrganizationPath>,
) -> Result<(ShopImport, bool), ShopRefusal> {
    let is_own = |path: &OrganizationPath| within.is_none_or(|own| own.contains(path));
    if !is_own(&new.organization) {
        return Err(ShopRefusal::OutsideSubtree);
    }
    if new.campaign_id.is_some() {
        let owner = campaign.ok_or(ShopRefusal::NotFound("campaign"))?;
        if !is_own(owner) {
            return Err(ShopRefusal::OutsideSubtree);
        }
    }
    let header = |import: &ShopImport| {
        (import.organization.clone(), import.platform.clone(), import.campaign_id.clone())
    };
    match begun {
        None => Ok((new, true)),
        Some(begun) if header(&begun) == header(&new) => Ok((begun, false)),
        Some(_) => Err(ShopRefusal::ImportIdReused),
    }
}

/// Decides a batch, row by row: a later row is judged against what an earlier one did. Rows that
/// another stream of the same import has had committed are passed over.
pub fn decide_import(state: ImportState, batch: &ImportBatch) -> ImportEffects {
    let ImportState { mut import, shops, listed } = state;
    let mut desk = ImportDesk::new(shops, listed, batch.at);
    for row in &batch.rows {
        let line = row.as_ref().map_or_else(|bad| bad.line, |good| good.line);
        if line <= import.committed_line {
            continue;
        }
        import.committed_line = line;
        let done = row.clone().and_then(|row| desk.take(&import, row));
        match done {
            Ok(Outcome::Added) => import.added += 1,
            Ok(Outcome::Changed) => import.changed += 1,
            Ok(Outcome::Unchanged) => import.unchanged += 1,
            Err(bad) => {
                import.bad += 1;
                desk.problems.extend((import.bad <= SHOP_PROBLEMS_MAX).then_some(bad));
            }
        }
    }
    import.listed += i64::try_from(desk.listed.len()).expect("batches are bounded");
    import.updated_at = batch.at;
    let ImportDesk { changed, listed, problems, .. } = desk;
    ImportEffects { import, shops: changed, listed, problems }
}

enum Outcome {
    Added,
    Changed,
    Unchanged,
}

struct ImportDesk {
    known: HashMap<ShopKey, Shop>,
    on_list: BTreeSet<ShopKey>,
    at: Timestamp,
    changed: BTreeMap<ShopKey, Shop>,
    listed: BTreeSet<ShopKey>,
    problems: Vec<ShopRowProblem>,
}

impl ImportDesk {
    fn new(known: HashMap<ShopKey, Shop>, on_list: BTreeSet<ShopKey>, at: Timestamp) -> Self {
        let (changed, listed, problems) = (BTreeMap::new(), BTreeSet::new(), Vec::new());
        Self { known, on_list, at, changed, listed, problems }
    }

    fn take(&mut self, import: &ShopImport, row: ShopRow) -> Result<Outcome, ShopRowProblem> {
        let key = ShopKey { platform: import.platform.clone(), shop_id: row.shop_id };
        let before = self.known.get(&key);
        if before.is_some_and(|shop| !import.organization.contains(&shop.organization)) {
            return Err(problem(row.line, "shop_id", "SHOP_ELSEWHERE"));
        }
        let said = (row.title, row.region, row.chain);
        let outcome = match before {
            None => Outcome::Added,
            Some(shop) if (&shop.title, shop.region, &shop.chain) == (&said.0, said.1, &said.2) => {
                Outcome::Unchanged
            }
            Some(_) => Outcome::Changed,
        };
        if import.campaign_id.is_some() && self.on_list.insert(key.clone()) {
            self.listed.insert(key.clone());
        }
        if !matches!(outcome, Outcome::Unchanged) {
            let (title, region, chain) = said;
            let organization = before.map_or(&import.organization, |shop| &shop.organization);
            let shop = Shop {
                organization: organization.clone(),
                title,
                region,
                chain,
                stage: before.map_or(ShopStage::Open, |shop| shop.stage),
                version: before.map_or(1, |shop| shop.version + 1),
                changed_at: self.at,
                key: key.clone(),
            };
            self.known.insert(key.clone(), shop.clone());
            self.changed.insert(key, shop);
        }
        Ok(outcome)
    }
}

fn problem(line: i64, column: &str, reason: &str) -> ShopRowProblem {
    ShopRowProblem { line, column: column.to_owned(), reason: reason.to_owned() }
}
