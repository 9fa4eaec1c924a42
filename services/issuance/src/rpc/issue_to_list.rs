//! The streams of IssueToList: chunks come in, as fast as their answers are taken, and each is
//! answered in its turn.

use std::future::Future;
use std::sync::Arc;

use contracts::issuance::v1::{IssueToListRequest, IssueToListResponse};
use futures::StreamExt as _;
use futures::stream::{BoxStream, try_unfold};
use member_identity::MemberId;
use tonic::{Status, Streaming};

use super::{decode, encode, status};
use crate::usecase::{CHUNKS_IN_FLIGHT, ListIssue, SelectedPage, Selection};

/// Where the members come from.
pub(super) enum Members {
    /// From the messages behind the header.
    Listed(Streaming<IssueToListRequest>),
    /// From eligibility; the next page, if there is one.
    Selected(Option<Selection>),
}

/// What is decided in one commit and answered by one message.
pub(super) struct Chunk {
    pub rows: Vec<Row>,
    /// The page that the members came with, when they were selected.
    pub page: Option<SelectedPage>,
}

/// One row of a list.
pub(super) struct Row {
    /// The caller's number for it.
    pub number: i64,
    /// As it was sent.
    pub text: String,
    /// What it names; none when it is no member id.
    pub member_id: Option<MemberId>,
}

/// The answers of a call, in the order of its chunks; the first failure ends it.
pub(super) fn answers(
    issue: ListIssue,
    members: Members,
) -> BoxStream<'static, Result<IssueToListResponse, Status>> {
    let issue = Arc::new(issue);
    let chunks = Chunks { issue: Arc::clone(&issue), members };
    let chunks = try_unfold(chunks, Chunks::next);
    chunks.map(move |chunk| answer(&issue, chunk)).buffered(CHUNKS_IN_FLIGHT).boxed()
}

/// Begins a chunk at once; its answer is the future's.
fn answer(
    issue: &ListIssue,
    chunk: Result<Chunk, Status>,
) -> impl Future<Output = Result<IssueToListResponse, Status>> + Send + use<> {
    let begun = chunk.map(|chunk| {
        let members = chunk.rows.iter().filter_map(|row| row.member_id).collect();
        (issue.issue(members), chunk)
    });
    async move {
        let (given, chunk) = begun?;
        let given = given.await.map_err(status::status)?;
        Ok(encode::listed(chunk, given))
    }
}

struct Chunks {
    issue: Arc<ListIssue>,
    members: Members,
}

impl Chunks {
    async fn next(mut self) -> Result<Option<(Chunk, Self)>, Status> {
        let next = self.members.next(&self.issue);
        let chunk = self.issue.while_serving(next).await.map_err(status::status)??;
        Ok(chunk.map(|chunk| (chunk, self)))
    }
}

impl Members {
    async fn next(&mut self, issue: &ListIssue) -> Result<Option<Chunk>, Status> {
        match self {
            Self::Listed(messages) => {
                let Some(message) = messages.message().await? else { return Ok(None) };
                let rows = decode::listed_members(message.part)?;
                Ok(Some(Chunk { rows, page: None }))
            }
            Self::Selected(next) => {
                let Some(selection) = next.take() else { return Ok(None) };
                let page = issue.select(&selection).await.map_err(status::status)?;
                let cursor = page.cursor.clone();
                *next = (!cursor.is_empty()).then_some(Selection { cursor, ..selection });
                Ok(Some(Chunk::selected(page)))
            }
        }
    }
}

impl Chunk {
    fn selected(page: SelectedPage) -> Self {
        let row = |member_id: &MemberId| Row {
            number: 0,
            text: member_id.to_string(),
            member_id: Some(*member_id),
        };
        Self { rows: page.members.iter().map(row).collect(), page: Some(page) }
    }
}
