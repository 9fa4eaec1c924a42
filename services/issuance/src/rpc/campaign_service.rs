use std::sync::Arc;

use contracts::issuance::v1::campaign_service_server::CampaignService;
use contracts::issuance::v1::{
    ActivateCampaignRequest, ActivateCampaignResponse, ApplyCampaignRequest, ApplyCampaignResponse,
    Campaign, EndCampaignRequest, EndCampaignResponse, GetCampaignRequest, GetCampaignResponse,
    GetStockRequest, GetStockResponse, ListCampaignsRequest, ListCampaignsResponse,
    PauseCampaignRequest, PauseCampaignResponse, ResumeCampaignRequest, ResumeCampaignResponse,
};
use rpc::PageToken;
use tonic::{Request, Response, Status};

use super::{decode, encode, next_page, status};
use crate::domain::CampaignVerb;
use crate::usecase::Issuance;

/// `CampaignService`: campaigns, for the ops of an organization.
pub(super) struct CampaignRpc(pub Arc<Issuance>);

impl CampaignRpc {
    /// One verb: request id, campaign.
    async fn change<T>(
        &self,
        request: &Request<T>,
        verb: CampaignVerb,
        named: (&str, &str),
    ) -> Result<Option<Campaign>, Status> {
        let command = decode::verb(decode::caller(request)?, verb, named)?;
        let campaign = self.0.change_campaign(command).await.map_err(status::status)?;
        Ok(Some(encode::campaign(&campaign)))
    }
}

#[tonic::async_trait]
impl CampaignService for CampaignRpc {
    async fn apply_campaign(
        &self,
        request: Request<ApplyCampaignRequest>,
    ) -> Result<Response<ApplyCampaignResponse>, Status> {
        let command = decode::apply(decode::caller(&request)?, request.into_inner())?;
        let campaign = self.0.change_campaign(command).await.map_err(status::status)?;
        Ok(Response::new(ApplyCampaignResponse { campaign: Some(encode::campaign(&campaign)) }))
    }

    async fn activate_campaign(
        &self,
        request: Request<ActivateCampaignRequest>,
    ) -> Result<Response<ActivateCampaignResponse>, Status> {
        let message = request.get_ref();
        let named = (message.request_id.as_str(), message.campaign_id.as_str());
        let campaign = self.change(&request, CampaignVerb::Activate, named).await?;
        Ok(Response::new(ActivateCampaignResponse { campaign }))
    }

    async fn pause_campaign(
        &self,
        request: Request<PauseCampaignRequest>,
    ) -> Result<Response<PauseCampaignResponse>, Status> {
        let message = request.get_ref();
        let named = (message.request_id.as_str(), message.campaign_id.as_str());
        let campaign = self.change(&request, CampaignVerb::Pause, named).await?;
        Ok(Response::new(PauseCampaignResponse { campaign }))
    }

    async fn resume_campaign(
        &self,
        request: Request<ResumeCampaignRequest>,
    ) -> Result<Response<ResumeCampaignResponse>, Status> {
        let message = request.get_ref();
        let named = (message.request_id.as_str(), message.campaign_id.as_str());
        let campaign = self.change(&request, CampaignVerb::Resume, named).await?;
        Ok(Response::new(ResumeCampaignResponse { campaign }))
    }

    async fn end_campaign(
        &self,
        request: Request<EndCampaignRequest>,
    ) -> Result<Response<EndCampaignResponse>, Status> {
        let message = request.get_ref();
        let named = (message.request_id.as_str(), message.campaign_id.as_str());
        let campaign = self.change(&request, CampaignVerb::End, named).await?;
        Ok(Response::new(EndCampaignResponse { campaign }))
    }

    async fn get_campaign(
        &self,
        request: Request<GetCampaignRequest>,
    ) -> Result<Response<GetCampaignResponse>, Status> {
        let caller = decode::caller(&request)?;
        let campaign_id = decode::get_campaign(request.get_ref())?;
        let campaign = self.0.get_campaign(&caller, &campaign_id).await.map_err(status::status)?;
        Ok(Response::new(GetCampaignResponse { campaign: Some(encode::campaign(&campaign)) }))
    }

    async fn list_campaigns(
        &self,
        request: Request<ListCampaignsRequest>,
    ) -> Result<Response<ListCampaignsResponse>, Status> {
        let caller = decode::caller(&request)?;
        let (after, limit) = decode::list_campaigns(&caller, request.get_ref())?;
        let found = self.0.list_campaigns(&caller, after, limit + 1).await;
        let mut found = found.map_err(status::status)?;
        let next_page_token = next_page(&mut found, limit, |last| {
            let query = decode::campaigns_query(&caller);
            PageToken::encode(&query, last.campaign_id.as_str().as_bytes())
        });
        let campaigns = found.iter().map(encode::campaign).collect();
        Ok(Response::new(ListCampaignsResponse { campaigns, next_page_token }))
    }

    async fn get_stock(
        &self,
        request: Request<GetStockRequest>,
    ) -> Result<Response<GetStockResponse>, Status> {
        let caller = decode::caller(&request)?;
        let (campaign_id, day) = decode::get_stock(request.get_ref())?;
        let figures = self.0.get_stock(&caller, &campaign_id, day).await.map_err(status::status)?;
        Ok(Response::new(encode::stock(&figures)))
    }
}
