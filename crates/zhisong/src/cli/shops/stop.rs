use clap::Args;
use contracts::redemption::v1::stop_scope::Scope;
use contracts::redemption::v1::{ResumeRedeemingRequest, ShopKey, StopRedeemingRequest, StopScope};
use serde_json::json;

use super::super::arguments::RequestId;
use super::super::failure::Failure;
use super::super::output::Answer;
use super::{Client, PLATFORM};

const COLUMNS: &[&str] = &["organization", "scope", "state", "version"];

/// Whose campaigns, and what of them.
#[derive(Debug, Args)]
struct Scoped {
    /// Whose campaigns: those of this organization and below.
    #[arg(long, value_name = "PATH")]
    organization: String,
    #[command(flatten)]
    scope: WhichScope,
    /// The payment platform of the shop.
    #[arg(long, value_name = "NAME", default_value = PLATFORM)]
    platform: String,
}

/// What of them.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct WhichScope {
    /// One campaign, everywhere.
    #[arg(long, value_name = "ID")]
    campaign: Option<String>,
    /// Every campaign in the shops of a region, by GB/T 2260 code.
    #[arg(long, value_name = "CODE")]
    region: Option<String>,
    /// Every campaign in a shop, by the platform's own id of it.
    #[arg(long, value_name = "ID")]
    shop: Option<String>,
}

/// What to stop, and why.
#[derive(Debug, Args)]
pub(super) struct Stop {
    #[command(flatten)]
    scoped: Scoped,
    /// What tills show, in Chinese.
    #[arg(long, value_name = "TEXT")]
    zh: String,
    /// The same in English.
    #[arg(long, value_name = "TEXT")]
    en: String,
    #[command(flatten)]
    request_id: RequestId,
}

/// What goes on.
#[derive(Debug, Args)]
pub(super) struct Resume {
    #[command(flatten)]
    scoped: Scoped,
    #[command(flatten)]
    request_id: RequestId,
}

impl Stop {
    pub(super) async fn run(self, client: &mut Client) -> Result<Answer, Failure> {
        let (scope, named) = self.scoped.scope();
        let organization = self.scoped.organization;
        let request = StopRedeemingRequest {
            request_id: self.request_id.get(),
            organization: organization.clone(),
            scope: Some(scope),
            text_zh: self.zh,
            text_en: self.en,
        };
        let version = client.stop_redeeming(request).await?.into_inner().version;
        Ok(answer(&organization, &named, "STOPPED", version))
    }
}

impl Resume {
    pub(super) async fn run(self, client: &mut Client) -> Result<Answer, Failure> {
        let (scope, named) = self.scoped.scope();
        let organization = self.scoped.organization;
        let request = ResumeRedeemingRequest {
            request_id: self.request_id.get(),
            organization: organization.clone(),
            scope: Some(scope),
        };
        let version = client.resume_redeeming(request).await?.into_inner().version;
        Ok(answer(&organization, &named, "RESUMED", version))
    }
}

impl Scoped {
    /// The scope as the contract has it, and for people.
    fn scope(&self) -> (StopScope, String) {
        let WhichScope { campaign, region, shop } = &self.scope;
        let (scope, named) = match (campaign, region, shop) {
            (Some(id), _, _) => (Some(Scope::CampaignId(id.clone())), id.clone()),
            (None, Some(code), _) => (Some(Scope::RegionCode(code.clone())), code.clone()),
            (None, None, shop) => {
                let shop_id = shop.clone().unwrap_or_default();
                let named = format!("{}/{shop_id}", self.platform);
                (Some(Scope::Shop(ShopKey { platform: self.platform.clone(), shop_id })), named)
            }
        };
        (StopScope { scope }, named)
    }
}

fn answer(organization: &str, scope: &str, state: &str, version: i64) -> Answer {
    let value = json!({
        "organization": organization,
        "scope": scope,
        "state": state,
        "version": version,
    });
    Answer::record(value, COLUMNS)
}
