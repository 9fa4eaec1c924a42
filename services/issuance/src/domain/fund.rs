use benefit::Fen;
use benefit::programme::Programme;
use clock::Timestamp;
use member_identity::OrganizationPath;

use super::{Caller, FundId, RequestId};

/// The most that a fund may be pledged, in fen. Sums of some funds stay inside 64 bits.
pub const PLEDGED_MAX: Fen = Fen(100_000_000_000_000_000);

/// Money that an organization sets aside. Campaigns draw on it: every voucher takes its liability,
/// the most that it can ever cost (law I5: `issued <= pledged`, to the fen).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fund {
    /// Its name.
    pub fund_id: FundId,
    /// Whose money it is. Campaigns of this organization and of those below it may draw on it.
    pub organization: OrganizationPath,
    /// What was set aside.
    pub pledged: Fen,
    /// The liabilities of the vouchers that were given out of it, less what came back: what open
    /// vouchers may still cost, and what was spent of closed ones.
    pub issued: Fen,
    /// What was spent of closed vouchers.
    pub spent: Fen,
    /// What came back so far of closed vouchers, and is free again.
    pub returned: Fen,
    /// Transactions of its journal; also the number of the last.
    pub postings: i64,
    /// When it was created.
    pub created_at: Timestamp,
}

/// A fund is to be created.
#[derive(Clone, Debug)]
pub struct FundCommand {
    /// Who asks.
    pub caller: Caller,
    /// The id of the request.
    pub request_id: RequestId,
    /// The name.
    pub fund_id: FundId,
    /// Whose money it is.
    pub organization: OrganizationPath,
    /// What is set aside, 1 to [`PLEDGED_MAX`].
    pub pledged: Fen,
}

/// What [`decide_fund`] came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FundChange {
    /// This request created it before: its answer again, nothing to write.
    Replayed(Fund),
    /// To be written.
    Created(Fund),
}

/// Why a fund is not created, in the order of the checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FundRefusal {
    /// The request id created a fund that differs in this field.
    RequestIdReused {
        /// The field that differs.
        field: &'static str,
    },
    /// The organization is not the caller's to act for.
    OutsideSubtree,
    /// Another request created a fund of that name.
    Exists,
}

impl FundId {
    /// The fund that a programme names.
    pub fn of(programme: &Programme) -> Option<Self> {
        let name = programme.fund.as_deref();
        name.map(|name| name.parse().expect("its file was read, so the name is one"))
    }
}

impl Fund {
    /// What can still be given out of it.
    pub fn free(&self) -> Fen {
        Fen(self.pledged.0 - self.issued.0)
    }

    /// What open vouchers may still cost.
    pub fn open(&self) -> Fen {
        Fen(self.issued.0 - self.spent.0)
    }

    /// Takes in that so much more was spent of closed vouchers, and so much more came back of them;
    /// either can be negative, when what was known of them was more.
    pub fn settle(&mut self, spent: i64, returned: i64) {
        self.spent.0 += spent;
        self.returned.0 += returned;
        self.issued.0 -= returned;
    }

    /// Takes what a voucher can cost, if that much is free.
    pub fn draw(&mut self, liability: Fen) -> bool {
        let is_free = liability <= self.free();
        if is_free {
            self.issued = Fen(self.issued.0 + liability.0);
        }
        is_free
    }

    /// Whether campaigns of an organization may draw on it.
    pub fn is_for(&self, organization: &OrganizationPath) -> bool {
        self.organization.contains(organization)
    }
}

/// Decides whether a fund is created, given the one that this request created and the one of that
/// name.
pub fn decide_fund(
    of_request: Option<Fund>,
    of_name: Option<Fund>,
    command: &FundCommand,
    at: Timestamp,
) -> Result<FundChange, FundRefusal> {
    let fund = Fund {
        fund_id: command.fund_id.clone(),
        organization: command.organization.clone(),
        pledged: command.pledged,
        issued: Fen(0),
        spent: Fen(0),
        returned: Fen(0),
        postings: 1,
        created_at: at,
    };
    if let Some(earlier) = of_request {
        let created_at = earlier.created_at;
        return match first_difference(&earlier, &fund) {
            Some(field) => Err(FundRefusal::RequestIdReused { field }),
            None => Ok(FundChange::Replayed(Fund { created_at, ..fund })),
        };
    }
    if !command.caller.acts_for(&command.organization) {
        return Err(FundRefusal::OutsideSubtree);
    }
    match of_name {
        Some(_) => Err(FundRefusal::Exists),
        None => Ok(FundChange::Created(fund)),
    }
}

fn first_difference(earlier: &Fund, now: &Fund) -> Option<&'static str> {
    if earlier.fund_id != now.fund_id {
        return Some("fund_id");
    }
    if earlier.organization != now.organization {
        return Some("organization");
    }
    (earlier.pledged != now.pledged).then_some("pledged_fen")
}
