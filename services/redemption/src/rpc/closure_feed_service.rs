use contracts::redemption::v1 as wire;
use contracts::redemption::v1::closure_feed_service_server::ClosureFeedService;
use futures::StreamExt as _;
use futures::stream::{BoxStream, try_unfold};
use rpc::{Fields, Problem};
use tonic::{Request, Response, Status, async_trait};

use super::status::status;
use crate::domain::Closure;
use crate::usecase::{ClosureCursor, ClosureFollower, ClosureMessage, Closures};

/// How issuance learns of vouchers that are over, over gRPC.
pub struct ClosureFeedRpc {
    /// The closures.
    pub closures: Closures,
}

#[async_trait]
impl ClosureFeedService for ClosureFeedRpc {
    type FollowClosuresStream = BoxStream<'static, Result<wire::FollowClosuresResponse, Status>>;

    async fn follow_closures(
        &self,
        request: Request<wire::FollowClosuresRequest>,
    ) -> Result<Response<Self::FollowClosuresStream>, Status> {
        let caller = rpc::caller(&request)?;
        let cursor = decode_cursor(request.get_ref())?;
        let follower = self.closures.follow(&caller, cursor).await.map_err(status)?;
        Ok(Response::new(try_unfold(follower, next_message).boxed()))
    }
}

async fn next_message(
    mut follower: ClosureFollower,
) -> Result<Option<(wire::FollowClosuresResponse, ClosureFollower)>, Status> {
    let message = follower.next().await.map_err(status)?;
    Ok(message.map(|message| (encode_message(message), follower)))
}

fn decode_cursor(message: &wire::FollowClosuresRequest) -> Result<ClosureCursor, Problem> {
    let mut fields = Fields::new();
    let epoch = match message.epoch.as_ref() {
        [] => Some(None),
        bytes => {
            let epoch = bytes.try_into().map_err(|_| "must be 16 bytes, or empty");
            fields.take("epoch", epoch).map(Some)
        }
    };
    let position = Some(message.position).filter(|position| *position >= 0);
    let position = fields.take("position", position.ok_or("must not be negative"));
    let (epoch, position) = fields.finish(epoch.zip(position))?;
    if epoch.is_none() && position > 0 {
        return Err(Problem::field("epoch", "required with a position"));
    }
    Ok(ClosureCursor { epoch, position })
}

fn encode_message(message: ClosureMessage) -> wire::FollowClosuresResponse {
    let ClosureMessage { epoch, entries, level } = message;
    wire::FollowClosuresResponse {
        epoch: epoch.to_vec().into(),
        first_position: entries.first_position,
        closures: entries.closures.iter().map(encode_closure).collect(),
        level,
    }
}

fn encode_closure(closure: &Closure) -> wire::VoucherClosure {
    wire::VoucherClosure {
        voucher_id: closure.voucher_id.to_string(),
        campaign_id: closure.campaign_id.to_string(),
        version: i32::try_from(closure.version).unwrap_or(i32::MAX),
        spent_fen: closure.spent.0,
        unspent_fen: closure.unspent.0,
    }
}
