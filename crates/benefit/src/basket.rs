use member_identity::RegionCode;

use crate::{Category, Fen};

/// What is bought, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basket {
    lines: Vec<Line>,
    shop_region: RegionCode,
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The goods category.
    pub category: Category,
    /// What the line costs before any discount, 0 to 100,000,000 fen.
    pub amount: Fen,
}

/// Why lines do not make a basket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BasketProblem {
    /// No lines, or more than 100.
    #[error("not 1 to 100 lines")]
    LineCount,
    /// A line costs less than nothing or more than 1,000,000 yuan.
    #[error("the amount of line {index} is not 0 to 100000000 fen")]
    LineAmount {
        /// Which line, from 0.
        index: usize,
    },
}

/// The most lines of an order.
pub const LINES_MAX: usize = 100;
/// The most that a line may cost: 1,000,000 yuan. With the most lines an order stays far inside
/// 64 bits.
const LINE_AMOUNT_MAX: Fen = Fen(100_000_000);

impl Basket {
    /// Checks the lines of an order in a shop of `shop_region`.
    pub fn new(lines: Vec<Line>, shop_region: RegionCode) -> Result<Self, BasketProblem> {
        if lines.is_empty() || lines.len() > LINES_MAX {
            return Err(BasketProblem::LineCount);
        }
        let allowed = Fen::ZERO..=LINE_AMOUNT_MAX;
        match lines.iter().position(|line| !allowed.contains(&line.amount)) {
            Some(index) => Err(BasketProblem::LineAmount { index }),
            None => Ok(Self { lines, shop_region }),
        }
    }

    /// The lines, 1 to 100.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Where the shop stands.
    pub fn shop_region(&self) -> RegionCode {
        self.shop_region
    }

    /// What the order costs before any discount.
    pub fn total(&self) -> Fen {
        self.lines.iter().map(|line| line.amount).sum()
    }
}
