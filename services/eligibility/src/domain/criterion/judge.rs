//! Judging many members by the same conditions.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use cel::Context;

use super::seen::Seen;
use super::{Condition, context};
use crate::domain::member::Facts;

/// Answers of one condition that are kept, at most: 256 KiB of them. Most conditions look at few
/// fields of few values and never have as many; one that has more begins anew.
const ANSWERS_MAX: usize = 4_096;

/// What a condition has answered so far. Evaluating one costs some microseconds and members who
/// look the same to it are many.
#[derive(Debug, Default)]
pub(super) struct Answers(RwLock<Arc<HashMap<Seen, bool>>>);

impl Answers {
    fn known(&self) -> Arc<HashMap<Seen, bool>> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, fresh: HashMap<Seen, bool>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() + fresh.len() > ANSWERS_MAX {
            *known = Arc::default();
        }
        Arc::make_mut(&mut known).extend(fresh.into_iter().take(ANSWERS_MAX));
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.known().len()
    }
}

/// Judges members against conditions. One for a batch: it looks at what is known once, and adds
/// what it has found at its end.
pub struct Judge<'c> {
    conditions: Vec<Remembering<'c>>,
    root: OnceCell<Context<'static, 'static>>,
}

struct Remembering<'c> {
    condition: &'c Condition,
    known: Arc<HashMap<Seen, bool>>,
    fresh: RefCell<HashMap<Seen, bool>>,
}

impl<'c> Judge<'c> {
    /// A judge by these conditions.
    pub fn new(conditions: &'c [Condition]) -> Self {
        let remembering = |condition: &'c Condition| Remembering {
            condition,
            known: condition.answers.known(),
            fresh: RefCell::default(),
        };
        Self { conditions: conditions.iter().map(remembering).collect(), root: OnceCell::new() }
    }

    /// Whether each condition holds for a member, in their order. Without an answer it does not.
    pub fn each(&self, facts: &Facts<'_>) -> impl Iterator<Item = bool> {
        self.conditions.iter().map(|one| self.holds(one, facts))
    }

    fn holds(&self, one: &Remembering<'c>, facts: &Facts<'_>) -> bool {
        let seen = Seen::of(one.condition.fields, facts);
        if let Some(holds) = one.known.get(&seen) {
            return *holds;
        }
        let evaluate = |seen: &Seen| {
            let root = self.root.get_or_init(context);
            one.condition.answer(root, seen).unwrap_or(false)
        };
        let mut fresh = one.fresh.borrow_mut();
        *fresh.entry(seen).or_insert_with_key(evaluate)
    }
}

impl Drop for Judge<'_> {
    fn drop(&mut self) {
        for Remembering { condition, known, fresh } in self.conditions.drain(..) {
            // So that what is known is added to, and not copied.
            drop(known);
            let fresh = fresh.into_inner();
            if !fresh.is_empty() {
                condition.answers.add(fresh);
            }
        }
    }
}
