//! Redemption over gRPC.

use std::fmt::Display;

use async_trait::async_trait;
use benefit::Fen;
use contracts::redemption::v1 as wire;
use contracts::redemption::v1::closure_feed_service_client::ClosureFeedServiceClient;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use rpc::{Peer, PeerChannel};
use tonic::{Code, Status};

use crate::domain::{Closure, ClosureBatch, ClosureCursor, Epoch};
use crate::usecase::{FollowProblem, RedemptionPeer};

/// The redemption service of this installation.
pub struct RedemptionService {
    client: ClosureFeedServiceClient<PeerChannel>,
}

impl RedemptionService {
    /// Over a peer for calls that do not end.
    pub fn new(peer: &Peer) -> Self {
        Self { client: ClosureFeedServiceClient::new(peer.channel()) }
    }
}

#[async_trait]
impl RedemptionPeer for RedemptionService {
    async fn follow_closures(
        &self,
        cursor: ClosureCursor,
    ) -> Result<BoxStream<'static, Result<ClosureBatch, FollowProblem>>, FollowProblem> {
        let epoch = cursor.epoch.map(|Epoch(bytes)| bytes.to_vec()).unwrap_or_default().into();
        let request = wire::FollowClosuresRequest { epoch, position: cursor.position };
        let answer = self.client.clone().follow_closures(request).await;
        let messages = answer.map_err(|status| follow_problem(&status))?.into_inner();
        let decoded = messages.map(|message| {
            decode(message.map_err(|status| follow_problem(&status))?)
                .map_err(FollowProblem::Malformed)
        });
        Ok(decoded.boxed())
    }
}

/// Redemption refuses a follower of another store with FAILED_PRECONDITION; all else may pass.
fn follow_problem(status: &Status) -> FollowProblem {
    match status.code() {
        Code::FailedPrecondition => FollowProblem::OtherStore,
        code => {
            tracing::debug!(?code, "redemption does not send its closures now");
            FollowProblem::Unavailable
        }
    }
}

fn decode(message: wire::FollowClosuresResponse) -> Result<ClosureBatch, String> {
    let epoch = message.epoch.as_ref().try_into().map_err(|_| "epoch is not 16 bytes")?;
    let closures = message.closures.iter().map(closure).collect::<Result<_, _>>()?;
    Ok(ClosureBatch { epoch: Epoch(epoch), first_position: message.first_position, closures })
}

fn closure(closure: &wire::VoucherClosure) -> Result<Closure, String> {
    Ok(Closure {
        voucher_id: read("voucher_id", closure.voucher_id.parse())?,
        version: read("version", u32::try_from(closure.version))?,
        spent: amount("spent_fen", closure.spent_fen)?,
        unspent: amount("unspent_fen", closure.unspent_fen)?,
    })
}

fn read<T, E: Display>(field: &str, read: Result<T, E>) -> Result<T, String> {
    read.map_err(|problem| format!("{field}: {problem}"))
}

fn amount(field: &str, fen: i64) -> Result<Fen, String> {
    (fen >= 0).then_some(Fen(fen)).ok_or_else(|| format!("{field} is negative"))
}
