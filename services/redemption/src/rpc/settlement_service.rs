use contracts::redemption::v1 as wire;
use contracts::redemption::v1::settlement_service_server::SettlementService;
use futures::stream::{self, BoxStream, StreamExt as _};
use rpc::Problem;
use tonic::{Request, Response, Status, async_trait};

use super::status::{read_status, status};
use super::{decode, encode};
use crate::domain::Partner;
use crate::usecase::Settlement;

/// Settlement over gRPC.
pub struct SettlementRpc {
    /// The days and the journal.
    pub settlement: Settlement,
}

#[async_trait]
impl SettlementService for SettlementRpc {
    type GetStatementStream = BoxStream<'static, Result<wire::GetStatementResponse, Status>>;

    async fn get_daily_totals(
        &self,
        request: Request<wire::GetDailyTotalsRequest>,
    ) -> Result<Response<wire::GetDailyTotalsResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let day = decode::day("business_day", &request.get_ref().business_day)?;
        let totals = self.settlement.get_daily_totals(&caller, day).await.map_err(read_status)?;
        Ok(Response::new(encode::daily_totals(totals)))
    }

    async fn get_statement(
        &self,
        request: Request<wire::GetStatementRequest>,
    ) -> Result<Response<Self::GetStatementStream>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.get_ref();
        let day = decode::day("business_day", &request.business_day)?;
        let day = day.ok_or_else(|| Problem::field("business_day", "required"))?;
        let platform = platform(&request.platform)?;
        let statement = self.settlement.get_statement(&caller, day, platform).await;
        let statement = statement.map_err(read_status)?;
        let head = encode::statement_head(&statement);
        let pieces = self.settlement.statement_pieces(statement);
        let pieces = pieces.map(|piece| piece.map(encode::statement_piece).map_err(read_status));
        Ok(Response::new(stream::once(async { Ok(head) }).chain(pieces).boxed()))
    }

    async fn close_days(
        &self,
        request: Request<wire::CloseDaysRequest>,
    ) -> Result<Response<wire::CloseDaysResponse>, Status> {
        rpc::caller(&request)?;
        let closed = self.settlement.close_days().await.map_err(status)?;
        let closed = closed.iter().map(ToString::to_string).collect();
        Ok(Response::new(wire::CloseDaysResponse { closed }))
    }
}

fn platform(text: &str) -> Result<Option<Partner>, Problem> {
    let read = (!text.is_empty()).then(|| text.parse::<Partner>());
    read.transpose().map_err(|problem| Problem::field("platform", problem.to_string()))
}
