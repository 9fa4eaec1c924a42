//! The control that every figure is held against: the same server stack, caller check and message
//! sizes, and no work. What it reaches is the ceiling of any gRPC service on this machine.

use std::sync::LazyLock;

use contracts::eligibility::v1 as eligibility;
use contracts::eligibility::v1::verification_service_server::{
    VerificationService, VerificationServiceServer,
};
use contracts::issuance::v1 as issuance;
use contracts::issuance::v1::issuance_service_server::{IssuanceService, IssuanceServiceServer};
use contracts::redemption::v1 as redemption;
use contracts::redemption::v1::checkout_service_server::{CheckoutService, CheckoutServiceServer};
use futures::stream::BoxStream;
use prost_types::Timestamp;
use rpc::{ErrorReason, Problem};
use runtime::{Context, Part, ProcessConfig, ServiceConfig, StartProblem};
use serde::Deserialize;
use tonic::{Request, Response, Status, Streaming};

/// What the control is told at start.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    process: ProcessConfig,
}

impl ServiceConfig for Config {
    fn process(&self) -> &ProcessConfig {
        &self.process
    }

    fn problems(&self) -> Vec<String> {
        self.process.problems()
    }
}

/// Puts the control together.
pub async fn build(_config: Config, _context: Context) -> Result<Part, StartProblem> {
    Ok(Part {
        name: "echo",
        services: vec![
            "zhisong.eligibility.v1.VerificationService",
            "zhisong.issuance.v1.IssuanceService",
            "zhisong.redemption.v1.CheckoutService",
        ],
        mount: Box::new(|routes| {
            routes.add_service(VerificationServiceServer::new(Echo));
            routes.add_service(IssuanceServiceServer::new(Echo));
            routes.add_service(CheckoutServiceServer::new(Echo));
        }),
        leave: Box::new(|| ()),
        stop: Box::pin(async {}),
    })
}

struct Echo;

/// The campaign whose claims the control refuses, to be held against real refusals.
pub(super) const REFUSED_CAMPAIGN: &str = "guangdong-cool-drinks-2021";

/// Some instant, as long on the wire as those of real answers.
const INSTANT: Timestamp = Timestamp { seconds: 1_658_455_200, nanos: 123_456_000 };

/// A made-up id of that kind.
pub(super) fn id(prefix: &str) -> String {
    format!("{prefix}_0123456789abcdef0123456789abcdef")
}

pub(super) fn voucher() -> issuance::Voucher {
    let amount_off = issuance::AmountOff { threshold_fen: 300, amount_fen: 299 };
    issuance::Voucher {
        voucher_id: id("vch"),
        campaign_id: "guangdong-cool-drinks-2022".to_owned(),
        member_id: id("mem"),
        stock_period: "day:2022-07-22".to_owned(),
        serial: 25_000,
        terms: Some(issuance::Terms {
            kind: Some(issuance::terms::Kind::AmountOff(amount_off)),
            goods_categories: vec!["cold-drink".to_owned()],
            regions: vec!["440000".to_owned()],
            hours: Vec::new(),
            refund_rule: issuance::RefundRule::RightReturns.into(),
            zone: "Asia/Shanghai".to_owned(),
            uses: Some(issuance::Uses { total: 1, ..issuance::Uses::default() }),
            shops: issuance::ShopScope::Any.into(),
            stacking: Some(issuance::Stacking::default()),
            returns_max: 100,
            ..issuance::Terms::default()
        }),
        valid_from: Some(INSTANT),
        valid_until: Some(INSTANT),
        issued_at: Some(INSTANT),
    }
}

fn authorization(state: redemption::authorization::State) -> redemption::Authorization {
    redemption::Authorization {
        authorization_id: id("aut"),
        order_number: "bench-order-000000".to_owned(),
        state: state.into(),
        order_amount_fen: 500,
        discount_fen: 299,
        payable_fen: 201,
        vouchers: vec![redemption::AppliedVoucher {
            voucher_id: id("vch"),
            campaign_id: "guangdong-cool-drinks-2022".to_owned(),
            discount_fen: 299,
            line_discounts_fen: vec![299],
            organization: "gd".to_owned(),
            captured_fen: 299,
        }],
        created_at: Some(INSTANT),
        expires_at: Some(INSTANT),
        captured_on: "2022-07-22".to_owned(),
        line_amounts_fen: vec![500],
        captured_amounts_fen: vec![500],
        returned_amounts_fen: vec![0],
        captured_fen: 299,
        ..redemption::Authorization::default()
    }
}

/// A refusal as long as a real one, made once.
fn refusal() -> Status {
    static REFUSAL: LazyLock<Status> = LazyLock::new(|| {
        let problem = Problem::new(ErrorReason::SoldOut)
            .with("quota", "50000")
            .with("resets_at", "2022-07-23T02:00:00Z")
            .quota("campaign:guangdong-cool-drinks-2022", "50000 vouchers a day");
        problem.into()
    });
    REFUSAL.clone()
}

/// The verbs that no workload calls.
pub(super) fn not_a_workload<T>() -> Result<Response<T>, Status> {
    Err(Status::failed_precondition("the control answers only what is measured"))
}

#[tonic::async_trait]
impl VerificationService for Echo {
    async fn verify_membership(
        &self,
        _request: Request<eligibility::VerifyMembershipRequest>,
    ) -> Result<Response<eligibility::VerifyMembershipResponse>, Status> {
        let answer = eligibility::VerifyMembershipResponse {
            is_member: true,
            as_of: Some(INSTANT),
            claims: None,
        };
        Ok(Response::new(answer))
    }

    async fn get_card_keys(
        &self,
        _request: Request<eligibility::GetCardKeysRequest>,
    ) -> Result<Response<eligibility::GetCardKeysResponse>, Status> {
        not_a_workload()
    }

    async fn get_card_revocations(
        &self,
        _request: Request<eligibility::GetCardRevocationsRequest>,
    ) -> Result<Response<eligibility::GetCardRevocationsResponse>, Status> {
        not_a_workload()
    }
}

#[tonic::async_trait]
impl IssuanceService for Echo {
    async fn claim(
        &self,
        request: Request<issuance::ClaimRequest>,
    ) -> Result<Response<issuance::ClaimResponse>, Status> {
        if request.get_ref().campaign_id == REFUSED_CAMPAIGN {
            return Err(refusal());
        }
        Ok(Response::new(issuance::ClaimResponse { voucher: Some(voucher()) }))
    }

    type IssueToListStream = BoxStream<'static, Result<issuance::IssueToListResponse, Status>>;

    async fn issue_to_list(
        &self,
        _request: Request<Streaming<issuance::IssueToListRequest>>,
    ) -> Result<Response<Self::IssueToListStream>, Status> {
        not_a_workload()
    }

    async fn get_voucher(
        &self,
        _request: Request<issuance::GetVoucherRequest>,
    ) -> Result<Response<issuance::GetVoucherResponse>, Status> {
        not_a_workload()
    }

    async fn list_vouchers(
        &self,
        _request: Request<issuance::ListVouchersRequest>,
    ) -> Result<Response<issuance::ListVouchersResponse>, Status> {
        not_a_workload()
    }

    type WatchVouchersStream = BoxStream<'static, Result<issuance::WatchVouchersResponse, Status>>;

    async fn watch_vouchers(
        &self,
        _request: Request<issuance::WatchVouchersRequest>,
    ) -> Result<Response<Self::WatchVouchersStream>, Status> {
        not_a_workload()
    }
}

#[tonic::async_trait]
impl CheckoutService for Echo {
    async fn quote(
        &self,
        _request: Request<redemption::QuoteRequest>,
    ) -> Result<Response<redemption::QuoteResponse>, Status> {
        not_a_workload()
    }

    async fn authorize(
        &self,
        _request: Request<redemption::AuthorizeRequest>,
    ) -> Result<Response<redemption::AuthorizeResponse>, Status> {
        let authorization = Some(authorization(redemption::authorization::State::Held));
        Ok(Response::new(redemption::AuthorizeResponse { authorization }))
    }

    async fn capture(
        &self,
        _request: Request<redemption::CaptureRequest>,
    ) -> Result<Response<redemption::CaptureResponse>, Status> {
        let authorization = Some(authorization(redemption::authorization::State::Captured));
        Ok(Response::new(redemption::CaptureResponse { authorization }))
    }

    async fn void(
        &self,
        _request: Request<redemption::VoidRequest>,
    ) -> Result<Response<redemption::VoidResponse>, Status> {
        not_a_workload()
    }

    async fn refund(
        &self,
        _request: Request<redemption::RefundRequest>,
    ) -> Result<Response<redemption::RefundResponse>, Status> {
        not_a_workload()
    }

    async fn get_authorization(
        &self,
        _request: Request<redemption::GetAuthorizationRequest>,
    ) -> Result<Response<redemption::GetAuthorizationResponse>, Status> {
        not_a_workload()
    }
}
