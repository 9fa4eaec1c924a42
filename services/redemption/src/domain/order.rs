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
    /// The one that takes off most.
    Best,
    /// These, and no other.
    Named(Vec<VoucherId>),
}
