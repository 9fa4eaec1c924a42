//! Redemption as one replica among several, with made-up peers and no port.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use clock::ManualClock;
use futures::stream::{BoxStream, StreamExt as _};
use group_commit::LaneOptions;
use member_identity::{AuthorizationId, MemberId, OrganizationPath, PersonKey};
use redemption::domain::webhooks::Reach;
use redemption::domain::{
    FeedBatch, FeedCursors, Found, IssuedVoucher, OrderHold, OrderPart, Standing, StockBatch,
};
use redemption::store::Store;
use redemption::store::conformance::{EPOCH, cold_drink, stock};
use redemption::usecase::{
    AuthorizeRequest, CheckPeer, CheckQuestion, Checked, Checkout, EligibilityPeer,
    EligibilityUnavailable, Failure, FeedLevel, FeedMessage, FollowProblem, IssuancePeer,
    IssuanceUnavailable, Member, MemberReference, ResolveProblem,
};
use redemption::{Ingredients, Redemption, Sending, SystemEntropy};
use rpc::Caller;

/// A replica at work.
pub struct Replica {
    pub checkout: Arc<Checkout>,
    redemption: Redemption,
}

/// Whoever is asked for is a member, and the person of the same bytes.
struct Everybody;

#[async_trait]
impl EligibilityPeer for Everybody {
    async fn resolve(&self, reference: &MemberReference) -> Result<Member, ResolveProblem> {
        let MemberReference::Id(member_id) = *reference else {
            return Err(ResolveProblem::Unknown);
        };
        let person = PersonKey::from_bytes(*member_id.as_bytes());
        let organization = OrganizationPath::parse("gd").expect("a path");
        Ok(Member { member_id, person, organization })
    }
}

#[async_trait]
impl CheckPeer for Everybody {
    async fn check(
        &self,
        _member_id: MemberId,
        _question: &CheckQuestion,
    ) -> Result<Checked, EligibilityUnavailable> {
        Ok(Checked { standing: Standing::Qualifies, age: Duration::ZERO })
    }
}

/// An issuance with one stock, whose feed comes in messages of `size` vouchers.
pub struct Issuer {
    pub vouchers: Vec<IssuedVoucher>,
    pub size: usize,
}

#[async_trait]
impl IssuancePeer for Issuer {
    async fn follow(
        &self,
        cursors: FeedCursors,
    ) -> Result<BoxStream<'static, Result<FeedMessage, FollowProblem>>, FollowProblem> {
        let cursor = cursors.stocks.first().map_or(0, |(_, position)| *position);
        let after = usize::try_from(cursor).expect("a position");
        let mut first_position = cursor + 1;
        let mut messages = Vec::new();
        for vouchers in self.vouchers[after..].chunks(self.size) {
            let batch = StockBatch { stock: stock(), first_position, vouchers: vouchers.to_vec() };
            first_position += i64::try_from(vouchers.len()).expect("a small number");
            messages.push(message(Some(batch), false));
        }
        messages.push(message(None, true));
        Ok(futures::stream::iter(messages).chain(futures::stream::pending()).boxed())
    }

    async fn find_vouchers(&self, _person: PersonKey) -> Result<Found, IssuanceUnavailable> {
        Err(IssuanceUnavailable)
    }
}

fn message(vouchers: Option<StockBatch>, level: bool) -> Result<FeedMessage, FollowProblem> {
    Ok(FeedMessage { batch: FeedBatch { epoch: EPOCH, campaigns: Vec::new(), vouchers }, level })
}

impl Replica {
    /// Starts one over a store, with the clock of all.
    pub fn start(store: Arc<dyn Store>, clock: Arc<ManualClock>, issuer: Issuer) -> Self {
        let redemption = Redemption::start(Ingredients {
            store,
            clock,
            entropy: Arc::new(SystemEntropy),
            eligibility: Arc::new(Everybody),
            issuance: Arc::new(issuer),
            lane: LaneOptions { name: "checkout", queue_max: 10_000, batch_max: 32 },
            lanes: 1,
            settlement_keys: Arc::new(settlement_keys()),
            sending: sending(),
        });
        Self { checkout: redemption.checkout(), redemption }
    }

    /// Waits until it has taken in the whole feed.
    pub async fn until_level(&self) {
        let level = async {
            while self.redemption.feed().level() != FeedLevel::Level {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), level).await.expect("it gets there");
    }

    /// Ends everything that runs by itself.
    pub async fn stop(self) {
        self.redemption.into_part(async {}).stop.await;
    }

    /// Holds the best voucher of a person for a bottle of 5.00.
    pub async fn authorize(
        &self,
        request_id: &str,
        person: PersonKey,
        order: &str,
    ) -> Result<redemption::domain::Receipt, Failure> {
        let asked = OrderHold {
            order: cold_drink(order, benefit::Fen(500)),
            wanted: redemption::domain::Wanted::Best,
            hold: Duration::from_secs(300),
        };
        let request = AuthorizeRequest {
            request_id: request_id.parse().expect("a key"),
            member: MemberReference::Id(MemberId::from_bytes(*person.as_bytes())),
            asked,
        };
        self.checkout.authorize(&platform(), request, None).await
    }
}

/// Webhooks that anybody may receive.
fn sending() -> Sending {
    let sending = Sending::over_http(&[7; 32], Reach::Anywhere).expect("it is long enough");
    sending.expect("the system trusts somebody")
}

/// Keys of its own.
pub fn settlement_keys() -> redemption::usecase::SettlementKeys {
    let (private, _) = rpc::Signer::generate().expect("a key");
    let signer = rpc::DocumentSigner::from_pem(&private).expect("a key");
    redemption::usecase::SettlementKeys { signer, retired: Vec::new() }
}

/// The payment platform whose orders these are.
pub fn platform() -> Caller {
    Caller { subject: String::from("wepay"), scopes: BTreeSet::new(), organization: None }
}

/// The whole of an order.
pub fn whole(authorization_id: AuthorizationId) -> OrderPart {
    OrderPart { authorization_id, portion: benefit::Portion::Whole }
}
