use member_identity::OrganizationPath;
use rpc::Caller;

use super::{Failure, Merchants, attempt};
use crate::domain::shops::{ImportBatch, ShopImport, ShopRefusal, WrittenShop};
use crate::domain::{CampaignId, Partner, RequestId};
use crate::store::ShopImportReport;

/// Which import, for which organization.
#[derive(Clone, Debug)]
pub struct ShopsHeader {
    /// The caller's import id.
    pub import_id: RequestId,
    /// The organization that new shops belong to.
    pub organization: OrganizationPath,
    /// The platform whose shops these are.
    pub platform: Partner,
    /// The campaign on whose list good rows are put.
    pub campaign_id: Option<CampaignId>,
}

/// One stream of an import. Dropping it keeps what has been committed or is being.
pub struct OpenShopImport {
    merchants: Merchants,
    import: ShopImport,
}

impl Merchants {
    /// Begins an import, or goes on with it.
    pub async fn open_import(
        &self,
        caller: &Caller,
        header: ShopsHeader,
    ) -> Result<OpenShopImport, Failure> {
        let ShopsHeader { import_id, organization, platform, campaign_id } = header;
        let (committed_line, added, changed, unchanged, listed, bad) = (0, 0, 0, 0, 0, 0);
        let new = ShopImport {
            import_id,
            organization,
            platform,
            campaign_id,
            committed_line,
            added,
            changed,
            unchanged,
            listed,
            bad,
            updated_at: self.clock.now(),
        };
        let store = self.store.shops();
        let begin = || store.begin_shop_import(new.clone(), caller.organization.clone());
        let import = attempt(begin).await??;
        Ok(OpenShopImport { merchants: self.clone(), import })
    }

    /// How far an import has come. Order of answers: import known, subtree.
    pub async fn get_import(
        &self,
        caller: &Caller,
        import_id: &RequestId,
    ) -> Result<ShopImportReport, Failure> {
        let report = self.store.shops().shop_import(import_id).await?;
        let report = report.ok_or(ShopRefusal::NotFound("shop_import"))?;
        caller.require_within(&report.import.organization)?;
        Ok(report)
    }
}

impl OpenShopImport {
    /// Commits some rows, whose lines are behind those before; what was committed before this
    /// stream began is passed over.
    pub async fn take(&mut self, rows: Vec<WrittenShop>) -> Result<(), Failure> {
        let Merchants { store, clock } = &self.merchants;
        let rows = rows.iter().filter(|row| row.line > self.import.committed_line);
        let rows: Vec<_> = rows.map(WrittenShop::read).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let import_id = self.import.import_id.clone();
        let batch = ImportBatch { import_id, rows, at: clock.now() };
        let store = store.shops();
        self.import = attempt(|| store.import_shops(batch.clone())).await?;
        Ok(())
    }

    /// The whole import.
    pub async fn finish(self) -> Result<ShopImportReport, Failure> {
        let report = self.merchants.store.shops().shop_import(&self.import.import_id).await?;
        Ok(report.ok_or(ShopRefusal::NotFound("shop_import"))?)
    }
}
