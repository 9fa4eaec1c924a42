use std::sync::Arc;

use benefit::Fen;
use clock::Timestamp;
use contracts::issuance::v1 as wire;
use contracts::issuance::v1::fund_service_server::FundService;
use member_identity::OrganizationPath;
use rpc::{Fields, PageToken, Problem, encode_timestamp};
use tonic::{Request, Response, Status};

use super::{decode, next_page, status};
use crate::domain::{Caller, Fund, FundCommand, PLEDGED_MAX};
use crate::usecase::Issuance;

/// `FundService`: money that campaigns draw on, for the ops of an organization.
pub(super) struct FundRpc(pub Arc<Issuance>);

#[tonic::async_trait]
impl FundService for FundRpc {
    async fn create_fund(
        &self,
        request: Request<wire::CreateFundRequest>,
    ) -> Result<Response<wire::CreateFundResponse>, Status> {
        let command = create(decode::caller(&request)?, request.get_ref())?;
        let fund = self.0.create_fund(command).await.map_err(status::status)?;
        Ok(Response::new(wire::CreateFundResponse { fund: Some(encode(&fund, None)) }))
    }

    async fn get_fund(
        &self,
        request: Request<wire::GetFundRequest>,
    ) -> Result<Response<wire::GetFundResponse>, Status> {
        let caller = decode::caller(&request)?;
        let mut fields = Fields::new();
        let fund_id = fields.parse("fund_id", &request.get_ref().fund_id);
        let fund_id = fields.finish(fund_id)?;
        let fund = self.0.get_fund(&caller, &fund_id).await.map_err(status::status)?;
        let fund = Some(encode(&fund, self.heard_at().await?));
        Ok(Response::new(wire::GetFundResponse { fund }))
    }

    async fn list_funds(
        &self,
        request: Request<wire::ListFundsRequest>,
    ) -> Result<Response<wire::ListFundsResponse>, Status> {
        let caller = decode::caller(&request)?;
        let wire::ListFundsRequest { page_size, page_token } = request.get_ref();
        let list = format!("funds:{}", decode::subtree(&caller));
        let (after, limit) = decode::page_after(&list, *page_size, page_token)?;
        let found = self.0.list_funds(&caller, after, limit + 1).await;
        let mut found = found.map_err(status::status)?;
        let next_page_token = next_page(&mut found, limit, |last| {
            PageToken::encode(&list, last.fund_id.as_str().as_bytes())
        });
        let heard_at = self.heard_at().await?;
        let funds = found.iter().map(|fund| encode(fund, heard_at)).collect();
        Ok(Response::new(wire::ListFundsResponse { funds, next_page_token }))
    }
}

fn create(caller: Caller, message: &wire::CreateFundRequest) -> Result<FundCommand, Problem> {
    let mut fields = Fields::new();
    let request_id = fields.parse("request_id", &message.request_id);
    let fund_id = fields.parse("fund_id", &message.fund_id);
    let organization = OrganizationPath::parse(&message.organization);
    let organization = fields.take("organization", organization);
    let is_money = (1..=PLEDGED_MAX.0).contains(&message.pledged_fen);
    let pledged = is_money.then_some(Fen(message.pledged_fen));
    let pledged = pledged.ok_or_else(|| format!("must be 1 to {}", PLEDGED_MAX.0));
    let pledged = fields.take("pledged_fen", pledged);
    let read = request_id.zip(fund_id).zip(organization.zip(pledged));
    let ((request_id, fund_id), (organization, pledged)) = fields.finish(read)?;
    Ok(FundCommand { caller, request_id, fund_id, organization, pledged })
}

impl FundRpc {
    /// When redemption was last heard, which is what gives money back to funds.
    async fn heard_at(&self) -> Result<Option<Timestamp>, Status> {
        Ok(self.0.closure_cursor().await.map_err(status::status)?.heard_at)
    }
}

fn encode(fund: &Fund, heard_at: Option<Timestamp>) -> wire::Fund {
    wire::Fund {
        fund_id: fund.fund_id.to_string(),
        organization: fund.organization.to_string(),
        pledged_fen: fund.pledged.0,
        issued_fen: fund.issued.0,
        free_fen: fund.free().0,
        created_at: Some(encode_timestamp(fund.created_at)),
        spent_fen: fund.spent.0,
        returned_fen: fund.returned.0,
        returns_heard_at: heard_at.map(encode_timestamp),
    }
}
