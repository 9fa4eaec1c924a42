use clock::{BusinessDay, Zone};
use contracts::redemption::v1::get_statement_response::Part;
use contracts::redemption::v1::{CloseDaysRequest, GetStatementRequest};
use suite_tests::arrivals::Arrivals;
use suite_tests::stage::first_day;
use suite_tests::tills::{End, Till, Totals, expected, totals};
use suite_tests::{rush, wallets};
use testkit::clients::{Clients, PLATFORM};
use testkit::deployment::{Program, Setup};

use crate::stage::Stage;

/// Members with a voucher each; one half shops at either replica.
const SHOPPERS: usize = 2_400;
/// Answers after which one replica is killed, well inside the rush.
const BEFORE_KILL: usize = 1_500;

const REPLICA: Setup =
    Setup { process: "", sections: "", writers: 4, readers: 4, shares: Some("redemption") };

/// Laws R1 to R5 over two processes on one database, of which one is killed under load.
pub async fn killed() {
    let mut stage = Stage::open(SHOPPERS, SHOPPERS, Setup::default()).await;
    let started = stage.deployment.start_with("till", Program::Redemption, REPLICA).await;
    started.expect("a second replica starts on the same database");
    stage.open_at_ten(&["till"]).await;
    let one = stage.clients("issuance");
    let other = stage.deployment.clients("eligibility", "issuance", "till");
    let members = stage.office.member_ids.clone();
    let everyone = rush::claims(&stage.office.campaign_id, &members, first_day());
    let answers = rush::settle(&one, &stage.acks, &everyone).await;
    wallets::filled(&other, &answers).await;

    let (here, there) = members.split_at(SHOPPERS / 2);
    let arrivals = Arrivals::default();
    let acks = &stage.acks;
    let till = Till { clients: &one, acks, arrivals: &arrivals, occasion: "here" };
    let other_till = Till { clients: &other, occasion: "there", ..till };
    let deployment = &mut stage.deployment;
    let fault = async {
        arrivals.reach(BEFORE_KILL).await;
        deployment.kill("till");
    };
    let (_, ends, ()) = tokio::join!(till.play(here), other_till.play(there), fault);
    assert!(ends.iter().any(|end| *end != End::Told), "the kill comes in the middle");
    // Only now: a new process stands at midnight, and would refuse for ever what is not valid yet.
    let started = stage.deployment.start_with("till", Program::Redemption, REPLICA).await;
    started.expect("it comes back");
    stage.open_at_ten(&["till"]).await;

    // What was lost is asked again, at the other replica too: the answer is the same.
    let other = stage.deployment.clients("eligibility", "issuance", "till");
    let till = Till { clients: &other, acks: &stage.acks, arrivals: &arrivals, occasion: "here" };
    till.settle(here).await;
    Till { clients: &one, occasion: "there", ..till }.settle(there).await;
    let [here, there] = [here, there].map(|members| expected(members.len()));
    let all =
        Totals { captures: here.captures + there.captures, refunds: here.refunds + there.refunds };
    assert_eq!(totals(&one, first_day()).await, all);

    let midnight = first_day().end(&Zone::shanghai());
    let moved = stage.deployment.set_time(&["redemption", "till"], midnight).await;
    moved.expect("the clock is manual");
    assert_eq!(statement_rows(&one, first_day()).await, all);
    assert_eq!(statement_rows(&other, first_day()).await, all);
    stage.laws_hold().await;
}

/// What stands in the statement of a day, which is closed first.
async fn statement_rows(clients: &Clients, day: BusinessDay) -> Totals {
    let mut settlement = clients.settlement();
    settlement.close_days(CloseDaysRequest {}).await.expect("days that are over are closed");
    let request = GetStatementRequest {
        business_day: day.to_string(),
        platform: PLATFORM.to_owned(),
        ..GetStatementRequest::default()
    };
    let mut parts = settlement.get_statement(request).await.expect("it is closed").into_inner();
    let mut file = Vec::new();
    while let Some(part) = parts.message().await.expect("comes to its end") {
        if let Some(Part::Csv(bytes)) = part.part {
            file.extend_from_slice(&bytes);
        }
    }
    let file = String::from_utf8(file).expect("is UTF-8");
    let count = |kind: &str| file.lines().filter(|line| line.contains(kind)).count() as i64;
    Totals { captures: count(",CAPTURE,"), refunds: count(",REFUND,") }
}
