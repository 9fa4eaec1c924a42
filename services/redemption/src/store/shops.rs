//! Shops and tills, what is stopped, and the imports of files of shops, whatever the backend.

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use benefit::Category;
use member_identity::{OrganizationPath, RegionCode};
use sql::StoreError;

use super::columns::{Columns, Detailed};
use crate::domain::shops::{
    GoodsText, ImportBatch, Mapping, Place, Registrations, SeenShopRequest, Shop, ShopCommand,
    ShopHere, ShopImport, ShopKey, ShopRefusal, ShopRowProblem, ShopStage, Stop, StopKey,
    StopScope, StopTexts, Terminal,
};
use crate::domain::{
    Campaign, CampaignId, ChainId, Fingerprint, Order, Partner, RequestId, ShopId, TerminalId,
};

/// The places of a batch of orders, and the texts of their lines.
#[derive(Clone, Debug, Default)]
pub struct PlacesAsked {
    /// Where the orders are.
    pub places: BTreeSet<Place>,
    /// What their lines call the goods, by shop.
    pub texts: BTreeSet<(ShopKey, GoodsText)>,
}

/// Which shops are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShopQuery {
    /// Those of this organization and below.
    pub below: Option<OrganizationPath>,
    /// Those of this platform.
    pub platform: Option<Partner>,
    /// Those in this region.
    pub region: Option<RegionCode>,
    /// Those of this chain.
    pub chain: Option<ChainId>,
    /// Those that this campaign lists.
    pub campaign_id: Option<CampaignId>,
}

/// An import as its office sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopImportReport {
    /// Its counts.
    pub import: ShopImport,
    /// The first bad rows, by line.
    pub problems: Vec<ShopRowProblem>,
}

/// What a verb of ops is answered with: a version or a number.
pub type ShopAnswer = Result<i64, ShopRefusal>;

/// The store of shops and tills. Errors mean what they mean for [`Store`](super::Store): a step is
/// one commit or nothing, and a step that met another is [`StoreError::Conflict`].
#[async_trait]
pub trait ShopStore: Send + Sync {
    /// Judges a verb of ops and commits what it changed together with its answer. A request that
    /// had an effect before gets the same answer and changes nothing; a refusal is not remembered.
    async fn change_shops(&self, command: ShopCommand) -> Result<ShopAnswer, StoreError>;

    /// At most `limit` shops, by platform, then shop id, from the first after `after`.
    async fn list_shops(
        &self,
        query: &ShopQuery,
        after: Option<&ShopKey>,
        limit: u32,
    ) -> Result<Vec<Shop>, StoreError>;

    /// What is registered of places, and the stops in force that may concern them: all of it as it
    /// is committed when it is read.
    async fn registrations(&self, asked: &PlacesAsked) -> Result<Registrations, StoreError>;

    /// Campaigns by id; those that are not known are left out.
    async fn campaigns(
        &self,
        ids: &BTreeSet<CampaignId>,
    ) -> Result<HashMap<CampaignId, Campaign>, StoreError>;

    /// At most `limit` stops in force of an organization's subtree, by organization, kind of scope
    /// and scope, from the first after `after`.
    async fn stops(
        &self,
        below: Option<&OrganizationPath>,
        after: Option<&StopKey>,
        limit: u32,
    ) -> Result<Vec<Stop>, StoreError>;

    /// Begins an import, or finds it begun.
    async fn begin_shop_import(
        &self,
        new: ShopImport,
        within: Option<OrganizationPath>,
    ) -> Result<Result<ShopImport, ShopRefusal>, StoreError>;

    /// Decides a batch of rows of a begun import and commits all of it.
    async fn import_shops(&self, batch: ImportBatch) -> Result<ShopImport, StoreError>;

    /// An import with its first bad rows.
    async fn shop_import(
        &self,
        import_id: &RequestId,
    ) -> Result<Option<ShopImportReport>, StoreError>;
}

/// One row of the read of places.
pub(super) enum Registered {
    Shop(ShopKey, ShopHere),
    Terminal(ShopKey, TerminalId, ShopStage),
    Listing(ShopKey, CampaignId),
    Category(Mapping, Category),
    Stop(Stop),
}

impl PlacesAsked {
    /// What one order of a platform asks about.
    pub fn of(order: &Order, platform: &Partner) -> Self {
        let mut asked = Self::default();
        asked.add(order, platform);
        asked
    }

    /// Adds what an order asks about.
    pub(super) fn add(&mut self, order: &Order, platform: &Partner) {
        let place = order.place(platform);
        let texts = order.texts.iter().map(|text| (place.shop.clone(), text.clone()));
        self.texts.extend(texts);
        self.places.insert(place);
    }

    /// The shops, each once.
    pub(super) fn shops(&self) -> BTreeSet<&ShopKey> {
        self.places.iter().map(|place| &place.shop).collect()
    }

    /// The tills that are named, each once.
    pub(super) fn terminals(&self) -> BTreeSet<(&ShopKey, &TerminalId)> {
        let named = self.places.iter().map(|place| (&place.shop, place.terminal.as_ref()));
        named.filter_map(|(shop, terminal)| Some((shop, terminal?))).collect()
    }

    /// The keys under which the texts may be mapped: of their shop, and with an empty shop id of
    /// all shops of its platform.
    pub(super) fn mappings(&self) -> BTreeSet<(&str, &str, &str)> {
        let keys = self.texts.iter().flat_map(|(shop, text)| {
            let platform = shop.platform.as_str();
            [(platform, shop.shop_id.as_str(), text.as_str()), (platform, "", text.as_str())]
        });
        keys.collect()
    }
}

/// Puts the rows of the read of places together.
pub(super) fn registrations(rows: Vec<Registered>) -> Registrations {
    let mut all = Registrations::default();
    for row in rows {
        match row {
            Registered::Shop(key, shop) => drop(all.shops.insert(key, shop)),
            Registered::Terminal(key, id, stage) => {
                all.terminals.insert((key, id), stage);
            }
            Registered::Listing(key, campaign_id) => {
                all.listings.entry(key).or_default().insert(campaign_id);
            }
            Registered::Category(mapping, category) => {
                drop(all.categories.insert(mapping, category))
            }
            Registered::Stop(stop) => all.stops.push(stop),
        }
    }
    all
}

/// One row of the read of places. What `name` and `value` are depends on `what` it is.
pub(super) fn registered(row: Columns<'_>) -> Detailed<Registered> {
    Ok(match row.text("what")? {
        "SHOP" => {
            let organization = row.organization("organization")?;
            let (region, stage) = (region(row, "name")?, stage(row, "value")?);
            Registered::Shop(key(row)?, ShopHere { organization, region, stage })
        }
        "TERMINAL" => Registered::Terminal(key(row)?, row.parsed("name")?, stage(row, "value")?),
        "LISTING" => Registered::Listing(key(row)?, row.parsed("name")?),
        "CATEGORY" => {
            let mapping = (row.parsed("platform")?, shop_id(row)?, row.parsed("name")?);
            Registered::Category(mapping, category(row, "value")?)
        }
        "STOP" => Registered::Stop(stop_of(row, ("name", "value"))?),
        what => return Err(format!("{what} is not registered")),
    })
}

/// A shop.
pub(super) fn shop(row: Columns<'_>) -> Detailed<Shop> {
    Ok(Shop {
        key: key(row)?,
        organization: row.organization("organization")?,
        title: row.parsed("title_zh")?,
        region: region(row, "region_code")?,
        chain: row.maybe_parsed("chain")?,
        stage: stage(row, "state")?,
        version: row.integer("version")?,
        changed_at: row.time("changed_at")?,
    })
}

/// A shop's name.
pub(super) fn key(row: Columns<'_>) -> Detailed<ShopKey> {
    Ok(ShopKey { platform: row.parsed("platform")?, shop_id: row.parsed("shop_id")? })
}

/// A till.
pub(super) fn terminal(row: Columns<'_>) -> Detailed<Terminal> {
    Ok(Terminal { stage: stage(row, "state")?, version: row.integer("version")? })
}

/// A text and what it stands for.
pub(super) fn mapped(row: Columns<'_>) -> Detailed<(GoodsText, Category)> {
    Ok((row.parsed("text")?, category(row, "category")?))
}

/// A stop in force.
pub(super) fn stop(row: Columns<'_>) -> Detailed<Stop> {
    stop_of(row, ("scope", "scope_key"))
}

/// A request that had an effect.
pub(super) fn seen(row: Columns<'_>) -> Detailed<SeenShopRequest> {
    Ok(SeenShopRequest {
        fingerprint: Fingerprint::from_bytes(row.bytes("fingerprint")?.to_vec()),
        answer: row.integer("answer")?,
    })
}

/// How far an import has come.
pub(super) fn import(row: Columns<'_>) -> Detailed<ShopImport> {
    Ok(ShopImport {
        import_id: row.parsed("import_id")?,
        organization: row.organization("organization")?,
        platform: row.parsed("platform")?,
        campaign_id: row.maybe_parsed("campaign_id")?,
        committed_line: row.integer("committed_line")?,
        added: row.integer("added")?,
        changed: row.integer("changed")?,
        unchanged: row.integer("unchanged")?,
        listed: row.integer("listed")?,
        bad: row.integer("bad")?,
        updated_at: row.time("updated_at")?,
    })
}

/// An import that nobody began has no rows.
pub(super) fn never_begun(import_id: &RequestId) -> StoreError {
    let detail = String::from("was never begun");
    StoreError::Corrupt { table: "shop_import", id: import_id.to_string(), detail }
}

/// A bad row of an import.
pub(super) fn problem(row: Columns<'_>) -> Detailed<ShopRowProblem> {
    Ok(ShopRowProblem {
        line: row.integer("line")?,
        column: row.text("column_name")?.to_owned(),
        reason: row.text("reason")?.to_owned(),
    })
}

/// The smallest and the largest code of a region's places, as the column has them.
pub(super) fn codes_within(region: RegionCode) -> (String, String) {
    let code = region.as_u32();
    let span = match (code % 10_000, code % 100) {
        (0, _) => 9_999,
        (_, 0) => 99,
        _ => 0,
    };
    (region.to_string(), format!("{:06}", code + span))
}

fn stop_of(row: Columns<'_>, (kind, key): (&'static str, &'static str)) -> Detailed<Stop> {
    let scope = StopScope::read(row.text(kind)?, row.text(key)?);
    let scope = scope.ok_or_else(|| String::from("the scope of a stop does not parse"))?;
    Ok(Stop {
        key: StopKey { organization: row.organization("organization")?, scope },
        texts: StopTexts { zh: row.parsed("text_zh")?, en: row.parsed("text_en")? },
        version: row.integer("version")?,
        stopped_by: row.parsed("stopped_by")?,
        stopped_at: row.time("stopped_at")?,
    })
}

fn shop_id(row: Columns<'_>) -> Detailed<Option<ShopId>> {
    match row.text("shop_id")? {
        "" => Ok(None),
        _ => row.parsed("shop_id").map(Some),
    }
}

fn stage(row: Columns<'_>, column: &'static str) -> Detailed<ShopStage> {
    let name = row.text(column)?;
    ShopStage::from_name(name).ok_or_else(|| format!("{column} is {name}"))
}

fn region(row: Columns<'_>, column: &'static str) -> Detailed<RegionCode> {
    RegionCode::parse(row.text(column)?).map_err(|_| format!("{column} is not a region"))
}

fn category(row: Columns<'_>, column: &'static str) -> Detailed<Category> {
    Category::parse(row.text(column)?).map_err(|_| format!("{column} is not a category"))
}
