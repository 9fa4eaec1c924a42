use clap::{Args, Subcommand};
use contracts::issuance::v1 as wire;
use contracts::issuance::v1::fund_service_client::FundServiceClient;
use serde_json::{Value, json};

use super::Problem;
use super::arguments::{RequestId, Target};
use super::connection::Connection;
use super::failure::Failure;
use super::output::{Answer, instant};
use crate::tokens::Role;

/// Funds of one page: as many as the contract allows.
const PAGE: i32 = 200;

const FUND: &[&str] = &[
    "fund_id",
    "organization",
    "pledged_fen",
    "issued_fen",
    "spent_fen",
    "returned_fen",
    "free_fen",
    "created_at",
    "returns_heard_at",
];

/// Money that is set aside, and that campaigns draw on.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zhisong fund create foshan-new-year-2022 --organization gd/foshan --pledged-fen 1000000000
  zhisong fund get foshan-new-year-2022
  zhisong fund list --json")]
pub(crate) struct Fund {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Sets money aside, once for each name.
    Create(Create),
    /// Shows what is pledged, given out, spent, returned and free, and when redemption, which says
    /// what returns, was last heard.
    Get {
        /// Which.
        #[arg(value_name = "ID")]
        fund_id: String,
    },
    /// Shows all funds, ordered by id.
    List,
}

#[derive(Debug, Args)]
struct Create {
    /// Its name: 1 to 64 of a-z 0-9 -.
    #[arg(value_name = "ID")]
    fund_id: String,
    /// Whose money it is, as gd/foshan. Campaigns of it and of those below it may draw on the fund.
    #[arg(long, value_name = "PATH")]
    organization: String,
    /// What is set aside, in fen.
    #[arg(long, value_name = "FEN")]
    pledged_fen: i64,
    #[command(flatten)]
    request_id: RequestId,
}

impl Fund {
    pub(crate) async fn run(self) -> Result<(), Problem> {
        let Self { verb, target } = self;
        target.run(async move |connection| verb.run(connection).await).await
    }
}

impl Verb {
    async fn run(self, connection: &Connection) -> Result<Answer, Failure> {
        let mut client = FundServiceClient::new(connection.channel(Role::UnionOffice)?);
        match self {
            Self::Create(Create { fund_id, organization, pledged_fen, request_id }) => {
                let request_id = request_id.get();
                let request =
                    wire::CreateFundRequest { request_id, fund_id, organization, pledged_fen };
                answer(client.create_fund(request).await?.into_inner().fund)
            }
            Self::Get { fund_id } => {
                let request = wire::GetFundRequest { fund_id };
                answer(client.get_fund(request).await?.into_inner().fund)
            }
            Self::List => {
                let mut funds = Vec::new();
                let mut request =
                    wire::ListFundsRequest { page_size: PAGE, page_token: String::new() };
                loop {
                    let page = client.list_funds(request.clone()).await?.into_inner();
                    funds.extend(page.funds.into_iter().map(value));
                    if page.next_page_token.is_empty() {
                        return Ok(Answer::list("funds", funds, FUND));
                    }
                    request.page_token = page.next_page_token;
                }
            }
        }
    }
}

fn answer(fund: Option<wire::Fund>) -> Result<Answer, Failure> {
    let fund = fund.ok_or_else(|| Failure::missing("fund"))?;
    Ok(Answer::record(value(fund), FUND))
}

fn value(fund: wire::Fund) -> Value {
    json!({
        "fund_id": fund.fund_id,
        "organization": fund.organization,
        "pledged_fen": fund.pledged_fen,
        "issued_fen": fund.issued_fen,
        "spent_fen": fund.spent_fen,
        "returned_fen": fund.returned_fen,
        "free_fen": fund.free_fen,
        "created_at": instant(fund.created_at),
        "returns_heard_at": instant(fund.returns_heard_at),
    })
}
