use clap::Args;
use contracts::redemption::v1::settlement_service_client::SettlementServiceClient;
use contracts::redemption::v1::{DailyTotal, GetDailyTotalsRequest};
use serde_json::{Value, json};

use super::super::Problem;
use super::super::arguments::Target;
use super::super::output::Answer;
use super::whose::{Counterparty, parse_counterparty};
use crate::tokens::Role;

const TOTALS: &[&str] =
    &["platform", "campaign_id", "captures", "captured_fen", "refunds", "refunded_fen"];

/// Shows a day's totals, open or closed, of all platforms that the token may see.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zhisong totals 2022-07-22
  zhisong totals --counterparty chain:gd/zhuhai:corner-shop")]
pub(in crate::cli) struct Totals {
    /// The business day, as 2022-07-22; today when absent.
    #[arg(default_value = "")]
    day: String,
    /// Of one only: platform:NAME, funder:ORGANIZATION or chain:ORGANIZATION:CHAIN, as for
    /// `zhisong statement`.
    #[arg(long, value_name = "WHOSE", value_parser = parse_counterparty)]
    counterparty: Option<Counterparty>,
    #[command(flatten)]
    target: Target,
}

impl Totals {
    pub(in crate::cli) async fn run(self) -> Result<(), Problem> {
        let Self { day, counterparty, target } = self;
        target
            .run(async move |connection| {
                let mut settlement = SettlementServiceClient::new(connection.channel(Role::Ops)?);
                let [platform, funder, chain] = Counterparty::fields(counterparty);
                let request = GetDailyTotalsRequest { business_day: day, platform, funder, chain };
                let totals = settlement.get_daily_totals(request).await?.into_inner();
                let value = json!({ "business_day": totals.business_day, "closed": totals.closed });
                let rows = totals.totals.into_iter().map(total_value).collect();
                let answer = Answer::record(value, &["business_day", "closed"]);
                Ok(answer.and_list("totals", rows, TOTALS))
            })
            .await
    }
}

fn total_value(total: DailyTotal) -> Value {
    json!({
        "platform": total.platform,
        "campaign_id": total.campaign_id,
        "captures": total.captures,
        "captured_fen": total.captured_fen,
        "refunds": total.refunds,
        "refunded_fen": total.refunded_fen,
    })
}
