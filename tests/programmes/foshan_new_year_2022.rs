//! 智贺新春: CNY 10,000,000 of consumption vouchers for the workers of Foshan, in three denominations
//! out of one fund: not one fen over, and less than the smallest denomination left over.

use contracts::issuance::v1::fund_service_client::FundServiceClient;
use contracts::issuance::v1::{Fund, GetFundRequest};
use suite_tests::apps::MemberApp;
use suite_tests::callers::{CallerChannel, grant};
use suite_tests::evidence::Evidence;
use suite_tests::office::{self, Office};
use suite_tests::platform::{Basket, Platform};
use suite_tests::served::{Suite, instant};
use suite_tests::wallets;
use zhisong::roster::{self, City};

use crate::region;

const SMALL: &str = include_str!("../../deploy/programmes/foshan-new-year-2022-88.toml");
const MIDDLE: &str = include_str!("../../deploy/programmes/foshan-new-year-2022-200.toml");
const LARGE: &str = include_str!("../../deploy/programmes/foshan-new-year-2022-300.toml");
const FUND: &str = "foshan-new-year-2022";
const PLEDGED_FEN: i64 = 1_000_000_000;
const SMALL_FEN: i64 = 8_800;
const MIDDLE_FEN: i64 = 20_000;
const LARGE_FEN: i64 = 30_000;
/// One of each of the two larger ones for all of them is exactly the fund.
const MEMBERS: usize = 20_000;
/// Members who have a small one before that, so that the fund is too small for the others.
const EARLY: usize = 1_000;
/// Minutes of the day.
const NOON: u16 = 720;

#[tokio::test(flavor = "multi_thread")]
async fn foshan_new_year_2022() {
    let suite = Suite::start("2022-01-24", NOON).await;
    let foshan = City { region: region("440600"), organization: "gd/foshan".to_owned() };
    let rows: Vec<_> = roster::rows(std::slice::from_ref(&foshan), MEMBERS, 2022).collect();
    let evidence = Evidence::over(&rows);
    let mut office = Office::of(&suite, "gd").await;
    office.add_unions(("gd", region("440000")), &[foshan]).await;
    office.import("members", "gd/foshan", &rows).await;
    office.import("guest", "gd", &[office::row(1, "440600", "")]).await;
    let members = office.member_ids("gd/foshan").await;
    let guest = office.member_id(&office::id_number(1)).await;
    office.pledge(FUND, "gd/foshan", PLEDGED_FEN).await;
    let channel = suite.channel(&grant("ops", "gd", &["campaign.read"])).await;
    let mut funds = FundServiceClient::new(channel);
    for source in [SMALL, MIDDLE, LARGE] {
        office.open_campaign(source).await;
    }

    suite.clock().set(instant("2022-01-25", NOON));
    let small = MemberApp::open(&suite, &evidence, SMALL).await;
    let middle = MemberApp::open(&suite, &evidence, MIDDLE).await;
    let large = MemberApp::open(&suite, &evidence, LARGE).await;
    let refused = small.claim("guest", &guest).await.expect_err("is of the province's union");
    assert_eq!(
        (&*refused.reason, refused.value("criterion")),
        ("NOT_ELIGIBLE", "member-in-foshan")
    );

    let early = small.rush("early", &members[..EARLY]).await;
    assert_eq!((early.winners.len(), early.refused.len()), (EARLY, 0));
    let (of_middle, of_large) =
        tokio::join!(middle.rush("middle", &members), large.rush("large", &members));
    let without =
        of_middle.refused_for("MONEY_EXHAUSTED") + of_large.refused_for("MONEY_EXHAUSTED");
    assert_eq!(of_middle.winners.len() + of_large.winners.len() + without, 2 * MEMBERS);
    let issued = |small: usize, middle: usize, large: usize| {
        let count = |vouchers: usize| i64::try_from(vouchers).expect("a small number");
        count(small) * SMALL_FEN + count(middle) * MIDDLE_FEN + count(large) * LARGE_FEN
    };
    let (middles, larges) = (of_middle.winners.len(), of_large.winners.len());
    let fund = now(&mut funds).await;
    assert_eq!(fund.issued_fen, issued(EARLY, middles, larges));
    // A large one was refused when less than that was free, and then middle ones went on; or the
    // other way round, when no more middle ones were asked for.
    assert!(fund.free_fen < LARGE_FEN, "{fund:?}");

    let late = small.rush("late", &members[EARLY..EARLY + 10]).await;
    let smalls = EARLY + late.winners.len();
    let fund = now(&mut funds).await;
    assert_eq!(fund.issued_fen, issued(smalls, middles, larges));
    assert_eq!(fund.pledged_fen, fund.issued_fen + fund.free_fen);
    assert!((0..SMALL_FEN).contains(&fund.free_fen), "{fund:?}");
    assert_eq!(late.winners.len() + late.refused_for("MONEY_EXHAUSTED"), 10);
    let refused = small.claim("last", &members[MEMBERS - 1]).await.expect_err("is all gone");
    assert_eq!(refused.text_zh, "活动资金已用完");
    assert_eq!(refused.value("free_fen"), fund.free_fen.to_string());
    assert_eq!(refused.value("liability_fen"), "8800");

    // Deducted by itself when the member spends: the best one that applies.
    wallets::shown(&suite, early.last()).await;
    wallets::shown(&suite, of_large.last()).await;
    let tills = Platform::open(&suite, &evidence).await;
    let shopping = Basket { lines: &[("groceries", 60_000)], region: "440604" };
    let (buyer, _) = of_large.winners.last().expect("somebody has a large one");
    suite.clock().set(instant("2022-02-01", NOON));
    let paid = tills.pay(buyer, shopping).await.expect("is paid");
    assert_eq!((paid.discount_fen, paid.payable_fen), (LARGE_FEN, 60_000 - LARGE_FEN));
    assert_eq!(paid.vouchers[0].organization, "gd/foshan");
    let elsewhere = Basket { region: "440103", ..shopping };
    let (other, _) = &early.winners[0];
    let refused = tills.authorize(other, elsewhere).await.expect_err("is not in Foshan");
    assert_eq!(refused.reason, "REGION_NOT_COVERED");
    suite.clock().set(instant("2022-02-16", 0));
    let refused = tills.authorize(other, shopping).await.expect_err("is over");
    assert_eq!(refused.reason, "VOUCHER_EXPIRED");
    evidence.assert_lawful(&suite.stop().await).await;
}

async fn now(funds: &mut FundServiceClient<CallerChannel>) -> Fund {
    let request = GetFundRequest { fund_id: FUND.to_owned() };
    funds.get_fund(request).await.expect("reads").into_inner().fund.expect("a fund")
}
