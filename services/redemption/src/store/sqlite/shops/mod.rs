//! Shops and tills. One step writes at a time, so that none is locked.

mod change;
mod import;
mod read;
mod write;

pub(super) use self::read::registrations;

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use member_identity::OrganizationPath;
use sql::StoreError;

use super::SqliteStore;
use crate::domain::shops::{
    ImportBatch, Registrations, Shop, ShopCommand, ShopImport, ShopKey, ShopRefusal, Stop, StopKey,
};
use crate::domain::{Campaign, CampaignId, RequestId};
use crate::store::{PlacesAsked, ShopAnswer, ShopImportReport, ShopQuery, ShopStore};

#[async_trait]
impl ShopStore for SqliteStore {
    async fn change_shops(&self, command: ShopCommand) -> Result<ShopAnswer, StoreError> {
        let step = async move |tx: &mut _| change::judge(tx, &command).await;
        self.database.write("change_shops", step).await
    }

    async fn list_shops(
        &self,
        query: &ShopQuery,
        after: Option<&ShopKey>,
        limit: u32,
    ) -> Result<Vec<Shop>, StoreError> {
        let mut connection = self.reader().await?;
        read::shops(&mut connection, query, after, limit).await
    }

    async fn registrations(&self, asked: &PlacesAsked) -> Result<Registrations, StoreError> {
        let mut connection = self.reader().await?;
        registrations(&mut connection, asked).await
    }

    async fn campaigns(
        &self,
        ids: &BTreeSet<CampaignId>,
    ) -> Result<HashMap<CampaignId, Campaign>, StoreError> {
        let mut connection = self.reader().await?;
        read::campaigns(&mut connection, ids).await
    }

    async fn stops(
        &self,
        below: Option<&OrganizationPath>,
        after: Option<&StopKey>,
        limit: u32,
    ) -> Result<Vec<Stop>, StoreError> {
        let mut connection = self.reader().await?;
        read::stops(&mut connection, below, after, limit).await
    }

    async fn begin_shop_import(
        &self,
        new: ShopImport,
        within: Option<OrganizationPath>,
    ) -> Result<Result<ShopImport, ShopRefusal>, StoreError> {
        let step = async move |tx: &mut _| import::begin(tx, new, within).await;
        self.database.write("begin_shop_import", step).await
    }

    async fn import_shops(&self, batch: ImportBatch) -> Result<ShopImport, StoreError> {
        let step = async move |tx: &mut _| import::take(tx, &batch).await;
        self.database.write("import_shops", step).await
    }

    async fn shop_import(
        &self,
        import_id: &RequestId,
    ) -> Result<Option<ShopImportReport>, StoreError> {
        let mut connection = self.reader().await?;
        import::report(&mut connection, import_id).await
    }
}
