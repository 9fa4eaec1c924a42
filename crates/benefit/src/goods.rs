use std::collections::BTreeMap;

use crate::basket::LINES_MAX;
use crate::{Basket, Category};

/// One bit a line of an order, the first one lowest.
type Mask = u128;

const _: () = assert!(LINES_MAX <= Mask::BITS as usize, "an order's lines fit a mask");

/// An order with its lines by category, so that terms need not be compared with each line.
#[derive(Clone, Debug)]
pub(crate) struct Goods<'a> {
    basket: &'a Basket,
    by_category: BTreeMap<&'a Category, Mask>,
}

impl<'a> Goods<'a> {
    pub(crate) fn new(basket: &'a Basket) -> Self {
        let mut by_category = BTreeMap::new();
        for (index, line) in basket.lines().iter().enumerate() {
            *by_category.entry(&line.category).or_default() |= bit(index);
        }
        Self { basket, by_category }
    }

    pub(crate) fn basket(&self) -> &'a Basket {
        self.basket
    }

    /// The lines of the listed categories, of all for an empty list, without the excluded ones;
    /// rising.
    pub(crate) fn covered(&self, listed: &[Category], excluded: &[Category]) -> Vec<usize> {
        let lines = 0..self.basket.lines().len();
        let listed = if listed.is_empty() { Mask::MAX } else { self.lines_of(listed) };
        let covered = listed & !self.lines_of(excluded);
        lines.filter(|line| covered & bit(*line) != 0).collect()
    }

    fn lines_of(&self, categories: &[Category]) -> Mask {
        let lines = categories.iter().filter_map(|category| self.by_category.get(category));
        lines.fold(0, |all, lines| all | lines)
    }
}

const fn bit(line: usize) -> Mask {
    1 << line
}
