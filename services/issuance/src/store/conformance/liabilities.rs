//! Law I5: what a voucher can cost at most is stored with it.

use benefit::Fen;

use super::Case;
use super::bench::{Bench, Offer, noon};

pub(super) const CASES: &[Case] = &[Case {
    law: "I5",
    name: "a_voucher_is_stored_with_the_most_that_all_its_uses_can_cost",
    run: |bench| Box::pin(all_uses(bench)),
}];

const DAY: &str = "2022-07-22";

/// Offers of each kind, and what one voucher of each can cost.
const WORTHS: [(&str, &str, i64); 5] = [
    (
        "amount",
        "kind = 'AMOUNT_OFF'\nthreshold_fen = 300\namount_fen = 299\n\
         refund_rule = 'RIGHT_RETURNS_WITH_GRACE'\ngrace_days = 7",
        299,
    ),
    (
        "percent",
        "kind = 'PERCENT_OFF'\nthreshold_fen = 0\npercent = 20\ncap_fen = 5000\n\
         uses = { total = 12, per_period = 1, period = 'month' }\n\
         refund_rule = 'RIGHT_RETURNS'",
        60_000,
    ),
    (
        "waiver",
        "kind = 'WAIVER'\ncap_fen = 200\nrefund_rule = 'RIGHT_IS_SPENT'\n\
         uses = { total = 40, per_period = 4, period = 'day' }",
        8_000,
    ),
    ("balance", "kind = 'BALANCE'\nvalue_fen = 10000\nrefund_rule = 'RIGHT_RETURNS'", 10_000),
    (
        "service",
        "kind = 'SERVICE'\ngoods_categories = ['check-up']\nrefund_rule = 'RIGHT_RETURNS'",
        0,
    ),
];

async fn all_uses(bench: Bench) {
    for (id, worth, fen) in WORTHS {
        let offer = Offer { id, worth, ..Offer::default() };
        bench.activate(offer).await;
        let answers = bench.claim(offer, noon(DAY), vec![bench.wish(1, id)]).await;
        let issued = answers[0].as_ref().expect("there is enough");
        assert_eq!(issued.voucher.liability, Fen(fen), "{id}");
        let stored = bench.store.voucher(issued.voucher.voucher_id).await.expect("reads");
        assert_eq!(stored.as_ref(), Some(issued), "{id}");
    }
}
