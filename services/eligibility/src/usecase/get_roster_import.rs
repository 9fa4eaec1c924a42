use rpc::{Caller, RequestId};

use super::{Eligibility, Failure, require_within};
use crate::domain::Refusal;
use crate::store::ImportReport;

impl Eligibility {
    /// How far an import has come. Order of answers: import known, subtree.
    pub async fn get_roster_import(
        &self,
        caller: &Caller,
        import_id: &RequestId,
    ) -> Result<ImportReport, Failure> {
        let report = self.core.store.import_report(import_id.as_str()).await?;
        let report = report.ok_or(Refusal::NotFound("roster_import"))?;
        require_within(caller, &report.import.organization)?;
        Ok(report)
    }
}
