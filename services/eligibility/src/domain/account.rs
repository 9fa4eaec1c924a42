//! Accounts of partners that members are linked with.

use std::fmt;
use std::str::FromStr;

use clock::Timestamp;
use member_identity::{CardId, LinkId, MemberId, OrganizationPath};

use super::Refusal;
use super::card_code::Nonce;
use super::keyring::Blind;

/// Characters of an account's id at most.
const CHARS_MAX: usize = 128;

/// A partner's own id of its user. Personal.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct AccountId(String);

/// The text is not the id of an account. Never shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 128 characters that can be printed")]
pub struct AccountIdProblem;

impl AccountId {
    /// The id as the partner wrote it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountId {
    type Err = AccountIdProblem;

    fn from_str(text: &str) -> Result<Self, AccountIdProblem> {
        let chars = text.chars().count();
        let is_right = (1..=CHARS_MAX).contains(&chars) && !text.chars().any(char::is_control);
        if is_right { Ok(Self(text.to_owned())) } else { Err(AccountIdProblem) }
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccountId(REDACTED)")
    }
}

/// A user of a partner's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The subject of the partner's tokens: 1 to 64 characters of `0-9 A-Z a-z _ -`.
    pub partner: String,
    /// The partner's own id of the user.
    pub account_id: AccountId,
}

impl Account {
    /// What its blind index is made of: no subject has a `|`.
    pub fn canonical(&self) -> String {
        format!("{}|{}", self.partner, self.account_id.reveal())
    }
}

/// What is done to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountVerb {
    /// Binds it to a member.
    Link,
    /// Takes it from its member.
    Unlink,
    /// Ends a link for its member.
    Withdraw,
}

impl AccountVerb {
    /// The word that the store knows it by.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Link => "LINK",
            Self::Unlink => "UNLINK",
            Self::Withdraw => "WITHDRAW",
        }
    }
}

/// A request to change an account: with the caller, what law A1 compares.
#[derive(Clone, Debug)]
pub struct AccountRequest {
    /// The caller's subject, who is the partner.
    pub caller: String,
    /// The caller's request id.
    pub request_id: String,
    /// What is to be done.
    pub verb: AccountVerb,
    /// Blind indexes of the account under every index key, the newest first; or the link.
    pub blinds: Vec<Blind>,
    /// The newest index key's version.
    pub index_version: u32,
    /// The card whose code was shown.
    pub card_id: Option<CardId>,
    /// The time of the commit.
    pub at: Timestamp,
}

/// A link that may come to be: made before the step.
#[derive(Clone, Debug)]
pub struct FreshLink {
    /// Its id.
    pub link_id: LinkId,
    /// Whom.
    pub member_id: MemberId,
    /// The account's id, sealed under the person's data key.
    pub account: Vec<u8>,
    /// The nonce of the code that the member showed.
    pub consent: Nonce,
}

/// What the first call of a request id named, and when it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierAccount {
    /// The account's blind index.
    pub account: Blind,
    /// The card whose code was shown.
    pub card_id: Option<CardId>,
    /// What it was answered.
    pub answered_at: Timestamp,
}

/// A link that is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Linked {
    /// Its id.
    pub link_id: LinkId,
    /// The member.
    pub member_id: MemberId,
    /// Since when.
    pub linked_at: Timestamp,
}

/// A link as its member is shown it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its id.
    pub link_id: LinkId,
    /// The partner: the subject of its tokens.
    pub partner: String,
    /// Since when.
    pub linked_at: Timestamp,
}

/// A link that is to be ended, as a step finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownLink {
    /// The organization of its member.
    pub organization: OrganizationPath,
    /// When it ended, if it has.
    pub unlinked_at: Option<Timestamp>,
}

/// What a call comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountOutcome {
    /// Answered before, and this was the answer.
    Replayed(Timestamp),
    /// The account is that member's already, since then.
    Unchanged(Timestamp),
    /// The account changes hands at the time of the commit.
    Changed(Timestamp),
}

impl AccountOutcome {
    /// The time of the answer.
    pub const fn at(self) -> Timestamp {
        match self {
            Self::Replayed(at) | Self::Unchanged(at) | Self::Changed(at) => at,
        }
    }
}

/// Law A1: what an earlier call of the same request id was answered.
pub fn replayed(
    request: &AccountRequest,
    earlier: &EarlierAccount,
) -> Result<AccountOutcome, Refusal> {
    if !request.blinds.contains(&earlier.account) {
        let field = match request.verb {
            AccountVerb::Link | AccountVerb::Unlink => "account_id",
            AccountVerb::Withdraw => "link_id",
        };
        return Err(Refusal::RequestIdReused { field });
    }
    match request.card_id == earlier.card_id {
        true => Ok(AccountOutcome::Replayed(earlier.answered_at)),
        false => Err(Refusal::RequestIdReused { field: "card_code" }),
    }
}

/// Decides on linking, in the order of answers: replay, account.
pub fn decide_link(
    request: &AccountRequest,
    fresh: &FreshLink,
    earlier: Option<EarlierAccount>,
    linked: Option<Linked>,
) -> Result<AccountOutcome, Refusal> {
    if let Some(earlier) = earlier {
        return replayed(request, &earlier);
    }
    match linked {
        None => Ok(AccountOutcome::Changed(request.at)),
        Some(linked) if linked.member_id == fresh.member_id => {
            Ok(AccountOutcome::Unchanged(linked.linked_at))
        }
        Some(_) => Err(Refusal::AccountLinked),
    }
}

/// Decides on unlinking, in the order of answers: replay, account known.
pub fn decide_unlink(
    request: &AccountRequest,
    earlier: Option<EarlierAccount>,
    linked: Option<Linked>,
) -> Result<AccountOutcome, Refusal> {
    match (earlier, linked) {
        (Some(earlier), _) => replayed(request, &earlier),
        (None, Some(_)) => Ok(AccountOutcome::Changed(request.at)),
        (None, None) => Err(Refusal::NotFound("account")),
    }
}

/// Decides on ending a link, in the order of answers: replay, link known, subtree.
pub fn decide_withdrawal(
    request: &AccountRequest,
    within: Option<&OrganizationPath>,
    earlier: Option<EarlierAccount>,
    link: Option<KnownLink>,
) -> Result<AccountOutcome, Refusal> {
    if let Some(earlier) = earlier {
        return replayed(request, &earlier);
    }
    let link = link.ok_or(Refusal::NotFound("link"))?;
    if within.is_some_and(|within| !within.contains(&link.organization)) {
        return Err(Refusal::OutsideSubtree);
    }
    Ok(match link.unlinked_at {
        Some(at) => AccountOutcome::Unchanged(at),
        None => AccountOutcome::Changed(request.at),
    })
}
