use std::sync::Arc;

use contracts::redemption::v1 as wire;
use contracts::redemption::v1::checkout_service_server::CheckoutService;
use rpc::{Caller, ErrorReason, Problem};
use tonic::{Request, Response, Status, async_trait};

use super::decode::{self, Malformed};
use super::encode;
use super::status::{read_status, status};
use crate::domain::Verb;
use crate::usecase::Checkout;

/// The checkout over gRPC.
pub struct CheckoutRpc {
    /// The verbs.
    pub checkout: Arc<Checkout>,
}

#[async_trait]
impl CheckoutService for CheckoutRpc {
    async fn quote(
        &self,
        request: Request<wire::QuoteRequest>,
    ) -> Result<Response<wire::QuoteResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let quote = decode::quote(request.into_inner(), self.checkout.clock.now())?;
        let quotation = self.checkout.quote(&caller, &quote).await.map_err(read_status)?;
        Ok(Response::new(encode::quotation(&quote.order, quotation)))
    }

    async fn authorize(
        &self,
        request: Request<wire::AuthorizeRequest>,
    ) -> Result<Response<wire::AuthorizeResponse>, Status> {
        let (caller, deadline) = (rpc::caller(&request)?, rpc::deadline(&request));
        let request = request.into_inner();
        let request_id = request.request_id.clone();
        let authorize = match decode::authorize(request, self.checkout.clock.now()) {
            Ok(authorize) => authorize,
            Err(error) => {
                return Err(self.malformed(&caller, Verb::Authorize, &request_id, error).await);
            }
        };
        let receipt = self.checkout.authorize(&caller, authorize, deadline).await;
        let authorization = encode::receipt(receipt.map_err(status)?);
        Ok(Response::new(wire::AuthorizeResponse { authorization }))
    }

    async fn capture(
        &self,
        request: Request<wire::CaptureRequest>,
    ) -> Result<Response<wire::CaptureResponse>, Status> {
        let (caller, deadline) = (rpc::caller(&request)?, rpc::deadline(&request));
        let wire::CaptureRequest { request_id, authorization_id, portion } = request.into_inner();
        let (id, part) = match decode::order_part(&request_id, &authorization_id, portion) {
            Ok(decoded) => decoded,
            Err(error) => {
                return Err(self.malformed(&caller, Verb::Capture, &request_id, error).await);
            }
        };
        let receipt = self.checkout.capture(&caller, id, part, deadline).await;
        let authorization = encode::receipt(receipt.map_err(status)?);
        Ok(Response::new(wire::CaptureResponse { authorization }))
    }

    async fn void(
        &self,
        request: Request<wire::VoidRequest>,
    ) -> Result<Response<wire::VoidResponse>, Status> {
        let (caller, deadline) = (rpc::caller(&request)?, rpc::deadline(&request));
        let request = request.into_inner();
        let (id, target) = match decode::void(&request) {
            Ok(decoded) => decoded,
            Err(error) => {
                return Err(self.malformed(&caller, Verb::Void, &request.request_id, error).await);
            }
        };
        let receipt = self.checkout.void(&caller, id, target, deadline).await;
        let authorization = encode::receipt(receipt.map_err(status)?);
        Ok(Response::new(wire::VoidResponse { authorization }))
    }

    async fn refund(
        &self,
        request: Request<wire::RefundRequest>,
    ) -> Result<Response<wire::RefundResponse>, Status> {
        let (caller, deadline) = (rpc::caller(&request)?, rpc::deadline(&request));
        let wire::RefundRequest { request_id, authorization_id, portion } = request.into_inner();
        let (id, part) = match decode::order_part(&request_id, &authorization_id, portion) {
            Ok(decoded) => decoded,
            Err(error) => {
                return Err(self.malformed(&caller, Verb::Refund, &request_id, error).await);
            }
        };
        let receipt = self.checkout.refund(&caller, id, part, deadline).await;
        Ok(Response::new(encode::refund(receipt.map_err(status)?)))
    }

    async fn get_authorization(
        &self,
        request: Request<wire::GetAuthorizationRequest>,
    ) -> Result<Response<wire::GetAuthorizationResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let key = decode::authorization_key(request.get_ref())?;
        let found = self.checkout.get_authorization(&caller, &key).await.map_err(read_status)?;
        let authorization = Some(encode::authorization(found));
        Ok(Response::new(wire::GetAuthorizationResponse { authorization }))
    }
}

impl CheckoutRpc {
    /// The refusal of a request that does not read. The id is checked first: under one that was
    /// answered before, something else is asked for now.
    async fn malformed(
        &self,
        caller: &Caller,
        verb: Verb,
        request_id: &str,
        malformed: Malformed,
    ) -> Status {
        let Malformed { problem, field } = malformed;
        let Ok(request_id) = request_id.parse() else { return problem.into() };
        match self.checkout.is_used(caller, verb, request_id).await {
            Ok(true) => Problem::new(ErrorReason::RequestIdReused).with("field", field).into(),
            Ok(false) => problem.into(),
            Err(failure) => status(failure),
        }
    }
}
