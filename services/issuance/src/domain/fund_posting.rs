use benefit::Fen;

use super::Fund;

/// What a transaction of a fund's journal records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FundPostingKind {
    /// Money was set aside.
    Pledge,
    /// Vouchers were given out.
    Issue,
    /// Vouchers were closed, or what was known of closed ones changed.
    Close,
}

/// A transaction of a fund's journal: what it moves into each of the fund's four accounts, in fen.
/// Together they come to zero (law I6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FundPosting {
    /// Its number in the fund's journal, from 1.
    pub number: i64,
    /// What it records.
    pub kind: FundPostingKind,
    /// Out of what the organization set aside: negative.
    pub pledged_fen: i64,
    /// Into what can still be given out.
    pub free_fen: i64,
    /// Into what vouchers that are open may still cost.
    pub open_fen: i64,
    /// Into what was spent of closed vouchers.
    pub spent_fen: i64,
}

impl FundPostingKind {
    /// The name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pledge => "PLEDGE",
            Self::Issue => "ISSUE",
            Self::Close => "CLOSE",
        }
    }
}

impl Fund {
    /// The first transaction of a fund that was just created.
    pub fn pledge(&self) -> FundPosting {
        let Fen(pledged) = self.pledged;
        FundPosting {
            number: 1,
            kind: FundPostingKind::Pledge,
            pledged_fen: -pledged,
            free_fen: pledged,
            open_fen: 0,
            spent_fen: 0,
        }
    }

    /// The next transaction: the one that makes it `after`.
    pub fn posting_to(&self, after: &Self, kind: FundPostingKind) -> FundPosting {
        FundPosting {
            number: self.postings + 1,
            kind,
            pledged_fen: 0,
            free_fen: after.free().0 - self.free().0,
            open_fen: after.open().0 - self.open().0,
            spent_fen: after.spent.0 - self.spent.0,
        }
    }
}
