//! Whom a partner asks for.

use clap::Args;
use contracts::eligibility::v1::member_reference::Reference;
use contracts::eligibility::v1::{LinkedAccount, MemberReference, VerifyMembershipRequest};

/// A partner's question.
#[derive(Debug, Args)]
pub(super) struct Asked {
    #[command(flatten)]
    whom: Whom,
    /// What for, as bus-fare.
    #[arg(long)]
    purpose: String,
    /// Which gate or till asks.
    #[arg(long, value_name = "ID", default_value = "")]
    terminal: String,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Whom {
    /// The member, by the id that the registry gave out.
    #[arg(long, visible_alias = "member-id", value_name = "MEM_ID")]
    member: Option<String>,
    /// The member, by the number of an identity document.
    #[arg(long, value_name = "NUMBER")]
    id_number: Option<String>,
    /// The member, by the code that is shown.
    #[arg(long, value_name = "TEXT")]
    card_code: Option<String>,
    /// The member, by the number of a card.
    #[arg(long, value_name = "NUMBER")]
    card_number: Option<String>,
    /// The member, by the partner's own user.
    #[arg(long, value_name = "ID")]
    account: Option<String>,
}

impl Asked {
    /// As the contract asks it.
    pub(super) fn request(self) -> VerifyMembershipRequest {
        let Whom { member, id_number, card_code, card_number, account } = self.whom;
        let account = account.map(|account_id| {
            Reference::LinkedAccount(LinkedAccount { partner: String::new(), account_id })
        });
        let reference = member
            .map(Reference::MemberId)
            .or(id_number.map(Reference::IdNumber))
            .or(card_code.map(Reference::CardCode))
            .or(card_number.map(Reference::CardNumber))
            .or(account);
        let (purpose, terminal_id) = (self.purpose, self.terminal);
        VerifyMembershipRequest {
            member: Some(MemberReference { reference }),
            purpose,
            terminal_id,
        }
    }
}
