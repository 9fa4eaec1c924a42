use std::path::PathBuf;

use aws_lc_rs::digest::{Context, SHA256};
use clap::Args;
use contracts::eligibility::v1::import_roster_request::Part;
use contracts::eligibility::v1::registry_service_client::RegistryServiceClient;
use contracts::eligibility::v1::{
    GetOrganizationRequest, GetRosterImportRequest, ImportRosterRequest, RosterHeader, RosterImport,
};
use futures::StreamExt as _;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::super::Problem;
use super::super::arguments::{Shown, Target};
use super::super::connection::Connection;
use super::super::failure::Failure;
use super::super::output::{Answer, BYTES, bar};
use super::super::sheet::{Said, Survey, file_problem, joined, look_through, open};
use super::header;
use super::reader::{Reader, Unreadable};
use super::report::Report;
use crate::channel::RoleChannel;
use crate::tokens::Role;

/// Messages that wait to be sent: the file is read no faster than the registry takes it.
const AHEAD: usize = 2;

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
    path: PathBuf,
    organization: String,
    import_id: String,
    survey: Survey,
    length: u64,
}

impl Import {
    pub(super) async fn run(self) -> Result<(), Problem> {
        let Self { file, organization, import_id, encoding, report, target } = self;
        let work = async move |connection: &Connection| -> Result<Answer, Failure> {
            let shown = connection.target().shown;
            let mut registry = Client::new(connection.channel(Role::UnionOffice)?);
            require_organization(&mut registry, &organization).await?;
            let task = Task::begin(file, organization, (import_id, encoding), shown).await?;
            let after_line = task.committed_line(&mut registry).await?;
            if after_line > 0 {
                eprintln!(
                    "import {} has been decided up to line {after_line}: going on behind it",
                    task.import_id
                );
            }
            let (imported, unreadable) = task.send(&mut registry, after_line, shown).await?;
            let encoding = task.survey.encoding.name();
            let done = Report::new(imported, unreadable, encoding, after_line);
            if let Some(path) = report {
                done.write(&path)?;
            }
            Ok(done.answer())
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
    /// Looks through the file.
    async fn begin(
        path: PathBuf,
        organization: String,
        (import_id, encoding): (Option<String>, Said),
        shown: Shown,
    ) -> Result<Self, Failure> {
        let (survey, length) = look_through(&path, encoding, shown).await?;
        let import_id = import_id.unwrap_or_else(|| default_id(&survey, &organization));
        Ok(Self { path, organization, import_id, survey, length })
    }

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
        let (file, length) = open(&self.path)?;
        let length = length.min(self.length);
        let reader = Reader::open(file, length, self.survey.encoding);
        let reader = reader.map_err(|why| file_problem(&self.path, &why))?;
        let bar = bar(shown, "import", length, BYTES);
        let (rows, sent) = mpsc::channel(AHEAD);
        let reading = tokio::task::spawn_blocking({
            let bar = bar.clone();
            move || reader.send(after_line, &rows, &bar)
        });
        let header = Part::Header(RosterHeader {
            import_id: self.import_id.clone(),
            organization: self.organization.clone(),
        });
        let parts = futures::stream::iter([header]);
        let parts = parts.chain(ReceiverStream::new(sent).map(Part::Rows));
        let messages = parts.map(|part| ImportRosterRequest { part: Some(part) });
        let imported = registry.import_roster(messages).await;
        bar.finish_and_clear();
        let imported = imported.map_err(|status| Failure::from(status).or_resume(|| self.advice()));
        let imported = imported?.into_inner().roster_import;
        let unreadable = joined(reading.await, &self.path)?;
        Ok((imported.ok_or_else(|| Failure::missing("roster_import"))?, unreadable))
    }

    fn advice(&self) -> String {
        format!(
            "what was committed stays: repeat the command to go on behind it (import id {})",
            self.import_id
        )
    }
}

/// The same file for the same organization is the same import.
fn default_id(survey: &Survey, organization: &str) -> String {
    let mut digest = Context::new(&SHA256);
    digest.update(survey.digest.as_ref());
    digest.update(organization.as_bytes());
    let digest = digest.finish();
    let hex: String = digest.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("roster-{hex}")
}
