use std::sync::Arc;

use clock::Clock;
use contracts::common::v1::clock_service_server::{ClockService, ClockServiceServer};
use contracts::common::v1::{
    ErrorReason, GetTimeRequest, GetTimeResponse, SetTimeRequest, SetTimeResponse,
};
use rpc::{Fields, Problem, decode_timestamp, encode_timestamp};
use tonic::{Request, Response, Status};

/// Shows and moves a process's business time.
pub(crate) struct ClockRpc {
    clock: Arc<dyn Clock>,
}

impl ClockRpc {
    pub(crate) fn server(clock: Arc<dyn Clock>) -> ClockServiceServer<Self> {
        ClockServiceServer::new(Self { clock })
    }
}

#[tonic::async_trait]
impl ClockService for ClockRpc {
    async fn get_time(
        &self,
        _request: Request<GetTimeRequest>,
    ) -> Result<Response<GetTimeResponse>, Status> {
        let now = self.clock.now();
        let manual = self.clock.is_manual();
        Ok(Response::new(GetTimeResponse { now: Some(encode_timestamp(now)), manual }))
    }

    async fn set_time(
        &self,
        request: Request<SetTimeRequest>,
    ) -> Result<Response<SetTimeResponse>, Status> {
        let mut fields = Fields::new();
        let now = fields.required("now", request.into_inner().now);
        let now = now.and_then(|now| fields.required("now", decode_timestamp(now)));
        let now = fields.finish(now)?;
        match self.clock.set(now) {
            true => Ok(Response::new(SetTimeResponse {})),
            false => Err(Problem::new(ErrorReason::ClockNotManual).into()),
        }
    }
}
