//! What can be read of vouchers.

use member_identity::{MemberId, PersonKey, VoucherId};

use super::{Failure, Issuance, require_everywhere};
use crate::domain::Caller;
use crate::store::{CampaignAt, Issued, VoucherQuery};

/// Vouchers that one answer to a checkout holds at most: the newest matter.
const FOUND_MAX: u32 = 200;

/// Which page of a member's vouchers.
#[derive(Clone, Debug)]
pub struct VoucherPage {
    /// The member; vouchers follow the natural person.
    pub member_id: MemberId,
    /// Those older than this one.
    pub before: Option<VoucherId>,
    /// At most this many.
    pub limit: u32,
}

/// A person's vouchers and their campaigns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Newest first.
    pub vouchers: Vec<Issued>,
    /// By position.
    pub campaigns: Vec<CampaignAt>,
}

impl Issuance {
    /// One voucher as issued.
    pub async fn get_voucher(
        &self,
        caller: &Caller,
        voucher_id: VoucherId,
    ) -> Result<Issued, Failure> {
        let issued = self.surroundings.store.voucher(voucher_id).await?;
        let issued = issued.ok_or(Failure::NotFound("voucher"))?;
        self.person_for(caller, issued.voucher.member_id).await?;
        Ok(issued)
    }

    /// A page of a member's vouchers, newest first.
    pub async fn list_vouchers(
        &self,
        caller: &Caller,
        page: VoucherPage,
    ) -> Result<Vec<Issued>, Failure> {
        let VoucherPage { member_id, before, limit } = page;
        let person = self.person_for(caller, member_id).await?;
        let query = VoucherQuery { person, before, unexpired_at: None, limit };
        Ok(self.surroundings.store.vouchers(query).await?)
    }

    /// The unexpired vouchers of a person, for a checkout that finds none. A person is of no
    /// organization, so only a caller without a limit may ask.
    pub async fn find_vouchers(
        &self,
        caller: &Caller,
        person: PersonKey,
    ) -> Result<Found, Failure> {
        require_everywhere(caller)?;
        let unexpired_at = Some(self.surroundings.clock.now());
        let query = VoucherQuery { person, before: None, unexpired_at, limit: FOUND_MAX };
        let vouchers = self.surroundings.store.vouchers(query).await?;
        let mut campaigns: Vec<_> =
            vouchers.iter().map(|issued| issued.voucher.stock.campaign_id.clone()).collect();
        campaigns.sort();
        campaigns.dedup();
        let campaigns = self.surroundings.store.latest_changes(&campaigns).await?;
        Ok(Found { vouchers, campaigns })
    }

    /// The person behind a member that the caller may act for.
    async fn person_for(&self, caller: &Caller, member_id: MemberId) -> Result<PersonKey, Failure> {
        let member = self.members.resolve(member_id).await?;
        match caller.acts_for(&member.organization) {
            true => Ok(member.person),
            false => Err(Failure::OutsideSubtree),
        }
    }
}
