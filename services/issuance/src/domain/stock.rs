use super::CampaignId;

/// The one part of a stock that is not cut.
pub const WHOLE: u8 = 0;

/// Which stock: what a campaign may give out in one period, or a slice of that.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StockKey {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// `day:2022-07-22` or `campaign`.
    pub period: String,
    /// The slice; [`WHOLE`] for a stock that is not cut.
    pub slice: u8,
}

/// A stock's figures (law I1: `issued - returned <= quota`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stock {
    /// Vouchers that may be given out.
    pub quota: u32,
    /// Vouchers given out; also the last serial.
    pub issued: u32,
    /// Vouchers given out and put back.
    pub returned: u32,
    /// The last position of the stock's feed.
    pub feed_head: i64,
}

impl Stock {
    /// A stock that nothing was taken from.
    pub const fn full(quota: u32) -> Self {
        Self { quota, issued: 0, returned: 0, feed_head: 0 }
    }

    /// What is left.
    pub const fn remaining(self) -> u32 {
        self.quota.saturating_add(self.returned).saturating_sub(self.issued)
    }

    /// Takes one out, if one is left: its serial.
    pub const fn take(&mut self) -> Option<u32> {
        if self.remaining() == 0 {
            return None;
        }
        self.issued += 1;
        Some(self.issued)
    }
}
