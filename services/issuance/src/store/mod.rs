//! What issuance remembers, behind one trait.
//!
//! One method is one atomic step over a batch. A backend loads the locked state, lets the domain
//! decide, and writes what came of it in one commit; it holds no rule of the business itself.
//! `conformance` states what every backend must do.

mod claims;
mod closures;
#[cfg(feature = "testing")]
pub mod conformance;
mod feed;
pub mod postgres;
mod programmes;
mod rows;
pub mod sqlite;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use benefit::programme::Programme;
use clock::Timestamp;
use member_identity::{OrganizationPath, PersonKey, VoucherId};
use sql::{Backend, DatabaseConfig, OpenProblem};

pub use self::closures::ClosureStore;
pub use sql::StoreError;

use crate::domain::{
    Campaign, CampaignCommand, CampaignEntry, CampaignId, CampaignRefusal, ClaimCommand,
    ClaimRefusal, Epoch, FeedHeads, Fund, FundCommand, FundId, FundRefusal, JudgedBy, Partner,
    RequestId, Stock, StockKey, Voucher, VoucherEntries,
};

/// Claims of one campaign, to be decided together.
#[derive(Clone, Debug)]
pub struct ClaimBatch {
    /// The campaign, which exists.
    pub campaign_id: CampaignId,
    /// What the verdicts in the commands were taken for.
    pub judged_by: JudgedBy,
    /// The instant of the batch.
    pub at: Timestamp,
    /// The claims, in arrival order; at most 1,024.
    pub commands: Arc<[ClaimCommand]>,
}

/// A voucher and the programme that it was issued under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The voucher.
    pub voucher: Voucher,
    /// The programme: its terms are the voucher's.
    pub programme: Arc<Programme>,
}

/// A campaign and its latest position in the campaign feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampaignAt {
    /// The campaign; its state is the one that it came to at that position.
    pub campaign: Campaign,
    /// The position and when.
    pub entry: CampaignEntry,
}

/// Which campaigns, ordered by id.
#[derive(Clone, Debug)]
pub struct CampaignQuery {
    /// Those of organizations at, below or above this one; all when absent.
    pub seen_from: Option<OrganizationPath>,
    /// Those after this one.
    pub after: Option<CampaignId>,
    /// At most this many.
    pub limit: u32,
}

/// Which funds, ordered by id.
#[derive(Clone, Debug)]
pub struct FundQuery {
    /// Those of organizations at, below or above this one; all when absent.
    pub seen_from: Option<OrganizationPath>,
    /// Those after this one.
    pub after: Option<FundId>,
    /// At most this many.
    pub limit: u32,
}

/// Which vouchers of a person, newest first.
#[derive(Clone, Debug)]
pub struct VoucherQuery {
    /// The person.
    pub person: PersonKey,
    /// Those older than this one.
    pub before: Option<VoucherId>,
    /// Only those whose validity ends after this instant.
    pub unexpired_at: Option<Timestamp>,
    /// At most this many.
    pub limit: u32,
}

/// Whose standing in a campaign is asked for.
#[derive(Clone, Debug)]
pub struct StandingQuery {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The name that its limit is counted under.
    pub limit_id: String,
    /// The limit period.
    pub limit_period: String,
    /// The persons, each once; at most 1,024.
    pub persons: Vec<PersonKey>,
}

/// What a person has of a campaign.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Vouchers in the limit period.
    pub taken: u32,
    /// The requests that got one in any period, and who sent them.
    pub requests: Vec<(Partner, RequestId)>,
}

/// Claims' answers, one a command in their order.
pub type ClaimAnswers = Vec<Result<Issued, ClaimRefusal>>;

/// Opens the store that the configuration names and brings its schema up to date.
pub async fn open(config: &DatabaseConfig) -> Result<Arc<dyn Store>, OpenProblem> {
    Ok(match config.backend()? {
        Backend::Sqlite => Arc::new(sqlite::SqliteStore::open(config).await?),
        Backend::Postgres => Arc::new(postgres::PostgresStore::open(config).await?),
    })
}

/// The store.
///
/// Every error leaves nothing half done. [`StoreError::Conflict`]: nothing was done, run it again.
/// [`StoreError::OutcomeUnknown`]: the commit was sent and not answered; running the same step
/// again gives the true answer. [`StoreError::Unavailable`]: nothing was done.
/// [`StoreError::Corrupt`]: what is stored contradicts itself, nothing was done.
/// Dropping a future of a method that writes leaves no transaction open (law A3). Reads see
/// committed data only. What is never returned: a refusal as an error.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Decides the claims in their order and commits the vouchers of those that get one, with
    /// serials, limit rows, request rows, feed positions and what they take out of a fund (laws I1
    /// to I5, A1). The stock of the
    /// period is made when it is first asked for. Batches take effect one after the other,
    /// whichever process sends them.
    async fn claim_batch(&self, batch: ClaimBatch) -> Result<ClaimAnswers, StoreError>;

    /// Decides one campaign verb and commits what it changes, its feed position and its request
    /// row. A request that took effect before gets the same answer and changes nothing (law A1).
    /// Ending a campaign closes its stocks.
    async fn change_campaign(
        &self,
        command: CampaignCommand,
        at: Timestamp,
    ) -> Result<Result<Campaign, CampaignRefusal>, StoreError>;

    /// One campaign.
    async fn campaign(&self, campaign_id: &CampaignId) -> Result<Option<Campaign>, StoreError>;

    /// A page of campaigns.
    async fn campaigns(&self, query: CampaignQuery) -> Result<Vec<Campaign>, StoreError>;

    /// Creates a fund. A request that created one before gets the same answer (law A1).
    async fn create_fund(
        &self,
        command: FundCommand,
        at: Timestamp,
    ) -> Result<Result<Fund, FundRefusal>, StoreError>;

    /// One fund.
    async fn fund(&self, fund_id: &FundId) -> Result<Option<Fund>, StoreError>;

    /// A page of funds.
    async fn funds(&self, query: FundQuery) -> Result<Vec<Fund>, StoreError>;

    /// A stock's figures; none before the first claim in its period.
    async fn stock(&self, stock: &StockKey) -> Result<Option<Stock>, StoreError>;

    /// One voucher.
    async fn voucher(&self, voucher_id: VoucherId) -> Result<Option<Issued>, StoreError>;

    /// A page of a person's vouchers.
    async fn vouchers(&self, query: VoucherQuery) -> Result<Vec<Issued>, StoreError>;

    /// What persons have of a campaign; those who have nothing are left out. The requests of the
    /// vouchers that are counted are all there.
    async fn standings(
        &self,
        query: StandingQuery,
    ) -> Result<HashMap<PersonKey, Standing>, StoreError>;

    /// What tells this store from any other.
    async fn epoch(&self) -> Result<Epoch, StoreError>;

    /// How far the feeds go. Vouchers up to these heads were issued under campaign changes up to
    /// the campaign head.
    async fn feed_heads(&self) -> Result<FeedHeads, StoreError>;

    /// At most `limit` campaign changes after a position, by position. Terms are those of now:
    /// only a draft's can differ from what they were.
    async fn campaign_feed(&self, after: i64, limit: u32) -> Result<Vec<CampaignAt>, StoreError>;

    /// The latest change of each of these campaigns, by position.
    async fn latest_changes(
        &self,
        campaign_ids: &[CampaignId],
    ) -> Result<Vec<CampaignAt>, StoreError>;

    /// At most `limit` entries of a stock's feed after a position: consecutive, without a gap.
    async fn voucher_feed(
        &self,
        stock: &StockKey,
        after: i64,
        limit: u32,
    ) -> Result<VoucherEntries, StoreError>;

    /// What redemption says of vouchers that are over, in the same database.
    fn closures(&self) -> &dyn ClosureStore;

    /// Finishes what is under way and closes the database.
    async fn close(&self);
}
