//! 双重清凉: members of two districts of Zhuhai enjoy the province's benefit and their own union's,
//! on one purchase: two funders, each with its own ledger line and its own share of what comes back.

use contracts::redemption::v1::Authorization;
use suite_tests::apps::MemberApp;
use suite_tests::evidence::Evidence;
use suite_tests::office::{self, Office};
use suite_tests::platform::{Basket, Platform};
use suite_tests::served::{Suite, instant};

use crate::{ONE_FEN, region};

const PROVINCE: &str = include_str!("../../deploy/programmes/guangdong-cool-drinks-2022.toml");
const DOUMEN: &str = include_str!("../../deploy/programmes/zhuhai-doumen-2022.toml");
const JINWAN: &str = include_str!("../../deploy/programmes/zhuhai-jinwan-2022.toml");
/// Minutes of the day.
const TEN_O_CLOCK: u16 = 600;

/// Two bottles in a shop of Zhuhai.
const BOTTLES: Basket<'_> =
    Basket { lines: &[("cold-drink", 300), ("cold-drink", 300)], region: "440403" };

#[tokio::test(flavor = "multi_thread")]
async fn zhuhai_double_2022() {
    let suite = Suite::start("2022-07-22", TEN_O_CLOCK).await;
    let rows = [
        office::row(1, "440403", "gd/zhuhai/doumen"),
        office::row(2, "440404", "gd/zhuhai/jinwan"),
        office::row(3, "440103", "gd/guangzhou"),
    ];
    let evidence = Evidence::over(&rows);
    let mut office = Office::of(&suite, "gd").await;
    for (path, code) in [
        ("gd", "440000"),
        ("gd/guangzhou", "440100"),
        ("gd/zhuhai", "440400"),
        ("gd/zhuhai/doumen", "440403"),
        ("gd/zhuhai/jinwan", "440404"),
    ] {
        office.add_union(path, region(code)).await;
    }
    office.import("members", "gd", &rows).await;
    let mut members = Vec::new();
    for at in 1..=3 {
        members.push(office.member_id(&office::id_number(at)).await);
    }
    let [doumen, jinwan, guangzhou] = members.try_into().expect("three members");
    for source in [PROVINCE, DOUMEN, JINWAN] {
        office.open_campaign(source).await;
    }

    let tills = Platform::open(&suite, &evidence).await;
    let province = MemberApp::open(&suite, &evidence, PROVINCE).await;
    let doumens = MemberApp::open(&suite, &evidence, DOUMEN).await;
    let jinwans = MemberApp::open(&suite, &evidence, JINWAN).await;
    for member in [&doumen, &jinwan, &guangzhou] {
        province.take("province", member).await;
    }
    doumens.take("district", &doumen).await;
    jinwans.take("district", &jinwan).await;
    for stranger in [&jinwan, &guangzhou] {
        let refused = doumens.claim("stranger", stranger).await.expect_err("is no member there");
        assert_eq!((&*refused.reason, refused.value("criterion")), NOT_OF_DOUMEN);
    }

    // 6.00 costs 0.01: 2.99 from the province, and 3.00 from the district.
    let paid = tills.pay(&doumen, BOTTLES).await.expect("is paid");
    assert_eq!(funders(&paid), [("gd", 299), ("gd/zhuhai/doumen", 300)]);
    assert_eq!((paid.order_amount_fen, paid.payable_fen), (600, ONE_FEN));
    // Below the district's threshold there is the province's alone.
    let small = Basket { lines: &[("cold-drink", 599)], ..BOTTLES };
    let single = tills.authorize(&jinwan, small).await.expect("is held");
    assert_eq!(funders(&single), [("gd", 299)]);
    tills.let_go(&single).await;
    let single = tills.pay(&guangzhou, BOTTLES).await.expect("is paid");
    assert_eq!(funders(&single), [("gd", 299)]);

    // One bottle of two comes back. Of its 3.00 the province's share is what its 2.99 took off that
    // line, 1.50 of 2.99 (the odd fen went to the first line); the district gets the other 1.50,
    // and the member nothing: the first line was free.
    assert_eq!(paid.vouchers[0].line_discounts_fen, [150, 149]);
    assert_eq!(paid.vouchers[1].line_discounts_fen, [150, 150]);
    let first = tills.give_back_line(&paid, 0, 300).await;
    assert_eq!(first.voucher_discounts_fen, [150, 150]);
    assert_eq!(first.returned_fen - first.discount_fen, 0);
    assert_eq!(first.returned_voucher_ids, Vec::<String>::new());
    // The other one: 1.49, 1.50, and the member's one fen. Both rights return, as both terms say.
    let second = tills.give_back_line(&paid, 1, 300).await;
    assert_eq!(second.voucher_discounts_fen, [149, 150]);
    assert_eq!(second.returned_fen - second.discount_fen, ONE_FEN);
    assert_eq!(second.returned_voucher_ids.len(), 2);
    let again = tills.pay(&doumen, BOTTLES).await.expect("both are there again");
    assert_eq!(again.payable_fen, ONE_FEN);

    // Each funder has a line of its own for every purchase and every part that came back.
    suite.clock().set(instant("2022-07-23", 1));
    let (head, file) = tills.statement("2022-07-22").await;
    assert_eq!(head.captured_fen, 3 * 299 + 2 * 300);
    assert_eq!(head.refunded_fen, 299 + 300);
    let rows = |organization: &str, kind: &str| {
        let of = |line: &&str| line.contains(organization) && line.contains(kind);
        file.lines().filter(of).count()
    };
    assert_eq!((rows(",gd,", ",CAPTURE,"), rows(",gd,", ",REFUND,")), (3, 2));
    let district = ",gd/zhuhai/doumen,";
    assert_eq!((rows(district, ",CAPTURE,"), rows(district, ",REFUND,")), (2, 2));
    evidence.assert_lawful(&suite.stop().await).await;
}

const NOT_OF_DOUMEN: (&str, &str) = ("NOT_ELIGIBLE", "member-of-doumen");

/// Who pays what, in the order of the vouchers' turns.
fn funders(held: &Authorization) -> Vec<(&str, i64)> {
    held.vouchers.iter().map(|part| (part.organization.as_str(), part.discount_fen)).collect()
}
