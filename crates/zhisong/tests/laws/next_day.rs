//! What the demonstration does not show: holds that are left, run out or were voided before they
//! arrived, a shop that moves to another chain, a capture that comes late for a closed day, and a
//! fund to which money comes back.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use clock::{BusinessDay, Clock as _, SystemClock, Zone};
use contracts::common::v1::SetTimeRequest;
use contracts::common::v1::clock_service_client::ClockServiceClient;
use contracts::eligibility::v1::MemberReference;
use contracts::eligibility::v1::member_reference::Reference;
use contracts::issuance::v1::campaign_service_client::CampaignServiceClient;
use contracts::issuance::v1::fund_service_client::FundServiceClient;
use contracts::issuance::v1::issuance_service_client::IssuanceServiceClient;
use contracts::issuance::v1::{
    ActivateCampaignRequest, ApplyCampaignRequest, ClaimRequest, CreateFundRequest, GetFundRequest,
};
use contracts::redemption::v1::checkout_service_client::CheckoutServiceClient;
use contracts::redemption::v1::merchant_service_client::MerchantServiceClient;
use contracts::redemption::v1::settlement_service_client::SettlementServiceClient;
use contracts::redemption::v1::wallet_service_client::WalletServiceClient;
use contracts::redemption::v1::{
    Authorization, AuthorizeRequest, CaptureRequest, CloseDaysRequest, LinePortion, LinePortions,
    ListWalletVouchersRequest, Order, OrderLine, Portion, PutShopRequest, RefundRequest, Shop,
    ShopKey, VoidRequest, portion, void_request,
};
use member_identity::OrganizationPath;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};
use tonic_types::StatusExt as _;
use zhisong::installation::Installation;
use zhisong::laws::{Ack, AckWriter, CheckoutAck, ClaimAck, OK};
use zhisong::tokens::Role;

/// How often a wallet that lacks a voucher is looked into.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

pub const CAMPAIGN: &str = "guangdong-cool-drinks-2022";
/// The same once more, out of a fund.
pub const EXTRA: &str = "extra-drinks";
const PROGRAMME: &str =
    include_str!("../../../../deploy/programmes/guangdong-cool-drinks-2022.toml");
const FUND: &str = "extra";

/// A way to act for one role.
#[derive(Clone)]
struct ShowToken(MetadataValue<Ascii>);

impl tonic::service::Interceptor for ShowToken {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

struct Desk {
    channel: Channel,
    tokens: Vec<(Role, ShowToken)>,
    acks: AckWriter,
}

pub async fn play(installation: &Installation, address: SocketAddr, acks: &Path) {
    let members = members(acks);
    let desk = Desk::open(installation, address, acks).await;
    desk.set_time(23, 10 * 60).await;
    for (at, member_id) in members.iter().take(7).enumerate() {
        desk.claim(CAMPAIGN, (at, member_id)).await;
    }
    // Two more out of a fund, one of which is used.
    desk.offer_extra().await;
    desk.claim(EXTRA, (7, &members[7])).await;
    desk.claim(EXTRA, (8, &members[8])).await;
    desk.wallet_filled(&members[6]).await;
    desk.wallet_filled(&members[8]).await;
    let extra = desk.authorize(8, &members[7]).await.expect("a voucher is held");
    assert_eq!(desk.capture(8, &extra).await, OK);
    // Captured on the day, in a shop of a chain.
    desk.put_shop("corner", 0).await;
    let paid = desk.authorize(0, &members[0]).await.expect("a voucher is held");
    assert_eq!(desk.capture(0, &paid).await, OK);
    // A part of another is captured, and of that two parts come back, one of them line by line: off
    // the same chain, whatever became of the shop.
    let part = desk.authorize(5, &members[6]).await.expect("a voucher is held");
    let amount = |fen| Some(Portion { part: Some(portion::Part::AmountFen(fen)) });
    assert_eq!(desk.capture_part(5, &part, amount(400)).await, OK);
    assert_eq!(desk.refund(5, &part, amount(150)).await, OK);
    desk.put_shop("other", 1).await;
    assert_eq!(desk.refund(6, &part, amount(251)).await, "PORTION_ABOVE_ORDER");
    let line = LinePortion { line: 0, amount_fen: 100 };
    let lines = portion::Part::Lines(LinePortions { lines: vec![line] });
    assert_eq!(desk.refund(7, &part, Some(Portion { part: Some(lines) })).await, OK);
    // Voided before it arrived.
    desk.void_before(1).await;
    let refused = desk.authorize(1, &members[1]).await;
    assert_eq!(refused.expect_err("it was voided"), "VOIDED_BEFORE_AUTHORIZE");
    // Captured too late for its hold.
    let lapsed = desk.authorize(2, &members[2]).await.expect("a voucher is held");
    desk.set_time(23, 10 * 60 + 30).await;
    assert_eq!(desk.capture(2, &lapsed).await, "HOLD_EXPIRED");
    // One order is left held, and another is captured by who is behind, after the day was closed.
    desk.set_time(23, 24 * 60 - 2).await;
    desk.authorize(4, &members[4]).await.expect("a voucher is held");
    let late = desk.authorize(3, &members[3]).await.expect("a voucher is held");
    desk.set_time(24, 1).await;
    desk.close_days().await;
    desk.set_time(23, 24 * 60 - 1).await;
    assert_eq!(desk.capture(3, &late).await, OK);
    // The other's hold lasts for one more minute.
    desk.set_time(24, 2).await;
    desk.returned().await;
}

/// The members who got a voucher, in the order of their answers.
fn members(acks: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(acks).expect("the evidence was written");
    let lines = text.lines().map(|line| serde_json::from_str(line).expect("a line is an answer"));
    let members = lines.filter_map(|ack: Ack| match ack {
        Ack::Claim(claim) if claim.answer == OK => Some(claim.member_id),
        _ => None,
    });
    members.collect()
}

impl Desk {
    async fn open(installation: &Installation, address: SocketAddr, acks: &Path) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address");
        let union = OrganizationPath::parse("gd").expect("a path");
        let now = SystemClock.wall();
        let tokens = Role::ALL.into_iter().map(|role| {
            let token = role.token(&installation.signer(), &union, now).expect("it signs");
            (role, ShowToken(format!("Bearer {token}").parse().expect("plain ASCII")))
        });
        Self {
            channel: endpoint.connect().await.expect("the suite serves"),
            tokens: tokens.collect(),
            acks: AckWriter::append(acks).expect("the evidence was written"),
        }
    }

    fn channel(&self, role: Role) -> InterceptedService<Channel, ShowToken> {
        let token = self.tokens.iter().find(|(own, _)| *own == role).expect("every role");
        InterceptedService::new(self.channel.clone(), token.1.clone())
    }

    async fn set_time(&self, day: u8, minute: u16) {
        let day = BusinessDay::parse(&format!("2022-07-{day}")).expect("a day");
        let now = Some(rpc::encode_timestamp(day.at_minute(minute, &Zone::shanghai())));
        let mut clock = ClockServiceClient::new(self.channel(Role::Ops));
        clock.set_time(SetTimeRequest { now }).await.expect("the clock is manual");
    }

    /// Puts the shop of the orders into a chain.
    async fn put_shop(&self, chain: &str, version: i64) {
        let platform = Role::PaymentPlatform.subject().to_owned();
        let request = PutShopRequest {
            request_id: format!("next-shop-{version}"),
            key: Some(ShopKey { platform, shop_id: "shop-1".to_owned() }),
            organization: "gd".to_owned(),
            title_zh: "门店".to_owned(),
            region_code: "440103".to_owned(),
            chain: chain.to_owned(),
            version,
        };
        let mut merchants = MerchantServiceClient::new(self.channel(Role::Ops));
        merchants.put_shop(request).await.expect("it is registered");
    }

    async fn close_days(&self) {
        let mut ops = SettlementServiceClient::new(self.channel(Role::Ops));
        ops.close_days(CloseDaysRequest {}).await.expect("the day closes");
    }

    async fn offer_extra(&self) {
        let mut funds = FundServiceClient::new(self.channel(Role::UnionOffice));
        let request = CreateFundRequest {
            request_id: "extra-fund".to_owned(),
            fund_id: FUND.to_owned(),
            organization: "gd".to_owned(),
            pledged_fen: 1_000,
        };
        funds.create_fund(request).await.expect("is created");
        let named = format!("campaign = \"{CAMPAIGN}\"");
        assert!(PROGRAMME.contains(&named), "the file has its name where expected");
        let extra = format!("campaign = \"{EXTRA}\"\nfund = \"{FUND}\"");
        let mut campaigns = CampaignServiceClient::new(self.channel(Role::UnionOffice));
        let request = ApplyCampaignRequest {
            request_id: "extra-apply".to_owned(),
            programme_toml: PROGRAMME.replace(&named, &extra),
        };
        campaigns.apply_campaign(request).await.expect("is applied");
        let request = ActivateCampaignRequest {
            request_id: "extra-activate".to_owned(),
            campaign_id: EXTRA.to_owned(),
        };
        campaigns.activate_campaign(request).await.expect("is activated");
    }

    /// Waits until what was not used of the fund's vouchers has come back to it.
    async fn returned(&self) {
        let mut funds = FundServiceClient::new(self.channel(Role::UnionOffice));
        let request = GetFundRequest { fund_id: FUND.to_owned() };
        loop {
            let found = funds.get_fund(request.clone()).await.expect("reads").into_inner();
            if found.fund.expect("a fund").returned_fen > 0 {
                return;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn claim(&self, campaign_id: &str, (at, member_id): (usize, &str)) {
        let request_id = format!("next-claim-{at}");
        let request = ClaimRequest {
            request_id: request_id.clone(),
            campaign_id: campaign_id.to_owned(),
            member_id: member_id.to_owned(),
        };
        let mut issuance = IssuanceServiceClient::new(self.channel(Role::MemberApp));
        let answer = issuance.claim(request).await.expect("one a day is theirs");
        let voucher = answer.into_inner().voucher.expect("an answer has a voucher");
        let ack = Ack::Claim(ClaimAck {
            caller: Role::MemberApp.subject().to_owned(),
            campaign_id: campaign_id.to_owned(),
            request_id,
            member_id: member_id.to_owned(),
            answer: OK.to_owned(),
            voucher_id: Some(voucher.voucher_id),
            stock_period: Some(voucher.stock_period),
            serial: Some(voucher.serial),
        });
        self.acks.add(&ack).expect("one more line");
    }

    /// Waits until the member has two vouchers; the feed brings the others' before.
    async fn wallet_filled(&self, member_id: &str) {
        let mut wallets = WalletServiceClient::new(self.channel(Role::MemberApp));
        let request = ListWalletVouchersRequest {
            member_id: member_id.to_owned(),
            page_size: 0,
            page_token: String::new(),
        };
        loop {
            let found = wallets.list_wallet_vouchers(request.clone()).await;
            if found.expect("the wallet can be read").into_inner().vouchers.len() == 2 {
                return;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn authorize(&self, at: usize, member_id: &str) -> Result<String, String> {
        let request = AuthorizeRequest {
            request_id: format!("next-authorize-{at}"),
            member: Some(MemberReference {
                reference: Some(Reference::MemberId(member_id.to_owned())),
            }),
            order: Some(Order {
                order_number: format!("next-order-{at}"),
                lines: vec![OrderLine { category: "cold-drink".to_owned(), amount_fen: 500 }],
                shop: Some(Shop {
                    shop_id: "shop-1".to_owned(),
                    region_code: "440103".to_owned(),
                    terminal_id: String::new(),
                }),
            }),
            voucher_ids: Vec::new(),
            hold: None,
        };
        let mut till = self.till();
        let answer = till.authorize(request).await.map(|held| held.into_inner().authorization);
        let (answer, id) = self.note(Ack::Authorize, format!("next-authorize-{at}"), answer);
        id.ok_or(answer)
    }

    async fn capture(&self, at: usize, authorization_id: &str) -> String {
        self.capture_part(at, authorization_id, None).await
    }

    async fn capture_part(
        &self,
        at: usize,
        authorization_id: &str,
        portion: Option<Portion>,
    ) -> String {
        let request_id = format!("next-capture-{at}");
        let request = CaptureRequest {
            request_id: request_id.clone(),
            authorization_id: authorization_id.to_owned(),
            portion,
        };
        let mut till = self.till();
        let answer = till.capture(request).await.map(|paid| paid.into_inner().authorization);
        self.note(Ack::Capture, request_id, answer).0
    }

    async fn refund(&self, at: usize, authorization_id: &str, portion: Option<Portion>) -> String {
        let request_id = format!("next-refund-{at}");
        let request = RefundRequest {
            request_id: request_id.clone(),
            authorization_id: authorization_id.to_owned(),
            portion,
        };
        let answer = self.till().refund(request).await;
        let answer = answer.map(|refunded| refunded.into_inner().authorization);
        self.note(Ack::Refund, request_id, answer).0
    }

    async fn void_before(&self, at: usize) {
        let target = void_request::Target::AuthorizeRequestId(format!("next-authorize-{at}"));
        let request_id = format!("next-void-{at}");
        let request = VoidRequest { request_id: request_id.clone(), target: Some(target) };
        let answer = self.till().void(request).await.map(|void| void.into_inner().authorization);
        assert_eq!(self.note(Ack::Void, request_id, answer), (OK.to_owned(), None));
    }

    fn till(&self) -> CheckoutServiceClient<InterceptedService<Channel, ShowToken>> {
        CheckoutServiceClient::new(self.channel(Role::PaymentPlatform))
    }

    /// Writes an answer down and gives what it says.
    fn note(
        &self,
        verb: fn(CheckoutAck) -> Ack,
        request_id: String,
        answer: Result<Option<Authorization>, Status>,
    ) -> (String, Option<String>) {
        let (answer, authorization_id) = match answer {
            Ok(found) => (OK.to_owned(), found.map(|found| found.authorization_id)),
            Err(status) => {
                (status.get_details_error_info().expect("a refusal has a reason").reason, None)
            }
        };
        let caller = Role::PaymentPlatform.subject().to_owned();
        let ack = CheckoutAck {
            caller,
            request_id,
            authorization_id: authorization_id.clone(),
            answer: answer.clone(),
        };
        self.acks.add(&verb(ack)).expect("one more line");
        (answer, authorization_id)
    }
}
