//! Money that nobody spent comes back to its fund, and is given out again, whatever becomes of
//! issuance on the way.

use std::time::Duration;

use clock::BusinessDay;
use contracts::issuance::v1::{
    ClaimResponse, CreateFundRequest, Fund, GetFundRequest, ListFundsRequest,
};
use suite_tests::arrivals::Arrivals;
use suite_tests::stage::{Stage, first_day, load, office, ten_o_clock};
use suite_tests::tills::{Till, expected};
use suite_tests::{rush, wallets};
use testkit::answers::Answer;
use testkit::clients::Clients;
use testkit::office::Loaded;
use testkit::services::{Service, Services};

use crate::{PROGRAMS, ZHISONG};

const FUND: &str = "cool";
/// What a voucher can cost.
const VOUCHER_FEN: i64 = 299;
/// Members who want a voucher each day.
const MEMBERS: usize = 160;
/// Vouchers that the fund has the money for.
const VOUCHERS: usize = 100;
/// Days, each of which ends with issuance being killed.
const DAYS: usize = 5;
/// How long the way back may take before that counts as standing still.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often the fund is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The figures of the fund, in vouchers' worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Figures {
    issued: i64,
    spent: i64,
    returned: i64,
    free: i64,
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_spent_comes_back_to_the_fund_through_five_kills_of_issuance() {
    let stage = Stage::new(ZHISONG);
    let mut services = stage.apart(PROGRAMS, "info", None);
    for service in Service::ALL {
        services.start(service).await.expect("the service starts");
    }
    let mut clients = services.clients();
    clients.set_time(ten_o_clock(first_day())).await.expect("the clocks are manual");
    let loaded = offer(&clients).await;
    let mut day = first_day();
    let all = i64::try_from(VOUCHERS).expect("a small number");
    let mut fund = Figures { issued: 0, spent: 0, returned: 0, free: all };
    assert_eq!(now(&clients).await, fund);
    for n in 0..DAYS {
        let spent = play(&stage, &clients, (&loaded, day), fund.free).await;
        let unspent = fund.free - spent;
        let taken = Figures { issued: fund.issued + fund.free, free: 0, ..fund };
        assert_eq!(now(&clients).await, taken, "on {day}");

        day = day.next();
        clients.set_time(ten_o_clock(day)).await.expect("the clocks are manual");
        clients = killed(&mut services, n, day).await;
        fund = Figures {
            issued: taken.issued - unspent,
            spent: taken.spent + spent,
            returned: taken.returned + unspent,
            free: unspent,
        };
        comes_to(&clients, fund).await;
    }
    assert!(fund.free > 0 && fund.spent > 0, "there was money on both ways: {fund:?}");
    heard(&clients).await;
    for service in Service::ALL.into_iter().rev() {
        let ended = services.stop(service).await.expect("the service ends by itself");
        assert_eq!(ended.code(), Some(0), "{}", services.process(service).said());
    }
    stage.check_laws(None).await;
}

/// The fund, and a campaign that draws on it.
async fn offer(clients: &Clients) -> Loaded {
    let mut office = office(MEMBERS, MEMBERS);
    let title = "\ntitle =";
    assert!(office.programme_toml.contains(title), "the file has its title where expected");
    let fund = format!("\nfund = \"{FUND}\"{title}");
    office.programme_toml = office.programme_toml.replacen(title, &fund, 1);
    let request = CreateFundRequest {
        request_id: "pledge".to_owned(),
        fund_id: FUND.to_owned(),
        organization: "gd".to_owned(),
        // What is left over in the end is less than a voucher can cost.
        pledged_fen: i64::try_from(VOUCHERS).expect("a small number") * VOUCHER_FEN + 298,
    };
    clients.funds().create_fund(request).await.expect("is created");
    load(clients, &office).await
}

/// Everybody claims, and those who get one shop; gives how many vouchers were spent.
async fn play(
    stage: &Stage,
    clients: &Clients,
    (loaded, day): (&Loaded, BusinessDay),
    free: i64,
) -> i64 {
    let claims = rush::claims(&loaded.campaign_id, &loaded.member_ids, day);
    let answers = rush::settle(clients, &stage.acks, &claims).await;
    let won = usize::try_from(free).expect("not negative");
    let tally = rush::tally(&answers);
    assert_eq!(tally.get("OK"), Some(&won), "on {day}: {tally:?}");
    assert_eq!(tally.get("MONEY_EXHAUSTED"), Some(&(MEMBERS - won)), "on {day}: {tally:?}");
    wallets::filled(clients, &answers).await;
    let winners: Vec<_> = answers.into_iter().filter_map(winner).collect();
    let (arrivals, occasion) = (Arrivals::default(), day.to_string());
    let till = Till { clients, acks: &stage.acks, arrivals: &arrivals, occasion: &occasion };
    till.settle(&winners).await;
    let told = expected(won);
    told.captures - told.refunds
}

fn winner(answer: Answer<ClaimResponse>) -> Option<String> {
    match answer {
        Answer::Done(response) => response.voucher.map(|voucher| voucher.member_id),
        Answer::Refused(_) | Answer::Lost(_) => None,
    }
}

/// Kills issuance: at once, or as soon as some money has come back; and starts it again.
async fn killed(services: &mut Services, n: usize, day: BusinessDay) -> Clients {
    if n % 2 == 1 {
        let clients = services.clients();
        let before = now(&clients).await.returned;
        look_until(&clients, |figures| figures.returned != before).await;
    }
    services.kill(Service::Issuance).expect("it runs");
    services.start(Service::Issuance).await.expect("it starts again");
    // New connections: those to the process that is gone are found broken only when used.
    let clients = services.clients();
    clients.set_time(ten_o_clock(day)).await.expect("the clocks are manual");
    clients
}

async fn comes_to(clients: &Clients, expected: Figures) {
    let seen = look_until(clients, |figures| figures == expected).await;
    assert_eq!(seen, expected);
}

/// Looks at the fund until it is so, or for as long as patience lasts.
async fn look_until(clients: &Clients, is_so: impl Fn(Figures) -> bool) -> Figures {
    let looking = async {
        while !is_so(now(clients).await) {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    // What it came to instead is told by whoever compares.
    let _ = tokio::time::timeout(PATIENCE, looking).await;
    now(clients).await
}

async fn now(clients: &Clients) -> Figures {
    let Fund { issued_fen, spent_fen, returned_fen, free_fen, .. } = read(clients).await;
    let vouchers = |fen: i64| {
        assert_eq!(fen % VOUCHER_FEN, 0, "{fen} fen is no whole number of vouchers");
        fen / VOUCHER_FEN
    };
    Figures {
        issued: vouchers(issued_fen),
        spent: vouchers(spent_fen),
        returned: vouchers(returned_fen),
        free: vouchers(free_fen - 298),
    }
}

async fn read(clients: &Clients) -> Fund {
    let request = GetFundRequest { fund_id: FUND.to_owned() };
    clients.funds().get_fund(request).await.expect("reads").into_inner().fund.expect("a fund")
}

/// The fund tells since when redemption was heard, also in the list.
async fn heard(clients: &Clients) {
    let funds = clients.funds().list_funds(ListFundsRequest::default()).await;
    let listed = funds.expect("lists").into_inner().funds;
    assert!(listed[0].returns_heard_at.is_some(), "{listed:?}");
}
