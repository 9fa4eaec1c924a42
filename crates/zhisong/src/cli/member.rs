use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use contracts::eligibility::v1::registry_service_client::RegistryServiceClient;
use contracts::eligibility::v1::verification_service_client::VerificationServiceClient;
use contracts::eligibility::v1::{
    GetMemberRequest, ListMembersRequest, Member as Stored, ReinstateMemberRequest,
    SuspendMemberRequest,
};
use serde_json::{Value, json};

use super::Problem;
use super::arguments::{RequestId, Target, WhichMember};
use super::asked::Asked;
use super::connection::Connection;
use super::failure::Failure;
use super::output::{Answer, instant, short};
use crate::channel::RoleChannel;
use crate::tokens::Role;

const COLUMNS: &[&str] = &[
    "member_id",
    "organization",
    "trade",
    "employment",
    "region_code",
    "honours",
    "state",
    "updated_at",
];

/// What is written of a member.
const WRITTEN: [&str; 4] = ["member_id", "organization", "trade", "region_code"];
/// Members on a page at most, as the contract states.
const PAGE_MAX: i32 = 5_000;

/// Members of the registry, without anything personal.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zhisong member list --below gd/4401 --page 20
  zhisong member list --below gd/4401 --out members.csv
  zhisong member get --id-number 11010519491231002X
  zhisong member suspend mem_...
  zhisong member verify --member mem_... --purpose bus-fare")]
pub(crate) struct Member {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Shows one page of members, ordered by id, or writes all of them to a file.
    List(List),
    /// Shows one member.
    Get {
        #[command(flatten)]
        member: WhichMember,
    },
    /// Stops a member from qualifying for anything.
    Suspend(Standing),
    /// Lets a suspended member qualify again.
    Reinstate(Standing),
    /// Asks, as a partner app does, whether somebody is a live member: yes or no.
    Verify(Asked),
}

#[derive(Debug, Args)]
struct List {
    /// Only members of this organization and of those below it.
    #[arg(long, value_name = "PATH", default_value = "")]
    below: String,
    /// Members on the page, at most 5,000.
    #[arg(long, value_name = "N", default_value_t = 100)]
    page: i32,
    /// Goes on where a page ended.
    #[arg(long, value_name = "TOKEN", default_value = "")]
    page_token: String,
    /// Writes every member here instead, as CSV; `zhisong issue` reads it.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["page", "page_token"])]
    out: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Standing {
    /// Whom.
    #[arg(value_name = "MEM_ID")]
    member_id: String,
    #[command(flatten)]
    request_id: RequestId,
}

impl Member {
    pub(crate) async fn run(self) -> Result<(), Problem> {
        let verb = self.verb;
        self.target
            .run(async move |connection| match verb {
                Verb::List(list) => list.run(connection).await,
                Verb::Get { member } => get(connection, &member).await,
                Verb::Suspend(standing) => standing.suspend(connection).await,
                Verb::Reinstate(standing) => standing.reinstate(connection).await,
                Verb::Verify(asked) => verify(connection, asked).await,
            })
            .await
    }
}

impl List {
    async fn run(self, connection: &Connection) -> Result<Answer, Failure> {
        let mut registry = RegistryServiceClient::new(connection.channel(Role::UnionOffice)?);
        let Self { below, page: page_size, page_token, out } = self;
        if let Some(path) = out {
            return write_all(registry, below, &path).await;
        }
        let request = ListMembersRequest { below, page_size, page_token };
        let page = registry.list_members(request).await?.into_inner();
        let members = page.members.into_iter().map(value).collect();
        let next = page.next_page_token;
        let answer = Answer::list("members", members, COLUMNS);
        let answer = match next.as_str() {
            "" => answer,
            next => answer.note(format!("more members: --page-token {next}")),
        };
        Ok(answer.with("next_page_token", next))
    }
}

/// Writes the members of a part of the tree to a file.
async fn write_all(
    mut registry: RegistryServiceClient<RoleChannel>,
    below: String,
    path: &Path,
) -> Result<Answer, Failure> {
    let problem = |why: csv::Error| Failure::local(format!("--out {}: {why}", path.display()));
    let mut rows = csv::Writer::from_path(path).map_err(problem)?;
    rows.write_record(WRITTEN).map_err(problem)?;
    let mut request = ListMembersRequest { below, page_size: PAGE_MAX, ..Default::default() };
    let mut count = 0;
    loop {
        let page = registry.list_members(request.clone()).await?.into_inner();
        for member in page.members {
            let row = [&member.member_id, &member.organization, &member.trade, &member.region_code];
            rows.write_record(row).map_err(problem)?;
            count += 1;
        }
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    rows.flush().map_err(|why| problem(why.into()))?;
    let value = json!({ "members": count, "file": path.display().to_string() });
    Ok(Answer::record(value, &["members", "file"]))
}

async fn get(connection: &Connection, member: &WhichMember) -> Result<Answer, Failure> {
    let mut registry = RegistryServiceClient::new(connection.channel(Role::UnionOffice)?);
    let request = GetMemberRequest { member: Some(member.reference()) };
    answer(registry.get_member(request).await?.into_inner().member)
}

impl Standing {
    async fn suspend(self, connection: &Connection) -> Result<Answer, Failure> {
        let mut registry = RegistryServiceClient::new(connection.channel(Role::UnionOffice)?);
        let (request_id, member_id) = (self.request_id.get(), self.member_id);
        let request = SuspendMemberRequest { request_id, member_id };
        answer(registry.suspend_member(request).await?.into_inner().member)
    }

    async fn reinstate(self, connection: &Connection) -> Result<Answer, Failure> {
        let mut registry = RegistryServiceClient::new(connection.channel(Role::UnionOffice)?);
        let (request_id, member_id) = (self.request_id.get(), self.member_id);
        let request = ReinstateMemberRequest { request_id, member_id };
        answer(registry.reinstate_member(request).await?.into_inner().member)
    }
}

async fn verify(connection: &Connection, asked: Asked) -> Result<Answer, Failure> {
    let mut verification = VerificationServiceClient::new(connection.channel(Role::MemberApp)?);
    let verified = verification.verify_membership(asked.request()).await?.into_inner();
    let claims = verified.claims.unwrap_or_default();
    let value = json!({
        "is_member": verified.is_member,
        "model_worker_level": claims.model_worker_level,
        "trade": claims.trade,
        "region_code": claims.region_code,
        "as_of": instant(verified.as_of),
    });
    let columns = ["is_member", "model_worker_level", "trade", "region_code", "as_of"];
    Ok(Answer::record(value, &columns))
}

fn answer(member: Option<Stored>) -> Result<Answer, Failure> {
    let member = member.ok_or_else(|| Failure::missing("member"))?;
    Ok(Answer::record(value(member), COLUMNS))
}

fn value(member: Stored) -> Value {
    json!({
        "state": short(member.state().as_str_name(), "STATE_"),
        "member_id": member.member_id,
        "organization": member.organization,
        "trade": member.trade,
        "employment": member.employment,
        "region_code": member.region_code,
        "honours": member.honours,
        "updated_at": instant(member.updated_at),
    })
}
