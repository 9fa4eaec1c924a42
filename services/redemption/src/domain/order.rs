use benefit::Basket;
use member_identity::VoucherId;

use super::{OrderNumber, ShopId};

/// What is bought, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The platform's number of the order.
    pub number: OrderNumber,
    /// What is bought, and in which region.
    pub basket: Basket,
    /// The platform's id of the shop.
    pub shop_id: ShopId,
}

/// Which vouchers the caller wants to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Those that take off most together.
    Best,
    /// These, 1 to 3 and each once, and no other.
    Named(Vec<VoucherId>),
}

impl Wanted {
    /// The vouchers that are named.
    pub fn named(&self) -> &[VoucherId] {
        match self {
            Self::Best => &[],
            Self::Named(ids) => ids,
        }
    }
}
