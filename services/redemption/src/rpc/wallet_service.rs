use contracts::redemption::v1 as wire;
use contracts::redemption::v1::wallet_service_server::WalletService;
use member_identity::{MemberId, VoucherId};
use rpc::{Fields, PageToken, Problem, page_size};
use tonic::{Request, Response, Status, async_trait};

use super::encode;
use super::status::read_status;
use crate::usecase::Wallets;

const PAGE_SIZE_DEFAULT: u32 = 50;
const PAGE_SIZE_MAX: u32 = 200;

/// The wallet over gRPC.
pub struct WalletRpc {
    /// The wallets.
    pub wallets: Wallets,
}

#[async_trait]
impl WalletService for WalletRpc {
    async fn list_wallet_vouchers(
        &self,
        request: Request<wire::ListWalletVouchersRequest>,
    ) -> Result<Response<wire::ListWalletVouchersResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let (member_id, before, size) = decode(request.get_ref())?;
        let page = self.wallets.list(&caller, member_id, before, size).await;
        let page = page.map_err(read_status)?;
        let token = |last: VoucherId| PageToken::encode(&query(member_id), last.as_bytes());
        Ok(Response::new(wire::ListWalletVouchersResponse {
            vouchers: encode::wallet_vouchers(&page),
            next_page_token: page.next.map(token).unwrap_or_default(),
        }))
    }
}

fn decode(
    request: &wire::ListWalletVouchersRequest,
) -> Result<(MemberId, Option<VoucherId>, u32), Problem> {
    let mut fields = Fields::new();
    let member_id = fields.parse("member_id", &request.member_id);
    let member_id = fields.finish(member_id)?;
    let size = page_size(request.page_size, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)?;
    let foreign = |_| Problem::field("page_token", "not a token of this list");
    let before = PageToken::decode(&query(member_id), &request.page_token)?;
    let before = before.map(|key| VoucherId::try_from(key.as_slice()).map_err(foreign));
    Ok((member_id, before.transpose()?, size))
}

fn query(member_id: MemberId) -> String {
    format!("wallet vouchers of {member_id}")
}
