//! The voucher feed and the wallets: each position takes effect once.

use benefit::RefundRule;

use super::till::{EPOCH, RETURNS, SPENT, Till, campaign, key, made, person, stock};
use super::{Case, case};
use crate::domain::{FeedBatch, FeedProblem, Found, VoucherStage};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!("feed", cursors_move_with_what_they_brought),
        case!("feed", a_message_that_comes_again_changes_nothing),
        case!("feed", what_is_new_of_a_message_is_taken_in),
        case!("feed", a_message_that_skips_positions_is_refused),
        case!("feed", a_message_of_another_store_is_refused),
        case!("feed", what_was_asked_for_outside_the_feed_is_not_doubled_by_it),
        case!("feed", a_lower_version_is_ignored_and_a_higher_one_keeps_the_stage),
        case!("feed", a_later_version_does_not_take_back_the_grace_of_a_refund),
        case!("feed", the_last_change_of_a_campaign_stays),
        case!("wallet", a_wallet_is_paged_newest_first),
        case!("wallet", named_vouchers_of_others_are_not_in_the_wallet),
    ]
}

async fn refused(till: &Till, batch: FeedBatch) -> FeedProblem {
    let taken = till.store.apply_feed(batch).await.expect("the store is there");
    taken.expect_err("the message does not go on at the cursors")
}

async fn cursors_move_with_what_they_brought(till: Till) {
    let two = vec![till.voucher(person(1), RETURNS), till.voucher(person(2), RETURNS)];
    till.feed(till.message(two)).await;
    till.give(person(3), RETURNS).await;
    let cursors = till.store.feed_cursors().await.expect("the store is there");
    assert_eq!(cursors.epoch, Some(EPOCH));
    assert_eq!(cursors.campaign_position, 2);
    assert_eq!(cursors.stocks, [(stock(), 3)]);
}

async fn a_message_that_comes_again_changes_nothing(till: Till) {
    let ann = person(1);
    let message = till.message(vec![till.voucher(ann, RETURNS)]);
    till.feed(message.clone()).await;
    let id = till.held("a1", ann, "o1").await;
    made(till.one(till.capture("c1", id)).await);
    till.feed(message).await;
    assert_eq!(till.only_voucher(ann).await.stage, VoucherStage::Used);
    let cursors = till.store.feed_cursors().await.expect("the store is there");
    assert_eq!(cursors.stocks, [(stock(), 1)]);
}

async fn what_is_new_of_a_message_is_taken_in(till: Till) {
    let vouchers: Vec<_> = (1..=5).map(|n| till.voucher(person(n), RETURNS)).collect();
    let whole = till.message(vouchers.clone());
    let first = crate::domain::StockBatch {
        stock: stock(),
        first_position: 1,
        vouchers: vouchers[..3].to_vec(),
    };
    till.feed(FeedBatch { vouchers: Some(first), ..whole.clone() }).await;
    till.feed(whole).await;
    let cursors = till.store.feed_cursors().await.expect("the store is there");
    assert_eq!(cursors.stocks, [(stock(), 5)]);
    for n in 1..=5 {
        till.only_voucher(person(n)).await;
    }
}

async fn a_message_that_skips_positions_is_refused(till: Till) {
    till.message(vec![till.voucher(person(1), RETURNS)]);
    let second = till.message(vec![till.voucher(person(2), RETURNS)]);
    let problem = refused(&till, second).await;
    assert_eq!(problem, FeedProblem::Gap { first_position: 2, cursor: 0 });
    let wallet = till.store.wallet(person(2), &[], till.now()).await.expect("the store is there");
    assert!(wallet.vouchers.is_empty(), "nothing of it was taken in");
}

async fn a_message_of_another_store_is_refused(till: Till) {
    let message = till.message(vec![till.voucher(person(1), RETURNS)]);
    let other = FeedBatch { epoch: [8; 16], ..message };
    assert_eq!(refused(&till, other).await, FeedProblem::OtherEpoch);
}

async fn what_was_asked_for_outside_the_feed_is_not_doubled_by_it(till: Till) {
    let ann = person(1);
    let voucher = till.voucher(ann, RETURNS);
    let campaigns = vec![campaign(RETURNS, RefundRule::RightReturns, 1)];
    let found = Found { vouchers: vec![voucher.clone()], campaigns };
    till.store.apply_found(found).await.expect("the store is there");
    let id = till.held("a1", ann, "o1").await;
    made(till.one(till.capture("c1", id)).await);
    till.feed(till.message(vec![voucher])).await;
    let only = till.only_voucher(ann).await;
    assert_eq!((only.stage, only.uses_left), (VoucherStage::Used, 0));
}

async fn a_lower_version_is_ignored_and_a_higher_one_keeps_the_stage(till: Till) {
    let ann = person(1);
    let first = till.voucher(ann, RETURNS);
    till.feed(till.message(vec![first.clone()])).await;
    till.held("a1", ann, "o1").await;
    let mut later = first.clone();
    (later.version, later.valid_until) =
        (3, first.valid_until.plus(std::time::Duration::from_secs(1)));
    let mut older = first;
    older.version = 2;
    till.feed(till.message(vec![later.clone(), older])).await;
    let only = till.only_voucher(ann).await;
    assert_eq!(only.valid_until, later.valid_until);
    assert!(matches!(only.stage, VoucherStage::Held { .. }));
}

async fn a_later_version_does_not_take_back_the_grace_of_a_refund(till: Till) {
    let ann = person(1);
    let campaigns = vec![campaign("grace", RefundRule::RightReturnsWithGrace(3), 3)];
    till.feed(FeedBatch { epoch: EPOCH, campaigns, vouchers: None }).await;
    let mut voucher = till.voucher(ann, "grace");
    till.feed(till.message(vec![voucher.clone()])).await;
    let id = till.held("a1", ann, "o1").await;
    made(till.one(till.capture("c1", id)).await);
    made(till.one(till.refund("r1", id)).await);
    let graced = till.only_voucher(ann).await.valid_until;
    assert!(graced > voucher.valid_until);
    for (version, valid_until) in
        [(2, voucher.valid_until), (3, graced.plus(std::time::Duration::from_secs(1)))]
    {
        (voucher.version, voucher.valid_until) = (version, valid_until);
        till.feed(till.message(vec![voucher.clone()])).await;
        let expected = graced.max(valid_until);
        assert_eq!(till.only_voucher(ann).await.valid_until, expected, "version {version}");
    }
}

async fn the_last_change_of_a_campaign_stays(till: Till) {
    let ann = person(1);
    till.give(ann, SPENT).await;
    let changes = vec![
        campaign(SPENT, RefundRule::RightIsSpent, 3),
        campaign(SPENT, RefundRule::RightReturns, 4),
    ];
    till.feed(FeedBatch { epoch: EPOCH, campaigns: changes, vouchers: None }).await;
    let stale = vec![campaign(SPENT, RefundRule::RightIsSpent, 2)];
    let found = Found { vouchers: Vec::new(), campaigns: stale.clone() };
    till.store.apply_found(found).await.expect("the store is there");
    till.feed(FeedBatch { epoch: EPOCH, campaigns: stale, vouchers: None }).await;
    let twice = vec![
        campaign(SPENT, RefundRule::RightIsSpent, 6),
        campaign(SPENT, RefundRule::RightIsSpent, 5),
    ];
    let unordered = FeedBatch { epoch: EPOCH, campaigns: twice, vouchers: None };
    assert_eq!(refused(&till, unordered).await, FeedProblem::CampaignOrder { cursor: 4 });
    let wallet = till.store.wallet(ann, &[], till.now()).await.expect("the store is there");
    let kept = wallet.campaigns.get(&key(SPENT)).expect("the voucher's campaign");
    assert_eq!((kept.position, kept.terms.refund_rule()), (4, RefundRule::RightReturns));
}

async fn a_wallet_is_paged_newest_first(till: Till) {
    let ann = person(1);
    let mut given = Vec::new();
    for _ in 0..5 {
        till.pass(std::time::Duration::from_secs(1));
        given.push(till.give(ann, RETURNS).await);
    }
    till.give(person(2), RETURNS).await;
    given.reverse();
    let mut listed = Vec::new();
    let mut before = None;
    loop {
        let page = till.store.wallet_page(ann, before, 2).await.expect("the store is there");
        let Some(last) = page.vouchers.last() else { break };
        before = Some(last.voucher_id);
        listed.extend(page.vouchers.iter().map(|voucher| voucher.voucher_id));
    }
    assert_eq!(listed, given);
}

async fn named_vouchers_of_others_are_not_in_the_wallet(till: Till) {
    let (ann, bob) = (person(1), person(2));
    let of_ann = till.give(ann, RETURNS).await;
    let of_bob = till.give(bob, RETURNS).await;
    let wallet =
        till.store.wallet(ann, &[of_ann, of_bob], till.now()).await.expect("the store is there");
    let ids: Vec<_> = wallet.vouchers.iter().map(|voucher| voucher.voucher_id).collect();
    assert_eq!(ids, [of_ann]);
}
