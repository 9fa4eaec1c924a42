use clap::{Args, Subcommand};
use contracts::redemption::v1::merchant_service_client::MerchantServiceClient;
use contracts::redemption::v1::{ListShopsRequest, ListStopsRequest};

use super::Problem;
use super::arguments::Target;
use super::connection::Connection;
use super::failure::Failure;
use super::output::Answer;
use crate::channel::RoleChannel;
use crate::tokens::Role;

mod check;
mod header;
mod import;
mod rows;
mod shown;
mod stop;

/// The payment platform of the embedded mode.
const PLATFORM: &str = Role::PaymentPlatform.subject();
/// Shops and stops of one page: as many as the contract allows.
const PAGE: i32 = 1_000;

/// Shops and tills, and what is stopped.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zhisong shops import shops.csv --organization gd
  zhisong shops list --region 440100
  zhisong shops check --shop shop-1 --region 440106 --campaign guangdong-cool-drinks-2022
  zhisong shops stop --organization gd --region 440100 --zh 系统维护 --en Maintenance
  zhisong shops resume --organization gd --region 440100")]
pub(crate) struct Shops {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Takes in a file of shops: good rows go in, bad rows are reported. Safe to repeat, and
    /// resumable.
    Import(import::Import),
    /// Shows registered shops, ordered by platform and shop id.
    List(List),
    /// Asks as a payment platform whether a till takes vouchers now, and if not, why.
    Check(check::Check),
    /// Stops redeeming at once: new orders are refused, holds that exist go on.
    Stop(stop::Stop),
    /// Lets redeeming go on.
    Resume(stop::Resume),
    /// Shows the stops in force.
    Stops,
}

/// Which shops.
#[derive(Debug, Args)]
struct List {
    /// Only those of this organization and below.
    #[arg(long, value_name = "PATH")]
    below: Option<String>,
    /// Only those of this payment platform.
    #[arg(long, value_name = "NAME")]
    platform: Option<String>,
    /// Only those in this region, by GB/T 2260 code.
    #[arg(long, value_name = "CODE")]
    region: Option<String>,
    /// Only those of this chain.
    #[arg(long, value_name = "KEY")]
    chain: Option<String>,
    /// Only those on this campaign's list.
    #[arg(long, value_name = "ID")]
    campaign: Option<String>,
}

type Client = MerchantServiceClient<RoleChannel>;

impl Shops {
    pub(crate) async fn run(self) -> Result<(), Problem> {
        let verb = self.verb;
        self.target.run(async move |connection| verb.run(connection).await).await
    }
}

impl Verb {
    async fn run(self, connection: &Connection) -> Result<Answer, Failure> {
        let ops = || Ok::<_, Failure>(Client::new(connection.channel(Role::Ops)?));
        match self {
            Self::Import(import) => import.run(&mut ops()?, connection).await,
            Self::List(list) => list.run(&mut ops()?).await,
            Self::Check(check) => check.run(connection).await,
            Self::Stop(stop) => stop.run(&mut ops()?).await,
            Self::Resume(resume) => resume.run(&mut ops()?).await,
            Self::Stops => stops(&mut ops()?).await,
        }
    }
}

impl List {
    async fn run(self, client: &mut Client) -> Result<Answer, Failure> {
        let mut request = ListShopsRequest {
            below: self.below.unwrap_or_default(),
            platform: self.platform.unwrap_or_default(),
            region_code: self.region.unwrap_or_default(),
            chain: self.chain.unwrap_or_default(),
            campaign_id: self.campaign.unwrap_or_default(),
            page_size: PAGE,
            page_token: String::new(),
        };
        let mut shops = Vec::new();
        loop {
            let page = client.list_shops(request.clone()).await?.into_inner();
            shops.extend(page.shops.into_iter().map(shown::shop));
            if page.next_page_token.is_empty() {
                return Ok(Answer::list("shops", shops, shown::SHOP));
            }
            request.page_token = page.next_page_token;
        }
    }
}

async fn stops(client: &mut Client) -> Result<Answer, Failure> {
    let mut request = ListStopsRequest { page_size: PAGE, page_token: String::new() };
    let mut stops = Vec::new();
    loop {
        let page = client.list_stops(request.clone()).await?.into_inner();
        stops.extend(page.stops.into_iter().map(shown::stop));
        if page.next_page_token.is_empty() {
            return Ok(Answer::list("stops", stops, shown::STOP));
        }
        request.page_token = page.next_page_token;
    }
}
