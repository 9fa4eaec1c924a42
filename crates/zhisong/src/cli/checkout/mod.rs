use std::time::Duration;

use benefit::Fen;
use clap::{Args, Subcommand};
use contracts::redemption::v1::checkout_service_client::CheckoutServiceClient;
use contracts::redemption::v1::get_authorization_request::Key;
use contracts::redemption::v1::{
    AuthorizeRequest, CaptureRequest, GetAuthorizationRequest, LinePortion, LinePortions, Order,
    OrderLine, Portion, QuoteRequest, RefundRequest, Shop, VoidRequest, portion, void_request,
};

use super::Problem;
use super::arguments::{RequestId, Target, WhichMember, parse_duration, parse_yuan};
use super::connection::Connection;
use super::failure::Failure;
use super::output::Answer;
use crate::channel::RoleChannel;
use crate::tokens::Role;

mod shown;

pub(super) use shown::authorization_value;
use shown::{authorization, quote, refunded};

/// Vouchers at the till, as a payment platform redeems them.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zhisong checkout quote --member mem_... --order order-1 --line cold-drink=5.00 \
--shop shop-1 --region 440103
  zhisong checkout authorize --member mem_... --order order-1 --line cold-drink=5.00 \
--shop shop-1 --region 440103 --hold 10m
  zhisong checkout capture --order order-1
  zhisong checkout capture --order order-1 --line 0=5.00
  zhisong checkout void --request cli-0123456789abcdef
  zhisong checkout refund --authorization aut_... --amount 2.50")]
pub(crate) struct Checkout {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Shows what authorize would do now; holds nothing.
    Quote(Basket),
    /// Holds the best vouchers of the member together, or the named ones, for an order.
    Authorize(Authorize),
    /// Uses what is held, or a part of it: the order was paid.
    Capture(Change),
    /// Lets go of what is held: the order was not paid.
    Void(Void),
    /// Gives back what was captured, or a part of it: goods were returned.
    Refund(Change),
    /// Shows an authorization as it is now.
    Get(Which),
}

/// An order, and whose it is.
#[derive(Debug, Args)]
struct Basket {
    #[command(flatten)]
    member: WhichMember,
    /// The platform's own number of the order.
    #[arg(long, value_name = "NUMBER")]
    order: String,
    /// A line of the order: goods category and amount in yuan, as cold-drink=5.00. May repeat.
    #[arg(long = "line", value_name = "CATEGORY=YUAN", required = true, value_parser = parse_line)]
    lines: Vec<(String, Fen)>,
    /// The platform's own id of the shop.
    #[arg(long, value_name = "ID")]
    shop: String,
    /// The GB/T 2260 code of where the shop stands, six digits.
    #[arg(long, value_name = "CODE")]
    region: String,
    /// The platform's own id of the till within the shop.
    #[arg(long, value_name = "ID")]
    terminal: Option<String>,
    /// A voucher to use; the best when absent. At most three.
    #[arg(long, value_name = "VCH_ID")]
    voucher: Vec<String>,
}

#[derive(Debug, Args)]
struct Authorize {
    #[command(flatten)]
    basket: Basket,
    /// How long to hold, 1s to 30m; 5m when absent.
    #[arg(long, value_parser = parse_duration)]
    hold: Option<Duration>,
    #[command(flatten)]
    request_id: RequestId,
}

/// Which authorization.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// The authorization.
    #[arg(long, value_name = "AUT_ID")]
    authorization: Option<String>,
    /// The newest authorization of this order.
    #[arg(long, value_name = "NUMBER")]
    order: Option<String>,
}

/// Which part of the order; all that is left when absent.
#[derive(Debug, Args)]
#[group(multiple = false)]
struct Part {
    /// So much of the order in yuan, before the discount, over all its lines.
    #[arg(long, value_name = "YUAN", value_parser = parse_yuan)]
    amount: Option<Fen>,
    /// So much of a line, by its place in the order from 0, as 1=2.50. May repeat.
    #[arg(long = "line", value_name = "INDEX=YUAN", value_parser = parse_part)]
    lines: Vec<(i32, Fen)>,
}

#[derive(Debug, Args)]
struct Change {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    part: Part,
    #[command(flatten)]
    request_id: RequestId,
}

#[derive(Debug, Args)]
struct Void {
    #[command(flatten)]
    target: VoidTarget,
    #[command(flatten)]
    request_id: RequestId,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct VoidTarget {
    /// The authorization.
    #[arg(long, value_name = "AUT_ID")]
    authorization: Option<String>,
    /// The request id of an authorize whose answer never came.
    #[arg(long, value_name = "ID")]
    request: Option<String>,
}

type Client = CheckoutServiceClient<RoleChannel>;

impl Checkout {
    pub(crate) async fn run(self) -> Result<(), Problem> {
        let verb = self.verb;
        self.target.run(async move |connection| verb.run(connection).await).await
    }
}

impl Verb {
    async fn run(self, connection: &Connection) -> Result<Answer, Failure> {
        let mut client = Client::new(connection.channel(Role::PaymentPlatform)?);
        match self {
            Self::Quote(basket) => {
                let (member, order, voucher_ids) = basket.read();
                let request =
                    QuoteRequest { member: Some(member), order: Some(order), voucher_ids };
                let quoted = client.quote(request).await?.into_inner();
                Ok(quote(quoted, connection.target().shown.lang))
            }
            Self::Authorize(authorize) => authorize.run(&mut client).await,
            Self::Capture(capture) => {
                let authorization_id = capture.which.id(&mut client).await?;
                let request_id = capture.request_id.get();
                let portion = capture.part.portion();
                let request = CaptureRequest { request_id, authorization_id, portion };
                authorization(client.capture(request).await?.into_inner().authorization)
            }
            Self::Void(void) => void.run(&mut client).await,
            Self::Refund(refund) => {
                let authorization_id = refund.which.id(&mut client).await?;
                let request_id = refund.request_id.get();
                let portion = refund.part.portion();
                let request = RefundRequest { request_id, authorization_id, portion };
                refunded(client.refund(request).await?.into_inner())
            }
            Self::Get(which) => authorization(which.find(&mut client).await?),
        }
    }
}

impl Basket {
    fn read(self) -> (contracts::eligibility::v1::MemberReference, Order, Vec<String>) {
        let lines = self.lines.into_iter();
        let lines = lines.map(|(category, Fen(amount_fen))| OrderLine { category, amount_fen });
        let order = Order {
            order_number: self.order,
            lines: lines.collect(),
            shop: Some(Shop {
                shop_id: self.shop,
                region_code: self.region,
                terminal_id: self.terminal.unwrap_or_default(),
            }),
        };
        (self.member.reference(), order, self.voucher)
    }
}

impl Authorize {
    async fn run(self, client: &mut Client) -> Result<Answer, Failure> {
        let (member, order, voucher_ids) = self.basket.read();
        let hold = self.hold.map(prost_types::Duration::try_from).transpose();
        let request = AuthorizeRequest {
            request_id: self.request_id.get(),
            member: Some(member),
            order: Some(order),
            voucher_ids,
            hold: hold.map_err(|problem| Failure::local(format!("--hold: {problem}")))?,
        };
        authorization(client.authorize(request).await?.into_inner().authorization)
    }
}

impl Void {
    async fn run(self, client: &mut Client) -> Result<Answer, Failure> {
        let target = match (self.target.authorization, self.target.request) {
            (Some(id), _) => Some(void_request::Target::AuthorizationId(id)),
            (None, request) => request.map(void_request::Target::AuthorizeRequestId),
        };
        let request = VoidRequest { request_id: self.request_id.get(), target };
        match client.void(request).await?.into_inner().authorization {
            Some(voided) => authorization(Some(voided)),
            None => Ok(shown::voided_before()),
        }
    }
}

impl Part {
    fn portion(self) -> Option<Portion> {
        let line = |(line, Fen(amount_fen))| LinePortion { line, amount_fen };
        let part = match self.amount {
            Some(Fen(fen)) => portion::Part::AmountFen(fen),
            None if self.lines.is_empty() => return None,
            None => {
                let lines = self.lines.into_iter().map(line).collect();
                portion::Part::Lines(LinePortions { lines })
            }
        };
        Some(Portion { part: Some(part) })
    }
}

impl Which {
    async fn id(self, client: &mut Client) -> Result<String, Failure> {
        if let Some(id) = self.authorization {
            return Ok(id);
        }
        let found = self.find(client).await?;
        Ok(found.ok_or_else(|| Failure::missing("authorization"))?.authorization_id)
    }

    async fn find(
        self,
        client: &mut Client,
    ) -> Result<Option<contracts::redemption::v1::Authorization>, Failure> {
        let key = match (self.authorization, self.order) {
            (Some(id), _) => Some(Key::AuthorizationId(id)),
            (None, order) => order.map(Key::OrderNumber),
        };
        let request = GetAuthorizationRequest { key };
        Ok(client.get_authorization(request).await?.into_inner().authorization)
    }
}

fn parse_part(text: &str) -> Result<(i32, Fen), String> {
    let wrong = || format!("{text:?} is not a part of a line, as 1=2.50");
    let (line, amount) = text.split_once('=').ok_or_else(wrong)?;
    Ok((line.parse().map_err(|_| wrong())?, parse_yuan(amount)?))
}

fn parse_line(text: &str) -> Result<(String, Fen), String> {
    let wrong = || format!("{text:?} is not a line, as cold-drink=5.00");
    let (category, amount) = text.split_once('=').ok_or_else(wrong)?;
    Ok((category.to_owned(), parse_yuan(amount)?))
}
