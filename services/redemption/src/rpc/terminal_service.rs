use contracts::redemption::v1 as wire;
use contracts::redemption::v1::terminal_service_server::TerminalService;
use tonic::{Request, Response, Status, async_trait};

use super::status::read_status;
use super::{merchant_decode as decode, merchant_encode as encode};
use crate::usecase::Terminals;

/// What a till is told, over gRPC.
pub struct TerminalRpc {
    /// The tills.
    pub terminals: Terminals,
}

#[async_trait]
impl TerminalService for TerminalRpc {
    async fn check_terminal(
        &self,
        request: Request<wire::CheckTerminalRequest>,
    ) -> Result<Response<wire::CheckTerminalResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let asked = decode::check_terminal(request.into_inner(), self.terminals.clock.now())?;
        let check = self.terminals.check(&caller, asked).await.map_err(read_status)?;
        Ok(Response::new(encode::terminal_check(check)))
    }
}
