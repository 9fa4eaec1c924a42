use std::path::PathBuf;

use clap::Args;
use contracts::eligibility::v1::import_roster_request::Part;
use contracts::eligibility::v1::registry_service_client::RegistryServiceClient;
use contracts::eligibility::v1::{
    GetOrganizationRequest, GetRosterImportRequest, ImportRosterRequest, RosterHeader,
    RosterImport, RosterRows,
};
use futures::StreamExt as _;
use serde_json::{Value, json};

use super::super::Problem;
use super::super::arguments::{Shown, Target};
use super::super::connection::Connection;
use super::super::failure::Failure;
use super::super::output::Answer;
use super::super::sheet::{Report, Said, Source, Unreadable, say_resumed};
use super::header;
use super::rows::{SHAPE, refused};
use crate::channel::RoleChannel;
use crate::tokens::Role;

const COUNTS: &[&str] = &[
    "import_id",
    "organization",
    "encoding",
    "committed_line",
    "added",
    "changed",
    "unchanged",
    "bad",
];
const ORGANIZATION_UNKNOWN: &str = "\
    ORGANIZATION_UNKNOWN: those rows name organizations that do not exist; create them with \
    `zhisong organization create`, then import the file again under another --import-id (rows \
    that are in already are found unchanged)";

/// How to take in a roster.
#[derive(Debug, Args)]
#[command(after_help = header::HELP)]
pub(super) struct Import {
    /// The file.
    file: PathBuf,
    /// The organization whose members these are, unless a row names one below it.
    #[arg(long, value_name = "PATH")]
    organization: String,
    /// Names this import: the same id goes on where an earlier command stopped. Made of the
    /// file's digest and the organization when absent.
    #[arg(long, value_name = "ID")]
    import_id: Option<String>,
    /// How the file is encoded.
    #[arg(long, value_enum, default_value_t = Said::Auto)]
    encoding: Said,
    /// Writes the reported bad rows here, as CSV: line, column, reason.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    target: Target,
}

type Client = RegistryServiceClient<RoleChannel>;

/// What one command is about.
struct Task {
    source: Source,
    organization: String,
    import_id: String,
}

impl Import {
    pub(super) async fn run(self) -> Result<(), Problem> {
        let Self { file, organization, import_id, encoding, report, target } = self;
        let work = async move |connection: &Connection| -> Result<Answer, Failure> {
            let shown = connection.target().shown;
            let mut registry = Client::new(connection.channel(Role::UnionOffice)?);
            require_organization(&mut registry, &organization).await?;
            let source = Source::begin(file, encoding, shown).await?;
            let default_id = || source.survey().id("roster", &[&organization]);
            let import_id = import_id.unwrap_or_else(default_id);
            let task = Task { source, organization, import_id };
            let after_line = task.committed_line(&mut registry).await?;
            say_resumed(&task.import_id, after_line);
            let (mut imported, unreadable) = task.send(&mut registry, after_line, shown).await?;
            let said = std::mem::take(&mut imported.problems).into_iter().map(refused);
            let bad_rows = Report::new(imported.bad, said, unreadable);
            if let Some(path) = report {
                bad_rows.write(&path)?;
            }
            let encoding = task.source.survey().encoding.name();
            let answer = bad_rows.answer(import_value(&imported, encoding, after_line), COUNTS);
            Ok(match bad_rows.has("ORGANIZATION_UNKNOWN") {
                true => answer.note(ORGANIZATION_UNKNOWN),
                false => answer,
            })
        };
        target.run(work).await
    }
}

/// Rows of an organization that does not exist would all be bad, and stay so under this id.
async fn require_organization(registry: &mut Client, path: &str) -> Result<(), Failure> {
    let request = GetOrganizationRequest { path: path.to_owned() };
    match registry.get_organization(request).await.map_err(Failure::from) {
        Ok(_) => Ok(()),
        Err(failure) if failure.reason() == Some("NOT_FOUND") => Err(Failure::local(format!(
            "the organization {path} does not exist: create it first, with `zhisong organization \
             create {path} --region CODE --name NAME`; nothing was imported"
        ))),
        Err(failure) => Err(failure),
    }
}

impl Task {
    /// How far an earlier command came.
    async fn committed_line(&self, registry: &mut Client) -> Result<i64, Failure> {
        let request = GetRosterImportRequest { import_id: self.import_id.clone() };
        match registry.get_roster_import(request).await.map_err(Failure::from) {
            Ok(found) => {
                let found = found.into_inner().roster_import;
                // Of another organization, it is not this import, as the registry will say.
                let own = found.filter(|import| import.organization == self.organization);
                Ok(own.map_or(0, |import| import.committed_line))
            }
            Err(failure) if failure.reason() == Some("NOT_FOUND") => Ok(0),
            Err(failure) => Err(failure),
        }
    }

    /// Sends what is behind `after_line`, and gives the whole import and the rows that could not
    /// be sent.
    async fn send(
        &self,
        registry: &mut Client,
        after_line: i64,
        shown: Shown,
    ) -> Result<(RosterImport, Unreadable), Failure> {
        let (rows, reading) = self.source.read(SHAPE, after_line, shown)?;
        let header = Part::Header(RosterHeader {
            import_id: self.import_id.clone(),
            organization: self.organization.clone(),
        });
        let parts = futures::stream::iter([header]);
        let parts = parts.chain(rows.map(|rows| Part::Rows(RosterRows { rows })));
        let messages = parts.map(|part| ImportRosterRequest { part: Some(part) });
        let imported = registry.import_roster(messages).await;
        let (imported, unreadable) = reading.end(imported, &self.import_id).await?;
        let imported = imported.roster_import.ok_or_else(|| Failure::missing("roster_import"))?;
        Ok((imported, unreadable))
    }
}

fn import_value(import: &RosterImport, encoding: &str, after_line: i64) -> Value {
    json!({
        "import_id": import.import_id,
        "organization": import.organization,
        "encoding": encoding,
        "resumed_after_line": after_line,
        "committed_line": import.committed_line,
        "added": import.added,
        "changed": import.changed,
        "unchanged": import.unchanged,
    })
}
