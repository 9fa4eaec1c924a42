use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use benefit::{
    Basket, Category, Fen, Kind, Line, Portion, RefundRule, ShopScope, Stacking, Terms, TermsParts,
    Uses,
};
use clock::{BusinessDay, Timestamp, Zone};
use member_identity::{
    AuthorizationId, MemberId, OrganizationPath, PersonKey, RegionCode, VoucherId,
};

use super::Opener;
use crate::domain::{
    Action, Answer, Authorization, AuthorizeOrder, Campaign, CampaignId, CampaignState, Checks,
    Command, Counterparty, DailyTotal, Entropy, FeedBatch, IssuedVoucher, Moment, Order, OrderHold,
    OrderPart, Partner, Reason, StatementHead, StatementWriter, StockBatch, StockKey, VoidTarget,
    WalletVoucher, Wanted,
};
use crate::store::{Store, StoreError};

/// The campaign whose right comes back after a refund: 2.99 off from 3.00 on cold drinks.
pub const RETURNS: &str = "cool-drinks";
/// The campaign whose right is spent: the same, otherwise.
pub const SPENT: &str = "cool-drinks-once";
/// Conflicts in a row after which something is wrong: each is with a batch that has committed.
const CONFLICTS_MAX: u32 = 20;
/// What a voucher takes off.
pub const OFF: Fen = Fen(299);
/// The store that the feed comes from.
pub const EPOCH: [u8; 16] = [7; 16];

/// A till of one platform over a store, with a clock that stands until it is moved.
pub struct Till {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The platform.
    pub partner: Partner,
    now: AtomicI64,
    issued: Arc<AtomicI64>,
    entropy: Arc<Counting>,
    open: Option<Opener>,
}

/// Entropy that counts, so that a run can be repeated.
#[derive(Debug, Default)]
pub struct Counting(AtomicU64);

impl Counting {
    /// Counts from `first`, so that two sources never give the same.
    pub fn beginning_at(first: u64) -> Self {
        Self(AtomicU64::new(first))
    }
}

impl Entropy for Counting {
    fn draw(&self) -> [u8; 9] {
        let mut bytes = [0; 9];
        bytes[1..].copy_from_slice(&self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        bytes
    }
}

impl Till {
    /// A till at ten o'clock of 22 July 2022, with two campaigns and no vouchers.
    pub async fn open(store: Arc<dyn Store>) -> Self {
        let till = Self {
            store,
            partner: key("wepay"),
            now: AtomicI64::new(0),
            issued: Arc::default(),
            entropy: Arc::default(),
            open: None,
        };
        till.move_to("2022-07-22", 600);
        let campaigns = vec![
            campaign(RETURNS, RefundRule::RightReturns, 1),
            campaign(SPENT, RefundRule::RightIsSpent, 2),
        ];
        till.feed(FeedBatch { epoch: EPOCH, campaigns, vouchers: None }).await;
        till
    }

    /// The same till, which can have replicas.
    pub fn with_replicas(self, open: Opener) -> Self {
        Self { open: Some(open), ..self }
    }

    /// The till of the same platform at another replica, with a clock of its own.
    pub async fn replica(&self) -> Self {
        let open = self.open.as_ref().expect("the case's ground has more than one store");
        Self {
            store: open().await,
            partner: self.partner.clone(),
            now: AtomicI64::new(self.now.load(Ordering::Relaxed)),
            issued: Arc::clone(&self.issued),
            entropy: Arc::clone(&self.entropy),
            open: self.open.clone(),
        }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.now.load(Ordering::Relaxed))
    }

    /// Moves the clock to a minute of a day in Shanghai.
    pub fn move_to(&self, date: &str, minute: u16) {
        let at = day(date).at_minute(minute, &Zone::shanghai());
        self.now.store(at.as_micros(), Ordering::Relaxed);
    }

    /// Lets time pass.
    pub fn pass(&self, duration: Duration) {
        self.now.store(self.now().plus(duration).as_micros(), Ordering::Relaxed);
    }

    /// Now, with a source of ids.
    pub fn moment(&self) -> Moment {
        Moment { now: self.now(), entropy: self.entropy.clone() }
    }

    /// Takes in a message of the feed that must be taken in.
    pub async fn feed(&self, batch: FeedBatch) {
        let taken = self.store.apply_feed(batch).await.expect("the store is there");
        taken.expect("the message goes on at the cursors");
    }

    /// Gives a person a voucher of a campaign, valid until the end of the day.
    pub async fn give(&self, person: PersonKey, campaign: &str) -> VoucherId {
        let voucher = self.voucher(person, campaign);
        let id = voucher.voucher_id;
        self.feed(self.message(vec![voucher])).await;
        id
    }

    /// A new voucher.
    pub fn voucher(&self, person: PersonKey, campaign: &str) -> IssuedVoucher {
        let today = crate::domain::business_day(self.now());
        IssuedVoucher {
            voucher_id: VoucherId::mint(person.shard(), self.now(), self.entropy.draw()),
            person,
            campaign_id: key(campaign),
            valid_from: self.now(),
            valid_until: today.end(&Zone::shanghai()),
            version: 1,
        }
    }

    /// The next message of the one stock.
    pub fn message(&self, vouchers: Vec<IssuedVoucher>) -> FeedBatch {
        let count = i64::try_from(vouchers.len()).expect("a small number");
        let first_position = self.issued.fetch_add(count, Ordering::Relaxed) + 1;
        let batch = StockBatch { stock: stock(), first_position, vouchers };
        FeedBatch { epoch: EPOCH, campaigns: Vec::new(), vouchers: Some(batch) }
    }

    /// Judges commands in one batch.
    pub async fn run(&self, commands: Vec<Command>) -> Vec<Answer> {
        let expected = commands.len();
        let answers = self.store.checkout_batch(commands, self.moment()).await;
        let answers = answers.expect("the store is there");
        assert_eq!(answers.len(), expected, "one answer a command");
        answers
    }

    /// Judges commands in one batch as the lane does: a batch that met another is run again.
    pub async fn insist(&self, commands: Vec<Command>) -> Vec<Answer> {
        for _ in 0..CONFLICTS_MAX {
            match self.store.checkout_batch(commands.clone(), self.moment()).await {
                Err(StoreError::Conflict) => {}
                answers => return answers.expect("the store is there"),
            }
        }
        panic!("a batch conflicts without end");
    }

    /// Judges one command.
    pub async fn one(&self, command: Command) -> Answer {
        self.run(vec![command]).await.remove(0)
    }

    /// Holds the best voucher of `person` for a bottle of 5.00.
    pub fn authorize(&self, request_id: &str, person: PersonKey, order: &str) -> Command {
        self.authorize_with(request_id, person, order, Wanted::Best)
    }

    /// Holds a voucher for a bottle of 5.00.
    pub fn authorize_with(
        &self,
        request_id: &str,
        person: PersonKey,
        order: &str,
        wanted: Wanted,
    ) -> Command {
        self.authorize_order(request_id, person, (cold_drink(order, Fen(500)), wanted))
    }

    /// Holds vouchers for an order; nothing was checked.
    pub fn authorize_order(
        &self,
        request_id: &str,
        person: PersonKey,
        (order, wanted): (Order, Wanted),
    ) -> Command {
        let asked = OrderHold { order, wanted, hold: Duration::from_secs(300) };
        let member_id = MemberId::from_bytes(*person.as_bytes());
        let checks = Checks::default();
        let authorize = AuthorizeOrder { member_id, person, asked, may_miss: false, checks };
        self.command(request_id, Action::Authorize(Box::new(authorize)))
    }

    /// The order was paid.
    pub fn capture(&self, request_id: &str, id: AuthorizationId) -> Command {
        self.capture_part(request_id, id, Portion::Whole)
    }

    /// A part of the order was paid.
    pub fn capture_part(&self, request_id: &str, id: AuthorizationId, portion: Portion) -> Command {
        self.command(request_id, Action::Capture(OrderPart { authorization_id: id, portion }))
    }

    /// The order was not paid.
    pub fn void(&self, request_id: &str, id: AuthorizationId) -> Command {
        self.command(request_id, Action::Void(VoidTarget::Authorization(id)))
    }

    /// Lets go of whatever an Authorize made.
    pub fn void_request(&self, request_id: &str, authorize_request_id: &str) -> Command {
        let target = VoidTarget::Request(key(authorize_request_id));
        self.command(request_id, Action::Void(target))
    }

    /// The goods were returned.
    pub fn refund(&self, request_id: &str, id: AuthorizationId) -> Command {
        self.refund_part(request_id, id, Portion::Whole)
    }

    /// Some of the goods were returned.
    pub fn refund_part(&self, request_id: &str, id: AuthorizationId, portion: Portion) -> Command {
        self.command(request_id, Action::Refund(OrderPart { authorization_id: id, portion }))
    }

    fn command(&self, request_id: &str, action: Action) -> Command {
        Command { partner: self.partner.clone(), request_id: key(request_id), action }
    }

    /// An authorization that must be made.
    pub async fn held(&self, request_id: &str, person: PersonKey, order: &str) -> AuthorizationId {
        made(self.one(self.authorize(request_id, person, order)).await).authorization_id
    }

    /// A person's one voucher.
    pub async fn only_voucher(&self, person: PersonKey) -> WalletVoucher {
        let mut wallet =
            self.store.wallet(person, &[], self.now()).await.expect("the store is there");
        assert_eq!(wallet.vouchers.len(), 1, "the person has one voucher");
        wallet.vouchers.remove(0)
    }

    /// The totals of a day.
    pub async fn totals(&self, date: &str) -> Vec<DailyTotal> {
        self.store.daily_totals(day(date), None).await.expect("the store is there")
    }

    /// Closes the days that are over.
    pub async fn close(&self) -> Vec<String> {
        let today = crate::domain::business_day(self.now());
        let closed = self.store.close_days(today, self.now()).await.expect("the store is there");
        closed.iter().map(ToString::to_string).collect()
    }

    /// The file and the head of the platform's statement of a closed day, made from the rows.
    pub async fn statement(&self, date: &str) -> (String, StatementHead) {
        self.statement_of(date, &Counterparty::Platform(self.partner.clone())).await
    }

    /// The same of any counterparty.
    pub async fn statement_of(&self, date: &str, whose: &Counterparty) -> (String, StatementHead) {
        let day = day(date);
        let head = self.store.statement(day, whose).await.expect("the store is there");
        let head = head.expect("the counterparty has a statement of that day");
        let (mut writer, mut file) = StatementWriter::begin(head.format, day, whose);
        let mut after = None;
        loop {
            let rows = self.store.statement_rows(day, whose, after, 2).await;
            let rows = rows.expect("the store is there");
            let Some(last) = rows.last() else { break };
            after = Some((last.platform.clone(), last.at, last.transaction_id));
            file.extend(rows.iter().map(|row| writer.line(row)));
        }
        assert_eq!(writer.finish(head.closed_at), head, "the rows give the head that was stored");
        (file, head)
    }
}

/// The authorization of an effect.
pub fn made(answer: Answer) -> Authorization {
    answer.expect("the verb has an effect").authorization.expect("with an authorization")
}

/// The reason of a refusal.
pub fn reason(answer: &Answer) -> Reason {
    answer.as_ref().expect_err("the verb is refused").reason
}

/// Person number `n`.
pub fn person(n: u8) -> PersonKey {
    let mut bytes = [n; 16];
    bytes[15] = 1;
    PersonKey::from_bytes(bytes)
}

/// Reads a key that is well formed.
pub fn key<T>(text: &str) -> T
where
    T: std::str::FromStr,
    T::Err: std::fmt::Debug,
{
    text.parse().expect("a well-formed key")
}

/// Reads a day.
pub fn day(text: &str) -> BusinessDay {
    BusinessDay::parse(text).expect("a day")
}

/// The one stock of these tests.
pub fn stock() -> StockKey {
    StockKey { campaign_id: key(RETURNS), period: String::from("day:2022-07-22"), slice: 0 }
}

/// An order of one cold drink in Guangzhou.
pub fn cold_drink(order: &str, amount: Fen) -> Order {
    let category = Category::parse("cold-drink").expect("a category");
    let shop = RegionCode::parse("440106").expect("a region");
    let basket = Basket::new(vec![Line { category, amount }], shop).expect("a basket");
    Order::plain(key(order), basket, key("shop-1"))
}

/// 2.99 off from 3.00 on cold drinks in Guangdong, once, and with no other voucher.
pub fn cool_drinks() -> TermsParts {
    TermsParts {
        kind: Kind::AmountOff { threshold: Fen(300), amount: OFF },
        uses: Uses::ONCE,
        goods_categories: vec![Category::parse("cold-drink").expect("a category")],
        excluded_categories: Vec::new(),
        regions: vec![RegionCode::parse("440000").expect("a region")],
        shops: ShopScope::Any,
        hours: Vec::new(),
        stacking: Stacking::default(),
        rechecks_membership: false,
        refund_rule: RefundRule::RightReturns,
        returns_max: 100,
        zone: Zone::shanghai(),
    }
}

/// A campaign as the feed brings it.
pub fn campaign(id: &str, refund_rule: RefundRule, position: i64) -> Campaign {
    campaign_of(id, TermsParts { refund_rule, ..cool_drinks() }, position)
}

/// A campaign with such terms.
pub fn campaign_of(id: &str, parts: TermsParts, position: i64) -> Campaign {
    Campaign {
        campaign_id: key::<CampaignId>(id),
        organization: OrganizationPath::parse("gd").expect("a path"),
        state: CampaignState::Active,
        policy_id: String::from("members"),
        terms: Terms::new(parts).expect("terms"),
        title_zh: String::from("智送清凉"),
        title_en: String::from("Cool drinks"),
        position,
    }
}
