//! The payment platform: its tills, and its statement of a day.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use contracts::redemption::v1::authorization::State;
use contracts::redemption::v1::checkout_service_client::CheckoutServiceClient;
use contracts::redemption::v1::get_statement_response::Part;
use contracts::redemption::v1::settlement_service_client::SettlementServiceClient;
use contracts::redemption::v1::{
    Authorization, AuthorizeRequest, CaptureRequest, CloseDaysRequest, GetStatementRequest,
    LinePortion, LinePortions, Order, OrderLine, Portion, RefundPart, RefundRequest, Shop,
    StatementHead, VoidRequest, portion, void_request,
};
use member_identity::OrganizationPath;
use tonic::Status;
use zhisong::laws::{Ack, CheckoutAck};
use zhisong::tokens::Role;

use crate::callers::CallerChannel;
use crate::evidence::{Evidence, OK};
use crate::office;
use crate::refusal::Refusal;
use crate::served::Suite;

/// What a suspension may take to reach a till: law E2's bound is 1 s, and a busy machine is slow.
const PATIENCE: Duration = Duration::from_secs(20);

/// The tills of one payment platform, which writes its answers down.
pub struct Platform<'a> {
    suite: &'a Suite,
    evidence: &'a Evidence,
    checkout: CheckoutServiceClient<CallerChannel>,
    province: OrganizationPath,
    orders: AtomicU32,
}

/// What is bought, and where.
#[derive(Clone, Copy, Debug)]
pub struct Basket<'a> {
    /// Goods category and price in fen of each line.
    pub lines: &'a [(&'a str, i64)],
    /// Where the shop stands.
    pub region: &'a str,
}

impl<'a> Platform<'a> {
    /// The tills of a platform that Guangdong works with.
    pub async fn open(suite: &'a Suite, evidence: &'a Evidence) -> Self {
        Self::open_in("gd", suite, evidence).await
    }

    /// The tills of a platform that a province works with.
    pub async fn open_in(province: &str, suite: &'a Suite, evidence: &'a Evidence) -> Self {
        let province = OrganizationPath::parse(province).expect("a path");
        let channel = suite.channel(&Role::PaymentPlatform.grant(&province)).await;
        let checkout = CheckoutServiceClient::new(channel);
        Self { suite, evidence, checkout, province, orders: AtomicU32::new(0) }
    }

    /// A new order of a member's is authorized.
    pub async fn authorize(
        &self,
        member_id: &str,
        basket: Basket<'_>,
    ) -> Result<Authorization, Box<Refusal>> {
        let number = self.orders.fetch_add(1, Ordering::Relaxed);
        let line = |(category, amount_fen): &(&str, i64)| OrderLine {
            category: (*category).to_owned(),
            amount_fen: *amount_fen,
        };
        let (shop_id, region_code) = ("shop-1".to_owned(), basket.region.to_owned());
        let request = AuthorizeRequest {
            request_id: format!("authorize-{number}"),
            member: office::by_id(member_id),
            order: Some(Order {
                order_number: format!("order-{number}"),
                lines: basket.lines.iter().map(line).collect(),
                shop: Some(Shop { shop_id, region_code, terminal_id: String::new() }),
            }),
            voucher_ids: Vec::new(),
            hold: None,
        };
        let request_id = request.request_id.clone();
        let answer = self.checkout.clone().authorize(request).await;
        let answer = answer.map(|held| held.into_inner().authorization);
        self.write_down(Ack::Authorize, request_id, answer)
    }

    /// A new order is authorized and paid.
    pub async fn pay(
        &self,
        member_id: &str,
        basket: Basket<'_>,
    ) -> Result<Authorization, Box<Refusal>> {
        let authorization_id = self.authorize(member_id, basket).await?.authorization_id;
        let request_id = format!("capture-{authorization_id}");
        let request =
            CaptureRequest { request_id: request_id.clone(), authorization_id, portion: None };
        let answer = self.checkout.clone().capture(request).await;
        let answer = answer.map(|captured| captured.into_inner().authorization);
        self.write_down(Ack::Capture, request_id, answer)
    }

    /// The goods of a paid order come back: true when the voucher can be used once more.
    pub async fn give_back(&self, paid: &Authorization) -> bool {
        let authorization_id = paid.authorization_id.clone();
        let request_id = format!("refund-{authorization_id}");
        let request =
            RefundRequest { request_id: request_id.clone(), authorization_id, portion: None };
        let answer = self.checkout.clone().refund(request).await.expect("is refunded").into_inner();
        let refunded = self.write_down(Ack::Refund, request_id, Ok(answer.authorization));
        assert_eq!(refunded.expect("is refunded").state(), State::Refunded);
        answer.right_returned
    }

    /// So much of a line of a paid order comes back.
    pub async fn give_back_line(
        &self,
        paid: &Authorization,
        line: i32,
        amount_fen: i64,
    ) -> RefundPart {
        let authorization_id = paid.authorization_id.clone();
        let request_id = format!("refund-{authorization_id}-{line}");
        let lines = LinePortions { lines: vec![LinePortion { line, amount_fen }] };
        let portion = Some(Portion { part: Some(portion::Part::Lines(lines)) });
        let request = RefundRequest { request_id: request_id.clone(), authorization_id, portion };
        let answer = self.checkout.clone().refund(request).await.expect("is refunded").into_inner();
        self.write_down(Ack::Refund, request_id, Ok(answer.authorization)).expect("is refunded");
        answer.refund.expect("a part")
    }

    /// An order is given up.
    pub async fn let_go(&self, held: &Authorization) {
        let request_id = format!("void-{}", held.authorization_id);
        let target = Some(void_request::Target::AuthorizationId(held.authorization_id.clone()));
        let request = VoidRequest { request_id: request_id.clone(), target };
        let answer = self.checkout.clone().void(request).await;
        let answer = answer.map(|voided| voided.into_inner().authorization);
        self.write_down(Ack::Void, request_id, answer).expect("is let go");
    }

    /// Tries until the member is refused, which must be within the bound of law E2.
    pub async fn refused_at_last(&self, member_id: &str, basket: Basket<'_>) -> Box<Refusal> {
        let refused = async {
            loop {
                match self.authorize(member_id, basket).await {
                    Ok(held) => self.let_go(&held).await,
                    Err(refusal) => return refusal,
                }
            }
        };
        tokio::time::timeout(PATIENCE, refused).await.expect("a suspension reaches the till")
    }

    /// Closes the days that are over and reads the statement of one, which must be the file that
    /// its head tells of.
    pub async fn statement(&self, day: &str) -> (StatementHead, String) {
        let ops = self.suite.channel(&Role::Ops.grant(&self.province)).await;
        let closed = SettlementServiceClient::new(ops).close_days(CloseDaysRequest {}).await;
        closed.expect("the days that are over are closed");
        let platform = self.suite.channel(&Role::PaymentPlatform.grant(&self.province)).await;
        let request =
            GetStatementRequest { business_day: day.to_owned(), ..GetStatementRequest::default() };
        let parts = SettlementServiceClient::new(platform).get_statement(request).await;
        let mut parts = parts.expect("a closed day has a statement").into_inner();
        let (mut head, mut file) = (None, Vec::new());
        while let Some(part) = parts.message().await.expect("comes to its end") {
            match part.part.expect("a part") {
                Part::Head(found) => assert!(head.replace(*found).is_none(), "the head comes once"),
                Part::Csv(bytes) => file.extend_from_slice(&bytes),
            }
        }
        let head = head.expect("a head");
        assert_eq!(digest(&SHA256, &file).as_ref(), head.sha256.as_ref());
        (head, String::from_utf8(file).expect("is UTF-8"))
    }

    fn write_down(
        &self,
        verb: impl Fn(CheckoutAck) -> Ack,
        request_id: String,
        answer: Result<Option<Authorization>, Status>,
    ) -> Result<Authorization, Box<Refusal>> {
        let answer = answer.map(|authorization| authorization.expect("an authorization"));
        let answer = answer.map_err(|status| Box::new(Refusal::of(&status)));
        self.evidence.add(&verb(CheckoutAck {
            caller: Role::PaymentPlatform.subject().to_owned(),
            request_id,
            authorization_id: answer.as_ref().ok().map(|found| found.authorization_id.clone()),
            answer: answer.as_ref().map_or_else(|refusal| refusal.reason.clone(), |_| OK.into()),
        }));
        answer
    }
}
