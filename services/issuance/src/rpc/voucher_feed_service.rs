use std::sync::Arc;

use contracts::issuance::v1::voucher_feed_service_server::VoucherFeedService;
use contracts::issuance::v1::{
    FindVouchersRequest, FindVouchersResponse, FollowRequest, FollowResponse,
};
use futures::StreamExt as _;
use futures::stream::{BoxStream, try_unfold};
use tonic::{Request, Response, Status};

use super::{decode, encode, status};
use crate::usecase::{Follower, Issuance};

/// `VoucherFeedService`: how redemption learns of vouchers.
pub(super) struct VoucherFeedRpc(pub Arc<Issuance>);

#[tonic::async_trait]
impl VoucherFeedService for VoucherFeedRpc {
    type FollowStream = BoxStream<'static, Result<FollowResponse, Status>>;

    async fn follow(
        &self,
        request: Request<FollowRequest>,
    ) -> Result<Response<Self::FollowStream>, Status> {
        let caller = decode::caller(&request)?;
        let cursors = decode::follow(request.get_ref())?;
        let follower = self.0.follow(&caller, cursors).await.map_err(status::status)?;
        Ok(Response::new(try_unfold(follower, next_message).boxed()))
    }

    async fn find_vouchers(
        &self,
        request: Request<FindVouchersRequest>,
    ) -> Result<Response<FindVouchersResponse>, Status> {
        let caller = decode::caller(&request)?;
        let person = decode::find_vouchers(request.get_ref())?;
        let found = self.0.find_vouchers(&caller, person).await.map_err(status::status)?;
        Ok(Response::new(encode::found(&found)))
    }
}

async fn next_message(
    mut follower: Follower,
) -> Result<Option<(FollowResponse, Follower)>, Status> {
    let message = follower.next().await.map_err(status::status)?;
    Ok(message.map(|message| (encode::feed_message(&message), follower)))
}
