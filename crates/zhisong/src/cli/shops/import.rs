use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use clap::Args;
use contracts::redemption::v1::import_shops_request::Part;
use contracts::redemption::v1::{
    GetShopImportRequest, ImportShopsRequest, ShopImport, ShopRowProblem, ShopsHeader,
};
use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::super::arguments::Shown;
use super::super::connection::Connection;
use super::super::failure::Failure;
use super::super::output::{Answer, BYTES, bar};
use super::super::sheet::{Said, Survey, file_problem, joined, look_through, open};
use super::reader::{Reader, Unreadable};
use super::{Client, PLATFORM, header};

/// Messages that wait to be sent: the file is read no faster than the service takes it.
const AHEAD: usize = 2;
/// Bad rows that people are shown; `--report` and `--json` have the others.
const SHOWN_MAX: usize = 50;
const COUNTS: &[&str] = &[
    "import_id",
    "organization",
    "platform",
    "campaign_id",
    "encoding",
    "committed_line",
    "added",
    "changed",
    "unchanged",
    "listed",
    "bad",
];

/// How to take in a file of shops.
#[derive(Debug, Args)]
#[command(after_help = header::HELP)]
pub(super) struct Import {
    /// The file.
    file: PathBuf,
    /// The organization that new shops belong to.
    #[arg(long, value_name = "PATH")]
    organization: String,
    /// The payment platform whose shops these are.
    #[arg(long, value_name = "NAME", default_value = PLATFORM)]
    platform: String,
    /// A campaign on whose list every good row is put.
    #[arg(long, value_name = "ID")]
    campaign: Option<String>,
    /// Names this import: the same id goes on where an earlier command stopped. Made of the
    /// file's digest and the other options when absent.
    #[arg(long, value_name = "ID")]
    import_id: Option<String>,
    /// How the file is encoded.
    #[arg(long, value_enum, default_value_t = Said::Auto)]
    encoding: Said,
    /// Writes the reported bad rows here, as CSV: line, column, reason.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// What one command is about.
struct Task {
    path: PathBuf,
    header: ShopsHeader,
    survey: Survey,
    length: u64,
}

impl Import {
    pub(super) async fn run(
        self,
        client: &mut Client,
        connection: &Connection,
    ) -> Result<Answer, Failure> {
        let shown = connection.target().shown;
        let report = self.report.clone();
        let task = self.begin(shown).await?;
        let after_line = task.committed_line(client).await?;
        if after_line > 0 {
            eprintln!(
                "import {} has been decided up to line {after_line}: going on behind it",
                task.header.import_id
            );
        }
        let (import, unreadable) = task.send(client, after_line, shown).await?;
        let done = Done::new(import, unreadable, task.survey.encoding.name());
        if let Some(path) = report {
            done.write(&path)?;
        }
        Ok(done.answer())
    }

    /// Looks through the file.
    async fn begin(self, shown: Shown) -> Result<Task, Failure> {
        let (survey, length) = look_through(&self.file, self.encoding, shown).await?;
        let mut header = ShopsHeader {
            import_id: String::new(),
            organization: self.organization,
            platform: self.platform,
            campaign_id: self.campaign.unwrap_or_default(),
        };
        header.import_id = self.import_id.unwrap_or_else(|| default_id(&survey, &header));
        Ok(Task { path: self.file, header, survey, length })
    }
}

impl Task {
    /// How far an earlier command came.
    async fn committed_line(&self, client: &mut Client) -> Result<i64, Failure> {
        let request = GetShopImportRequest { import_id: self.header.import_id.clone() };
        match client.get_shop_import(request).await.map_err(Failure::from) {
            Ok(found) => {
                let found = found.into_inner().shop_import;
                Ok(found.map_or(0, |import| import.committed_line))
            }
            Err(failure) if failure.reason() == Some("NOT_FOUND") => Ok(0),
            Err(failure) => Err(failure),
        }
    }

    /// Sends what is behind `after_line`, and gives the whole import and the rows that could not
    /// be sent.
    async fn send(
        &self,
        client: &mut Client,
        after_line: i64,
        shown: Shown,
    ) -> Result<(ShopImport, Unreadable), Failure> {
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
        let parts = futures::stream::iter([Part::Header(self.header.clone())]);
        let parts = parts.chain(ReceiverStream::new(sent).map(Part::Rows));
        let messages = parts.map(|part| ImportShopsRequest { part: Some(part) });
        let imported = client.import_shops(messages).await;
        bar.finish_and_clear();
        let imported = imported.map_err(|status| Failure::from(status).or_resume(|| self.advice()));
        let imported = imported?.into_inner().shop_import;
        let unreadable = joined(reading.await, &self.path)?;
        Ok((imported.ok_or_else(|| Failure::missing("shop_import"))?, unreadable))
    }

    fn advice(&self) -> String {
        let import_id = &self.header.import_id;
        format!(
            "what was committed stays: repeat the command to go on behind it (import id {import_id})"
        )
    }
}

/// What an import came to: what the service says, and the rows that never reached it.
struct Done {
    import: ShopImport,
    encoding: &'static str,
    bad: i64,
    problems: Vec<ShopRowProblem>,
}

impl Done {
    fn new(mut import: ShopImport, unreadable: Unreadable, encoding: &'static str) -> Self {
        let bad = import.bad + unreadable.count;
        let mut problems = std::mem::take(&mut import.problems);
        problems.extend(unreadable.problems);
        problems.sort_by_key(|problem| problem.line);
        Self { import, encoding, bad, problems }
    }

    /// Writes the bad rows that are known one by one.
    fn write(&self, path: &Path) -> Result<(), Failure> {
        let write = || -> csv::Result<()> {
            let mut csv = csv::Writer::from_path(path)?;
            csv.write_record(["line", "column", "reason"])?;
            for ShopRowProblem { line, column, reason } in &self.problems {
                csv.write_record([&line.to_string(), column, reason])?;
            }
            Ok(csv.flush()?)
        };
        write().map_err(|why| Failure::local(format!("--report {}: {why}", path.display())))
    }

    fn answer(&self) -> Answer {
        let import = &self.import;
        let value = json!({
            "import_id": import.import_id,
            "organization": import.organization,
            "platform": import.platform,
            "campaign_id": import.campaign_id,
            "encoding": self.encoding,
            "committed_line": import.committed_line,
            "added": import.added,
            "changed": import.changed,
            "unchanged": import.unchanged,
            "listed": import.listed,
            "bad": self.bad,
        });
        let problem = |one: &ShopRowProblem| json!({ "line": one.line, "column": one.column, "reason": one.reason });
        let problems: Vec<Value> = self.problems.iter().map(problem).collect();
        let shown = problems[..problems.len().min(SHOWN_MAX)].to_vec();
        let answer = Answer::record(value, COUNTS)
            .and_list("problems", shown, &["line", "column", "reason"])
            .with("problems", problems);
        match self.bad {
            0 => answer,
            bad => answer.note(format!("{bad} rows were not taken in; all others were")).not_good(),
        }
    }
}

/// The same file under the same options is the same import.
fn default_id(survey: &Survey, header: &ShopsHeader) -> String {
    let mut digest = Context::new(&SHA256);
    digest.update(survey.digest.as_ref());
    for part in [&header.organization, &header.platform, &header.campaign_id] {
        digest.update(part.as_bytes());
        digest.update(b"\n");
    }
    let digest = digest.finish();
    let hex: String = digest.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("shops-{hex}")
}
