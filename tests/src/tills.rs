//! Members with a voucher shop, and their platform retries until it knows.

use clock::BusinessDay;
use contracts::eligibility::v1::MemberReference;
use contracts::eligibility::v1::member_reference::Reference;
use contracts::redemption::v1::{
    Authorization, AuthorizeRequest, CaptureRequest, GetDailyTotalsRequest, Order, OrderLine,
    RefundRequest, Shop, VoidRequest, void_request,
};
use futures::StreamExt as _;
use testkit::acks::{Acks, Verb};
use testkit::answers::Answer;
use testkit::clients::Clients;

use crate::arrivals::Arrivals;

/// Orders that are under way at a time.
pub const AT_ONCE: usize = 100;
/// Rounds of retries after which a suite that serves must have answered everything.
const ROUNDS_MAX: usize = 50;

/// What becomes of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Story {
    /// Paid.
    Paid,
    /// Paid and returned.
    Returned,
    /// Given up before it was paid.
    GivenUp,
    /// Refused: nothing that the voucher covers.
    WrongGoods,
}

impl Story {
    /// Of ten orders six are paid, two are returned, one is given up, and one has wrong goods.
    pub const fn of(at: usize) -> Self {
        match at % 10 {
            0 => Self::WrongGoods,
            1 => Self::GivenUp,
            2 | 3 => Self::Returned,
            _ => Self::Paid,
        }
    }
}

/// How far an order has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Its story is told to the end.
    Told,
    /// An answer was lost on the way, and why.
    Lost(String),
}

/// One till: whom it calls, and the book of what it was told.
#[derive(Clone, Copy)]
pub struct Till<'a> {
    /// The suite.
    pub clients: &'a Clients,
    /// The book.
    pub acks: &'a Acks,
    /// Counts the answers.
    pub arrivals: &'a Arrivals,
    /// Makes the ids of the requests of one occasion differ from those of another.
    pub occasion: &'a str,
}

impl Till<'_> {
    /// Plays every member's order once, from its beginning.
    pub async fn play(self, member_ids: &[String]) -> Vec<End> {
        let orders = member_ids.iter().enumerate().map(|(at, member)| self.story(at, member));
        futures::stream::iter(orders).buffered(AT_ONCE).collect().await
    }

    /// Plays every order, and those in which an answer is lost until none is.
    pub async fn settle(self, member_ids: &[String]) {
        let mut lost = None;
        for _ in 0..ROUNDS_MAX {
            let ends = self.play(member_ids).await;
            lost = ends.into_iter().find(|end| *end != End::Told);
            if lost.is_none() {
                return;
            }
        }
        panic!("a suite that serves must answer every order at last, but: {lost:?}")
    }

    /// Plays one order once, from its beginning.
    pub async fn story(self, at: usize, member_id: &str) -> End {
        let story = Story::of(at);
        let held = match self.authorize(at, &authorize_request(self.occasion, at, member_id)).await
        {
            Answer::Lost(why) => return End::Lost(why),
            Answer::Refused(reason) => {
                assert_eq!((story, reason.as_str()), (Story::WrongGoods, "GOODS_NOT_COVERED"));
                return End::Told;
            }
            Answer::Done(held) => held.expect("what is held is told").authorization_id,
        };
        let last = match story {
            Story::WrongGoods => panic!("wrong goods were covered"),
            Story::GivenUp => self.void(at, &held).await,
            Story::Paid => self.capture(at, &held).await,
            Story::Returned => match self.capture(at, &held).await {
                Answer::Done(_) => self.refund(at, &held).await,
                other => other,
            },
        };
        match last {
            Answer::Done(_) => End::Told,
            Answer::Lost(why) => End::Lost(why),
            Answer::Refused(reason) => panic!("order {at}, {story:?}, was refused: {reason}"),
        }
    }

    /// Asks for a hold.
    pub async fn authorize(
        self,
        at: usize,
        request: &AuthorizeRequest,
    ) -> Answer<Option<Authorization>> {
        let answer = self.clients.checkout(at).authorize(request.clone()).await;
        self.note(
            Verb::Authorize,
            &request.request_id,
            Answer::of(answer).map(|made| made.authorization),
        )
    }

    /// Uses what is held.
    pub async fn capture(self, at: usize, held: &str) -> Answer<Option<Authorization>> {
        let request_id = format!("capture-{}-{at}", self.occasion);
        let authorization_id = held.to_owned();
        let request =
            CaptureRequest { request_id: request_id.clone(), authorization_id, portion: None };
        let answer = Answer::of(self.clients.checkout(at).capture(request).await);
        self.note(Verb::Capture, &request_id, answer.map(|made| made.authorization))
    }

    /// Lets go of what is held.
    pub async fn void(self, at: usize, held: &str) -> Answer<Option<Authorization>> {
        let request_id = format!("void-{}-{at}", self.occasion);
        let target = Some(void_request::Target::AuthorizationId(held.to_owned()));
        let request = VoidRequest { request_id: request_id.clone(), target };
        let answer = Answer::of(self.clients.checkout(at).void(request).await);
        self.note(Verb::Void, &request_id, answer.map(|made| made.authorization))
    }

    /// Gives back what was used.
    pub async fn refund(self, at: usize, held: &str) -> Answer<Option<Authorization>> {
        let request_id = format!("refund-{}-{at}", self.occasion);
        let authorization_id = held.to_owned();
        let request =
            RefundRequest { request_id: request_id.clone(), authorization_id, portion: None };
        let answer = Answer::of(self.clients.checkout(at).refund(request).await);
        self.note(Verb::Refund, &request_id, answer.map(|made| made.authorization))
    }

    fn note(
        self,
        verb: Verb,
        request_id: &str,
        answer: Answer<Option<Authorization>>,
    ) -> Answer<Option<Authorization>> {
        let noted = self.acks.checkout(verb, request_id, &answer);
        noted.expect("the same request gets the same answer");
        if !answer.is_lost() {
            self.arrivals.add();
        }
        answer
    }
}

/// The Authorize of a member's order: the same each time it is made.
pub fn authorize_request(occasion: &str, at: usize, member_id: &str) -> AuthorizeRequest {
    let category = if Story::of(at) == Story::WrongGoods { "hot-meal" } else { "cold-drink" };
    let line = OrderLine { category: category.to_owned(), amount_fen: 300 + at as i64 % 500 };
    let shop = Shop {
        shop_id: "shop-1".to_owned(),
        region_code: "440103".to_owned(),
        terminal_id: String::new(),
    };
    AuthorizeRequest {
        request_id: format!("authorize-{occasion}-{at}"),
        member: Some(MemberReference {
            reference: Some(Reference::MemberId(member_id.to_owned())),
        }),
        order: Some(Order {
            order_number: format!("order-{occasion}-{at}"),
            lines: vec![line],
            shop: Some(shop),
        }),
        voucher_ids: Vec::new(),
        hold: None,
    }
}

/// Captures and refunds of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Orders that were paid.
    pub captures: i64,
    /// Orders that were returned.
    pub refunds: i64,
}

/// What so many orders must come to.
pub fn expected(orders: usize) -> Totals {
    let count = |stories: &[Story]| {
        let told = (0..orders).filter(|at| stories.contains(&Story::of(*at)));
        i64::try_from(told.count()).expect("orders are few")
    };
    Totals { captures: count(&[Story::Paid, Story::Returned]), refunds: count(&[Story::Returned]) }
}

/// What a day's orders came to, as the journal has it.
pub async fn totals(clients: &Clients, day: BusinessDay) -> Totals {
    let request = GetDailyTotalsRequest { business_day: day.to_string(), ..Default::default() };
    let totals = clients.settlement().get_daily_totals(request).await;
    let totals = totals.expect("the day can be read").into_inner().totals;
    Totals {
        captures: totals.iter().map(|total| total.captures).sum(),
        refunds: totals.iter().map(|total| total.refunds).sum(),
    }
}
