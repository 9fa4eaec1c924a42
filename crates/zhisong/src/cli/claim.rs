use clap::{Args, Subcommand};
use contracts::issuance::v1::issuance_service_client::IssuanceServiceClient;
use contracts::issuance::v1::{ClaimRequest, ListVouchersRequest, Voucher as Issued};
use contracts::redemption::v1::wallet_service_client::WalletServiceClient;
use contracts::redemption::v1::{ListWalletVouchersRequest, WalletVoucher};
use serde_json::{Value, json};

use super::Problem;
use super::arguments::{RequestId, Target, WhichMember};
use super::campaign::terms_value;
use super::connection::Connection;
use super::failure::Failure;
use super::output::{Answer, instant, short};
use super::watch_vouchers::WatchVouchers;
use crate::tokens::Role;

const ISSUED: &[&str] = &[
    "voucher_id",
    "campaign_id",
    "member_id",
    "stock_period",
    "serial",
    "valid_from",
    "valid_until",
    "issued_at",
];
const IN_WALLET: &[&str] = &[
    "voucher_id",
    "campaign_id",
    "title",
    "state",
    "uses_left",
    "balance_left_fen",
    "valid_from",
    "valid_until",
    "text",
];
/// Vouchers of one page: as many as the contracts allow.
const PAGE: i32 = 200;

/// Takes one voucher for a member, as a member app does.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zhisong claim --campaign guangdong-cool-drinks-2022 --member mem_...
  zhisong claim --campaign guangdong-cool-drinks-2022 --id-number 11010519491231002X")]
pub(crate) struct Claim {
    /// Of which campaign.
    #[arg(long, value_name = "ID")]
    campaign: String,
    #[command(flatten)]
    member: WhichMember,
    #[command(flatten)]
    request_id: RequestId,
    #[command(flatten)]
    target: Target,
}

impl Claim {
    pub(crate) async fn run(self) -> Result<(), Problem> {
        let Self { campaign, member, request_id, target } = self;
        target
            .run(async move |connection| {
                let member_id = member.id(connection).await?;
                let mut issuance = IssuanceServiceClient::new(connection.channel(Role::MemberApp)?);
                let request_id = request_id.get();
                let request = ClaimRequest { request_id, campaign_id: campaign, member_id };
                let voucher = issuance.claim(request).await?.into_inner().voucher;
                let voucher = voucher.ok_or_else(|| Failure::missing("voucher"))?;
                Ok(Answer::record(issued(voucher), ISSUED))
            })
            .await
    }
}

/// Vouchers as issued. Whether one has been used is the wallet's to say.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zhisong voucher list --member mem_...
  zhisong voucher watch guangdong-cool-drinks-2022 --limit 10")]
pub(crate) struct Voucher {
    #[command(subcommand)]
    verb: VoucherVerb,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Subcommand)]
enum VoucherVerb {
    /// Shows a member's vouchers, newest first.
    List {
        #[command(flatten)]
        member: WhichMember,
    },
    /// Shows a campaign's vouchers as they are issued, one JSON object a line.
    Watch(WatchVouchers),
}

impl Voucher {
    pub(crate) async fn run(self) -> Result<(), Problem> {
        let member = match self.verb {
            VoucherVerb::List { member } => member,
            VoucherVerb::Watch(watch) => {
                return self.target.run(async move |connection| watch.run(connection).await).await;
            }
        };
        let list = async move |connection: &Connection| {
            let member_id = member.id(connection).await?;
            let mut issuance = IssuanceServiceClient::new(connection.channel(Role::MemberApp)?);
            let mut request =
                ListVouchersRequest { member_id, page_size: PAGE, ..Default::default() };
            let mut vouchers = Vec::new();
            loop {
                let page = issuance.list_vouchers(request.clone()).await?.into_inner();
                vouchers.extend(page.vouchers.into_iter().map(issued));
                if page.next_page_token.is_empty() {
                    return Ok(Answer::list("vouchers", vouchers, ISSUED));
                }
                request.page_token = page.next_page_token;
            }
        };
        self.target.run(list).await
    }
}

/// Shows what has become of a member's vouchers, newest first.
#[derive(Debug, Args)]
#[command(after_help = "Example: zhisong wallet --member mem_...")]
pub(crate) struct Wallet {
    #[command(flatten)]
    member: WhichMember,
    #[command(flatten)]
    target: Target,
}

impl Wallet {
    pub(crate) async fn run(self) -> Result<(), Problem> {
        let Self { member, target } = self;
        let list = async move |connection: &Connection| {
            let member_id = member.id(connection).await?;
            let mut wallet = WalletServiceClient::new(connection.channel(Role::MemberApp)?);
            let mut request =
                ListWalletVouchersRequest { member_id, page_size: PAGE, ..Default::default() };
            let mut vouchers = Vec::new();
            loop {
                let page = wallet.list_wallet_vouchers(request.clone()).await?.into_inner();
                let shown = page.vouchers.into_iter().map(|one| in_wallet(one, connection));
                vouchers.extend(shown);
                if page.next_page_token.is_empty() {
                    return Ok(Answer::list("vouchers", vouchers, IN_WALLET));
                }
                request.page_token = page.next_page_token;
            }
        };
        target.run(list).await
    }
}

pub(super) fn issued(voucher: Issued) -> Value {
    json!({
        "voucher_id": voucher.voucher_id,
        "campaign_id": voucher.campaign_id,
        "member_id": voucher.member_id,
        "stock_period": voucher.stock_period,
        "serial": voucher.serial,
        "terms": voucher.terms.map(terms_value),
        "valid_from": instant(voucher.valid_from),
        "valid_until": instant(voucher.valid_until),
        "issued_at": instant(voucher.issued_at),
    })
}

fn in_wallet(voucher: WalletVoucher, connection: &Connection) -> Value {
    let language = connection.target().shown.lang;
    json!({
        "state": short(voucher.state().as_str_name(), "STATE_"),
        "voucher_id": voucher.voucher_id,
        "campaign_id": voucher.campaign_id,
        "title": language.of(voucher.title_zh, voucher.title_en),
        "valid_from": instant(voucher.valid_from),
        "valid_until": instant(voucher.valid_until),
        "uses_left": voucher.uses_left,
        "balance_left_fen": voucher.balance_left_fen,
        "reason": voucher.reason,
        "text": language.of(voucher.text_zh, voucher.text_en),
    })
}
