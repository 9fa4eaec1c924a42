//! Vouchers for the members of a list, or for everyone whom a policy selects.

mod list;
mod tally;

use std::path::PathBuf;

use clap::Args;
use contracts::issuance::v1::campaign_service_client::CampaignServiceClient;
use contracts::issuance::v1::issuance_service_client::IssuanceServiceClient;
use contracts::issuance::v1::issue_to_list_request::Part;
use contracts::issuance::v1::{
    GetStockRequest, IssueToListRequest, IssueToListResponse, ListHeader, PolicySelection,
};
use encoding_rs::Encoding;
use futures::{Stream, StreamExt as _};
use indicatif::ProgressBar;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use self::list::List;
use self::tally::Tally;
use super::Problem;
use super::arguments::{Shown, Target};
use super::connection::Connection;
use super::failure::Failure;
use super::output::{Answer, BYTES, ROWS, bar};
use super::sheet::{Said, file_problem, joined, look_through, open};
use crate::channel::RoleChannel;
use crate::tokens::Role;

/// Messages that wait to be sent: the file is read no faster than vouchers are issued.
const AHEAD: usize = 2;

/// Gives vouchers to the members of a list, or to everyone whom a policy selects, as the union
/// office that offers the campaign does.
#[derive(Debug, Args)]
#[command(after_help = "\
The file is CSV with a header line, UTF-8 or GB18030; the members are in its column member_id (or
会员编号), others are passed over. `zhisong member list --out FILE` writes such a file. A row that
names no member, or whose member gets no voucher, is reported with its line and reason and stops no
other; the command then ends with 1. Run it again to go on where it stopped, or with the rows
corrected: nobody gets a second voucher by the same request id.

Examples:
  zhisong issue --campaign guangdong-cool-drinks-2022 --members members.csv --report refused.csv
  zhisong issue --campaign guangdong-cool-drinks-2022 --policy outdoor-trades-guangdong
  zhisong issue --campaign guangdong-cool-drinks-2022 --policy outdoor-trades-guangdong@1")]
pub(crate) struct Issue {
    /// Of which campaign.
    #[arg(long, value_name = "ID")]
    campaign: String,
    #[command(flatten)]
    whom: Whom,
    /// Names what is given: by one id a person gets one voucher of the campaign, whatever the list.
    /// Made of the period of its stock when absent, so that a second one in a period takes an id.
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
    /// Writes the rows that got nothing here, as CSV: line, member_id, reason, text.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    target: Target,
}

/// Who gets one.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Whom {
    /// The members in this file.
    #[arg(long, value_name = "FILE")]
    members: Option<PathBuf>,
    /// Everyone whom this policy selects, by its newest revision or by the one that is named.
    #[arg(long, value_name = "POLICY[@REVISION]", value_parser = read_policy)]
    policy: Option<PolicySelection>,
}

type Client = IssuanceServiceClient<RoleChannel>;

/// Where the members come from.
enum Source {
    File { path: PathBuf, encoding: &'static Encoding, length: u64 },
    Policy(PolicySelection),
}

impl Issue {
    pub(crate) async fn run(self) -> Result<(), Problem> {
        let Self { campaign, whom, request_id, report, target } = self;
        let work = async move |connection: &Connection| -> Result<Answer, Failure> {
            let shown = connection.target().shown;
            let channel = connection.channel(Role::UnionOffice)?;
            let stock_period = stock_period(channel.clone(), &campaign).await?;
            let source = Source::of(whom, shown).await?;
            let header = ListHeader {
                request_id: request_id.unwrap_or_else(|| default_id(&stock_period)),
                campaign_id: campaign,
                selection: source.selection(),
            };
            let mut tally = Tally::new(&header, report.as_deref(), shown.lang)?;
            let mut issuance = Client::new(channel);
            source.send(&mut issuance, header, &mut tally, shown).await?;
            tally.answer()
        };
        target.run(work).await
    }
}

/// The period whose stock is given out now.
async fn stock_period(channel: RoleChannel, campaign_id: &str) -> Result<String, Failure> {
    let (campaign_id, business_day) = (campaign_id.to_owned(), String::new());
    let request = GetStockRequest { campaign_id, business_day };
    let stock = CampaignServiceClient::new(channel).get_stock(request).await?;
    Ok(stock.into_inner().period)
}

/// One voucher a person in one period, however many lists there are: an office that corrects a
/// file and sends it again means the rows that it corrected.
fn default_id(stock_period: &str) -> String {
    format!("list-{}", stock_period.replace(':', "-"))
}

impl Source {
    async fn of(whom: Whom, shown: Shown) -> Result<Self, Failure> {
        match (whom.members, whom.policy) {
            (Some(path), _) => {
                let (survey, length) = look_through(&path, Said::Auto, shown).await?;
                Ok(Self::File { path, encoding: survey.encoding, length })
            }
            (None, policy) => Ok(Self::Policy(policy.unwrap_or_default())),
        }
    }

    fn selection(&self) -> Option<PolicySelection> {
        match self {
            Self::File { .. } => None,
            Self::Policy(selection) => Some(selection.clone()),
        }
    }

    async fn send(
        self,
        issuance: &mut Client,
        header: ListHeader,
        tally: &mut Tally,
        shown: Shown,
    ) -> Result<(), Failure> {
        let first = futures::stream::iter([Part::Header(header)]);
        match self {
            Self::Policy(_) => {
                let bar = bar(shown, "issue", 0, ROWS);
                call(issuance, first, tally, &bar).await
            }
            Self::File { path, encoding, length } => {
                let bar = bar(shown, "issue", length, BYTES);
                let (file, _) = open(&path)?;
                let list = List::open(file, length, encoding);
                let list = list.map_err(|why| file_problem(&path, &why))?;
                let (members, sent) = mpsc::channel(AHEAD);
                let reading = tokio::task::spawn_blocking({
                    let bar = bar.clone();
                    move || list.send(&members, &bar)
                });
                let parts = first.chain(ReceiverStream::new(sent).map(Part::Members));
                call(issuance, parts, tally, &bar).await?;
                joined(reading.await, &path)
            }
        }
    }
}

/// Sends the parts and counts the answers.
async fn call(
    issuance: &mut Client,
    parts: impl Stream<Item = Part> + Send + 'static,
    tally: &mut Tally,
    bar: &ProgressBar,
) -> Result<(), Failure> {
    let messages = parts.map(|part| IssueToListRequest { part: Some(part) });
    let answers = issuance.issue_to_list(messages).await;
    let broken = |status| Failure::from(status).or_resume(|| tally.advice());
    let mut answers = answers.map_err(broken)?.into_inner();
    loop {
        let next = answers.message().await;
        let Some(answer) = next.map_err(|status| {
            bar.finish_and_clear();
            Failure::from(status).or_resume(|| tally.advice())
        })?
        else {
            bar.finish_and_clear();
            return Ok(());
        };
        show_progress(bar, &answer);
        tally.add(answer)?;
    }
}

/// A bar of a file moves as the file is read.
fn show_progress(bar: &ProgressBar, answer: &IssueToListResponse) {
    if let Some(progress) = &answer.progress {
        bar.set_length(u64::try_from(progress.total).unwrap_or_default());
        bar.inc(u64::try_from(progress.scanned).unwrap_or_default());
    }
}

fn read_policy(text: &str) -> Result<PolicySelection, String> {
    let (policy_id, revision) = match text.split_once('@') {
        None => (text, 0),
        Some((policy_id, revision)) => {
            let revision = revision.parse().ok().filter(|revision| *revision > 0);
            (policy_id, revision.ok_or("a revision is a number from 1 on")?)
        }
    };
    match policy_id {
        "" => Err(String::from("a policy has a name")),
        name => Ok(PolicySelection { policy_id: name.to_owned(), revision, ..Default::default() }),
    }
}

#[cfg(test)]
mod tests {
    use super::read_policy;

    #[test]
    fn a_policy_is_named_alone_or_with_its_revision() {
        let read = |text| read_policy(text).map(|read| (read.policy_id, read.revision)).ok();
        assert_eq!(read("couriers"), Some(("couriers".to_owned(), 0)));
        assert_eq!(read("couriers@12"), Some(("couriers".to_owned(), 12)));
        for wrong in ["", "@1", "couriers@", "couriers@0", "couriers@-1", "couriers@1@2"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
