use clock::BusinessDay;

/// What a stock is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StockPeriod {
    /// A new stock each business day.
    Day,
    /// One stock for the whole campaign.
    Campaign,
}

/// What the vouchers of a person are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LimitPeriod {
    /// Anew each business day.
    Day,
    /// Over the whole campaign.
    Campaign,
}

const DAY: &str = "day";
const CAMPAIGN: &str = "campaign";

impl StockPeriod {
    /// Reads what [`Self::name`] writes.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            DAY => Some(Self::Day),
            CAMPAIGN => Some(Self::Campaign),
            _ => None,
        }
    }

    /// The name in programme files and tables: `day` or `campaign`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => DAY,
            Self::Campaign => CAMPAIGN,
        }
    }

    /// The key of the stock that gives out on `day`: `day:2022-07-22` or `campaign`.
    pub fn key(self, day: BusinessDay) -> String {
        match self {
            Self::Day => format!("{DAY}:{day}"),
            Self::Campaign => CAMPAIGN.to_owned(),
        }
    }
}

impl LimitPeriod {
    /// Reads what [`Self::name`] writes.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            DAY => Some(Self::Day),
            CAMPAIGN => Some(Self::Campaign),
            _ => None,
        }
    }

    /// The name in programme files and tables: `day` or `campaign`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => DAY,
            Self::Campaign => CAMPAIGN,
        }
    }

    /// The key of the limit period that `day` is in: `day:2022-07-22` or `campaign`.
    pub fn key(self, day: BusinessDay) -> String {
        match self {
            Self::Day => format!("{DAY}:{day}"),
            Self::Campaign => CAMPAIGN.to_owned(),
        }
    }
}
