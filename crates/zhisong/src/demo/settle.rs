use contracts::redemption::v1::get_statement_response::Part;
use contracts::redemption::v1::settlement_service_client::SettlementServiceClient;
use contracts::redemption::v1::{CloseDaysRequest, GetStatementRequest, StatementHead};

use super::clients::{Clients, DemoProblem};
use crate::tokens::Role;

/// Closes the day and reads its statement, as the payment platform does.
pub(super) async fn close(clients: &Clients, day: &str) -> Result<StatementHead, DemoProblem> {
    let mut ops = SettlementServiceClient::new(clients.channel(Role::Ops, 0));
    let closed = ops.close_days(CloseDaysRequest {}).await;
    closed.map_err(DemoProblem::refused("closing the day"))?;
    let mut platform = SettlementServiceClient::new(clients.channel(Role::PaymentPlatform, 0));
    let request =
        GetStatementRequest { business_day: day.to_owned(), ..GetStatementRequest::default() };
    let refused = DemoProblem::refused("reading the statement");
    let mut parts = platform.get_statement(request).await.map_err(&refused)?.into_inner();
    let mut head = None;
    let mut lines = 0;
    while let Some(part) = parts.message().await.map_err(&refused)? {
        match part.part {
            Some(Part::Head(found)) => head = Some(*found),
            Some(Part::Csv(bytes)) => lines += bytes.iter().filter(|byte| **byte == b'\n').count(),
            None => {}
        }
    }
    let head =
        head.ok_or_else(|| DemoProblem::Contradiction("the statement has no head".to_owned()))?;
    // One line is the file's header.
    match usize::try_from(head.rows) == Ok(lines.saturating_sub(1)) {
        true => Ok(head),
        false => Err(DemoProblem::Contradiction(format!(
            "the statement says {} rows and has {} lines",
            head.rows, lines
        ))),
    }
}
