//! Captures and returns in parts, worked by hand: what goes back of each discount, and what the
//! member gets back in money.

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestCaseError;

use super::*;
use crate::portion::split;

/// What was bought or captured, and what is returned of it so far.
#[derive(Clone, Debug)]
struct Sale {
    /// What each line costs before any discount.
    lines: Vec<Fen>,
    /// What each voucher takes off each line.
    vouchers: Vec<Vec<Fen>>,
    returned: Vec<Fen>,
}

impl Sale {
    /// Vouchers that take these amounts off the whole order, one after the other.
    fn new(lines: &[i64], off: &[i64]) -> Self {
        let lines = fens(lines);
        let mut left = lines.clone();
        let mut take = |off: &i64| {
            let parts = split(Fen(*off), &left);
            left.iter_mut().zip(&parts).for_each(|(left, part)| left.0 -= part.0);
            parts
        };
        let vouchers = off.iter().map(&mut take).collect();
        let returned = vec![Fen::ZERO; lines.len()];
        Self { lines, vouchers, returned }
    }

    /// What of each voucher belongs to these parts of the lines, by line.
    fn shares(&self, parts: &[Fen]) -> Vec<Vec<Fen>> {
        let mut by_voucher = vec![Vec::new(); self.vouchers.len()];
        for (index, part) in parts.iter().enumerate() {
            let discounts: Vec<Fen> = self.vouchers.iter().map(|lines| lines[index]).collect();
            let of_line = shares(&discounts, self.lines[index], *part);
            by_voucher.iter_mut().zip(of_line).for_each(|(lines, share)| lines.push(share));
        }
        by_voucher
    }

    fn captured(&self, portion: &Portion) -> Self {
        let lines = portion.of(&self.lines).expect("a portion of the order");
        let (vouchers, returned) = (self.shares(&lines), vec![Fen::ZERO; lines.len()]);
        Self { lines, vouchers, returned }
    }

    fn left(&self) -> Vec<Fen> {
        self.lines.iter().zip(&self.returned).map(|(line, back)| Fen(line.0 - back.0)).collect()
    }

    /// What goes back of each voucher, and what the member gets back in money, of each line.
    fn give_back(&mut self, portion: &Portion) -> (Vec<Vec<Fen>>, Vec<Fen>) {
        let parts = portion.of(&self.left()).expect("a portion of what is left");
        let before = self.shares(&self.returned);
        self.returned.iter_mut().zip(&parts).for_each(|(back, part)| back.0 += part.0);
        let mut money = parts;
        let mut back = self.shares(&self.returned);
        for (lines, before) in back.iter_mut().zip(before) {
            for (index, share) in lines.iter_mut().enumerate() {
                share.0 -= before[index].0;
                money[index].0 -= share.0;
            }
        }
        (back, money)
    }

    /// What the member pays in the end.
    fn paid(&self) -> Fen {
        let off: Fen = self.vouchers.iter().flatten().copied().sum();
        Fen(sum(&self.lines).0 - off.0)
    }
}

fn fens(amounts: &[i64]) -> Vec<Fen> {
    amounts.iter().copied().map(Fen).collect()
}

fn sum(amounts: &[Fen]) -> Fen {
    amounts.iter().copied().sum()
}

fn amount(fen: i64) -> Portion {
    Portion::Amount(Fen(fen))
}

fn lines(parts: &[(usize, i64)]) -> Portion {
    Portion::Lines(parts.iter().map(|(index, fen)| (*index, Fen(*fen))).collect())
}

/// Returns one after the other: what goes back of each voucher, and the member's money.
fn assert_returns(mut sale: Sale, rows: &[(Portion, &[i64], i64)]) {
    let paid = sale.paid();
    let mut all = Fen::ZERO;
    for (portion, expected, money) in rows {
        let (back, given) = sale.give_back(portion);
        let back: Vec<Fen> = back.iter().map(|lines| sum(lines)).collect();
        assert_eq!((back, sum(&given)), (fens(expected), Fen(*money)), "{portion:?}");
        all.0 += money;
    }
    assert_eq!(sum(&sale.left()), Fen::ZERO, "everything is returned");
    assert_eq!(all, paid, "and all the money");
}

/// 3.00 less 2.99, as 1.50 and 1.50. The discount is split 149.5 and 149.5: the floors are 149 and
/// 149, and the fen that is left goes to the first line: 150 and 149. The member pays 0 and 1.
#[test]
fn a_drink_for_one_fen_bought_as_two_lines_gives_back_one_fen_in_all() {
    let sale = || Sale::new(&[150, 150], &[299]);
    assert_eq!(sale().vouchers, [fens(&[150, 149])]);
    let (first, second) = (lines(&[(0, 150)]), lines(&[(1, 150)]));
    assert_returns(sale(), &[(first.clone(), &[150], 0), (second.clone(), &[149], 1)]);
    assert_returns(sale(), &[(second, &[149], 1), (first, &[150], 0)]);
    // By amount, 150 are 75 of each line: 150 x 75/150 = 75, and 149 x 75/150 = 74.5, so 74.
    // What is left of 299 goes back with the rest: 150.
    assert_returns(sale(), &[(amount(150), &[149], 1), (amount(150), &[150], 0)]);
    // 1 fen is 1 of the first line: 150 x 1/150 = 1. The other 299 fen bring the other 298 and 1.
    assert_returns(sale(), &[(amount(1), &[1], 0), (amount(299), &[298], 1)]);
    assert_returns(sale(), &[(Portion::Whole, &[299], 1)]);
}

/// 2.00 and 1.00: 299 x 200/300 = 199.33 and 299 x 100/300 = 99.67; the fen that is left goes to
/// the larger remainder: 199 and 100.
#[test]
fn a_drink_for_one_fen_bought_as_two_unequal_lines_gives_back_one_fen_in_all() {
    let sale = || Sale::new(&[200, 100], &[299]);
    assert_eq!(sale().vouchers, [fens(&[199, 100])]);
    let (first, second) = (lines(&[(0, 200)]), lines(&[(1, 100)]));
    assert_returns(sale(), &[(first.clone(), &[199], 1), (second.clone(), &[100], 0)]);
    assert_returns(sale(), &[(second, &[100], 0), (first, &[199], 1)]);
    // 100 are 66.67 and 33.33 of the lines, so 67 and 33: 199 x 67/200 = 66.67, so 66; 33 of 33.
    // 200 more are all: 199 - 66 = 133 and 100 - 33 = 67.
    assert_returns(sale(), &[(amount(100), &[99], 1), (amount(200), &[200], 0)]);
}

/// 1.00 off three lines of 1.00: 33.33 each, and the fen that is left to the first: 34, 33, 33.
#[test]
fn three_lines_of_one_yuan_with_one_yuan_off_give_back_two_yuan() {
    let sale = || Sale::new(&[100, 100, 100], &[100]);
    assert_eq!(sale().vouchers, [fens(&[34, 33, 33])]);
    let line = |index| lines(&[(index, 100)]);
    assert_returns(sale(), &[(line(0), &[34], 66), (line(1), &[33], 67), (line(2), &[33], 67)]);
    assert_returns(sale(), &[(line(2), &[33], 67), (line(1), &[33], 67), (line(0), &[34], 66)]);
    // The first 100 are 34, 33, 33 of the lines: 34 x .34 = 11.56, 33 x .33 = 10.89 twice, so
    // 11 + 10 + 10 = 31. The second 100 are 33, 33.5, 33.5 of what is left, so 33, 34, 33; that
    // makes 67, 67, 66 in all: 22.78, 22.11, 21.78, so 22 + 22 + 21 = 65, and 65 - 31 = 34.
    // The third brings the rest: 100 - 65 = 35.
    let rows: [(Portion, &[i64], i64); 3] =
        [(amount(100), &[31], 69), (amount(100), &[34], 66), (amount(100), &[35], 65)];
    assert_returns(sale(), &rows);
}

/// 5.00 and 3.00 with 1.00 off: 62.5 and 37.5, so 63 and 37. 4.00 are captured: 2.50 and 1.50,
/// which is half: 63 x 250/500 = 31.5 and 37 x 150/300 = 18.5, so 31 + 18 = 49; the member pays
/// 4.00 - 0.49 = 3.51.
#[test]
fn what_is_captured_in_part_is_returned_in_parts_to_the_fen() {
    let captured = Sale::new(&[500, 300], &[100]).captured(&amount(400));
    assert_eq!(captured.lines, fens(&[250, 150]));
    assert_eq!(captured.vouchers, [fens(&[31, 18])]);
    assert_eq!(captured.paid(), Fen(351));
    // 100 are 62.5 and 37.5, so 63 and 37: 31 x 63/250 = 7.8 and 18 x 37/150 = 4.4, so 7 + 4.
    // The other 300 bring 49 - 11 = 38, and 300 - 38 = 262.
    assert_returns(captured.clone(), &[(amount(100), &[11], 89), (Portion::Whole, &[38], 262)]);
    // The second line alone, then 1.00 of the first: 31 x 100/250 = 12.4, so 12; then 31 - 12 = 19.
    let rows: [(Portion, &[i64], i64); 3] = [
        (lines(&[(1, 150)]), &[18], 132),
        (lines(&[(0, 100)]), &[12], 88),
        (lines(&[(0, 150)]), &[19], 131),
    ];
    assert_returns(captured, &rows);
}

/// So little of a line is captured that nothing of the discount belongs to it: 1 x 1/3 = 0.33.
#[test]
fn a_captured_part_may_be_too_small_for_any_discount() {
    let captured = Sale::new(&[3], &[1]).captured(&amount(1));
    assert_eq!((captured.vouchers.clone(), captured.paid()), (vec![fens(&[0])], Fen(1)));
    assert_returns(captured, &[(Portion::Whole, &[0], 1)]);
}

/// A gift of 0.00 beside a drink of 3.00 gets nothing off and gives nothing back.
#[test]
fn lines_that_cost_nothing_take_no_part() {
    let sale = || Sale::new(&[0, 300, 0], &[299]);
    assert_eq!(sale().vouchers, [fens(&[0, 299, 0])]);
    assert_returns(sale(), &[(lines(&[(1, 300)]), &[299], 1)]);
    assert_returns(sale(), &[(amount(100), &[99], 1), (amount(200), &[200], 0)]);
    assert_eq!(lines(&[(0, 0)]).of(&sale().lines), Err(PortionProblem::Nothing));
    let above = PortionProblem::AboveWhatIsLeft { left: Fen::ZERO };
    assert_eq!(lines(&[(0, 1)]).of(&sale().lines), Err(above));
    let free = Sale::new(&[0, 0], &[0]).captured(&Portion::Whole);
    assert_eq!((free.lines.clone(), free.paid()), (fens(&[0, 0]), Fen::ZERO));
}

/// 0.50 with 0.49 off: after k fen 49 x k/50 = k - k/50, rounded down k - 1, belong to them. So the
/// member's fen comes back with the first one, and the others bring a fen of the discount each.
#[test]
fn fifty_returns_of_one_fen_give_back_one_fen() {
    let first: (Portion, &[i64], i64) = (amount(1), &[0], 1);
    let others = (1..50).map(|_| (amount(1), &[1_i64][..], 0));
    let rows: Vec<_> = [first].into_iter().chain(others).collect();
    assert_returns(Sale::new(&[50], &[49]), &rows);
    // With 0.25 off they take turns: k/2 rounded down rises with every second fen.
    let half =
        (0..50).map(|k| (amount(1), if k % 2 == 0 { &[0_i64][..] } else { &[1] }, 1 - k % 2));
    assert_returns(Sale::new(&[50], &[25]), &half.collect::<Vec<_>>());
}

/// Two vouchers of 1 fen off 0.02. Of the first fen, 1 x 1/2 = 0.5, so 0, is the first voucher's;
/// it leaves 1 fen of the line and 1 of the part: 1 x 1/1 = 1 is the second's. The second fen
/// brings the first voucher's.
#[test]
fn two_vouchers_on_one_line_never_give_back_more_than_is_returned() {
    let sale = Sale::new(&[2], &[1, 1]);
    assert_returns(sale, &[(amount(1), &[0, 1], 0), (amount(1), &[1, 0], 0)]);
}

/// 6.00 with the province's 2.99 and the district's 2.00 off: the member pays 1.01.
#[test]
fn both_funders_get_their_part_of_every_return() {
    // 200: 299 x 200/600 = 99.67, so 99; of the 301 and 101 left: 200 x 101/301 = 67.1, so 67.
    // 400: 299 x 400/600 = 199.33, so 199; of 301 and 201: 200 x 201/301 = 133.6, so 133.
    let rows: [(Portion, &[i64], i64); 3] = [
        (amount(200), &[99, 67], 34),
        (amount(200), &[100, 66], 34),
        (amount(200), &[100, 67], 33),
    ];
    assert_returns(Sale::new(&[600], &[299, 200]), &rows);
}

#[test]
fn what_is_no_portion_of_an_order_is_refused() {
    let above = |left| PortionProblem::AboveWhatIsLeft { left: Fen(left) };
    let rows = [
        (amount(0), PortionProblem::Nothing),
        (amount(-1), PortionProblem::Nothing),
        (amount(301), above(300)),
        (lines(&[]), PortionProblem::Nothing),
        (lines(&[(0, 0)]), PortionProblem::Nothing),
        (lines(&[(0, -1)]), PortionProblem::Nothing),
        (lines(&[(1, 101)]), above(100)),
        (lines(&[(2, 1)]), PortionProblem::Line(2)),
        (lines(&[(0, 1), (0, 1)]), PortionProblem::Line(0)),
    ];
    for (portion, problem) in rows {
        assert_eq!(portion.of(&fens(&[200, 100])), Err(problem), "{portion:?}");
    }
    assert_eq!(lines(&[(1, 100), (0, 1)]).of(&fens(&[200, 100])), Ok(fens(&[1, 100])));
}

/// A capture or a return of what is left, by amount or by lines, or all of it.
fn some_portion(left: &[Fen], by: u8, pick: Index, fen: Index) -> Portion {
    let payable: Vec<usize> = (0..left.len()).filter(|line| left[*line] > Fen::ZERO).collect();
    let up_to = |most: Fen| {
        let most = usize::try_from(most.0).expect("small");
        Fen(i64::try_from(fen.index(most)).expect("small") + 1)
    };
    match by {
        0 => Portion::Whole,
        1 => Portion::Amount(up_to(sum(left))),
        _ => {
            let from = pick.index(payable.len());
            let named = payable[from..].iter().map(|line| (*line, up_to(left[*line])));
            Portion::Lines(named.collect())
        }
    }
}

fn sales() -> impl Strategy<Value = Sale> {
    let shares = prop::collection::vec(0.0_f64..=1.0, 1..=3);
    (prop::collection::vec(0_i64..60, 1..6), shares).prop_map(|(lines, shares)| {
        let mut left: i64 = lines.iter().sum();
        let mut off = |share: &f64| {
            let taken = ((left as f64 * share) as i64).min(left);
            left -= taken;
            taken
        };
        let off: Vec<i64> = shares.iter().map(&mut off).collect();
        Sale::new(&lines, &off)
    })
}

fn assert_return_is_fair(sale: &mut Sale, portion: &Portion) -> Result<Fen, TestCaseError> {
    let (back, money) = sale.give_back(portion);
    prop_assert!(money.iter().all(|fen| *fen >= Fen::ZERO), "more than is returned goes back");
    prop_assert!(back.iter().flatten().all(|fen| *fen >= Fen::ZERO), "a return takes again");
    Ok(sum(&money))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn whatever_is_captured_and_returned_adds_up_and_never_costs_the_member(
        bought in sales(),
        captured in (0_u8..3, any::<Index>(), any::<Index>()),
        returns in prop::collection::vec((1_u8..3, any::<Index>(), any::<Index>()), 0..50),
    ) {
        prop_assume!(sum(&bought.lines) > Fen::ZERO);
        let (by, pick, fen) = captured;
        let mut sale = bought.captured(&some_portion(&bought.lines, by, pick, fen));
        prop_assert!(sale.paid() >= Fen::ZERO && sale.paid() <= bought.paid());

        let mut money = Fen::ZERO;
        for (by, pick, fen) in returns {
            let left = sale.left();
            if sum(&left) > Fen::ZERO {
                let portion = some_portion(&left, by, pick, fen);
                money.0 += assert_return_is_fair(&mut sale, &portion)?.0;
            }
        }
        money.0 += assert_return_is_fair(&mut sale, &Portion::Whole)?.0;
        prop_assert_eq!(money, sale.paid());
        prop_assert_eq!(sale.shares(&sale.returned), sale.vouchers.clone());
    }
}
