use contracts::redemption::v1 as wire;
use contracts::redemption::v1::merchant_service_server::MerchantService;
use rpc::{PageToken, Problem, page_size};
use tonic::{Request, Response, Status, Streaming, async_trait};

use super::merchant_decode as decode;
use super::merchant_encode as encode;
use super::status::status;
use crate::domain::RequestId;
use crate::domain::shops::{ShopAction, ShopKey, ShopStage, StopKey, StopScope};
use crate::usecase::Merchants;

/// Rows of one page, unless the caller says otherwise, and at most.
const PAGE_SIZES: (u32, u32) = (100, 1_000);
/// The list that page tokens of stops belong to.
const STOPS: &str = "stops in force";

/// Shops, tills and stops over gRPC.
pub struct MerchantRpc {
    /// The verbs.
    pub merchants: Merchants,
}

#[async_trait]
impl MerchantService for MerchantRpc {
    async fn put_shop(
        &self,
        request: Request<wire::PutShopRequest>,
    ) -> Result<Response<wire::PutShopResponse>, Status> {
        let asked = decode::put_shop(request.get_ref());
        let version = self.change(&request, asked).await?;
        Ok(Response::new(wire::PutShopResponse { version }))
    }

    async fn block_shop(
        &self,
        request: Request<wire::BlockShopRequest>,
    ) -> Result<Response<wire::BlockShopResponse>, Status> {
        let wire::BlockShopRequest { request_id, key } = request.get_ref();
        let asked = decode::set_stage(request_id, key.as_ref(), ShopStage::Blocked);
        let version = self.change(&request, asked).await?;
        Ok(Response::new(wire::BlockShopResponse { version }))
    }

    async fn unblock_shop(
        &self,
        request: Request<wire::UnblockShopRequest>,
    ) -> Result<Response<wire::UnblockShopResponse>, Status> {
        let wire::UnblockShopRequest { request_id, key } = request.get_ref();
        let asked = decode::set_stage(request_id, key.as_ref(), ShopStage::Open);
        let version = self.change(&request, asked).await?;
        Ok(Response::new(wire::UnblockShopResponse { version }))
    }

    async fn put_terminal(
        &self,
        request: Request<wire::PutTerminalRequest>,
    ) -> Result<Response<wire::PutTerminalResponse>, Status> {
        let asked = decode::put_terminal(request.get_ref());
        let version = self.change(&request, asked).await?;
        Ok(Response::new(wire::PutTerminalResponse { version }))
    }

    async fn list_shops(
        &self,
        request: Request<wire::ListShopsRequest>,
    ) -> Result<Response<wire::ListShopsResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let (query, size) = (decode::shop_query(&request)?, size(request.page_size)?);
        let list = format!("shops by {query:?}");
        let after = token(&list, &request.page_token, |text| {
            let (platform, shop_id) = text.split_once('/')?;
            Some(ShopKey { platform: platform.parse().ok()?, shop_id: shop_id.parse().ok()? })
        })?;
        let page = self.merchants.list(&caller, query, after, size).await.map_err(status)?;
        let next = page.next.map(|key| PageToken::encode(&list, key.to_string().as_bytes()));
        Ok(Response::new(wire::ListShopsResponse {
            shops: page.rows.into_iter().map(encode::shop).collect(),
            next_page_token: next.unwrap_or_default(),
        }))
    }

    async fn list_on_campaign(
        &self,
        request: Request<wire::ListOnCampaignRequest>,
    ) -> Result<Response<wire::ListOnCampaignResponse>, Status> {
        let asked = decode::list_on_campaign(request.get_ref());
        let listed = self.change(&request, asked).await?;
        Ok(Response::new(wire::ListOnCampaignResponse { listed }))
    }

    async fn unlist_from_campaign(
        &self,
        request: Request<wire::UnlistFromCampaignRequest>,
    ) -> Result<Response<wire::UnlistFromCampaignResponse>, Status> {
        let asked = decode::unlist_from_campaign(request.get_ref());
        let unlisted = self.change(&request, asked).await?;
        Ok(Response::new(wire::UnlistFromCampaignResponse { unlisted }))
    }

    async fn map_categories(
        &self,
        request: Request<wire::MapCategoriesRequest>,
    ) -> Result<Response<wire::MapCategoriesResponse>, Status> {
        let asked = decode::map_categories(request.get_ref());
        let changed = self.change(&request, asked).await?;
        Ok(Response::new(wire::MapCategoriesResponse { changed }))
    }

    async fn import_shops(
        &self,
        request: Request<Streaming<wire::ImportShopsRequest>>,
    ) -> Result<Response<wire::ImportShopsResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let mut stream = request.into_inner();
        let first = stream.message().await?.and_then(|message| message.part);
        let header = decode::shops_header(first)?;
        let mut import = self.merchants.open_import(&caller, header).await.map_err(status)?;
        let mut last_line = 0;
        while let Some(message) = stream.message().await? {
            let rows = decode::shop_rows(message.part, &mut last_line)?;
            import.take(rows).await.map_err(status)?;
        }
        let shop_import = Some(encode::shop_import(import.finish().await.map_err(status)?));
        Ok(Response::new(wire::ImportShopsResponse { shop_import }))
    }

    async fn get_shop_import(
        &self,
        request: Request<wire::GetShopImportRequest>,
    ) -> Result<Response<wire::GetShopImportResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let import_id = decode::import_id(&request.get_ref().import_id)?;
        let found = self.merchants.get_import(&caller, &import_id).await.map_err(status)?;
        let shop_import = Some(encode::shop_import(found));
        Ok(Response::new(wire::GetShopImportResponse { shop_import }))
    }

    async fn stop_redeeming(
        &self,
        request: Request<wire::StopRedeemingRequest>,
    ) -> Result<Response<wire::StopRedeemingResponse>, Status> {
        let asked = decode::stop(request.get_ref());
        let version = self.change(&request, asked).await?;
        Ok(Response::new(wire::StopRedeemingResponse { version }))
    }

    async fn resume_redeeming(
        &self,
        request: Request<wire::ResumeRedeemingRequest>,
    ) -> Result<Response<wire::ResumeRedeemingResponse>, Status> {
        let asked = decode::resume(request.get_ref());
        let version = self.change(&request, asked).await?;
        Ok(Response::new(wire::ResumeRedeemingResponse { version }))
    }

    async fn list_stops(
        &self,
        request: Request<wire::ListStopsRequest>,
    ) -> Result<Response<wire::ListStopsResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let wire::ListStopsRequest { page_size, page_token } = request.into_inner();
        let size = size(page_size)?;
        let after = token(STOPS, &page_token, |text| {
            let (organization, rest) = text.split_once('\n')?;
            let (kind, key) = rest.split_once('\n')?;
            let organization = member_identity::OrganizationPath::parse(organization).ok()?;
            Some(StopKey { organization, scope: StopScope::read(kind, key)? })
        })?;
        let page = self.merchants.stops(&caller, after, size).await.map_err(status)?;
        let next = page.next.map(|StopKey { organization, scope }| {
            let key = format!("{organization}\n{}\n{scope}", scope.kind());
            PageToken::encode(STOPS, key.as_bytes())
        });
        Ok(Response::new(wire::ListStopsResponse {
            stops: page.rows.into_iter().map(encode::stop).collect(),
            next_page_token: next.unwrap_or_default(),
        }))
    }
}

impl MerchantRpc {
    /// One verb, and the number that it is answered with.
    async fn change<T>(
        &self,
        request: &Request<T>,
        asked: Result<(RequestId, ShopAction), Problem>,
    ) -> Result<i64, Status> {
        let caller = rpc::caller(request)?;
        let (request_id, action) = asked?;
        self.merchants.change(&caller, request_id, action).await.map_err(status)
    }
}

pub(super) fn size(requested: i32) -> Result<u32, Problem> {
    page_size(requested, PAGE_SIZES.0, PAGE_SIZES.1)
}

/// Where a list goes on.
pub(super) fn token<K>(
    list: &str,
    token: &str,
    read: impl FnOnce(&str) -> Option<K>,
) -> Result<Option<K>, Problem> {
    let Some(key) = PageToken::decode(list, token)? else { return Ok(None) };
    let key = std::str::from_utf8(&key).ok().and_then(read);
    key.map(Some).ok_or_else(|| Problem::field("page_token", "not a token of this list"))
}
