//! Campaigns as rows, whatever the backend. What is absent is empty text or 0.

use benefit::{
    Category, Fen, Hours, Kind, RefundRule, ShopScope, Stacking, Terms, TermsParts, UseLimit,
    UsePeriod, Uses,
};
use clock::Zone;
use member_identity::RegionCode;

use super::columns::{Columns, Detailed};
use super::written::joined;
use crate::domain::{Campaign, CampaignState};

const CAMPAIGN_STATES: [(CampaignState, &str); 4] = [
    (CampaignState::Draft, "DRAFT"),
    (CampaignState::Active, "ACTIVE"),
    (CampaignState::Paused, "PAUSED"),
    (CampaignState::Ended, "ENDED"),
];

/// What a campaign's row says.
pub(super) fn campaign(row: Columns<'_>) -> Detailed<Campaign> {
    let state = row.text("state")?;
    let state = CAMPAIGN_STATES.iter().find(|(_, known)| *known == state);
    Ok(Campaign {
        campaign_id: row.parsed("campaign_id")?,
        organization: row.organization("organization")?,
        state: state.ok_or("an unknown state")?.0,
        policy_id: row.text("policy_id")?.to_owned(),
        terms: terms(row)?,
        title_zh: row.text("title_zh")?.to_owned(),
        title_en: row.text("title_en")?.to_owned(),
        position: row.integer("position")?,
    })
}

fn terms(row: Columns<'_>) -> Detailed<Terms> {
    let rule = RefundRule::parse(row.text("refund_rule")?, row.small("grace_days")?);
    let parts = TermsParts {
        kind: kind(row)?,
        uses: uses(row)?,
        goods_categories: list(row, "goods_categories", Category::parse)?,
        excluded_categories: list(row, "excluded_categories", Category::parse)?,
        regions: list(row, "regions", RegionCode::parse)?,
        shops: ShopScope::parse(row.text("shops")?).ok_or("unknown shops")?,
        hours: list(row, "hours", Hours::parse)?,
        stacking: stacking(row)?,
        rechecks_membership: row.flag("rechecks_membership")?,
        refund_rule: rule.ok_or("unknown refund_rule")?,
        returns_max: row.small("returns_max")?,
        zone: Zone::parse(row.text("zone")?).map_err(|problem| problem.to_string())?,
    };
    Terms::new(parts).map_err(|problem| problem.to_string())
}

fn kind(row: Columns<'_>) -> Detailed<Kind> {
    let (threshold, amount) = (row.fen("threshold_fen")?, row.fen("amount_fen")?);
    let kinds = [
        Kind::AmountOff { threshold, amount },
        Kind::PercentOff { threshold, percent: row.small("percent")?, cap: amount },
        Kind::Waiver { cap: amount },
        Kind::Balance { value: amount },
        Kind::Service,
    ];
    let key = row.text("kind")?;
    let kind = kinds.into_iter().find(|kind| kind.key() == key);
    kind.ok_or_else(|| format!("unknown kind {key}"))
}

fn uses(row: Columns<'_>) -> Detailed<Uses> {
    let limit = match row.text("use_period")? {
        "" => None,
        period => Some(UseLimit {
            count: row.small("uses_per_period")?,
            period: UsePeriod::parse(period).ok_or("unknown use_period")?,
        }),
    };
    Ok(Uses { total: row.small("uses_total")?, limit })
}

fn stacking(row: Columns<'_>) -> Detailed<Stacking> {
    let (group, cap) = (row.text("stack_group")?, row.small("order_cap_percent")?);
    Ok(Stacking {
        combines: row.flag("combines")?,
        group: (!group.is_empty()).then(|| group.to_owned()),
        sequence: row.small("sequence")?,
        own_funder_only: row.flag("own_funder_only")?,
        order_cap_percent: (cap > 0).then_some(cap),
    })
}

/// A list in one column, joined by commas; empty text is the empty list.
fn list<T, E: std::fmt::Display>(
    row: Columns<'_>,
    column: &'static str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Detailed<Vec<T>> {
    let parts = row.text(column)?.split(',').filter(|part| !part.is_empty());
    parts.map(|part| parse(part).map_err(|problem| format!("{column}: {problem}"))).collect()
}

/// The columns of a campaign that are not texts of it.
pub(super) struct CampaignColumns {
    pub state: &'static str,
    pub kind: &'static str,
    pub threshold_fen: i64,
    pub amount_fen: i64,
    pub percent: i64,
    pub uses_total: i64,
    pub uses_per_period: i64,
    pub use_period: &'static str,
    pub goods_categories: String,
    pub excluded_categories: String,
    pub regions: String,
    pub shops: &'static str,
    pub hours: String,
    pub combines: i64,
    pub stack_group: String,
    pub sequence: i64,
    pub own_funder_only: i64,
    pub order_cap_percent: i64,
    pub rechecks_membership: i64,
    pub refund_rule: &'static str,
    pub grace_days: i64,
    pub returns_max: i64,
}

impl From<&Campaign> for CampaignColumns {
    fn from(campaign: &Campaign) -> Self {
        let terms = &campaign.terms;
        let (threshold, amount, percent) = amounts(terms.kind());
        let (uses, stacking, rule) = (terms.uses(), terms.stacking(), terms.refund_rule());
        let state = CAMPAIGN_STATES.iter().find(|(known, _)| *known == campaign.state);
        Self {
            state: state.expect("the table lists every state").1,
            kind: terms.kind().key(),
            threshold_fen: threshold.0,
            amount_fen: amount.0,
            percent: percent.into(),
            uses_total: uses.total.into(),
            uses_per_period: uses.limit.map_or(0, |limit| limit.count.into()),
            use_period: uses.limit.map_or("", |limit| limit.period.key()),
            goods_categories: joined(terms.goods_categories()),
            excluded_categories: joined(terms.excluded_categories()),
            regions: joined(terms.regions()),
            shops: terms.shops().key(),
            hours: joined(terms.hours()),
            combines: stacking.combines.into(),
            stack_group: stacking.group.clone().unwrap_or_default(),
            sequence: stacking.sequence.into(),
            own_funder_only: stacking.own_funder_only.into(),
            order_cap_percent: stacking.order_cap_percent.unwrap_or(0).into(),
            rechecks_membership: terms.rechecks_membership().into(),
            refund_rule: rule.key(),
            grace_days: rule.grace_days().into(),
            returns_max: terms.returns_max().into(),
        }
    }
}

/// The threshold, the most that is taken off at once, and the percentage.
fn amounts(kind: Kind) -> (Fen, Fen, u8) {
    match kind {
        Kind::AmountOff { threshold, amount } => (threshold, amount, 0),
        Kind::PercentOff { threshold, percent, cap } => (threshold, cap, percent),
        Kind::Waiver { cap } => (Fen::ZERO, cap, 0),
        Kind::Balance { value } => (Fen::ZERO, value, 0),
        Kind::Service => (Fen::ZERO, Fen::ZERO, 0),
    }
}
