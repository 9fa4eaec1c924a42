use clap::Args;
use contracts::eligibility::v1::MemberReference;
use contracts::eligibility::v1::member_reference::Reference;
use contracts::redemption::v1::CheckTerminalRequest;
use contracts::redemption::v1::check_terminal_request::Taken;
use contracts::redemption::v1::terminal_service_client::TerminalServiceClient;

use super::super::connection::Connection;
use super::super::failure::Failure;
use super::super::output::Answer;
use super::shown;
use crate::tokens::Role;

/// Which till, and what it is to take.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The platform's own id of the shop.
    #[arg(long, value_name = "ID")]
    shop: String,
    /// The till within the shop.
    #[arg(long, value_name = "ID")]
    terminal: Option<String>,
    /// The GB/T 2260 code of where orders say that the shop stands, six digits.
    #[arg(long, value_name = "CODE")]
    region: String,
    #[command(flatten)]
    taken: WhichTaken,
}

/// What it is to take.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct WhichTaken {
    /// The vouchers of this campaign.
    #[arg(long, value_name = "ID")]
    campaign: Option<String>,
    /// Any voucher of this member.
    #[arg(long, value_name = "MEM_ID")]
    member: Option<String>,
    /// Any voucher of the member with this identity document. The shell may remember it: use
    /// --member where you can.
    #[arg(long, value_name = "NUMBER")]
    id_number: Option<String>,
}

impl Check {
    pub(super) async fn run(self, connection: &Connection) -> Result<Answer, Failure> {
        let request = CheckTerminalRequest {
            shop_id: self.shop,
            terminal_id: self.terminal.unwrap_or_default(),
            region_code: self.region,
            taken: Some(self.taken.read()),
        };
        let mut tills = TerminalServiceClient::new(connection.channel(Role::PaymentPlatform)?);
        let check = tills.check_terminal(request).await?.into_inner();
        Ok(shown::check(check, connection.target().shown.lang))
    }
}

impl WhichTaken {
    fn read(self) -> Taken {
        let member = |reference| Taken::Member(MemberReference { reference: Some(reference) });
        match (self.campaign, self.member, self.id_number) {
            (Some(campaign_id), _, _) => Taken::CampaignId(campaign_id),
            (None, Some(id), _) => member(Reference::MemberId(id)),
            (None, None, number) => member(Reference::IdNumber(number.unwrap_or_default())),
        }
    }
}
