//! Two cities that have everything: members, a policy, a campaign, vouchers and orders. What one
//! of them may not do is tried on the other.

use contracts::eligibility::v1::account_service_client::AccountServiceClient;
use contracts::eligibility::v1::card_service_client::CardServiceClient;
use contracts::eligibility::v1::grant::Reference as By;
use contracts::eligibility::v1::grant_service_client::GrantServiceClient;
use contracts::eligibility::v1::member_reference::Reference;
use contracts::eligibility::v1::{
    Grant, IssueCardRequest, LinkAccountRequest, LinkedAccount, ListLinksRequest, MemberReference,
    PresentCardRequest, ReissueCardRequest, SetGrantRequest,
};
use contracts::issuance::v1::issuance_service_client::IssuanceServiceClient;
use contracts::issuance::v1::{ClaimRequest, Voucher};
use contracts::redemption::v1::checkout_service_client::CheckoutServiceClient;
use contracts::redemption::v1::import_shops_request::Part as ShopsPart;
use contracts::redemption::v1::merchant_service_client::MerchantServiceClient;
use contracts::redemption::v1::reconcile_request::Part;
use contracts::redemption::v1::settlement_service_client::SettlementServiceClient;
use contracts::redemption::v1::stop_scope::Scope;
use contracts::redemption::v1::webhook_service_client::WebhookServiceClient;
use contracts::redemption::v1::{
    AuthorizeRequest, CaptureRequest, CloseDaysRequest, ImportShopsRequest, Order, OrderLine,
    PutWebhookRequest, ReconcileHeader, ReconcileRequest, Shop, ShopKey, ShopRow, ShopRows,
    ShopsHeader, StopRedeemingRequest, StopScope,
};
use member_identity::RegionCode;
use suite_tests::callers::{CallerChannel, all_scopes, grant};
use suite_tests::office::{self, Office};
use suite_tests::served::{Suite, instant};
use suite_tests::wallets;
use tonic::transport::Channel;

/// The day of the orders that a statement holds, and the one after it.
pub const CLOSED_DAY: &str = "2022-07-21";
pub const TODAY: &str = "2022-07-22";
/// The reconciliation of the closed day that each city has.
pub const RECONCILED: &str = "reconciled";
/// The request ids that each city's cards were issued under.
pub const ISSUED: &str = "issue-card";
pub const REISSUED: &str = "reissue-card";
/// The minute of the day at which business time stands.
const TEN_O_CLOCK: u16 = 600;

/// The services and the two cities.
pub struct World {
    pub suite: Suite,
    pub connection: Channel,
    /// Whose caller makes the calls.
    pub own: City,
    /// Whose things are none of that caller's business.
    pub foreign: City,
}

/// A city's union and what belongs to it.
pub struct City {
    pub name: &'static str,
    pub organization: String,
    pub region: &'static str,
    /// The subject of the tokens that are used for it, a payment platform among others.
    pub subject: String,
    pub member_id: String,
    pub id_number: String,
    /// The member's first card, which was replaced, and the one that is active.
    pub first_card_id: String,
    pub card_id: String,
    /// A code of it that nobody has used.
    pub card_code: String,
    /// A user of the city's platform who is linked with the member.
    pub account_id: String,
    pub link_id: String,
    pub policy_id: String,
    pub campaign_id: String,
    /// Its fund, which nothing draws on.
    pub fund_id: String,
    pub import_id: String,
    pub voucher_id: String,
    /// Authorizations of today: held, held and captured.
    pub held: [String; 2],
    pub captured: String,
    /// Of the webhook `common`, which every city's platform has beside one of its own.
    pub webhook_secret: String,
}

impl World {
    /// Everything, at ten o'clock of [`TODAY`].
    pub async fn build() -> Self {
        let suite = Suite::start(CLOSED_DAY, TEN_O_CLOCK).await;
        let connection = suite.connect().await;
        let mut province = Office::of(&suite, "gd").await;
        province.add_union("gd", region("440000")).await;
        let mut own = City::found(&suite, &mut province, ("guangzhou", "440103", 1)).await;
        let mut foreign = City::found(&suite, &mut province, ("shenzhen", "440304", 2)).await;
        for city in [&own, &foreign] {
            city.register_shop(&suite).await;
            let order = city.authorize(&suite, 0).await;
            city.capture(&suite, &order).await;
        }
        suite.clock().set(instant(TODAY, TEN_O_CLOCK));
        for city in [&mut own, &mut foreign] {
            city.issue_cards(&suite).await;
            city.held = [city.authorize(&suite, 1).await, city.authorize(&suite, 2).await];
            city.captured = city.authorize(&suite, 3).await;
            city.capture(&suite, &city.captured).await;
            city.put_webhook(&suite, &format!("of-{}", city.name)).await;
            city.webhook_secret = city.put_webhook(&suite, "common").await;
        }
        let mut settlement = SettlementServiceClient::new(own.channel(&suite).await);
        settlement.close_days(CloseDaysRequest {}).await.expect("the day before is closed");
        for city in [&own, &foreign] {
            city.reconcile(&suite).await;
        }
        Self { suite, connection, own, foreign }
    }
}

impl City {
    /// A union with a roster, a campaign that is open, and four vouchers of its first member.
    async fn found(
        suite: &Suite,
        province: &mut Office,
        (name, district, sequence): (&'static str, &'static str, u16),
    ) -> Self {
        let organization = format!("gd/{name}");
        province.add_union(&organization, region(&format!("{}00", &district[..4]))).await;
        let mut office = Office::of(suite, &organization).await;
        let import_id = format!("roster-{name}");
        office
            .import(&import_id, &organization, &[office::row(sequence, district, &organization)])
            .await;
        let campaign_id = office.open_campaign(&programme(&format!("{name}-drinks"), name)).await;
        let fund_id = office.pledge(&format!("{name}-fund"), &organization, 1).await;
        let id_number = office::id_number(sequence);
        let mut city = Self {
            name,
            region: district,
            subject: format!("pay-{name}"),
            member_id: office.member_id(&id_number).await,
            id_number,
            policy_id: format!("{name}-everybody"),
            campaign_id,
            fund_id,
            import_id,
            organization,
            first_card_id: String::new(),
            card_id: String::new(),
            card_code: String::new(),
            account_id: format!("user-{name}"),
            link_id: String::new(),
            voucher_id: String::new(),
            held: [String::new(), String::new()],
            captured: String::new(),
            webhook_secret: String::new(),
        };
        for number in 0..4 {
            let voucher = city.claim(suite, number).await;
            wallets::shown(suite, &voucher).await;
            city.voucher_id = voucher.voucher_id;
        }
        city
    }

    /// A channel that may do everything within the city.
    async fn channel(&self, suite: &Suite) -> CallerChannel {
        suite.channel(&grant(&self.subject, &self.organization, &all_scopes(""))).await
    }

    /// Issues the member's cards and links an account. What the city's platform may ask of whom is
    /// granted by the province, so that nothing but its own subtree keeps it from the other city's
    /// members.
    async fn issue_cards(&mut self, suite: &Suite) {
        let mut cards = CardServiceClient::new(self.channel(suite).await);
        let (request_id, member_id) = (ISSUED.to_owned(), self.member_id.clone());
        let request = IssueCardRequest { request_id, member_id, states_honour: false };
        let issued = cards.issue_card(request).await.expect("is issued").into_inner();
        self.first_card_id = issued.card.expect("a card").card_id;
        let (request_id, card_id) = (REISSUED.to_owned(), self.first_card_id.clone());
        let request = ReissueCardRequest { request_id, card_id };
        let reissued = cards.reissue_card(request).await.expect("is reissued").into_inner();
        self.card_id = reissued.card.expect("a card").card_id;
        let mut codes = Vec::new();
        for _ in 0..2 {
            let request = PresentCardRequest { member_id: self.member_id.clone() };
            let shown = cards.present_card(request).await.expect("is shown").into_inner();
            codes.push(shown.code);
        }
        let [consent, kept] = codes.try_into().expect("there are two");
        self.card_code = kept;
        let request = LinkAccountRequest {
            request_id: "linked".to_owned(),
            account_id: self.account_id.clone(),
            card_code: consent,
        };
        let mut accounts = AccountServiceClient::new(self.channel(suite).await);
        accounts.link_account(request).await.expect("is linked");
        let request = ListLinksRequest { member_id: self.member_id.clone(), ..Default::default() };
        let listed = accounts.list_links(request).await.expect("a page").into_inner();
        self.link_id = listed.links[0].link_id.clone();
        let province = suite.channel(&grant("ops", "gd", &all_scopes(""))).await;
        let ways = [By::MemberId, By::IdNumber, By::LinkedAccount].map(Into::into);
        let grant = Grant {
            partner: self.subject.clone(),
            purpose: "bus-fare".to_owned(),
            organization: "gd".to_owned(),
            references: ways.to_vec(),
            ..Grant::default()
        };
        let request = SetGrantRequest { grant: Some(grant) };
        GrantServiceClient::new(province).set_grant(request).await.expect("is granted");
    }

    async fn claim(&self, suite: &Suite, number: u32) -> Voucher {
        let request = ClaimRequest {
            request_id: format!("claim-{number}"),
            campaign_id: self.campaign_id.clone(),
            member_id: self.member_id.clone(),
        };
        let mut issuance = IssuanceServiceClient::new(self.channel(suite).await);
        let issued = issuance.claim(request).await.expect("is issued").into_inner();
        issued.voucher.expect("a voucher")
    }

    async fn authorize(&self, suite: &Suite, number: u32) -> String {
        let request = AuthorizeRequest {
            request_id: format!("authorize-{}-{number}", self.name),
            member: Some(self.member()),
            order: Some(self.order(&format!("order-{}-{number}", self.name))),
            voucher_ids: Vec::new(),
            hold: None,
        };
        let mut checkout = CheckoutServiceClient::new(self.channel(suite).await);
        let held = checkout.authorize(request).await.expect("is held").into_inner();
        held.authorization.expect("an authorization").authorization_id
    }

    async fn capture(&self, suite: &Suite, authorization_id: &str) {
        let request_id = format!("capture-{authorization_id}");
        let authorization_id = authorization_id.to_owned();
        let mut checkout = CheckoutServiceClient::new(self.channel(suite).await);
        let request = CaptureRequest { request_id, authorization_id, portion: None };
        checkout.capture(request).await.expect("is captured");
    }

    /// A webhook whose receiver is nowhere; gives its secret.
    async fn put_webhook(&self, suite: &Suite, webhook_id: &str) -> String {
        let mut webhooks = WebhookServiceClient::new(self.channel(suite).await);
        let request = self.webhook(webhook_id);
        webhooks.put_webhook(request).await.expect("it is made").into_inner().secret
    }

    /// A webhook of that name as the city asks for it.
    pub fn webhook(&self, webhook_id: &str) -> PutWebhookRequest {
        PutWebhookRequest {
            webhook_id: webhook_id.to_owned(),
            url: format!("https://{}.invalid/hook", self.name),
            batch_max: 1,
            after_position: None,
        }
    }

    /// Reconciles an empty file of the closed day, in which the city's one order is missing.
    async fn reconcile(&self, suite: &Suite) {
        let (request_id, business_day) = (RECONCILED.to_owned(), CLOSED_DAY.to_owned());
        let header = Part::Header(ReconcileHeader { request_id, business_day });
        let csv = Part::Csv("order_number,kind,amount_fen\n".into());
        let sent = [header, csv].map(|part| ReconcileRequest { part: Some(part) });
        let mut settlement = SettlementServiceClient::new(self.channel(suite).await);
        let answered = settlement.reconcile(tokio_stream::iter(sent)).await.expect("is compared");
        let mut answered = answered.into_inner();
        while answered.message().await.expect("is answered to its end").is_some() {}
    }

    /// The difference that it found.
    pub fn difference_id(&self) -> String {
        format!("CAPTURE:order:order-{}-0", self.name)
    }

    /// Registers the shop of the orders, and stops redeeming where there are none.
    async fn register_shop(&self, suite: &Suite) {
        let mut merchants = MerchantServiceClient::new(self.channel(suite).await);
        let parts = self.shops(&self.shops_id(), "shop-1", self);
        let sent = merchants.import_shops(tokio_stream::iter(parts)).await;
        let import = sent.expect("it goes in").into_inner().shop_import.expect("an import");
        assert_eq!(import.added, 1);
        let request = self.stop("stop-1");
        merchants.stop_redeeming(request).await.expect("it is stopped");
    }

    /// The import id of its shops.
    pub fn shops_id(&self) -> String {
        format!("shops-{}", self.name)
    }

    /// An import of one shop, for the city and on the list of `lister`'s campaign.
    pub fn shops(&self, import_id: &str, shop_id: &str, lister: &Self) -> [ImportShopsRequest; 2] {
        let header = ShopsPart::Header(ShopsHeader {
            import_id: import_id.to_owned(),
            organization: self.organization.clone(),
            platform: self.subject.clone(),
            campaign_id: lister.campaign_id.clone(),
        });
        let row = ShopRow {
            line: 2,
            shop_id: shop_id.to_owned(),
            title_zh: "门店".to_owned(),
            region: self.region.to_owned(),
            chain: "corner".to_owned(),
        };
        let rows = ShopsPart::Rows(ShopRows { rows: vec![row] });
        [header, rows].map(|part| ImportShopsRequest { part: Some(part) })
    }

    /// A shop of the city's platform.
    pub fn shop_key(&self, shop_id: &str) -> ShopKey {
        ShopKey { platform: self.subject.clone(), shop_id: shop_id.to_owned() }
    }

    /// A stop of the city's campaigns far from its shops.
    pub fn stop(&self, request_id: &str) -> StopRedeemingRequest {
        let scope = Scope::RegionCode("650000".to_owned());
        StopRedeemingRequest {
            request_id: request_id.to_owned(),
            organization: self.organization.clone(),
            scope: Some(StopScope { scope: Some(scope) }),
            text_zh: "暂停".to_owned(),
            text_en: "stopped".to_owned(),
        }
    }

    /// The member by id.
    pub fn member(&self) -> MemberReference {
        MemberReference { reference: Some(Reference::MemberId(self.member_id.clone())) }
    }

    /// The member by ID number.
    pub fn document(&self) -> MemberReference {
        MemberReference { reference: Some(Reference::IdNumber(self.id_number.clone())) }
    }

    /// The member by the city's linked account.
    pub fn account(&self) -> MemberReference {
        let linked = LinkedAccount { partner: String::new(), account_id: self.account_id.clone() };
        MemberReference { reference: Some(Reference::LinkedAccount(linked)) }
    }

    /// A cold drink for three yuan in a shop of the city.
    pub fn order(&self, order_number: &str) -> Order {
        Order {
            order_number: order_number.to_owned(),
            lines: vec![OrderLine { category: "cold-drink".to_owned(), amount_fen: 300 }],
            shop: Some(Shop {
                shop_id: "shop-1".to_owned(),
                region_code: self.region.to_owned(),
                terminal_id: String::new(),
            }),
        }
    }
}

/// A programme of a city that everybody may have ten vouchers of.
pub fn programme(campaign_id: &str, city: &str) -> String {
    format!(
        r#"
schema = 1
campaign = "{campaign_id}"
organization = "gd/{city}"
title = {{ zh = "清凉", en = "Cool drinks" }}
[schedule]
zone = "Asia/Shanghai"
starts_on = "{CLOSED_DAY}"
ends_on = "2022-07-31"
[stock]
period = "campaign"
quota = 100
[limit]
period = "campaign"
per_person = 10
[terms]
kind = "AMOUNT_OFF"
threshold_fen = 300
amount_fen = 299
refund_rule = "RIGHT_RETURNS"
valid_for = "campaign-end"
[policy]
id = "{city}-everybody"
[[policy.criteria]]
id = "everybody"
expression = "true"
text = {{ zh = "全部", en = "all" }}
"#
    )
}

fn region(code: &str) -> RegionCode {
    RegionCode::parse(code).expect("a region of the catalogue")
}
