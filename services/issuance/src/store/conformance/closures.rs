//! Law I6: what of closed vouchers will never be spent is free again in their fund, once, to the
//! fen.

use benefit::Fen;
use futures::future::join_all;
use member_identity::VoucherId;

use super::Case;
use super::bench::{Bench, Offer, noon};
use super::funds::{HUNDRED, SEVEN, granted};
use crate::domain::{
    ClaimRefusal, Closure, ClosureBatch, ClosureCursor, ClosureProblem, Epoch, Fund,
};
use crate::store::{ClaimAnswers, StoreError};

pub(super) const CASES: &[Case] = &[
    Case {
        law: "I6",
        name: "what_is_not_spent_of_closed_vouchers_is_given_out_again",
        run: |bench| Box::pin(given_out_again(bench)),
    },
    Case {
        law: "I6",
        name: "a_later_closure_moves_the_difference_and_an_earlier_one_nothing",
        run: |bench| Box::pin(later_versions(bench)),
    },
    Case {
        law: "I6",
        name: "a_batch_that_comes_again_or_at_two_replicas_moves_money_once",
        run: |bench| Box::pin(once(bench)),
    },
    Case {
        law: "I6",
        name: "a_batch_of_vouchers_of_several_funds_and_none_gives_each_its_own",
        run: |bench| Box::pin(each_its_own(bench)),
    },
    Case {
        law: "I6",
        name: "closures_that_do_not_go_on_or_mean_nothing_change_nothing",
        run: |bench| Box::pin(refused(bench)),
    },
    Case {
        law: "I6",
        name: "money_that_was_given_out_again_is_not_taken_back",
        run: |bench| Box::pin(overdrawn(bench)),
    },
    Case {
        law: "I6",
        name: "closures_and_claims_at_once_never_give_out_more_than_is_free",
        run: |bench| Box::pin(race(bench)),
    },
];

const DAY: &str = "2022-07-22";
const REDEMPTION: Epoch = Epoch([9; 16]);

fn batch(first_position: i64, closures: Vec<Closure>) -> ClosureBatch {
    ClosureBatch { epoch: REDEMPTION, first_position, closures }
}

fn closure(voucher_id: VoucherId, version: u32, (spent, unspent): (i64, i64)) -> Closure {
    Closure { voucher_id, version, spent: Fen(spent), unspent: Fen(unspent) }
}

fn ids(answers: &ClaimAnswers) -> Vec<VoucherId> {
    answers.iter().flatten().map(|issued| issued.voucher.voucher_id).collect()
}

/// Issued, spent, returned and free.
fn figures(fund: &Fund) -> [i64; 4] {
    [fund.issued.0, fund.spent.0, fund.returned.0, fund.free().0]
}

impl Bench {
    async fn try_close(&self, batch: ClosureBatch) -> Result<(), ClosureProblem> {
        let applied = self.store.closures().apply_closures(batch, noon(DAY)).await;
        applied.expect("the store answers")
    }

    async fn close_vouchers(&self, first_position: i64, closures: Vec<Closure>) {
        self.try_close(batch(first_position, closures)).await.expect("they go on");
    }

    async fn cursor(&self) -> ClosureCursor {
        self.store.closures().closure_cursor().await.expect("reads")
    }
}

async fn given_out_again(bench: Bench) {
    bench.pledge(1_402, &[SEVEN]).await;
    assert_eq!(bench.cursor().await, ClosureCursor::default(), "redemption was never heard");
    let first = bench.claim_for(SEVEN, noon(DAY), 0..3).await;
    assert_eq!(granted(&first), 2);
    let [one, two] = ids(&first)[..] else { panic!("two got one") };
    bench.close_vouchers(1, vec![closure(one, 1, (0, 701)), closure(two, 1, (700, 1))]).await;
    assert_eq!(figures(&bench.the_fund().await), [700, 700, 702, 702]);
    let heard = ClosureCursor { epoch: Some(REDEMPTION), position: 2, heard_at: Some(noon(DAY)) };
    assert_eq!(bench.cursor().await, heard);
    let again = bench.claim_for(SEVEN, noon(DAY), 3..5).await;
    assert_eq!(granted(&again), 1);
    assert!(matches!(
        again[1],
        Err(ClaimRefusal::MoneyExhausted { free: Fen(1), liability: Fen(701), .. })
    ));
    assert_eq!(figures(&bench.the_fund().await), [1_401, 700, 702, 1]);
}

async fn later_versions(bench: Bench) {
    bench.pledge(701, &[SEVEN]).await;
    let [one] = ids(&bench.claim_for(SEVEN, noon(DAY), 0..1).await)[..] else { panic!("one") };
    bench.close_vouchers(1, vec![closure(one, 1, (701, 0))]).await;
    assert_eq!(figures(&bench.the_fund().await), [701, 701, 0, 0]);
    // A right came back, which was then used for less.
    bench.close_vouchers(2, vec![closure(one, 2, (0, 0)), closure(one, 3, (600, 101))]).await;
    assert_eq!(figures(&bench.the_fund().await), [600, 600, 101, 101]);
    bench.close_vouchers(4, vec![closure(one, 2, (701, 0)), closure(one, 3, (0, 0))]).await;
    assert_eq!(figures(&bench.the_fund().await), [600, 600, 101, 101], "these were before");
    bench.close_vouchers(6, vec![closure(one, 4, (0, 701))]).await;
    assert_eq!(figures(&bench.the_fund().await), [0, 0, 701, 701]);
    assert_eq!(bench.cursor().await.position, 6);
}

async fn once(bench: Bench) {
    bench.pledge(7_010, &[SEVEN]).await;
    let vouchers = ids(&bench.claim_for(SEVEN, noon(DAY), 0..10).await);
    let closures: Vec<_> = vouchers.iter().map(|id| closure(*id, 1, (1, 700))).collect();
    let benches = [bench.clone(), bench.replica()];
    let send = |n: usize| {
        // What a follower sends that was cut off in between, and goes on.
        let batch = batch(1, closures[..n.min(10)].to_vec());
        let bench = benches[n % 2].clone();
        async move {
            loop {
                let closures = bench.store.closures();
                match closures.apply_closures(batch.clone(), noon(DAY)).await {
                    Err(StoreError::Conflict) => {}
                    applied => return applied.expect("the store answers"),
                }
            }
        }
    };
    for applied in join_all((1..=12).map(send)).await {
        assert_eq!(applied, Ok(()));
    }
    assert_eq!(figures(&bench.the_fund().await), [10, 10, 7_000, 7_000]);
    assert_eq!(bench.cursor().await.position, 10);
}

async fn each_its_own(bench: Bench) {
    bench.pledge(10_701, &[HUNDRED, SEVEN]).await;
    let other = Offer { id: "other", fund: Some("other"), ..SEVEN };
    bench.create_fund("other", 701).await;
    let without = Offer { id: "without", fund: None, ..SEVEN };
    bench.activate(other).await;
    bench.activate(without).await;
    let mut closures = Vec::new();
    for (offer, unspent) in [(HUNDRED, 9_000), (SEVEN, 1), (other, 700), (without, 701)] {
        let [id] = ids(&bench.claim_for(offer, noon(DAY), 0..1).await)[..] else { panic!("one") };
        let liability = if offer.id == "hundred" { 10_000 } else { 701 };
        closures.push(closure(id, 1, (liability - unspent, unspent)));
    }
    bench.close_vouchers(1, closures).await;
    assert_eq!(figures(&bench.the_fund().await), [1_700, 1_700, 9_001, 9_001]);
    let other = bench.store.fund(&"other".parse().expect("a slug")).await.expect("reads");
    assert_eq!(figures(&other.expect("is there")), [1, 1, 700, 700]);
    assert_eq!(bench.cursor().await.position, 4);
}

async fn refused(bench: Bench) {
    bench.pledge(701, &[SEVEN]).await;
    let [one] = ids(&bench.claim_for(SEVEN, noon(DAY), 0..1).await)[..] else { panic!("one") };
    let unknown = VoucherId::from_bytes([1; 16]);
    bench.close_vouchers(1, vec![closure(one, 1, (701, 0))]).await;
    let before = (bench.the_fund().await, bench.cursor().await);
    let foreign = ClosureBatch { epoch: Epoch([8; 16]), ..batch(2, Vec::new()) };
    for (batch, problem) in [
        (foreign, ClosureProblem::OtherEpoch),
        (
            batch(3, vec![closure(one, 2, (0, 701))]),
            ClosureProblem::Gap { first_position: 3, cursor: 1 },
        ),
        (
            batch(2, vec![closure(one, 2, (0, 701)), closure(unknown, 1, (0, 0))]),
            ClosureProblem::UnknownVoucher(unknown),
        ),
        (batch(2, vec![closure(one, 2, (1, 701))]), ClosureProblem::AboveLiability(one)),
    ] {
        assert_eq!(bench.try_close(batch).await, Err(problem));
    }
    assert_eq!((bench.the_fund().await, bench.cursor().await), before);
    bench.close_vouchers(2, Vec::new()).await;
    assert_eq!(bench.the_fund().await, before.0, "a message that says nothing says that");
}

async fn overdrawn(bench: Bench) {
    bench.pledge(701, &[SEVEN]).await;
    let [one] = ids(&bench.claim_for(SEVEN, noon(DAY), 0..1).await)[..] else { panic!("one") };
    bench.close_vouchers(1, vec![closure(one, 1, (0, 701))]).await;
    bench.close_vouchers(2, vec![closure(one, 2, (0, 700))]).await;
    assert_eq!(figures(&bench.the_fund().await), [1, 0, 700, 700], "it is still there");
    bench.close_vouchers(3, vec![closure(one, 3, (0, 701))]).await;
    assert_eq!(granted(&bench.claim_for(SEVEN, noon(DAY), 1..2).await), 1);
    let before = bench.the_fund().await;
    let back = bench.try_close(batch(4, vec![closure(one, 4, (0, 700))])).await;
    assert_eq!(back, Err(ClosureProblem::Overdrawn(before.fund_id.clone())));
    assert_eq!(bench.the_fund().await, before);
}

async fn race(bench: Bench) {
    bench.pledge(70_100, &[SEVEN]).await;
    let vouchers = ids(&bench.claim_for(SEVEN, noon(DAY), 0..100).await);
    let benches = [bench.clone(), bench.replica()];
    let close = async {
        for (position, id) in (1..).zip(&vouchers[..50]) {
            let closure = closure(*id, 1, (1, 700));
            while benches[1]
                .store
                .closures()
                .apply_closures(batch(position, vec![closure]), noon(DAY))
                .await
                == Err(StoreError::Conflict)
            {}
        }
    };
    let claim = async {
        let mut granted = 0;
        for round in 0..20 {
            let wish = |n: u32| benches[0].wish(200 + round * 5 + n, "mine");
            let wishes = (0..5).map(wish).collect();
            let answers = benches[0].claim_until_done(SEVEN, noon(DAY), wishes).await;
            granted += answers.iter().filter(|answer| answer.is_ok()).count();
        }
        granted
    };
    let ((), granted) = futures::future::join(close, claim).await;
    let fund = bench.the_fund().await;
    let taken = i64::try_from(granted).expect("a small number") * 701;
    assert_eq!(figures(&fund), [50 + 50 * 701 + taken, 50, 35_000, 35_000 - taken]);
    assert!(fund.free() >= Fen(0), "{fund:?}");
}
