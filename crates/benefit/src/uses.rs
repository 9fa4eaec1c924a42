use clock::{BusinessDay, Timestamp, Zone};

/// How often a voucher can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Uses {
    /// In all, 1 to 10,000.
    pub total: u32,
    /// In one period.
    pub limit: Option<UseLimit>,
}

/// How often a voucher can be used in one period: a bus pass so many rides a day, a check-up once a
/// year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UseLimit {
    /// Uses in one period, 1 to the uses in all.
    pub count: u32,
    /// The period.
    pub period: UsePeriod,
}

/// What the uses of a voucher are counted in, by the terms' zone. A use counts where it was
/// authorized.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UsePeriod {
    /// A business day.
    Day,
    /// A month of the calendar.
    Month,
    /// A year of the calendar.
    Year,
}

impl Uses {
    /// Once, as most vouchers are.
    pub const ONCE: Self = Self { total: 1, limit: None };
}

impl UsePeriod {
    /// Reads what [`Self::key`] writes.
    pub fn parse(key: &str) -> Option<Self> {
        [Self::Day, Self::Month, Self::Year].into_iter().find(|period| period.key() == key)
    }

    /// The name in programme files and tables: `day`, `month` or `year`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// The period that `at` is in, as `2022-07-22`, `2022-07` or `2022`.
    pub fn of(self, at: Timestamp, zone: &Zone) -> String {
        let mut day = BusinessDay::of(at, zone).to_string();
        day.truncate(match self {
            Self::Day => "2022-07-22".len(),
            Self::Month => "2022-07".len(),
            Self::Year => "2022".len(),
        });
        day
    }
}
