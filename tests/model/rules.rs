//! The campaigns of the model, as plain figures: what the suite's own types say is made from these,
//! and the reference knows nothing else.

use benefit::{
    Category, Fen, Kind, RefundRule, ShopScope, Stacking, Terms, TermsParts, UseLimit, UsePeriod,
    Uses,
};
use clock::Zone;

/// The goods categories that orders are made of.
pub const CATEGORIES: [&str; 4] = ["drink", "food", "bus", "checkup"];

/// What a voucher is worth.
#[derive(Clone, Copy, Debug)]
pub enum Worth {
    /// So much off, from a threshold.
    Off { threshold: i64, amount: i64 },
    /// A percentage off, from a threshold, up to a cap.
    Percent { threshold: i64, percent: i64, cap: i64 },
    /// Everything off, up to a cap.
    Waiver { cap: i64 },
    /// Spent in parts.
    Balance { value: i64 },
    /// No money.
    Service,
}

/// Whether the right comes back.
#[derive(Clone, Copy, Debug)]
pub enum Right {
    /// Never.
    Spent,
    /// Within the validity it had.
    Returns,
    /// For at least so many days.
    Grace(u16),
}

/// A campaign.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Its name.
    pub campaign: &'static str,
    /// Who pays.
    pub funder: &'static str,
    /// What its vouchers are worth.
    pub worth: Worth,
    /// The categories it covers; empty for all.
    pub goods: &'static [usize],
    /// The category it never covers.
    pub excluded: Option<usize>,
    /// Uses in all.
    pub uses: u32,
    /// Uses in a period of so many characters of a date: 10 a day, 7 a month, 4 a year.
    pub per_period: Option<(u32, usize)>,
    /// Whether it combines.
    pub combines: bool,
    /// Its group.
    pub group: Option<&'static str>,
    /// When its turn comes.
    pub sequence: u8,
    /// Only with its own funder's.
    pub own_funder_only: bool,
    /// What the order may have off with it, in percent.
    pub order_cap: Option<i64>,
    /// Whether the right comes back.
    pub right: Right,
    /// How often.
    pub returns_max: u32,
    /// For how many days its vouchers are valid.
    pub days: u16,
}

const PLAIN: Rules = Rules {
    campaign: "spent",
    funder: "gd",
    worth: Worth::Off { threshold: 300, amount: 299 },
    goods: &[0],
    excluded: None,
    uses: 1,
    per_period: None,
    combines: false,
    group: None,
    sequence: 0,
    own_funder_only: false,
    order_cap: None,
    right: Right::Spent,
    returns_max: 0,
    days: 1,
};

/// Every campaign.
pub const CAMPAIGNS: [Rules; 9] = [
    PLAIN,
    Rules {
        campaign: "cool",
        combines: true,
        group: Some("drinks"),
        right: Right::Returns,
        returns_max: 2,
        ..PLAIN
    },
    Rules {
        campaign: "cool-small",
        worth: Worth::Off { threshold: 100, amount: 50 },
        combines: true,
        group: Some("drinks"),
        days: 2,
        ..PLAIN
    },
    Rules {
        campaign: "district",
        funder: "gd/4404",
        worth: Worth::Off { threshold: 200, amount: 150 },
        goods: &[],
        excluded: Some(3),
        combines: true,
        sequence: 1,
        right: Right::Returns,
        returns_max: 100,
        days: 3,
        ..PLAIN
    },
    Rules {
        campaign: "percent",
        worth: Worth::Percent { threshold: 100, percent: 20, cap: 500 },
        goods: &[0, 1],
        combines: true,
        sequence: 2,
        order_cap: Some(60),
        right: Right::Grace(2),
        returns_max: 1,
        ..PLAIN
    },
    Rules {
        campaign: "bus",
        worth: Worth::Waiver { cap: 400 },
        goods: &[2],
        uses: 6,
        per_period: Some((2, 10)),
        right: Right::Returns,
        returns_max: 100,
        days: 30,
        ..PLAIN
    },
    Rules {
        campaign: "purse",
        funder: "gd/4404",
        worth: Worth::Balance { value: 1_000 },
        goods: &[],
        combines: true,
        sequence: 3,
        right: Right::Returns,
        returns_max: 2,
        days: 7,
        ..PLAIN
    },
    Rules {
        campaign: "checkup",
        worth: Worth::Service,
        goods: &[3],
        uses: 2,
        per_period: Some((1, 4)),
        right: Right::Returns,
        returns_max: 1,
        days: 366,
        ..PLAIN
    },
    Rules {
        campaign: "own-only",
        worth: Worth::Percent { threshold: 0, percent: 33, cap: 100_000 },
        goods: &[],
        combines: true,
        sequence: 4,
        own_funder_only: true,
        days: 2,
        ..PLAIN
    },
];

impl Rules {
    /// The same as the suite says it.
    pub fn terms(&self) -> Terms {
        let category = |at: &usize| Category::parse(CATEGORIES[*at]).expect("a category");
        Terms::new(TermsParts {
            kind: match self.worth {
                Worth::Off { threshold, amount } => {
                    Kind::AmountOff { threshold: Fen(threshold), amount: Fen(amount) }
                }
                Worth::Percent { threshold, percent, cap } => Kind::PercentOff {
                    threshold: Fen(threshold),
                    percent: u8::try_from(percent).expect("a percentage"),
                    cap: Fen(cap),
                },
                Worth::Waiver { cap } => Kind::Waiver { cap: Fen(cap) },
                Worth::Balance { value } => Kind::Balance { value: Fen(value) },
                Worth::Service => Kind::Service,
            },
            uses: Uses {
                total: self.uses,
                limit: self.per_period.map(|(count, characters)| UseLimit {
                    count,
                    period: match characters {
                        10 => UsePeriod::Day,
                        7 => UsePeriod::Month,
                        _ => UsePeriod::Year,
                    },
                }),
            },
            goods_categories: self.goods.iter().map(category).collect(),
            excluded_categories: self.excluded.iter().map(category).collect(),
            regions: Vec::new(),
            shops: ShopScope::Any,
            hours: Vec::new(),
            stacking: Stacking {
                combines: self.combines,
                group: self.group.map(str::to_owned),
                sequence: self.sequence,
                own_funder_only: self.own_funder_only,
                order_cap_percent: self.order_cap.map(|cap| u8::try_from(cap).expect("percent")),
            },
            rechecks_membership: false,
            refund_rule: match self.right {
                Right::Spent => RefundRule::RightIsSpent,
                Right::Returns => RefundRule::RightReturns,
                Right::Grace(days) => RefundRule::RightReturnsWithGrace(days),
            },
            returns_max: self.returns_max,
            zone: Zone::shanghai(),
        })
        .expect("the model's terms are good")
    }

    /// Whether it covers goods of a category.
    pub fn covers(&self, category: usize) -> bool {
        (self.goods.is_empty() || self.goods.contains(&category)) && self.excluded != Some(category)
    }
}
