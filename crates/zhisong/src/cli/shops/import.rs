use std::path::PathBuf;

use clap::Args;
use contracts::redemption::v1::import_shops_request::Part;
use contracts::redemption::v1::{
    GetShopImportRequest, ImportShopsRequest, ShopImport, ShopRows, ShopsHeader,
};
use futures::StreamExt as _;
use serde_json::{Value, json};

use super::super::arguments::Shown;
use super::super::connection::Connection;
use super::super::failure::Failure;
use super::super::output::Answer;
use super::super::sheet::{Report, Said, Source, Unreadable, say_resumed};
use super::rows::{SHAPE, refused};
use super::{Client, PLATFORM, header};

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
    source: Source,
    header: ShopsHeader,
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
        say_resumed(&task.header.import_id, after_line);
        let (mut import, unreadable) = task.send(client, after_line, shown).await?;
        let said = std::mem::take(&mut import.problems).into_iter().map(refused);
        let bad_rows = Report::new(import.bad, said, unreadable);
        if let Some(path) = report {
            bad_rows.write(&path)?;
        }
        let encoding = task.source.survey().encoding.name();
        Ok(bad_rows.answer(import_value(&import, encoding, after_line), COUNTS))
    }

    /// Looks through the file.
    async fn begin(self, shown: Shown) -> Result<Task, Failure> {
        let source = Source::begin(self.file, self.encoding, shown).await?;
        let mut header = ShopsHeader {
            import_id: String::new(),
            organization: self.organization,
            platform: self.platform,
            campaign_id: self.campaign.unwrap_or_default(),
        };
        let options = [&*header.organization, &header.platform, &header.campaign_id];
        let default_id = || source.survey().id("shops", &options);
        header.import_id = self.import_id.unwrap_or_else(default_id);
        Ok(Task { source, header })
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
        let (rows, reading) = self.source.read(SHAPE, after_line, shown)?;
        let parts = futures::stream::iter([Part::Header(self.header.clone())]);
        let parts = parts.chain(rows.map(|rows| Part::Rows(ShopRows { rows })));
        let messages = parts.map(|part| ImportShopsRequest { part: Some(part) });
        let imported = client.import_shops(messages).await;
        let (imported, unreadable) = reading.end(imported, &self.header.import_id).await?;
        let imported = imported.shop_import.ok_or_else(|| Failure::missing("shop_import"))?;
        Ok((imported, unreadable))
    }
}

fn import_value(import: &ShopImport, encoding: &str, after_line: i64) -> Value {
    json!({
        "import_id": import.import_id,
        "organization": import.organization,
        "platform": import.platform,
        "campaign_id": import.campaign_id,
        "encoding": encoding,
        "resumed_after_line": after_line,
        "committed_line": import.committed_line,
        "added": import.added,
        "changed": import.changed,
        "unchanged": import.unchanged,
        "listed": import.listed,
    })
}
