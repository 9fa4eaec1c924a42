use std::sync::Arc;

use contracts::issuance::v1::issuance_service_server::IssuanceService;
use contracts::issuance::v1::{
    ClaimRequest, ClaimResponse, GetVoucherRequest, GetVoucherResponse, IssueToListRequest,
    IssueToListResponse, ListVouchersRequest, ListVouchersResponse, WatchVouchersRequest,
    WatchVouchersResponse,
};
use futures::StreamExt as _;
use futures::stream::{BoxStream, try_unfold};
use rpc::PageToken;
use tonic::{Request, Response, Status, Streaming};

use super::issue_to_list::{Members, answers};
use super::{decode, encode, next_page, status};
use crate::usecase::{Issuance, VoucherPage, VoucherWatcher};

/// `IssuanceService`: vouchers, for member apps and union offices.
pub(super) struct IssuanceRpc(pub Arc<Issuance>);

#[tonic::async_trait]
impl IssuanceService for IssuanceRpc {
    async fn claim(
        &self,
        request: Request<ClaimRequest>,
    ) -> Result<Response<ClaimResponse>, Status> {
        let deadline = rpc::deadline(&request);
        let claim = decode::claim(decode::caller(&request)?, request.get_ref())?;
        let issued = self.0.claim(claim, deadline).await.map_err(status::status)?;
        Ok(Response::new(ClaimResponse { voucher: Some(encode::voucher(&issued)) }))
    }

    type IssueToListStream = BoxStream<'static, Result<IssueToListResponse, Status>>;

    async fn issue_to_list(
        &self,
        request: Request<Streaming<IssueToListRequest>>,
    ) -> Result<Response<Self::IssueToListStream>, Status> {
        let caller = decode::caller(&request)?;
        let mut messages = request.into_inner();
        let first = messages.message().await?.and_then(|message| message.part);
        let (order, selection) = decode::list_header(caller, first)?;
        let issue = self.0.issue_to_list(order).await.map_err(status::status)?;
        let members = match selection {
            None => Members::Listed(messages),
            selection => Members::Selected(selection),
        };
        Ok(Response::new(answers(issue, members)))
    }

    async fn get_voucher(
        &self,
        request: Request<GetVoucherRequest>,
    ) -> Result<Response<GetVoucherResponse>, Status> {
        let caller = decode::caller(&request)?;
        let voucher_id = decode::get_voucher(request.get_ref())?;
        let issued = self.0.get_voucher(&caller, voucher_id).await.map_err(status::status)?;
        Ok(Response::new(GetVoucherResponse { voucher: Some(encode::voucher(&issued)) }))
    }

    async fn list_vouchers(
        &self,
        request: Request<ListVouchersRequest>,
    ) -> Result<Response<ListVouchersResponse>, Status> {
        let caller = decode::caller(&request)?;
        let page = decode::list_vouchers(request.get_ref())?;
        let (member_id, limit) = (page.member_id, page.limit);
        let page = VoucherPage { limit: limit + 1, ..page };
        let mut found = self.0.list_vouchers(&caller, page).await.map_err(status::status)?;
        let next_page_token = next_page(&mut found, limit, |last| {
            let query = decode::vouchers_query(member_id);
            PageToken::encode(&query, last.voucher.voucher_id.as_bytes())
        });
        let vouchers = found.iter().map(encode::voucher).collect();
        Ok(Response::new(ListVouchersResponse { vouchers, next_page_token }))
    }

    type WatchVouchersStream = BoxStream<'static, Result<WatchVouchersResponse, Status>>;

    async fn watch_vouchers(
        &self,
        request: Request<WatchVouchersRequest>,
    ) -> Result<Response<Self::WatchVouchersStream>, Status> {
        let caller = decode::caller(&request)?;
        let (campaign_id, cursors) = decode::watch_vouchers(request.get_ref())?;
        let watcher = self.0.watch_vouchers(&caller, campaign_id, cursors).await;
        let watcher = watcher.map_err(status::status)?;
        Ok(Response::new(try_unfold(watcher, next_vouchers).boxed()))
    }
}

async fn next_vouchers(
    mut watcher: VoucherWatcher,
) -> Result<Option<(WatchVouchersResponse, VoucherWatcher)>, Status> {
    let entries = watcher.next().await.map_err(status::status)?;
    let programme = watcher.programme();
    Ok(entries.map(|entries| (encode::voucher_events(entries, &programme), watcher)))
}
