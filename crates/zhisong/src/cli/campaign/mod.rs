use std::path::PathBuf;

use clap::{Args, Subcommand};
use contracts::eligibility::v1::policy_service_client::PolicyServiceClient;
use contracts::issuance::v1::campaign_service_client::CampaignServiceClient;
use contracts::issuance::v1::{
    ActivateCampaignRequest, ApplyCampaignRequest, EndCampaignRequest, GetCampaignRequest,
    GetStockRequest, ListCampaignsRequest, PauseCampaignRequest, ResumeCampaignRequest,
};
use serde_json::json;

use super::Problem;
use super::arguments::{RequestId, Target};
use super::connection::Connection;
use super::failure::Failure;
use super::output::{Answer, show};
use crate::channel::RoleChannel;
use crate::policy::publish_request;
use crate::tokens::Role;
use programme_file::ProgrammeFile;
use shown::{CAMPAIGNS, answer, value};

mod programme_file;
mod shown;

pub(super) use shown::terms_value;

/// Campaigns of one page: as many as the contract allows.
const PAGE: i32 = 200;

/// Campaigns, declared by programme files.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zhisong campaign validate deploy/programmes/*.toml
  zhisong campaign apply deploy/programmes/guangdong-cool-drinks-2022.toml --activate
  zhisong campaign pause guangdong-cool-drinks-2022
  zhisong campaign stock guangdong-cool-drinks-2022 --day 2022-07-22")]
pub(crate) struct Campaign {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Reads programme files and lists every problem with its line. Asks no service.
    Validate {
        /// The files.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    #[command(flatten)]
    Served(Served),
}

/// What a service does.
#[derive(Debug, Subcommand)]
enum Served {
    /// Publishes the policy of a programme file, then creates its campaign or replaces the draft.
    Apply(Apply),
    /// Shows all campaigns, ordered by id.
    List,
    /// Shows one campaign.
    Get {
        /// Which.
        #[arg(value_name = "ID")]
        campaign_id: String,
    },
    /// Draft to active: from then on terms and stock are fixed.
    Activate(Move),
    /// Active to paused: gives out nothing; vouchers that exist can still be used.
    Pause(Move),
    /// Paused to active.
    Resume(Move),
    /// Ends it for good.
    End(Move),
    /// Shows what has been given out in one period.
    Stock {
        /// Which.
        #[arg(value_name = "ID")]
        campaign_id: String,
        /// The business day, as 2022-07-22; today when absent.
        #[arg(long, default_value = "")]
        day: String,
    },
}

#[derive(Debug, Args)]
struct Apply {
    /// The programme file.
    file: PathBuf,
    /// Also activates it.
    #[arg(long)]
    activate: bool,
    #[command(flatten)]
    request_id: RequestId,
}

#[derive(Debug, Args)]
struct Move {
    /// Which.
    #[arg(value_name = "ID")]
    campaign_id: String,
    #[command(flatten)]
    request_id: RequestId,
}

type Client = CampaignServiceClient<RoleChannel>;

impl Campaign {
    pub(crate) async fn run(self) -> Result<(), Problem> {
        let Self { verb, target } = self;
        match verb {
            Verb::Validate { files } => show(target.shown, programme_file::validate(&files)),
            Verb::Served(verb) => {
                target.run(async move |connection| verb.run(connection).await).await
            }
        }
    }
}

impl Served {
    async fn run(self, connection: &Connection) -> Result<Answer, Failure> {
        let mut client = Client::new(connection.channel(Role::UnionOffice)?);
        match self {
            Self::Apply(apply) => apply.run(connection, &mut client).await,
            Self::List => list(&mut client).await,
            Self::Get { campaign_id } => {
                let request = GetCampaignRequest { campaign_id };
                answer(client.get_campaign(request).await?.into_inner().campaign)
            }
            Self::Activate(Move { campaign_id, request_id }) => {
                activate(&mut client, campaign_id, request_id.get()).await
            }
            Self::Pause(Move { campaign_id, request_id }) => {
                let request = PauseCampaignRequest { request_id: request_id.get(), campaign_id };
                answer(client.pause_campaign(request).await?.into_inner().campaign)
            }
            Self::Resume(Move { campaign_id, request_id }) => {
                let request = ResumeCampaignRequest { request_id: request_id.get(), campaign_id };
                answer(client.resume_campaign(request).await?.into_inner().campaign)
            }
            Self::End(Move { campaign_id, request_id }) => {
                let request = EndCampaignRequest { request_id: request_id.get(), campaign_id };
                answer(client.end_campaign(request).await?.into_inner().campaign)
            }
            Self::Stock { campaign_id, day } => stock(&mut client, campaign_id, day).await,
        }
    }
}

impl Apply {
    async fn run(self, connection: &Connection, client: &mut Client) -> Result<Answer, Failure> {
        let file = ProgrammeFile::read(&self.file)?;
        let programme = match file.programme {
            Ok(programme) => programme,
            Err(_) => return Ok(programme_file::report(&[file])),
        };
        let mut policies = PolicyServiceClient::new(connection.channel(Role::UnionOffice)?);
        policies.publish_policy(publish_request(&programme)).await?;
        let request_id = self.request_id.get();
        let request =
            ApplyCampaignRequest { request_id: request_id.clone(), programme_toml: file.source };
        let applied = answer(client.apply_campaign(request).await?.into_inner().campaign)?;
        match self.activate {
            // An id is scoped to its verb.
            true => activate(client, programme.campaign_id, request_id).await,
            false => Ok(applied),
        }
    }
}

async fn activate(
    client: &mut Client,
    campaign_id: String,
    request_id: String,
) -> Result<Answer, Failure> {
    let request = ActivateCampaignRequest { request_id, campaign_id };
    answer(client.activate_campaign(request).await?.into_inner().campaign)
}

async fn list(client: &mut Client) -> Result<Answer, Failure> {
    let mut campaigns = Vec::new();
    let mut request = ListCampaignsRequest { page_size: PAGE, page_token: String::new() };
    loop {
        let page = client.list_campaigns(request.clone()).await?.into_inner();
        campaigns.extend(page.campaigns.into_iter().map(value));
        if page.next_page_token.is_empty() {
            return Ok(Answer::list("campaigns", campaigns, CAMPAIGNS));
        }
        request.page_token = page.next_page_token;
    }
}

async fn stock(
    client: &mut Client,
    campaign_id: String,
    business_day: String,
) -> Result<Answer, Failure> {
    let request = GetStockRequest { campaign_id: campaign_id.clone(), business_day };
    let stock = client.get_stock(request).await?.into_inner();
    let value = json!({
        "campaign_id": campaign_id,
        "period": stock.period,
        "quota": stock.quota,
        "issued": stock.issued,
        "returned": stock.returned,
        "remaining": stock.remaining,
    });
    let columns = &["campaign_id", "period", "quota", "issued", "returned", "remaining"];
    Ok(Answer::record(value, columns))
}
