//! The campaign verbs and what can be read of campaigns.

use clock::BusinessDay;

use super::{Failure, Issuance};
use crate::domain::{Caller, Campaign, CampaignCommand, CampaignId, Stock, StockKey, WHOLE};
use crate::store::CampaignQuery;

/// A stock and its figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockFigures {
    /// `day:2022-07-22` or `campaign`.
    pub period: String,
    /// What was given out of it.
    pub stock: Stock,
}

impl Issuance {
    /// One campaign verb: apply, activate, pause, resume or end.
    pub async fn change_campaign(&self, command: CampaignCommand) -> Result<Campaign, Failure> {
        let around = &self.surroundings;
        let changed = around.store.change_campaign(command, around.clock.now()).await?;
        around.signal.committed();
        changed.map_err(Failure::Campaign)
    }

    /// One campaign that the caller sees.
    pub async fn get_campaign(
        &self,
        caller: &Caller,
        campaign_id: &CampaignId,
    ) -> Result<Campaign, Failure> {
        let campaign = self.surroundings.store.campaign(campaign_id).await?;
        let campaign = campaign.ok_or(Failure::NotFound("campaign"))?;
        match caller.sees(&campaign.programme.organization) {
            true => Ok(campaign),
            false => Err(Failure::OutsideSubtree),
        }
    }

    /// At most `limit` of the campaigns that the caller sees, ordered by id.
    pub async fn list_campaigns(
        &self,
        caller: &Caller,
        after: Option<CampaignId>,
        limit: u32,
    ) -> Result<Vec<Campaign>, Failure> {
        let seen_from = caller.organization.clone();
        Ok(self.surroundings.store.campaigns(CampaignQuery { seen_from, after, limit }).await?)
    }

    /// What a campaign has given out on a day; today when no day is named.
    pub async fn get_stock(
        &self,
        caller: &Caller,
        campaign_id: &CampaignId,
        day: Option<BusinessDay>,
    ) -> Result<StockFigures, Failure> {
        let campaign = self.get_campaign(caller, campaign_id).await?;
        let day = day.unwrap_or_else(|| campaign.day(self.surroundings.clock.now()));
        let period = campaign.programme.stock_period_key(day);
        let campaign_id = campaign_id.clone();
        let key = StockKey { campaign_id, period: period.clone(), slice: WHOLE };
        let stock = self.surroundings.store.stock(&key).await?;
        // Nothing was taken yet: the stock is full.
        let stock = stock.unwrap_or_else(|| campaign.full_stock());
        Ok(StockFigures { period, stock })
    }
}
