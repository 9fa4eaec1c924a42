use std::collections::BTreeMap;
use std::time::Duration;

use contracts::eligibility::v1::MemberReference;
use contracts::eligibility::v1::member_reference::Reference;
use contracts::redemption::v1::checkout_service_client::CheckoutServiceClient;
use contracts::redemption::v1::{
    Authorization, AuthorizeRequest, CaptureRequest, Order, OrderLine, RefundRequest, Shop,
    VoidRequest, void_request,
};
use futures::StreamExt as _;
use tokio::time::Instant;
use tonic::Status;

use super::clients::{Clients, DemoProblem};
use super::{Options, progress};
use crate::channel::{RoleChannel, reason_of};
use crate::laws::{Ack, CheckoutAck, OK};
use crate::tokens::Role;

/// Checkouts that are under way at a time.
const AT_ONCE: usize = 500;

/// How the day at the tills went.
#[derive(Debug, Default)]
pub struct Tills {
    /// Orders that held a voucher.
    pub authorized: usize,
    /// Orders that were paid.
    pub captured: usize,
    /// Orders that were given up before payment.
    pub voided: usize,
    /// Orders that were returned.
    pub refunded: usize,
    /// Refusals by reason.
    pub refused: BTreeMap<String, usize>,
    /// From the first order to the last answer.
    pub took: Duration,
    /// Every answer.
    pub(super) acks: Vec<Ack>,
}

/// What becomes of an order.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Story {
    Paid,
    Returned,
    GivenUp,
    WrongGoods,
    TooCheap,
    OtherProvince,
}

impl Story {
    /// Of twenty orders fourteen are paid, one is returned, two are given up, and one each has
    /// the wrong goods, is too cheap, or is bought in another province.
    const fn of(at: usize) -> Self {
        match at % 20 {
            0 => Self::WrongGoods,
            1 => Self::TooCheap,
            2 => Self::OtherProvince,
            3 | 4 => Self::GivenUp,
            5 => Self::Returned,
            _ => Self::Paid,
        }
    }

    fn order(self, at: usize) -> Order {
        let category = if self == Self::WrongGoods { "hot-meal" } else { "cold-drink" };
        let amount_fen = if self == Self::TooCheap { 299 } else { 300 + at as i64 % 500 };
        let region_code = if self == Self::OtherProvince { "430102" } else { "440103" };
        Order {
            order_number: format!("demo-order-{at}"),
            lines: vec![OrderLine { category: category.to_owned(), amount_fen }],
            shop: Some(Shop {
                shop_id: "shop-1".to_owned(),
                region_code: region_code.to_owned(),
                terminal_id: String::new(),
            }),
        }
    }
}

/// The first members with a voucher go shopping.
pub(super) async fn play(
    clients: &Clients,
    winners: &[String],
    options: Options,
) -> Result<Tills, DemoProblem> {
    let shoppers = &winners[..winners.len().min(options.checkouts)];
    let bar = progress::bar("checkouts", shoppers.len(), options.progress);
    let started = Instant::now();
    let orders = shoppers.iter().enumerate().map(|(at, member_id)| {
        let checkout = CheckoutServiceClient::new(clients.channel(Role::PaymentPlatform, at));
        let bar = bar.clone();
        async move {
            let mut shopper = Shopper { checkout, at, acks: Vec::new() };
            let ended = shopper.shop(member_id).await;
            bar.inc(1);
            (ended, shopper.acks)
        }
    });
    let mut ended = std::pin::pin!(futures::stream::iter(orders).buffer_unordered(AT_ONCE));
    let mut tills = Tills::default();
    while let Some((ended, acks)) = ended.next().await {
        tills.acks.extend(acks);
        match ended {
            Ok(story) => tills.count(story),
            Err(status) => *tills.refused.entry(reason_of(&status)).or_default() += 1,
        }
    }
    tills.took = started.elapsed();
    bar.finish();
    Ok(tills)
}

impl Tills {
    fn count(&mut self, story: Story) {
        self.authorized += 1;
        match story {
            Story::GivenUp => self.voided += 1,
            Story::Returned => {
                self.captured += 1;
                self.refunded += 1;
            }
            Story::Paid | Story::WrongGoods | Story::TooCheap | Story::OtherProvince => {
                self.captured += 1;
            }
        }
    }
}

/// One order on its way, and every answer that the platform got for it.
struct Shopper {
    checkout: CheckoutServiceClient<RoleChannel>,
    at: usize,
    acks: Vec<Ack>,
}

impl Shopper {
    async fn shop(&mut self, member_id: &str) -> Result<Story, Status> {
        let (at, story) = (self.at, Story::of(self.at));
        let authorization_id = self.authorize(story, member_id).await?;
        if story == Story::GivenUp {
            let target = Some(void_request::Target::AuthorizationId(authorization_id));
            let request = VoidRequest { request_id: format!("demo-void-{at}"), target };
            let request_id = request.request_id.clone();
            let answer = self.checkout.void(request).await;
            let answer = answer.map(|voided| voided.into_inner().authorization);
            return self.note(Ack::Void, request_id, answer).map(|_| story);
        }
        let request_id = format!("demo-capture-{at}");
        let request = CaptureRequest {
            request_id: request_id.clone(),
            authorization_id: authorization_id.clone(),
            portion: None,
        };
        let answer = self.checkout.capture(request).await;
        let answer = answer.map(|captured| captured.into_inner().authorization);
        self.note(Ack::Capture, request_id, answer)?;
        if story == Story::Returned {
            let request_id = format!("demo-refund-{at}");
            let request =
                RefundRequest { request_id: request_id.clone(), authorization_id, portion: None };
            let answer = self.checkout.refund(request).await;
            let answer = answer.map(|refunded| refunded.into_inner().authorization);
            self.note(Ack::Refund, request_id, answer)?;
        }
        Ok(story)
    }

    async fn authorize(&mut self, story: Story, member_id: &str) -> Result<String, Status> {
        let request_id = format!("demo-authorize-{}", self.at);
        let request = AuthorizeRequest {
            request_id: request_id.clone(),
            member: Some(MemberReference {
                reference: Some(Reference::MemberId(member_id.to_owned())),
            }),
            order: Some(story.order(self.at)),
            voucher_ids: Vec::new(),
            hold: None,
        };
        let answer = self.checkout.authorize(request).await;
        let answer = answer.map(|held| held.into_inner().authorization);
        let held = self.note(Ack::Authorize, request_id, answer)?;
        held.ok_or_else(|| Status::internal("an authorization is missing"))
    }

    /// Writes an answer down and gives the authorization in it.
    fn note(
        &mut self,
        verb: fn(CheckoutAck) -> Ack,
        request_id: String,
        answer: Result<Option<Authorization>, Status>,
    ) -> Result<Option<String>, Status> {
        let answer = answer.map(|found| found.map(|found| found.authorization_id));
        self.acks.push(verb(CheckoutAck {
            caller: Role::PaymentPlatform.subject().to_owned(),
            request_id,
            authorization_id: answer.as_ref().ok().cloned().flatten(),
            answer: answer.as_ref().map_or_else(reason_of, |_| OK.to_owned()),
        }));
        answer
    }
}
