use std::collections::{BTreeMap, BTreeSet, HashMap};

use benefit::Category;
use clock::Timestamp;
use member_identity::{OrganizationPath, RegionCode};

use super::{GoodsText, Shop, ShopKey, ShopStage, ShopText, Stop, StopKey, StopTexts};
use crate::domain::{
    CampaignId, ChainId, Fingerprint, Partner, RequestId, ShopId, Subject, TerminalId,
};

/// One verb of ops, ready to be judged.
#[derive(Clone, Debug)]
pub struct ShopCommand {
    /// Who asks.
    pub subject: Subject,
    /// The subtree that they are bound to; none when they are not.
    pub within: Option<OrganizationPath>,
    /// Their request id.
    pub request_id: RequestId,
    /// What they ask for.
    pub action: ShopAction,
    /// When.
    pub at: Timestamp,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub enum ShopAction {
    /// Register a shop, or replace what is known of it.
    Put(PutShop),
    /// Take no more vouchers in a shop, or take them again.
    SetStage(ShopKey, ShopStage),
    /// Register a till, or change whether it takes vouchers.
    PutTerminal(ShopKey, TerminalId, ShopStage),
    /// Put shops on a campaign's list.
    List(CampaignId, BTreeSet<ShopKey>),
    /// Take shops off it.
    Unlist(CampaignId, BTreeSet<ShopKey>),
    /// Say what texts stand for, of one shop or of all shops of a platform; `None` for no more.
    MapCategories(Partner, Option<ShopId>, BTreeMap<GoodsText, Option<Category>>),
    /// Stop redeeming.
    Stop(StopKey, StopTexts),
    /// Let it go on.
    Resume(StopKey),
}

/// What a shop is to be.
#[derive(Clone, Debug)]
pub struct PutShop {
    /// Its name.
    pub key: ShopKey,
    /// Whose it is to be.
    pub organization: OrganizationPath,
    /// What is over its door.
    pub title: ShopText,
    /// Where it stands.
    pub region: RegionCode,
    /// The chain that it belongs to.
    pub chain: Option<ChainId>,
    /// The version that was read; 0 for none.
    pub version: i64,
}

/// A registered till.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Whether it takes vouchers.
    pub stage: ShopStage,
    /// How often it was changed, from 1.
    pub version: i64,
}

/// A request that had an effect.
#[derive(Clone, Debug)]
pub struct SeenShopRequest {
    /// What it said.
    pub fingerprint: Fingerprint,
    /// The number that it was answered with.
    pub answer: i64,
}

/// What a command touches, as the step that judges it finds it.
#[derive(Clone, Debug, Default)]
pub struct ShopState {
    /// The request, when it had an effect before.
    pub seen: Option<SeenShopRequest>,
    /// The shops that it names.
    pub shops: HashMap<ShopKey, Shop>,
    /// The till that it names.
    pub terminal: Option<Terminal>,
    /// The organization of the campaign that it names.
    pub campaign: Option<OrganizationPath>,
    /// Those of its shops that the campaign lists.
    pub listed: BTreeSet<ShopKey>,
    /// What its texts stand for.
    pub mapped: HashMap<GoodsText, Category>,
    /// The stop of its scope that is in force.
    pub stop: Option<Stop>,
    /// How often its scope was stopped, changed or resumed.
    pub stop_version: i64,
}

/// What is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShopChange {
    /// Everything is as it should be.
    None,
    /// A shop as it became.
    Shop(Shop),
    /// A till as it became.
    Terminal(ShopKey, TerminalId, Terminal),
    /// Shops that get on a campaign's list.
    Listed(CampaignId, BTreeSet<ShopKey>),
    /// Shops that get off it.
    Unlisted(CampaignId, BTreeSet<ShopKey>),
    /// Texts that stand for something else, or for nothing.
    Mapped(Partner, Option<ShopId>, BTreeMap<GoodsText, Option<Category>>),
    /// A stop that comes into force, or changes.
    Stopped(Stop),
    /// A stop that ends, at that version of its scope.
    Resumed(StopKey, i64),
}

/// Why a verb of ops is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShopRefusal {
    /// The request id was used with other content; the first field that differs.
    RequestIdReused(&'static str),
    /// It names what is not the caller's.
    OutsideSubtree,
    /// There is no such thing.
    NotFound(&'static str),
    /// The shop is at another version than was read; 0 when it is not registered.
    ShopChanged(i64),
    /// The import id is another import's.
    ImportIdReused,
}

/// What a command comes to: the number that it is answered with, and what is to be written;
/// nothing at all, not even the request, when it was answered before.
type Decided = Result<(i64, Option<ShopChange>), ShopRefusal>;

/// Judges a command. Order of answers: replay, subtree of what it names, existence, subtree of what
/// exists, version.
pub fn decide(state: &ShopState, command: &ShopCommand) -> Decided {
    if let Some(seen) = &state.seen {
        return match seen.fingerprint.first_difference(&command.fingerprint()) {
            Some(at) => Err(ShopRefusal::RequestIdReused(command.action.fields()[at])),
            None => Ok((seen.answer, None)),
        };
    }
    let judge = Judge { state, command };
    let (answer, change) = match &command.action {
        ShopAction::Put(put) => judge.put(put)?,
        ShopAction::SetStage(key, stage) => judge.set_stage(key, *stage)?,
        ShopAction::PutTerminal(key, id, stage) => judge.put_terminal(key, id, *stage)?,
        ShopAction::List(campaign_id, keys) => judge.list(campaign_id, keys)?,
        ShopAction::Unlist(campaign_id, keys) => judge.unlist(campaign_id, keys)?,
        ShopAction::MapCategories(platform, shop_id, mappings) => {
            judge.map(platform, shop_id.as_ref(), mappings)?
        }
        ShopAction::Stop(key, texts) => judge.stop(key, texts)?,
        ShopAction::Resume(key) => judge.resume(key)?,
    };
    Ok((answer, Some(change)))
}

struct Judge<'a> {
    state: &'a ShopState,
    command: &'a ShopCommand,
}

type Judged = Result<(i64, ShopChange), ShopRefusal>;

impl Judge<'_> {
    fn put(&self, put: &PutShop) -> Judged {
        self.require_within(&put.organization)?;
        let before = self.state.shops.get(&put.key);
        if let Some(before) = before {
            self.require_within(&before.organization)?;
        }
        let version = before.map_or(0, |shop| shop.version);
        if version != put.version {
            return Err(ShopRefusal::ShopChanged(version));
        }
        let shop = Shop {
            key: put.key.clone(),
            organization: put.organization.clone(),
            title: put.title.clone(),
            region: put.region,
            chain: put.chain.clone(),
            stage: before.map_or(ShopStage::Open, |shop| shop.stage),
            version: version + 1,
            changed_at: self.command.at,
        };
        Ok((shop.version, ShopChange::Shop(shop)))
    }

    fn set_stage(&self, key: &ShopKey, stage: ShopStage) -> Judged {
        let before = self.own_shop(key)?;
        if before.stage == stage {
            return Ok((before.version, ShopChange::None));
        }
        let (version, changed_at) = (before.version + 1, self.command.at);
        let shop = Shop { stage, version, changed_at, ..before.clone() };
        Ok((version, ShopChange::Shop(shop)))
    }

    fn put_terminal(&self, key: &ShopKey, id: &TerminalId, stage: ShopStage) -> Judged {
        self.own_shop(key)?;
        let version = match self.state.terminal {
            Some(before) if before.stage == stage => {
                return Ok((before.version, ShopChange::None));
            }
            before => before.map_or(1, |before| before.version + 1),
        };
        let terminal = Terminal { stage, version };
        Ok((version, ShopChange::Terminal(key.clone(), id.clone(), terminal)))
    }

    fn list(&self, campaign_id: &CampaignId, keys: &BTreeSet<ShopKey>) -> Judged {
        self.require_own(keys)?;
        let new: BTreeSet<_> = keys.difference(&self.state.listed).cloned().collect();
        Ok((count(new.len()), ShopChange::Listed(campaign_id.clone(), new)))
    }

    fn unlist(&self, campaign_id: &CampaignId, keys: &BTreeSet<ShopKey>) -> Judged {
        self.require_own(keys)?;
        let gone: BTreeSet<_> = keys.intersection(&self.state.listed).cloned().collect();
        Ok((count(gone.len()), ShopChange::Unlisted(campaign_id.clone(), gone)))
    }

    /// What a text stands for is so for everybody's campaigns, also in a shop: it is not for
    /// callers who are bound to an organization.
    fn map(
        &self,
        platform: &Partner,
        shop_id: Option<&ShopId>,
        mappings: &BTreeMap<GoodsText, Option<Category>>,
    ) -> Judged {
        if self.command.within.is_some() {
            return Err(ShopRefusal::OutsideSubtree);
        }
        if let Some(shop_id) = shop_id.cloned() {
            self.own_shop(&ShopKey { platform: platform.clone(), shop_id })?;
        }
        let differs = |text: &GoodsText, category: &Option<Category>| {
            self.state.mapped.get(text) != category.as_ref()
        };
        let changed = mappings.iter().filter(|(text, category)| differs(text, category));
        let changed: BTreeMap<_, _> =
            changed.map(|(text, category)| (text.clone(), category.clone())).collect();
        let number = count(changed.len());
        Ok((number, ShopChange::Mapped(platform.clone(), shop_id.cloned(), changed)))
    }

    fn stop(&self, key: &StopKey, texts: &StopTexts) -> Judged {
        self.require_own_scope(key)?;
        let version = self.state.stop_version;
        if self.state.stop.as_ref().is_some_and(|stop| stop.texts == *texts) {
            return Ok((version, ShopChange::None));
        }
        let stop = Stop {
            key: key.clone(),
            texts: texts.clone(),
            version: version + 1,
            stopped_by: self.command.subject.clone(),
            stopped_at: self.command.at,
        };
        Ok((stop.version, ShopChange::Stopped(stop)))
    }

    fn resume(&self, key: &StopKey) -> Judged {
        self.require_own_scope(key)?;
        let version = self.state.stop_version;
        match self.state.stop {
            Some(_) => Ok((version + 1, ShopChange::Resumed(key.clone(), version + 1))),
            None => Ok((version, ShopChange::None)),
        }
    }

    /// A campaign that is not the organization's would not be stopped, and nobody would notice.
    fn require_own_scope(&self, key: &StopKey) -> Result<(), ShopRefusal> {
        self.require_within(&key.organization)?;
        match &key.scope {
            super::StopScope::Campaign(_) => {
                let owner = self.campaign()?;
                match key.organization.contains(owner) {
                    true => Ok(()),
                    false => Err(ShopRefusal::OutsideSubtree),
                }
            }
            super::StopScope::Region(_) | super::StopScope::Shop(_) => Ok(()),
        }
    }

    /// The campaign and the shops that are named must be there and the caller's.
    fn require_own(&self, keys: &BTreeSet<ShopKey>) -> Result<(), ShopRefusal> {
        self.require_within(self.campaign()?)?;
        keys.iter().try_for_each(|key| self.own_shop(key).map(drop))
    }

    fn campaign(&self) -> Result<&OrganizationPath, ShopRefusal> {
        self.state.campaign.as_ref().ok_or(ShopRefusal::NotFound("campaign"))
    }

    fn own_shop(&self, key: &ShopKey) -> Result<&Shop, ShopRefusal> {
        let shop = self.state.shops.get(key).ok_or(ShopRefusal::NotFound("shop"))?;
        self.require_within(&shop.organization)?;
        Ok(shop)
    }

    fn require_within(&self, organization: &OrganizationPath) -> Result<(), ShopRefusal> {
        match self.command.within.as_ref().is_none_or(|own| own.contains(organization)) {
            true => Ok(()),
            false => Err(ShopRefusal::OutsideSubtree),
        }
    }
}

impl ShopCommand {
    /// What it says, field by field in the order of [`ShopAction::fields`].
    pub fn fingerprint(&self) -> Fingerprint {
        let values = self.action.values();
        Fingerprint::of(&values.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

impl ShopAction {
    /// The verb's name in tables. Request ids of different verbs are different requests.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Put(_) => "PUT_SHOP",
            Self::SetStage(_, ShopStage::Blocked) => "BLOCK_SHOP",
            Self::SetStage(_, ShopStage::Open) => "UNBLOCK_SHOP",
            Self::PutTerminal(..) => "PUT_TERMINAL",
            Self::List(..) => "LIST",
            Self::Unlist(..) => "UNLIST",
            Self::MapCategories(..) => "MAP_CATEGORIES",
            Self::Stop(..) => "STOP",
            Self::Resume(_) => "RESUME",
        }
    }

    /// The fields of the verb's request, as callers know them.
    pub const fn fields(&self) -> &'static [&'static str] {
        match self {
            Self::Put(_) => &["key", "organization", "title_zh", "region_code", "chain", "version"],
            Self::SetStage(..) => &["key"],
            Self::PutTerminal(..) => &["key", "terminal_id", "state"],
            Self::List(..) | Self::Unlist(..) => &["campaign_id", "shops"],
            Self::MapCategories(..) => &["platform", "shop_id", "mappings"],
            Self::Stop(..) => &["organization", "scope", "text_zh", "text_en"],
            Self::Resume(_) => &["organization", "scope"],
        }
    }

    /// The shops that it names.
    pub fn shops(&self) -> BTreeSet<ShopKey> {
        match self {
            Self::Put(put) => BTreeSet::from([put.key.clone()]),
            Self::SetStage(key, _) | Self::PutTerminal(key, ..) => BTreeSet::from([key.clone()]),
            Self::List(_, keys) | Self::Unlist(_, keys) => keys.clone(),
            Self::MapCategories(platform, shop_id, _) => {
                let key = |shop_id| ShopKey { platform: platform.clone(), shop_id };
                shop_id.iter().cloned().map(key).collect()
            }
            Self::Stop(..) | Self::Resume(_) => BTreeSet::new(),
        }
    }

    /// The campaign that it names.
    pub fn campaign(&self) -> Option<&CampaignId> {
        match self {
            Self::List(campaign_id, _) | Self::Unlist(campaign_id, _) => Some(campaign_id),
            Self::Stop(key, _) | Self::Resume(key) => match &key.scope {
                super::StopScope::Campaign(campaign_id) => Some(campaign_id),
                super::StopScope::Region(_) | super::StopScope::Shop(_) => None,
            },
            Self::Put(_) | Self::SetStage(..) | Self::PutTerminal(..) | Self::MapCategories(..) => {
                None
            }
        }
    }

    fn values(&self) -> Vec<String> {
        let scope = |key: &StopKey| format!("{} {}", key.scope.kind(), key.scope);
        match self {
            Self::Put(put) => vec![
                put.key.to_string(),
                put.organization.to_string(),
                put.title.to_string(),
                put.region.to_string(),
                put.chain.as_ref().map(ToString::to_string).unwrap_or_default(),
                put.version.to_string(),
            ],
            Self::SetStage(key, _) => vec![key.to_string()],
            Self::PutTerminal(key, id, stage) => {
                vec![key.to_string(), id.to_string(), stage.name().to_owned()]
            }
            Self::List(campaign_id, keys) | Self::Unlist(campaign_id, keys) => {
                let keys = keys.iter().map(ToString::to_string);
                vec![campaign_id.to_string(), keys.collect::<Vec<_>>().join("\n")]
            }
            Self::MapCategories(platform, shop_id, mappings) => {
                let key = |category: &Option<Category>| {
                    category.as_ref().map(ToString::to_string).unwrap_or_default()
                };
                let lines =
                    mappings.iter().map(|(text, category)| format!("{text}\n{}", key(category)));
                let shop_id = shop_id.as_ref().map(ToString::to_string).unwrap_or_default();
                vec![platform.to_string(), shop_id, lines.collect::<Vec<_>>().join("\n")]
            }
            Self::Stop(key, texts) => vec![
                key.organization.to_string(),
                scope(key),
                texts.zh.to_string(),
                texts.en.to_string(),
            ],
            Self::Resume(key) => vec![key.organization.to_string(), scope(key)],
        }
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).expect("requests are bounded")
}
