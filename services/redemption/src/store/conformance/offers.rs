//! Campaigns of every kind, and orders of several lines, for the cases about them.

use benefit::{
    Basket, Category, Fen, Kind, Line, Portion, Stacking, TermsParts, UseLimit, UsePeriod, Uses,
};
use member_identity::{AuthorizationId, OrganizationPath, PersonKey, RegionCode};

use super::till::{EPOCH, Till, campaign_of, cool_drinks, key, made};
use crate::domain::{Authorization, Campaign, FeedBatch, Order, Wanted};
use crate::store::AuthorizationKey;

/// The province's voucher of [`Till::offer_double`]: 1.00 off, its turn comes first.
pub const PROVINCE: &str = "province";
/// The district's: 0.50 off what is left, its turn comes second.
pub const DISTRICT: &str = "district";

/// So much off any goods, alone.
pub fn off(amount: i64) -> TermsParts {
    let kind = Kind::AmountOff { threshold: Fen(amount), amount: Fen(amount) };
    TermsParts { kind, goods_categories: Vec::new(), ..cool_drinks() }
}

/// The same, together with others, in that turn.
pub fn combining(parts: TermsParts, sequence: u8) -> TermsParts {
    let stacking = Stacking { combines: true, sequence, ..Stacking::default() };
    TermsParts { stacking, ..parts }
}

/// A free bus so many times, `count` of them a day.
pub fn bus(total: u32, count: u32) -> TermsParts {
    let limit = Some(UseLimit { count, period: UsePeriod::Day });
    let kind = Kind::Waiver { cap: Fen(200) };
    TermsParts { kind, uses: Uses { total, limit }, ..off(1) }
}

/// Money to be spent in parts.
pub fn purse(value: i64) -> TermsParts {
    TermsParts { kind: Kind::Balance { value: Fen(value) }, ..off(1) }
}

/// Something that is done for the member, with no money.
pub fn check_up() -> TermsParts {
    let goods = vec![Category::parse("check-up").expect("a category")];
    TermsParts { kind: Kind::Service, goods_categories: goods, ..off(1) }
}

/// A campaign whose terms ask at the till whether the member still qualifies under `policy`.
pub fn rechecking(id: &str, parts: TermsParts, policy: &str, position: i64) -> Campaign {
    let parts = TermsParts { rechecks_membership: true, ..parts };
    Campaign { policy_id: policy.to_owned(), ..campaign_of(id, parts, position) }
}

/// An order of such lines in Guangzhou.
pub fn cart(number: &str, lines: &[(&str, i64)]) -> Order {
    let line = |(category, fen): &(&str, i64)| Line {
        category: Category::parse(category).expect("a category"),
        amount: Fen(*fen),
    };
    let shop = RegionCode::parse("440106").expect("a region");
    let basket = Basket::new(lines.iter().map(line).collect(), shop).expect("a basket");
    Order::plain(key(number), basket, key("shop-1"))
}

/// A part of an order by lines.
pub fn lines(parts: &[(usize, i64)]) -> Portion {
    Portion::Lines(parts.iter().map(|(line, fen)| (*line, Fen(*fen))).collect())
}

/// A part of an order by its amount.
pub fn amount(fen: i64) -> Portion {
    Portion::Amount(Fen(fen))
}

/// Amounts as plain numbers.
pub fn plain(amounts: &[Fen]) -> Vec<i64> {
    amounts.iter().map(|fen| fen.0).collect()
}

impl Till {
    /// Takes in campaigns.
    pub async fn offer(&self, campaigns: Vec<Campaign>) {
        self.feed(FeedBatch { epoch: EPOCH, campaigns, vouchers: None }).await;
    }

    /// Takes in one campaign of `gd`, the third.
    pub async fn offer_one(&self, id: &str, parts: TermsParts) {
        self.offer(vec![campaign_of(id, parts, 3)]).await;
    }

    /// Two campaigns of two funders whose vouchers go together.
    pub async fn offer_double(&self) {
        let district = campaign_of(DISTRICT, combining(off(50), 1), 4);
        let organization = OrganizationPath::parse("gd/zhuhai").expect("a path");
        let district = Campaign { organization, ..district };
        self.offer(vec![campaign_of(PROVINCE, combining(off(100), 0), 3), district]).await;
    }

    /// Holds the best vouchers of a person for an order, which there must be.
    pub async fn hold_for(&self, person: PersonKey, order: Order) -> Authorization {
        let request_id = format!("hold-{}", order.number);
        let command = self.authorize_order(&request_id, person, (order, Wanted::Best));
        made(self.one(command).await)
    }

    /// Captures a part of an order, which must be held.
    pub async fn captured(&self, id: AuthorizationId, portion: Portion) -> Authorization {
        made(self.one(self.capture_part(&format!("capture-{id}"), id, portion)).await)
    }

    /// Refunds a part of an order under that request id; something of it must be left.
    pub async fn refunded(
        &self,
        request: &str,
        id: AuthorizationId,
        part: Portion,
    ) -> Authorization {
        made(self.one(self.refund_part(request, id, part)).await)
    }

    /// An authorization as it is stored.
    pub async fn stored(&self, id: AuthorizationId) -> Authorization {
        let key = AuthorizationKey::Id(id);
        let found = self.store.authorization(&self.partner, &key).await;
        found.expect("the store is there").expect("it was made")
    }
}
