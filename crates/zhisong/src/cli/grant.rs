//! What partners may ask of whom.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use contracts::eligibility::v1::grant::{Claim, Reference};
use contracts::eligibility::v1::grant_service_client::GrantServiceClient;
use contracts::eligibility::v1::{Grant as Stored, ListGrantsRequest, SetGrantRequest};
use serde_json::{Value, json};

use super::Problem;
use super::arguments::Target;
use super::connection::Connection;
use super::failure::Failure;
use super::output::{Answer, instant};
use crate::tokens::Role;

const COLUMNS: &[&str] =
    &["partner", "purpose", "organization", "references", "claims", "updated_at"];
/// Grants on a page at most, as the contract states.
const PAGE_MAX: i32 = 1_000;
const REFERENCES: [&str; 5] =
    ["member-id", "id-number", "card-code", "card-number", "linked-account"];
const CLAIMS: [&str; 3] = ["model-worker-level", "trade", "region"];

/// What partners may ask of whom, and what they are told.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zhisong grant set --partner bus --purpose bus-fare --organization gd --by card-code,card-number
  zhisong grant set --partner bus --purpose bus-fare --organization gd --by card-code \\
      --tell model-worker-level
  zhisong grant set --partner bus --purpose bus-fare --organization gd
  zhisong grant list")]
pub(crate) struct Grant {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// States the whole of a grant; without --by nothing is granted any more.
    Set(Set),
    /// Shows grants, at most 1,000.
    List,
}

#[derive(Debug, Args)]
struct Set {
    /// The subject of the partner's tokens.
    #[arg(long, value_name = "SUBJECT")]
    partner: String,
    /// What the partner asks for, as bus-fare.
    #[arg(long)]
    purpose: String,
    /// Whose members: those of this organization and of all below it.
    #[arg(long, value_name = "PATH")]
    organization: String,
    /// How members may be named, separated by commas.
    #[arg(long, value_delimiter = ',', value_parser = PossibleValuesParser::new(REFERENCES))]
    by: Vec<String>,
    /// What is told besides yes, separated by commas.
    #[arg(long, value_delimiter = ',', value_parser = PossibleValuesParser::new(CLAIMS))]
    tell: Vec<String>,
}

impl Grant {
    pub(crate) async fn run(self) -> Result<(), Problem> {
        let verb = self.verb;
        self.target
            .run(async move |connection| match verb {
                Verb::Set(set) => set.run(connection).await,
                Verb::List => list(connection).await,
            })
            .await
    }
}

impl Set {
    async fn run(self, connection: &Connection) -> Result<Answer, Failure> {
        let Self { partner, purpose, organization, by, tell } = self;
        let name =
            |prefix: &str, word: &str| prefix.to_owned() + &word.to_uppercase().replace('-', "_");
        let reference = |word: &String| Reference::from_str_name(&name("REFERENCE_", word));
        let claim = |word: &String| Claim::from_str_name(&name("CLAIM_", word));
        let grant = Stored {
            partner,
            purpose,
            organization,
            references: by.iter().filter_map(reference).map(Into::into).collect(),
            claims: tell.iter().filter_map(claim).map(Into::into).collect(),
            updated_at: None,
        };
        let mut grants = GrantServiceClient::new(connection.channel(Role::Ops)?);
        let request = SetGrantRequest { grant: Some(grant) };
        let grant = grants.set_grant(request).await?.into_inner().grant;
        let grant = grant.ok_or_else(|| Failure::missing("grant"))?;
        Ok(Answer::record(value(&grant), COLUMNS))
    }
}

async fn list(connection: &Connection) -> Result<Answer, Failure> {
    let mut grants = GrantServiceClient::new(connection.channel(Role::Ops)?);
    let request = ListGrantsRequest { page_size: PAGE_MAX, page_token: String::new() };
    let listed = grants.list_grants(request).await?.into_inner().grants;
    Ok(Answer::list("grants", listed.iter().map(value).collect(), COLUMNS))
}

fn value(grant: &Stored) -> Value {
    let word = |name: &str, prefix: &str| {
        name.strip_prefix(prefix).unwrap_or(name).to_lowercase().replace('_', "-")
    };
    let references = grant.references().map(|one| word(one.as_str_name(), "REFERENCE_"));
    let claims = grant.claims().map(|one| word(one.as_str_name(), "CLAIM_"));
    json!({
        "partner": grant.partner,
        "purpose": grant.purpose,
        "organization": grant.organization,
        "references": references.collect::<Vec<_>>(),
        "claims": claims.collect::<Vec<_>>(),
        "updated_at": instant(grant.updated_at),
    })
}
