use std::cell::RefCell;
use std::fmt;

/// What is wrong with a programme file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgrammeProblem {
    /// The line, from 1. For a missing key: the line of the table that lacks it.
    pub line: usize,
    /// The key, as `terms.amount_fen` or `policy.criteria[0].id`; empty for the whole file.
    pub path: String,
    /// What is wrong with it, as `is missing`.
    pub message: String,
}

/// `line 12: terms.amount_fen: is missing`.
impl fmt::Display for ProgrammeProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "the file" } else { &self.path };
        write!(f, "line {}: {path}: {}", self.line, self.message)
    }
}

/// The problems found so far, and the keys that the schema knows. Shared by all tables of one file
/// while it is read.
pub(super) struct Problems {
    /// Where each line but the first begins, in bytes, rising.
    line_starts: Vec<usize>,
    found: RefCell<Vec<ProgrammeProblem>>,
    /// The keys that were asked for, each with the path of its table, in that order.
    pub(super) asked: RefCell<Vec<(String, &'static str)>>,
}

impl Problems {
    pub(super) fn new(source: &str) -> Self {
        let line_starts = source.match_indices('\n').map(|(offset, _)| offset + 1).collect();
        Self { line_starts, found: RefCell::default(), asked: RefCell::default() }
    }

    /// The line that a byte of the source is in, from 1.
    pub(super) fn line_of(&self, offset: usize) -> usize {
        1 + self.line_starts.partition_point(|start| *start <= offset)
    }

    pub(super) fn add(&self, line: usize, path: &str, message: impl Into<String>) {
        let problem = ProgrammeProblem { line, path: path.to_owned(), message: message.into() };
        self.found.borrow_mut().push(problem);
    }

    /// Remembers that a key of a table was asked for.
    pub(super) fn ask(&self, table: &str, key: &'static str) {
        self.asked.borrow_mut().push((table.to_owned(), key));
    }

    /// The keys of a table that were asked for.
    pub(super) fn asked_of(&self, table: &str) -> Vec<&'static str> {
        let asked = self.asked.borrow();
        asked.iter().filter(|(path, _)| path == table).map(|(_, key)| *key).collect()
    }

    /// All of them by line, those of one line in the order in which they were found.
    pub(super) fn into_sorted(self) -> Vec<ProgrammeProblem> {
        let mut problems = self.found.into_inner();
        problems.sort_by_key(|problem| problem.line);
        problems
    }
}
