use clap::Args;
use contracts::eligibility::v1::ExplainRequest;
use contracts::eligibility::v1::eligibility_service_client::EligibilityServiceClient;
use serde_json::json;

use super::Problem;
use super::arguments::{Target, WhichMember};
use super::output::Answer;
use crate::tokens::Role;

/// Shows whether a member qualifies, criterion by criterion.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: zhisong explain --policy outdoor-trades-guangdong --member mem_..."
)]
pub(crate) struct Explain {
    /// By which policy.
    #[arg(long, value_name = "ID")]
    policy: String,
    #[command(flatten)]
    member: WhichMember,
    /// Counts ages on this day, as 2022-07-22; today when absent.
    #[arg(long, default_value = "")]
    day: String,
    #[command(flatten)]
    target: Target,
}

impl Explain {
    pub(crate) async fn run(self) -> Result<(), Problem> {
        let Self { policy, member, day, target } = self;
        target
            .run(async move |connection| {
                let channel = connection.channel(Role::UnionOffice)?;
                let mut eligibility = EligibilityServiceClient::new(channel);
                let request = ExplainRequest {
                    policy_id: policy,
                    member: Some(member.reference()),
                    business_day: day,
                };
                let explained = eligibility.explain(request).await?.into_inner();
                let verdict = json!({
                    "qualifies": explained.qualifies,
                    "suspended": explained.suspended,
                    "policy_revision": explained.policy_revision,
                });
                let language = connection.target().shown.lang;
                let criteria = explained.criteria.into_iter().map(|criterion| {
                    json!({
                        "criterion_id": criterion.criterion_id,
                        "holds": criterion.holds,
                        "text": language.of(criterion.text_zh, criterion.text_en),
                    })
                });
                let answer =
                    Answer::record(verdict, &["qualifies", "suspended", "policy_revision"]);
                let columns = &["criterion_id", "holds", "text"];
                Ok(answer.and_list("criteria", criteria.collect(), columns))
            })
            .await
    }
}
