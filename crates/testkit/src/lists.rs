//! A union office gives vouchers to the members of a list.

use std::collections::BTreeMap;

use contracts::issuance::v1::issue_to_list_request::Part;
use contracts::issuance::v1::{
    IssueToListRequest, IssueToListResponse, ListHeader, ListedMember, ListedMembers,
};
use tonic::Status;

use crate::clients::Clients;

/// A list, and how it is sent.
#[derive(Clone, Debug)]
pub struct List {
    /// Its request id.
    pub request_id: String,
    /// The campaign.
    pub campaign_id: String,
    /// The members.
    pub member_ids: Vec<String>,
    /// Members in one message, 1 to 1,024.
    pub at_once: usize,
}

/// What the rows of a list came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Vouchers that were issued by the call.
    pub issued: usize,
    /// Members who had theirs.
    pub issued_before: usize,
    /// The others by reason, as `SOLD_OUT`.
    pub refused: BTreeMap<String, usize>,
}

impl Told {
    /// Takes in one answer.
    pub fn add(&mut self, answer: &IssueToListResponse) {
        let count = |figure| usize::try_from(figure).expect("figures are not negative");
        self.issued += count(answer.issued);
        self.issued_before += count(answer.issued_before);
        for row in &answer.refused {
            let name = row.reason().as_str_name();
            let name = name.strip_prefix("ERROR_REASON_").unwrap_or(name);
            *self.refused.entry(name.to_owned()).or_default() += 1;
        }
    }
}

impl List {
    /// Sends the list, tells of each answer as it comes, and gives how the call ended.
    pub async fn send(
        &self,
        clients: &Clients,
        mut tell: impl FnMut(&IssueToListResponse),
    ) -> Result<(), Status> {
        let messages = tokio_stream::iter(self.messages());
        let mut answers = clients.lists().issue_to_list(messages).await?.into_inner();
        while let Some(answer) = answers.message().await? {
            tell(&answer);
        }
        Ok(())
    }

    /// Sends the list to its end.
    pub async fn send_whole(&self, clients: &Clients) -> Result<Told, Status> {
        let mut told = Told::default();
        self.send(clients, |answer| told.add(answer)).await?;
        Ok(told)
    }

    fn messages(&self) -> Vec<IssueToListRequest> {
        let header = Part::Header(ListHeader {
            request_id: self.request_id.clone(),
            campaign_id: self.campaign_id.clone(),
            selection: None,
        });
        let rows = self.member_ids.iter().zip(1..);
        let rows = rows.map(|(member_id, row)| ListedMember { row, member_id: member_id.clone() });
        let rows: Vec<_> = rows.collect();
        let members = |rows: &[ListedMember]| ListedMembers { members: rows.to_vec() };
        let parts = rows.chunks(self.at_once).map(|rows| Part::Members(members(rows)));
        let parts = std::iter::once(header).chain(parts);
        parts.map(|part| IssueToListRequest { part: Some(part) }).collect()
    }
}
