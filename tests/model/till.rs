//! The model's words in the suite's, and back.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use benefit::{Basket, Category, Fen};
use clock::{Timestamp, Zone};
use member_identity::{
    AuthorizationId, MemberId, OrganizationPath, PersonKey, RegionCode, VoucherId,
};
use redemption::domain::{
    Action, AuthorizeOrder, Campaign, CampaignState, Checks, Command, Entropy, FeedBatch,
    IssuedVoucher, Order, OrderHold, OrderPart, Partner, StockBatch, StockKey, VoidTarget,
};

use crate::reference::{self, Portion, Sent, Verb, Wanted};
use crate::rules::{CAMPAIGNS, CATEGORIES};

/// The store that the feed comes from.
const EPOCH: [u8; 16] = [9; 16];
/// An authorization that nobody has.
const NOBODYS: AuthorizationId = AuthorizationId::from_bytes([0; 16]);

/// Counts, so that ids can be told apart and a run repeated.
#[derive(Debug, Default)]
pub struct Counting(AtomicU64);

impl Entropy for Counting {
    fn draw(&self) -> [u8; 9] {
        let mut bytes = [0; 9];
        bytes[1..].copy_from_slice(&self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        bytes
    }
}

/// The suite's ids of what the reference numbers.
#[derive(Debug, Default)]
pub struct Names {
    pub vouchers: Vec<VoucherId>,
    pub authorizations: Vec<AuthorizationId>,
    pub numbers: HashMap<VoucherId, usize>,
}

impl Names {
    /// A verb as its platform sends it.
    pub fn command(&self, sent: &Sent) -> Command {
        let action = match &sent.verb {
            Verb::Authorize { person: number, order, lines, wanted, hold } => {
                let asked = OrderHold {
                    order: self::order(*order, lines),
                    wanted: self.wanted(wanted),
                    hold: Duration::from_micros(hold.unsigned_abs()),
                };
                let person = person(*number);
                let member_id = MemberId::from_bytes(*person.as_bytes());
                let (may_miss, checks) = (false, Checks::default());
                Action::Authorize(Box::new(AuthorizeOrder {
                    member_id,
                    person,
                    asked,
                    may_miss,
                    checks,
                }))
            }
            Verb::Capture { authorization, portion } => {
                Action::Capture(self.part(*authorization, portion))
            }
            Verb::Refund { authorization, portion } => {
                Action::Refund(self.part(*authorization, portion))
            }
            Verb::Void { authorization } => {
                Action::Void(VoidTarget::Authorization(self.authorization(*authorization)))
            }
            Verb::VoidRequest { request } => Action::Void(VoidTarget::Request(key(*request))),
        };
        Command { partner: platform(sent.platform), request_id: key(sent.request), action }
    }

    /// Which vouchers are wanted.
    pub fn wanted(&self, wanted: &Wanted) -> redemption::domain::Wanted {
        match wanted {
            Wanted::Best => redemption::domain::Wanted::Best,
            Wanted::Named(numbers) => redemption::domain::Wanted::Named(
                numbers.iter().map(|number| self.vouchers[*number]).collect(),
            ),
        }
    }

    fn part(&self, authorization: usize, portion: &Portion) -> OrderPart {
        let portion = match portion {
            Portion::Whole => benefit::Portion::Whole,
            Portion::Amount(fen) => benefit::Portion::Amount(Fen(*fen)),
            Portion::Lines(lines) => {
                benefit::Portion::Lines(lines.iter().map(|(at, fen)| (*at, Fen(*fen))).collect())
            }
        };
        OrderPart { authorization_id: self.authorization(authorization), portion }
    }

    /// The suite's id of an authorization; one that nobody has for a number that is not given out.
    pub fn authorization(&self, number: usize) -> AuthorizationId {
        self.authorizations.get(number).copied().unwrap_or(NOBODYS)
    }

    /// A voucher as issuance sends it.
    pub fn issue(&mut self, voucher: &reference::Voucher, ids: &Counting) -> FeedBatch {
        let person = person(voucher.person);
        let from = Timestamp::from_micros(voucher.from);
        let voucher_id = VoucherId::mint(person.shard(), from, ids.draw());
        self.numbers.insert(voucher_id, self.vouchers.len());
        self.vouchers.push(voucher_id);
        let issued = IssuedVoucher {
            voucher_id,
            person,
            campaign_id: parsed(CAMPAIGNS[voucher.campaign].campaign),
            valid_from: from,
            valid_until: Timestamp::from_micros(voucher.until),
            version: 1,
        };
        let stock = StockKey {
            campaign_id: parsed(CAMPAIGNS[0].campaign),
            period: String::from("campaign"),
            slice: 0,
        };
        let first_position = i64::try_from(self.vouchers.len()).expect("a small number");
        let batch = StockBatch { stock, first_position, vouchers: vec![issued] };
        FeedBatch { epoch: EPOCH, campaigns: Vec::new(), vouchers: Some(batch) }
    }
}

/// Every campaign, as issuance sends it.
pub fn campaigns() -> FeedBatch {
    let campaigns = CAMPAIGNS.iter().zip(1..).map(|(rules, position)| Campaign {
        campaign_id: parsed(rules.campaign),
        organization: OrganizationPath::parse(rules.funder).expect("a path"),
        state: CampaignState::Active,
        policy_id: String::new(),
        terms: rules.terms(),
        title_zh: String::from("模型"),
        title_en: String::from("A model"),
        position,
    });
    FeedBatch { epoch: EPOCH, campaigns: campaigns.collect(), vouchers: None }
}

/// Platform number `n`.
pub fn platform(n: usize) -> Partner {
    parsed(&format!("platform-{n}"))
}

/// An order of these lines.
pub fn order(number: usize, lines: &[reference::Line]) -> Order {
    let line = |(category, fen): &reference::Line| benefit::Line {
        category: Category::parse(CATEGORIES[*category]).expect("a category"),
        amount: Fen(*fen),
    };
    let shop = RegionCode::parse("440106").expect("a region");
    let basket = Basket::new(lines.iter().map(line).collect(), shop).expect("a basket");
    Order::plain(parsed(&format!("order-{number}")), basket, parsed("shop-1"))
}

/// Person number `n`.
pub fn person(n: usize) -> PersonKey {
    let mut bytes = [u8::try_from(n).expect("few persons") + 1; 16];
    bytes[15] = 7;
    PersonKey::from_bytes(bytes)
}

/// The ten o'clock that episodes begin at.
pub fn beginning() -> Timestamp {
    let day = clock::BusinessDay::parse("2022-12-28").expect("a day");
    day.at_minute(600, &Zone::shanghai())
}

fn key<T>(number: usize) -> T
where
    T: std::str::FromStr,
    T::Err: std::fmt::Debug,
{
    parsed(&format!("request-{number}"))
}

fn parsed<T>(text: &str) -> T
where
    T: std::str::FromStr,
    T::Err: std::fmt::Debug,
{
    text.parse().expect("a well-formed key")
}
