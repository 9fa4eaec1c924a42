/// The verbs that change something. The scope of a request id is partner and verb (law A1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verb {
    /// Hold vouchers for an order.
    Authorize,
    /// Use what is held.
    Capture,
    /// Let go of what is held.
    Void,
    /// Give back what was used.
    Refund,
}

impl Verb {
    /// Every verb.
    pub const ALL: [Self; 4] = [Self::Authorize, Self::Capture, Self::Void, Self::Refund];

    /// The name under which requests are remembered.
    pub fn name(self) -> &'static str {
        match self {
            Self::Authorize => "AUTHORIZE",
            Self::Capture => "CAPTURE",
            Self::Void => "VOID",
            Self::Refund => "REFUND",
        }
    }

    /// The verb of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.name() == name)
    }

    /// The request's fields in the contract's order, as fingerprints list them.
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Authorize => &[
                "member",
                "order.order_number",
                "order.lines",
                "order.shop.shop_id",
                "order.shop.region_code",
                "voucher_ids",
                "hold",
                "order.shop.terminal_id",
            ],
            Self::Capture | Self::Refund => &["authorization_id", "portion"],
            Self::Void => &["target"],
        }
    }
}
