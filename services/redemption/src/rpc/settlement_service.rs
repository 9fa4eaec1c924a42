use contracts::redemption::v1 as wire;
use contracts::redemption::v1::settlement_service_server::SettlementService;
use futures::stream::{self, BoxStream, StreamExt as _};
use rpc::PageToken;
use tonic::{Request, Response, Status, Streaming, async_trait};

use super::encode;
use super::settlement_decode as ask;
use super::settlement_encode as answer;
use super::status::{read_status, status};
use crate::usecase::Settlement;

/// Settlement over gRPC.
pub struct SettlementRpc {
    /// The days and the journal.
    pub settlement: Settlement,
}

#[async_trait]
impl SettlementService for SettlementRpc {
    type GetStatementStream = BoxStream<'static, Result<wire::GetStatementResponse, Status>>;
    type ReconcileStream = BoxStream<'static, Result<wire::ReconcileResponse, Status>>;
    type GetTrialBalanceStream = BoxStream<'static, Result<wire::GetTrialBalanceResponse, Status>>;

    async fn get_daily_totals(
        &self,
        request: Request<wire::GetDailyTotalsRequest>,
    ) -> Result<Response<wire::GetDailyTotalsResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let (day, whose) = ask::totals(request.get_ref())?;
        let totals = self.settlement.get_daily_totals(&caller, day, whose).await;
        let totals = totals.map_err(read_status)?;
        Ok(Response::new(encode::daily_totals(totals)))
    }

    async fn get_statement(
        &self,
        request: Request<wire::GetStatementRequest>,
    ) -> Result<Response<Self::GetStatementStream>, Status> {
        let caller = rpc::caller(&request)?;
        let (day, counterparty) = ask::statement(request.get_ref())?;
        let statement = self.settlement.get_statement(&caller, day, counterparty).await;
        let statement = statement.map_err(read_status)?;
        let head = answer::statement_head(&statement);
        let pieces = self.settlement.statement_pieces(statement);
        let pieces = pieces.map(|piece| piece.map(answer::statement_piece).map_err(read_status));
        Ok(Response::new(stream::once(async { Ok(head) }).chain(pieces).boxed()))
    }

    async fn get_settlement_keys(
        &self,
        _request: Request<wire::GetSettlementKeysRequest>,
    ) -> Result<Response<wire::GetSettlementKeysResponse>, Status> {
        let jwks = self.settlement.get_settlement_keys();
        Ok(Response::new(wire::GetSettlementKeysResponse { jwks }))
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

    async fn reconcile(
        &self,
        request: Request<Streaming<wire::ReconcileRequest>>,
    ) -> Result<Response<Self::ReconcileStream>, Status> {
        let caller = rpc::caller(&request)?;
        let mut sent = request.into_inner();
        let first = sent.message().await?.and_then(|message| message.part);
        let (id, day) = ask::reconcile_header(first)?;
        let opened = self.settlement.open_reconciliation(&caller, id, day).await;
        let mut open = opened.map_err(status)?;
        while let Some(message) = sent.message().await? {
            let piece = ask::reconcile_piece(message.part)?;
            open.take(&piece).await.map_err(status)?;
        }
        let done = open.finish().await.map_err(status)?;
        let begin = stream::iter(answer::reconciled(&done)).map(Ok);
        let differences = self.settlement.differences_of(done.reconciliation.key);
        let differences = differences.map(|one| one.map(answer::one_difference).map_err(status));
        let bad_rows = stream::iter(done.bad_rows.into_iter().map(answer::bad_row)).map(Ok);
        Ok(Response::new(begin.chain(differences).chain(bad_rows).boxed()))
    }

    async fn list_differences(
        &self,
        request: Request<wire::ListDifferencesRequest>,
    ) -> Result<Response<wire::ListDifferencesResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let ask::DifferencesAsked { whose, after, size, query } =
            ask::differences(request.get_ref())?;
        let page = self.settlement.list_differences(&caller, whose, &after, size).await;
        let page = page.map_err(read_status)?;
        let token = |last: String| PageToken::encode(&query, last.as_bytes());
        Ok(Response::new(wire::ListDifferencesResponse {
            differences: page.rows.into_iter().map(answer::difference).collect(),
            next_page_token: page.next.map(token).unwrap_or_default(),
        }))
    }

    async fn resolve_difference(
        &self,
        request: Request<wire::ResolveDifferenceRequest>,
    ) -> Result<Response<wire::ResolveDifferenceResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let asked = ask::resolve(request.into_inner())?;
        let said = self.settlement.resolve_difference(&caller, asked).await.map_err(status)?;
        let resolution = Some(answer::resolution(said));
        Ok(Response::new(wire::ResolveDifferenceResponse { resolution }))
    }

    async fn get_trial_balance(
        &self,
        request: Request<wire::GetTrialBalanceRequest>,
    ) -> Result<Response<Self::GetTrialBalanceStream>, Status> {
        let caller = rpc::caller(&request)?;
        let balance = self.settlement.get_trial_balance(&caller).await.map_err(read_status)?;
        let messages = answer::trial_balance(balance);
        Ok(Response::new(stream::iter(messages).map(Ok).boxed()))
    }
}
