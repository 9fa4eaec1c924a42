//! Membership cards, and their codes.

mod picture;

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use contracts::eligibility::v1::card_service_client::CardServiceClient;
use contracts::eligibility::v1::verification_service_client::VerificationServiceClient;
use contracts::eligibility::v1::{
    Card as Stored, GetCardKeysRequest, GetCardRequest, GetCardRevocationsRequest,
    IssueCardRequest, ListCardsRequest, PresentCardRequest, ReissueCardRequest,
    ReportCardLostRequest, RevokeCardRequest,
};
use serde_json::{Value, json};

use super::Problem;
use super::arguments::{RequestId, Target, WhichMember};
use super::connection::Connection;
use super::failure::Failure;
use super::output::{Answer, instant, short};
use crate::channel::RoleChannel;
use crate::hex::hex;
use crate::tokens::Role;

const COLUMNS: &[&str] =
    &["card_id", "member_id", "card_number", "state", "states_honour", "issued_at", "updated_at"];
/// Cards on a page at most, as the contract states.
const PAGE_MAX: i32 = 100;

/// Membership cards and the codes that members show.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zhisong card issue --id-number 11010519491231002X --states-honour
  zhisong card show --member mem_... --svg code.svg
  zhisong card lost crd_...
  zhisong card reissue crd_...
  zhisong card keys > keys.json
  zhisong card revocations --json > revocations.json")]
pub(crate) struct Card {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Issues a card to a member who has none.
    Issue(Issue),
    /// Blocks a card that its member cannot find.
    Lost(Which),
    /// Issues a new card in the place of one.
    Reissue(Which),
    /// Ends a card for good.
    Revoke(Which),
    /// Shows one card.
    Get {
        /// Which card.
        #[arg(value_name = "CRD_ID")]
        card_id: String,
    },
    /// Shows the cards that a member has had, at most 100.
    List {
        #[command(flatten)]
        member: WhichMember,
    },
    /// Makes a fresh code, as a member's app does, and draws it as a QR code.
    Show(Show),
    /// Prints the public keys that codes are verified with: a JSON Web Key Set.
    Keys,
    /// Prints the signed list of cards of which no code may be accepted any more.
    Revocations,
}

#[derive(Debug, Args)]
struct Issue {
    #[command(flatten)]
    member: WhichMember,
    /// The card's codes state the level of a model worker.
    #[arg(long)]
    states_honour: bool,
    #[command(flatten)]
    request_id: RequestId,
}

#[derive(Debug, Args)]
struct Which {
    /// Which card.
    #[arg(value_name = "CRD_ID")]
    card_id: String,
    #[command(flatten)]
    request_id: RequestId,
}

#[derive(Debug, Args)]
struct Show {
    #[command(flatten)]
    member: WhichMember,
    /// Draws the code here as PNG.
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
    /// Draws the code here as SVG.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

impl Card {
    pub(crate) async fn run(self) -> Result<(), Problem> {
        let verb = self.verb;
        self.target
            .run(async move |connection| match verb {
                Verb::Issue(issue) => issue.run(connection).await,
                Verb::Lost(which) => which.lost(connection).await,
                Verb::Reissue(which) => which.reissue(connection).await,
                Verb::Revoke(which) => which.revoke(connection).await,
                Verb::Get { card_id } => get(connection, card_id).await,
                Verb::List { member } => list(connection, &member).await,
                Verb::Show(show) => show.run(connection).await,
                Verb::Keys => keys(connection).await,
                Verb::Revocations => revocations(connection).await,
            })
            .await
    }
}

fn office(connection: &Connection) -> Result<CardServiceClient<RoleChannel>, Failure> {
    Ok(CardServiceClient::new(connection.channel(Role::UnionOffice)?))
}

impl Issue {
    async fn run(self, connection: &Connection) -> Result<Answer, Failure> {
        let member_id = self.member.id(connection).await?;
        let (request_id, states_honour) = (self.request_id.get(), self.states_honour);
        let request = IssueCardRequest { request_id, member_id, states_honour };
        answer(office(connection)?.issue_card(request).await?.into_inner().card)
    }
}

impl Which {
    async fn lost(self, connection: &Connection) -> Result<Answer, Failure> {
        let (request_id, card_id) = (self.request_id.get(), self.card_id);
        let request = ReportCardLostRequest { request_id, card_id };
        answer(office(connection)?.report_card_lost(request).await?.into_inner().card)
    }

    async fn reissue(self, connection: &Connection) -> Result<Answer, Failure> {
        let (request_id, card_id) = (self.request_id.get(), self.card_id);
        let request = ReissueCardRequest { request_id, card_id };
        answer(office(connection)?.reissue_card(request).await?.into_inner().card)
    }

    async fn revoke(self, connection: &Connection) -> Result<Answer, Failure> {
        let (request_id, card_id) = (self.request_id.get(), self.card_id);
        let request = RevokeCardRequest { request_id, card_id };
        answer(office(connection)?.revoke_card(request).await?.into_inner().card)
    }
}

async fn get(connection: &Connection, card_id: String) -> Result<Answer, Failure> {
    let request = GetCardRequest { card_id };
    answer(office(connection)?.get_card(request).await?.into_inner().card)
}

async fn list(connection: &Connection, member: &WhichMember) -> Result<Answer, Failure> {
    let (member_id, page_size) = (member.id(connection).await?, PAGE_MAX);
    let request = ListCardsRequest { member_id, page_size, page_token: String::new() };
    let listed = office(connection)?.list_cards(request).await?.into_inner();
    Ok(Answer::list("cards", listed.cards.into_iter().map(value).collect(), COLUMNS))
}

impl Show {
    async fn run(self, connection: &Connection) -> Result<Answer, Failure> {
        let member_id = self.member.id(connection).await?;
        let mut cards = CardServiceClient::new(connection.channel(Role::MemberApp)?);
        let shown = cards.present_card(PresentCardRequest { member_id }).await?.into_inner();
        if let Some(file) = &self.png {
            write(file, "--png", &picture::png(&shown.code)?)?;
        }
        if let Some(file) = &self.svg {
            write(file, "--svg", picture::svg(&shown.code)?.as_bytes())?;
        }
        let value = json!({
            "code": shown.code,
            "issued_at": instant(shown.issued_at),
            "expires_at": instant(shown.expires_at),
        });
        Ok(Answer::record(value, &["code", "issued_at", "expires_at"]))
    }
}

fn write(file: &Path, option: &str, content: &[u8]) -> Result<(), Failure> {
    let wrong = |why| Failure::local(format!("{option} {}: {why}", file.display()));
    fs::write(file, content).map_err(wrong)
}

async fn keys(connection: &Connection) -> Result<Answer, Failure> {
    let mut verification = VerificationServiceClient::new(connection.public());
    let keys = verification.get_card_keys(GetCardKeysRequest {}).await?.into_inner().jwks;
    let value: Value = serde_json::from_str(&keys).map_err(|_| Failure::missing("key set"))?;
    Ok(Answer::record(value, &[]).only(keys))
}

async fn revocations(connection: &Connection) -> Result<Answer, Failure> {
    let mut verification = VerificationServiceClient::new(connection.public());
    let list = verification.get_card_revocations(GetCardRevocationsRequest {}).await?.into_inner();
    let document = String::from_utf8_lossy(&list.document).into_owned();
    let value = json!({
        "document": document,
        "signature": hex(&list.signature),
        "key_id": list.key_id,
    });
    Ok(Answer::record(value, &["document", "signature", "key_id"]))
}

fn answer(card: Option<Stored>) -> Result<Answer, Failure> {
    let card = card.ok_or_else(|| Failure::missing("card"))?;
    Ok(Answer::record(value(card), COLUMNS))
}

fn value(card: Stored) -> Value {
    json!({
        "state": short(card.state().as_str_name(), "STATE_"),
        "card_id": card.card_id,
        "member_id": card.member_id,
        "card_number": card.card_number,
        "states_honour": card.states_honour,
        "issued_at": instant(card.issued_at),
        "updated_at": instant(card.updated_at),
    })
}
