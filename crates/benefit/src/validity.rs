use clock::{BusinessDay, Timestamp, Zone};

/// How long a voucher can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Validity {
    /// Until the end of the business day on which it was issued.
    BusinessDay,
    /// For that many business days, 1 to 366, of which the day of issue is the first. May reach
    /// beyond the campaign's last day.
    Days(u16),
    /// Until the end of the campaign's last day.
    CampaignEnd,
}

impl Validity {
    /// The first instant of a voucher's validity, which is when it was issued, and the first
    /// instant after it. `ends_on` is the campaign's last day; a voucher issued after it under
    /// [`Validity::CampaignEnd`] is never valid.
    pub fn window(
        self,
        issued_at: Timestamp,
        zone: &Zone,
        ends_on: BusinessDay,
    ) -> (Timestamp, Timestamp) {
        let first = BusinessDay::of(issued_at, zone);
        let last = match self {
            Self::BusinessDay => first,
            Self::Days(days) => (1..days).fold(first, |day, _| day.next()),
            Self::CampaignEnd => ends_on,
        };
        (issued_at, last.end(zone))
    }
}
