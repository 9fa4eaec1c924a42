use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clock::{Clock as _, SystemClock};
use member_identity::OrganizationPath;
use serde_json::json;

use super::Problem;
use super::arguments::{Shown, parse_duration};
use super::failure::Failure;
use super::output::{Answer, local_time, show};
use crate::installation::signer_of;
use crate::tokens::Role;

/// Signs a token with the keys of a data folder.
#[derive(Debug, Args)]
#[command(after_help = "Example: zhisong token member-app --organization gd/dongguan --ttl 8h")]
pub(crate) struct Token {
    /// For whom.
    #[arg(value_parser = PossibleValuesParser::new(Role::ALL.map(Role::subject)).map(read_role))]
    role: Role,
    /// The organization whose subtree it is for.
    #[arg(long, value_name = "PATH", default_value = "gd")]
    organization: String,
    /// How long it is valid, as 8h.
    #[arg(long, value_parser = parse_duration, default_value = "24h")]
    ttl: Duration,
    /// The data folder of `zhisong up`.
    #[arg(long, value_name = "FOLDER", default_value = "zhisong-data")]
    data: PathBuf,
    #[command(flatten)]
    shown: Shown,
}

impl Token {
    pub(crate) fn run(self) -> Result<(), Problem> {
        show(self.shown, self.sign())
    }

    fn sign(&self) -> Result<Answer, Failure> {
        let organization = OrganizationPath::parse(&self.organization)
            .map_err(|problem| Failure::local(format!("--organization: {problem}")))?;
        let signer = signer_of(&self.data).map_err(|problem| {
            Failure::local(format!(
                "{problem}: name with --data the folder that `zhisong up` serves from"
            ))
        })?;
        let now = SystemClock.wall();
        let token = signer.sign(&self.role.grant(&organization), now, self.ttl);
        let token = token.map_err(|problem| Failure::local(problem.to_string()))?;
        let value = json!({
            "token": token,
            "role": self.role.subject(),
            "organization": organization.as_str(),
            "expires_at": local_time(now.plus(self.ttl)),
        });
        // Bare, so that a shell can take it.
        Ok(Answer::record(value, &[]).only(token))
    }
}

fn read_role(subject: String) -> Role {
    let role = Role::ALL.into_iter().find(|role| role.subject() == subject);
    role.expect("the parser lets only known roles pass")
}
