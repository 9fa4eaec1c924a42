use clap::{Args, Subcommand};
use contracts::redemption::v1::difference::{Kind, State};
use contracts::redemption::v1::resolution::Action;
use contracts::redemption::v1::settlement_service_client::SettlementServiceClient;
use contracts::redemption::v1::{
    Difference as Wire, ListDifferencesRequest, Resolution, ResolveDifferenceRequest,
};
use serde_json::{Value, json};

use super::Problem;
use super::arguments::{RequestId, Target};
use super::connection::Connection;
use super::failure::Failure;
use super::output::{Answer, instant};
use crate::tokens::Role;

/// The columns of a difference.
pub(super) const DIFFERENCES: &[&str] = &[
    "difference_id",
    "kind",
    "transaction_kind",
    "order_number",
    "transaction_id",
    "line",
    "our_fen",
    "their_fen",
    "state",
];
const WORD: &[&str] = &["position", "action", "text", "resolved_by", "resolved_at"];

/// What a reconciliation found to differ, and what became of it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zhisong difference list reconcile-1
  zhisong difference dispute reconcile-1 CAPTURE:order:order-1 --text 'paid twice at the till'")]
pub(crate) struct Difference {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Lists differences, page by page, with what was said of them last.
    List(List),
    /// Lets a difference stand as it is, for good.
    Accept(Say),
    /// Says that a difference must be put right.
    Dispute(Say),
    /// Says something of a difference.
    Note(Say),
}

#[derive(Debug, Args)]
struct List {
    /// The reconciliation's request id.
    reconciliation_id: String,
    /// Whose it is; that of the token when absent.
    #[arg(long)]
    platform: Option<String>,
    /// Differences a page.
    #[arg(long, default_value_t = 50)]
    page: i32,
    /// Where the page before it ended.
    #[arg(long, value_name = "TOKEN", default_value = "")]
    page_token: String,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Args)]
struct Say {
    /// The reconciliation's request id.
    reconciliation_id: String,
    /// Which difference, as it is listed.
    difference_id: String,
    /// Why; required for a note.
    #[arg(long, default_value = "")]
    text: String,
    /// Whose reconciliation it is; that of the token when absent.
    #[arg(long)]
    platform: Option<String>,
    #[command(flatten)]
    request_id: RequestId,
    #[command(flatten)]
    target: Target,
}

impl Difference {
    pub(crate) async fn run(self) -> Result<(), Problem> {
        match self.verb {
            Verb::List(list) => list.run().await,
            Verb::Accept(say) => say.run(Action::Accept).await,
            Verb::Dispute(say) => say.run(Action::Dispute).await,
            Verb::Note(say) => say.run(Action::Note).await,
        }
    }
}

/// Only ops may name whose reconciliation it is.
fn role(platform: Option<&String>) -> Role {
    platform.map_or(Role::PaymentPlatform, |_| Role::Ops)
}

impl List {
    async fn run(self) -> Result<(), Problem> {
        let Self { reconciliation_id, platform, page, page_token, target } = self;
        let work = async move |connection: &Connection| -> Result<Answer, Failure> {
            let channel = connection.channel(role(platform.as_ref()))?;
            let request = ListDifferencesRequest {
                reconciliation_id,
                platform: platform.unwrap_or_default(),
                page_size: page,
                page_token,
            };
            let listed = SettlementServiceClient::new(channel).list_differences(request).await?;
            let listed = listed.into_inner();
            let values = listed.differences.iter().map(difference_value).collect();
            let answer = Answer::list("differences", values, DIFFERENCES)
                .with("next_page_token", listed.next_page_token.clone());
            Ok(match listed.next_page_token.as_str() {
                "" => answer,
                token => answer.note(format!("more: --page-token {token}")),
            })
        };
        target.run(work).await
    }
}

impl Say {
    async fn run(self, action: Action) -> Result<(), Problem> {
        let Self { reconciliation_id, difference_id, text, platform, request_id, target } = self;
        let work = async move |connection: &Connection| -> Result<Answer, Failure> {
            let channel = connection.channel(role(platform.as_ref()))?;
            let request = ResolveDifferenceRequest {
                request_id: request_id.get(),
                reconciliation_id,
                platform: platform.unwrap_or_default(),
                difference_id,
                action: action.into(),
                text,
            };
            let said = SettlementServiceClient::new(channel).resolve_difference(request).await?;
            let said = said.into_inner().resolution;
            let said = said.ok_or_else(|| Failure::missing("resolution"))?;
            Ok(Answer::record(word_value(&said), WORD))
        };
        target.run(work).await
    }
}

/// A difference, with what was said of it.
pub(super) fn difference_value(one: &Wire) -> Value {
    json!({
        "difference_id": one.difference_id,
        "kind": kind_name(one),
        "transaction_kind": one.transaction_kind,
        "order_number": one.order_number,
        "transaction_id": one.transaction_id,
        "line": one.line,
        "our_rows": one.our_rows,
        "our_fen": one.our_fen,
        "their_rows": one.their_rows,
        "their_fen": one.their_fen,
        "state": state_name(one),
        "history": one.history.iter().map(word_value).collect::<Vec<_>>(),
    })
}

/// How the sides differ, in one word.
pub(super) fn kind_name(one: &Wire) -> &'static str {
    match one.kind() {
        Kind::Unspecified => "UNSPECIFIED",
        Kind::MissingHere => "MISSING_HERE",
        Kind::MissingThere => "MISSING_THERE",
        Kind::AmountDiffers => "AMOUNT_DIFFERS",
    }
}

/// What became of it, in one word.
pub(super) fn state_name(one: &Wire) -> &'static str {
    match one.state() {
        State::Unspecified => "UNSPECIFIED",
        State::Open => "OPEN",
        State::Accepted => "ACCEPTED",
        State::Disputed => "DISPUTED",
    }
}

fn word_value(said: &Resolution) -> Value {
    let action = match said.action() {
        Action::Unspecified => "UNSPECIFIED",
        Action::Accept => "ACCEPT",
        Action::Dispute => "DISPUTE",
        Action::Note => "NOTE",
    };
    json!({
        "position": said.position,
        "action": action,
        "text": said.text,
        "resolved_by": said.resolved_by,
        "resolved_at": instant(said.resolved_at),
    })
}
