use clap::{Args, Subcommand};
use contracts::eligibility::v1::registry_service_client::RegistryServiceClient;
use contracts::eligibility::v1::{
    CreateOrganizationRequest, ListOrganizationsRequest, Organization as Stored,
};
use member_identity::RegionCode;
use serde_json::{Value, json};

use super::Problem;
use super::arguments::Target;
use super::connection::Connection;
use super::failure::Failure;
use super::output::Answer;
use crate::channel::RoleChannel;
use crate::roster::cities;
use crate::tokens::Role;

const COLUMNS: &[&str] = &["path", "region_code", "name"];
/// Organizations of one page: as many as the contract allows.
const PAGE: i32 = 1_000;

/// The tree of trade unions.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zhisong organization create gd --region 440000 --name 广东省总工会 --with-cities
  zhisong organization create gd/dongguan --region 441900 --name 东莞市总工会
  zhisong organization list --below gd")]
pub(crate) struct Organization {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Adds an organization, below one that exists or at the top. Safe to repeat.
    Create(Create),
    /// Shows organizations, ordered by path.
    List {
        /// Only this one and those below it.
        #[arg(long, value_name = "PATH")]
        below: Option<String>,
    },
}

#[derive(Debug, Args)]
struct Create {
    /// Its path, as gd/guangzhou.
    path: String,
    /// The GB/T 2260 code of its region, six digits.
    #[arg(long, value_name = "CODE")]
    region: String,
    /// Its name.
    #[arg(long)]
    name: String,
    /// Also adds one for each city of the region, as gd/4401 for 广州市: those that a made-up
    /// roster names.
    #[arg(long)]
    with_cities: bool,
}

impl Organization {
    pub(crate) async fn run(self) -> Result<(), Problem> {
        let verb = self.verb;
        self.target
            .run(async move |connection| match verb {
                Verb::Create(create) => create.run(connection).await,
                Verb::List { below } => list(connection, below.unwrap_or_default()).await,
            })
            .await
    }
}

impl Create {
    async fn run(self, connection: &Connection) -> Result<Answer, Failure> {
        let below = match self.with_cities {
            true => self.cities()?,
            false => Vec::new(),
        };
        let top = Stored { path: self.path, region_code: self.region, name: self.name };
        let mut registry = RegistryServiceClient::new(connection.channel(Role::UnionOffice)?);
        let mut created = Vec::new();
        for organization in std::iter::once(top).chain(below) {
            created.push(create(&mut registry, organization).await?);
        }
        Ok(match <[Value; 1]>::try_from(created) {
            Ok([one]) => Answer::record(one, COLUMNS),
            Err(created) => Answer::list("organizations", created, COLUMNS),
        })
    }

    fn cities(&self) -> Result<Vec<Stored>, Failure> {
        let region = RegionCode::parse(&self.region)
            .map_err(|problem| Failure::local(format!("--region: {problem}")))?;
        let below = cities(region, &self.path).into_iter().map(|city| Stored {
            path: city.organization,
            region_code: city.region.to_string(),
            name: format!("{}总工会", city.region.name()),
        });
        Ok(below.collect())
    }
}

async fn create(
    registry: &mut RegistryServiceClient<RoleChannel>,
    organization: Stored,
) -> Result<Value, Failure> {
    let request = CreateOrganizationRequest { organization: Some(organization) };
    let created = registry.create_organization(request).await?.into_inner().organization;
    created.map(value).ok_or_else(|| Failure::missing("organization"))
}

async fn list(connection: &Connection, below: String) -> Result<Answer, Failure> {
    let mut registry = RegistryServiceClient::new(connection.channel(Role::UnionOffice)?);
    let mut organizations = Vec::new();
    let mut page_token = String::new();
    loop {
        let request =
            ListOrganizationsRequest { below: below.clone(), page_size: PAGE, page_token };
        let page = registry.list_organizations(request).await?.into_inner();
        organizations.extend(page.organizations.into_iter().map(value));
        if page.next_page_token.is_empty() {
            return Ok(Answer::list("organizations", organizations, COLUMNS));
        }
        page_token = page.next_page_token;
    }
}

fn value(organization: Stored) -> Value {
    json!({
        "path": organization.path,
        "region_code": organization.region_code,
        "name": organization.name,
    })
}
