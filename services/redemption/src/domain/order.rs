use std::borrow::Cow;

use benefit::{Basket, Line};
use member_identity::VoucherId;

use super::shops::{GoodsText, Place, Premises, ShopKey};
use super::{OrderNumber, Partner, ShopId, TerminalId};

/// What is bought, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The platform's number of the order.
    pub number: OrderNumber,
    /// What is bought, and in which region, as far as texts are keys of ours.
    pub basket: Basket,
    /// What the lines call the goods, in the basket's order.
    pub texts: Vec<GoodsText>,
    /// The platform's id of the shop.
    pub shop_id: ShopId,
    /// The till, when it is named.
    pub terminal: Option<TerminalId>,
}

impl Order {
    /// An order whose lines name our own categories, at no till in particular.
    pub fn plain(number: OrderNumber, basket: Basket, shop_id: ShopId) -> Self {
        let texts = basket.lines().iter().map(|line| GoodsText::from(&line.category)).collect();
        Self { number, basket, texts, shop_id, terminal: None }
    }

    /// Where it is, as an order of that platform.
    pub fn place(&self, platform: &Partner) -> Place {
        let (platform, shop_id) = (platform.clone(), self.shop_id.clone());
        Place {
            shop: ShopKey { platform, shop_id },
            terminal: self.terminal.clone(),
            region: self.basket.shop_region(),
        }
    }

    /// What is bought, each line under the category that its text stands for there.
    pub fn basket_at(&self, premises: &Premises<'_>) -> Cow<'_, Basket> {
        if !premises.maps_categories() {
            return Cow::Borrowed(&self.basket);
        }
        let lines = self.basket.lines().iter().zip(&self.texts);
        let lines =
            lines.map(|(line, text)| Line { category: premises.category(text), ..line.clone() });
        let basket = Basket::new(lines.collect(), self.basket.shop_region());
        Cow::Owned(basket.expect("only the categories differ from a basket"))
    }
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
