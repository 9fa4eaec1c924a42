/// Why the business says no. Each reason of the contract that this service decides on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The member has no voucher at all.
    NoVoucher,
    /// A named voucher is not the member's.
    VoucherUnknown,
    /// Another order holds the voucher.
    VoucherHeld,
    /// The voucher has been used.
    VoucherUsed,
    /// The voucher's validity has not begun.
    VoucherNotYetValid,
    /// The voucher's validity is over.
    VoucherExpired,
    /// The covered goods come to less than the threshold.
    BelowThreshold,
    /// No goods of the order are covered.
    GoodsNotCovered,
    /// The shop is outside the regions.
    RegionNotCovered,
    /// The terms do not apply at this hour.
    OutsideHours,
    /// The terms ask for listed shops and the shop is not registered.
    ShopUnknown,
    /// The shop takes no vouchers.
    ShopBlocked,
    /// The till takes no vouchers.
    TerminalBlocked,
    /// The shop is registered in another region.
    ShopRegionDiffers,
    /// The terms ask for listed shops and the shop is not on the campaign's list.
    ShopNotListed,
    /// The organization has stopped redeeming.
    RedeemingStopped,
    /// No campaign of that name is known.
    CampaignUnknown,
    /// The named vouchers do not go together.
    NotCombinable,
    /// The order number has a live authorization.
    OrderAlreadyAuthorized,
    /// The authorization was voided before.
    AlreadyVoided,
    /// The authorization was captured before.
    AlreadyCaptured,
    /// The hold ran out before.
    HoldExpired,
    /// The authorization was refunded before.
    AlreadyRefunded,
    /// The authorization was never captured.
    NotCaptured,
    /// The request was voided before it arrived.
    VoidedBeforeAuthorize,
    /// The caller has no such authorization.
    AuthorizationUnknown,
    /// The request id was used before with other content.
    RequestIdReused,
    /// Nothing would be taken off.
    NothingLeft,
    /// The order has off already what it may.
    OrderCapReached,
    /// The voucher was used in this period as often as its terms allow.
    UsesOfPeriodSpent,
    /// More was to be captured or returned than is left.
    PortionAboveOrder,
    /// A line was named that the order has not, or twice.
    PortionLineUnknown,
    /// The authorization has as many refunds as it may.
    TooManyRefunds,
    /// The member does not qualify any more.
    NoLongerEligible,
    /// The terms ask whether the member still qualifies, and that is not known: it was not asked,
    /// or nobody can tell. Never remembered.
    BenefitNotAvailableNow,
}

impl Reason {
    /// Whether another voucher in the wallet could have changed it.
    pub fn is_for_want_of_a_voucher(self) -> bool {
        matches!(
            self,
            Self::NoVoucher
                | Self::VoucherUnknown
                | Self::VoucherHeld
                | Self::VoucherUsed
                | Self::VoucherNotYetValid
                | Self::VoucherExpired
        )
    }
}

/// What a value that comes with a refusal tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Detail {
    /// The voucher that does not apply.
    VoucherId,
    /// The first instant of its validity.
    ValidFrom,
    /// The first instant after its validity.
    ValidUntil,
    /// What the covered goods must come to.
    ThresholdFen,
    /// What they come to.
    CoveredFen,
    /// The regions of the terms.
    Regions,
    /// The hours of the terms.
    Hours,
    /// The region that the shop is registered in.
    Region,
    /// The kind of scope that is stopped.
    Stopped,
    /// What a till shows instead of the reason's own text, in Chinese.
    TextZh,
    /// The same in English.
    TextEn,
    /// The live authorization.
    AuthorizationId,
    /// When the hold ran out.
    ExpiredAt,
    /// The first field that differs.
    Field,
    /// What an order may have off at most, of a hundred.
    Percent,
    /// The period that is spent.
    Period,
    /// The uses in it.
    Uses,
    /// What is left of the order or the line.
    LeftFen,
    /// The line.
    Line,
    /// The criterion that does not hold.
    Criterion,
}

/// A refusal and what the caller is told with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// Data for the caller's program.
    pub details: Vec<(Detail, String)>,
}

impl Refusal {
    /// A refusal without data.
    pub fn new(reason: Reason) -> Self {
        Self { reason, details: Vec::new() }
    }

    /// Adds a value.
    pub fn with(mut self, detail: Detail, value: impl std::fmt::Display) -> Self {
        self.details.push((detail, value.to_string()));
        self
    }

    /// The value of that kind that comes with it.
    pub fn detail(&self, detail: Detail) -> Option<&str> {
        let mut values = self.details.iter().filter(|(kind, _)| *kind == detail);
        values.next().map(|(_, value)| value.as_str())
    }
}

impl Reason {
    /// Every reason, for tables that must not miss one.
    pub const ALL: [Self; 35] = [
        Self::NoVoucher,
        Self::VoucherUnknown,
        Self::VoucherHeld,
        Self::VoucherUsed,
        Self::VoucherNotYetValid,
        Self::VoucherExpired,
        Self::BelowThreshold,
        Self::GoodsNotCovered,
        Self::RegionNotCovered,
        Self::OutsideHours,
        Self::ShopUnknown,
        Self::ShopBlocked,
        Self::TerminalBlocked,
        Self::ShopRegionDiffers,
        Self::ShopNotListed,
        Self::RedeemingStopped,
        Self::CampaignUnknown,
        Self::NotCombinable,
        Self::OrderAlreadyAuthorized,
        Self::AlreadyVoided,
        Self::AlreadyCaptured,
        Self::HoldExpired,
        Self::AlreadyRefunded,
        Self::NotCaptured,
        Self::VoidedBeforeAuthorize,
        Self::AuthorizationUnknown,
        Self::RequestIdReused,
        Self::NothingLeft,
        Self::OrderCapReached,
        Self::UsesOfPeriodSpent,
        Self::PortionAboveOrder,
        Self::PortionLineUnknown,
        Self::TooManyRefunds,
        Self::NoLongerEligible,
        Self::BenefitNotAvailableNow,
    ];

    /// The name under which the refusal is remembered; the contract's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoVoucher => "NO_VOUCHER",
            Self::VoucherUnknown => "VOUCHER_UNKNOWN",
            Self::VoucherHeld => "VOUCHER_HELD",
            Self::VoucherUsed => "VOUCHER_USED",
            Self::VoucherNotYetValid => "VOUCHER_NOT_YET_VALID",
            Self::VoucherExpired => "VOUCHER_EXPIRED",
            Self::BelowThreshold => "BELOW_THRESHOLD",
            Self::GoodsNotCovered => "GOODS_NOT_COVERED",
            Self::RegionNotCovered => "REGION_NOT_COVERED",
            Self::OutsideHours => "OUTSIDE_HOURS",
            Self::ShopUnknown => "SHOP_UNKNOWN",
            Self::ShopBlocked => "SHOP_BLOCKED",
            Self::TerminalBlocked => "TERMINAL_BLOCKED",
            Self::ShopRegionDiffers => "SHOP_REGION_DIFFERS",
            Self::ShopNotListed => "SHOP_NOT_LISTED",
            Self::RedeemingStopped => "REDEEMING_STOPPED",
            Self::CampaignUnknown => "CAMPAIGN_UNKNOWN",
            Self::NotCombinable => "NOT_COMBINABLE",
            Self::OrderAlreadyAuthorized => "ORDER_ALREADY_AUTHORIZED",
            Self::AlreadyVoided => "ALREADY_VOIDED",
            Self::AlreadyCaptured => "ALREADY_CAPTURED",
            Self::HoldExpired => "HOLD_EXPIRED",
            Self::AlreadyRefunded => "ALREADY_REFUNDED",
            Self::NotCaptured => "NOT_CAPTURED",
            Self::VoidedBeforeAuthorize => "VOIDED_BEFORE_AUTHORIZE",
            Self::AuthorizationUnknown => "AUTHORIZATION_UNKNOWN",
            Self::RequestIdReused => "REQUEST_ID_REUSED",
            Self::NothingLeft => "NOTHING_LEFT",
            Self::OrderCapReached => "ORDER_CAP_REACHED",
            Self::UsesOfPeriodSpent => "USES_OF_PERIOD_SPENT",
            Self::PortionAboveOrder => "PORTION_ABOVE_ORDER",
            Self::PortionLineUnknown => "PORTION_LINE_UNKNOWN",
            Self::TooManyRefunds => "TOO_MANY_REFUNDS",
            Self::NoLongerEligible => "NO_LONGER_ELIGIBLE",
            Self::BenefitNotAvailableNow => "BENEFIT_NOT_AVAILABLE_NOW",
        }
    }

    /// The reason of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

impl Detail {
    /// Every kind of detail.
    pub const ALL: [Self; 20] = [
        Self::VoucherId,
        Self::ValidFrom,
        Self::ValidUntil,
        Self::ThresholdFen,
        Self::CoveredFen,
        Self::Regions,
        Self::Hours,
        Self::Region,
        Self::Stopped,
        Self::TextZh,
        Self::TextEn,
        Self::AuthorizationId,
        Self::ExpiredAt,
        Self::Field,
        Self::Percent,
        Self::Period,
        Self::Uses,
        Self::LeftFen,
        Self::Line,
        Self::Criterion,
    ];

    /// The contract's metadata key, or the name under which a text is remembered.
    pub fn name(self) -> &'static str {
        match self {
            Self::VoucherId => "voucher_id",
            Self::ValidFrom => "valid_from",
            Self::ValidUntil => "valid_until",
            Self::ThresholdFen => "threshold_fen",
            Self::CoveredFen => "covered_fen",
            Self::Regions => "regions",
            Self::Hours => "hours",
            Self::Region => "region",
            Self::Stopped => "stopped",
            Self::TextZh => "text_zh",
            Self::TextEn => "text_en",
            Self::AuthorizationId => "authorization_id",
            Self::ExpiredAt => "expired_at",
            Self::Field => "field",
            Self::Percent => "percent",
            Self::Period => "period",
            Self::Uses => "uses",
            Self::LeftFen => "left_fen",
            Self::Line => "line",
            Self::Criterion => "criterion",
        }
    }

    /// Whether it is shown to people, and no metadata.
    pub fn is_text(self) -> bool {
        matches!(self, Self::TextZh | Self::TextEn)
    }

    /// The detail of that metadata key.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|detail| detail.name() == name)
    }
}
