//! Each service as a process of its own, and what the others do while one is gone.

use std::collections::BTreeMap;
use std::time::Duration;

use contracts::eligibility::v1::member_reference::Reference;
use contracts::issuance::v1::ClaimResponse;
use serde_json::Value;
use suite_tests::arrivals::Arrivals;
use suite_tests::stage::{Stage, first_day, load, office, ten_o_clock};
use suite_tests::tills::{Till, authorize_request, expected, totals};
use suite_tests::{rush, wallets};
use testkit::answers::Answer;
use testkit::clients::Clients;
use testkit::services::{Service, Services};
use tonic::transport::Endpoint;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;

use crate::{PROGRAMS, ZHISONG};

const MEMBERS: usize = 60;
/// Beyond the drain of two seconds that the services are configured with.
const LIMIT: Duration = Duration::from_secs(8);

/// Three processes at ten o'clock, with members and a campaign.
struct Morning {
    stage: Stage,
    services: Services,
    clients: Clients,
    claims: Vec<rush::Claim>,
}

impl Morning {
    async fn begin() -> Self {
        let stage = Stage::new(ZHISONG);
        let mut services = stage.apart(PROGRAMS, "info", None);
        for service in Service::ALL {
            services.start(service).await.expect("the service starts");
        }
        let clients = services.clients();
        clients.set_time(ten_o_clock(first_day())).await.expect("the clocks are manual");
        let loaded = load(&clients, &office(MEMBERS, MEMBERS)).await;
        let claims = rush::claims(&loaded.campaign_id, &loaded.member_ids, first_day());
        Self { stage, services, clients, claims }
    }

    /// Some members claim, and their vouchers arrive.
    async fn claim(&self, members: std::ops::Range<usize>) -> Vec<Answer<ClaimResponse>> {
        let answers = rush::settle(&self.clients, &self.stage.acks, &self.claims[members]).await;
        assert_eq!(rush::tally(&answers).len(), 1, "{:?}", rush::tally(&answers));
        answers
    }

    fn member_ids(&self) -> Vec<String> {
        self.claims.iter().map(|claim| claim.request.member_id.clone()).collect()
    }

    /// Starts a service again, at ten o'clock.
    async fn again(&mut self, service: Service) {
        self.services.start(service).await.expect("the service starts again");
        // New connections: those to the process that is gone are found broken only when used.
        self.clients = self.services.clients();
        self.clients.set_time(ten_o_clock(first_day())).await.expect("the clocks are manual");
    }

    async fn end(mut self) {
        for service in Service::ALL.into_iter().rev() {
            let ended = self.services.stop(service).await.expect("the service ends by itself");
            assert_eq!(ended.code(), Some(0), "{}", self.services.process(service).said());
        }
        self.stage.check_laws(None).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_processes_serve_a_morning_and_report_on_themselves() {
    let mut morning = Morning::begin().await;
    let answers = morning.claim(0..MEMBERS).await;
    wallets::filled(&morning.clients, &answers).await;
    let arrivals = Arrivals::default();
    let Morning { stage, clients, .. } = &morning;
    let till = Till { clients, acks: &stage.acks, arrivals: &arrivals, occasion: "apart" };
    till.settle(&morning.member_ids()).await;
    assert_eq!(totals(clients, first_day()).await, expected(MEMBERS));

    let told = [
        (Service::Eligibility, "zhisong.eligibility.v1.EligibilityService/BatchCheck"),
        (Service::Issuance, "zhisong.issuance.v1.IssuanceService/Claim"),
        (Service::Redemption, "zhisong.redemption.v1.CheckoutService/Capture"),
    ];
    for (service, method) in told {
        assert_eq!(health(&morning.services, service).await, ServingStatus::Serving);
        let metrics = morning.services.metrics(service).await.expect("metrics are served");
        let counted = metrics.lines().any(|line| {
            line.starts_with("zhisong_rpc_seconds_count")
                && line.contains(method)
                && line.contains("outcome=\"ok\"")
        });
        assert!(counted, "{method} in {metrics}");
        for line in morning.services.process(service).said().lines() {
            let line: Value = serde_json::from_str(line).expect("every line of the log is JSON");
            assert!(line["level"].is_string() && line["timestamp"].is_string(), "{line}");
        }
    }
    morning.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_says_nothing_does_not_hold_up_the_end() {
    let mut morning = Morning::begin().await;
    for service in Service::ALL {
        let silent = tokio::net::TcpStream::connect(morning.services.address(service)).await;
        let silent = silent.expect("the service listens");
        let ended = tokio::time::timeout(LIMIT, morning.services.stop(service)).await;
        let ended = ended.expect("within the hard limit").expect("by itself");
        assert_eq!(ended.code(), Some(0));
        drop(silent);
    }
    morning.stage.check_laws(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vouchers_in_wallets_are_redeemed_while_issuance_is_gone() {
    let mut morning = Morning::begin().await;
    let answers = morning.claim(0..MEMBERS / 2).await;
    wallets::filled(&morning.clients, &answers).await;
    morning.services.kill(Service::Issuance).expect("issuance runs");
    let Morning { stage, clients, claims, .. } = &morning;
    let arrivals = Arrivals::default();
    let till = Till { clients, acks: &stage.acks, arrivals: &arrivals, occasion: "alone" };
    till.settle(&morning.member_ids()[..MEMBERS / 2]).await;
    assert_eq!(totals(clients, first_day()).await, expected(MEMBERS / 2));
    let claim = claims[MEMBERS / 2].send(clients, &stage.acks).await;
    assert!(claim.is_lost(), "nobody says no for issuance: {claim:?}");

    morning.again(Service::Issuance).await;
    let answers = morning.claim(0..MEMBERS).await;
    wallets::filled(&morning.clients, &answers[MEMBERS / 2..]).await;
    morning.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_no_while_eligibility_is_gone() {
    let mut morning = Morning::begin().await;
    morning.services.kill(Service::Eligibility).expect("eligibility runs");
    let claim = morning.claims[0].clone();
    let refused = morning.clients.issuance(0).claim(claim.request.clone()).await;
    assert_unavailable(&refused.expect_err("nobody can judge"));
    let mut order = authorize_request("alone", 1, &claim.request.member_id);
    let by_number = Reference::IdNumber("11010519491231002X".to_owned());
    order.member.as_mut().expect("an order names a member").reference = Some(by_number);
    let refused = morning.clients.checkout(0).authorize(order).await;
    assert_unavailable(&refused.expect_err("nobody can find the member"));

    morning.again(Service::Eligibility).await;
    let answers = morning.claim(0..MEMBERS).await;
    assert_eq!(rush::tally(&answers), BTreeMap::from([("OK", MEMBERS)]));
    morning.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redemption_takes_the_feed_up_where_it_was_killed() {
    let mut morning = Morning::begin().await;
    let answers = morning.claim(0..MEMBERS / 2).await;
    wallets::filled(&morning.clients, &answers[..MEMBERS / 4]).await;
    morning.services.kill(Service::Redemption).expect("redemption runs");
    morning.claim(MEMBERS / 2..MEMBERS).await;
    morning.again(Service::Redemption).await;
    let answers = morning.claim(0..MEMBERS).await;
    wallets::filled(&morning.clients, &answers).await;
    morning.end().await;
}

async fn health(services: &Services, service: Service) -> ServingStatus {
    let url = format!("http://{}", services.address(service));
    let channel = Endpoint::from_shared(url).expect("an address makes a URL").connect_lazy();
    let health = HealthClient::new(channel).check(HealthCheckRequest::default()).await;
    health.expect("health needs no token").into_inner().status()
}

fn assert_unavailable(status: &Status) {
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    let reason = status.get_details_error_info().map(|info| info.reason);
    assert_eq!(reason.as_deref(), Some("DEPENDENCY_UNAVAILABLE"));
    assert!(status.get_details_retry_info().is_some(), "{status:?}");
}
