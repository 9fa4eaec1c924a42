use std::fmt::Display;
use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::problem::Problems;

/// A table of the file while it is read. The keys that are asked for are those that the schema
/// knows: [`Table::finish`] refuses all others.
pub(super) struct Table<'a> {
    problems: &'a Problems,
    path: String,
    line: usize,
    entries: Vec<(&'a str, Item<'a>)>,
}

/// A value of the file with its place.
#[derive(Clone)]
pub(super) struct Item<'a> {
    problems: &'a Problems,
    path: String,
    line: usize,
    value: &'a DeValue<'a>,
}

impl<'a> Table<'a> {
    /// The whole file.
    pub(super) fn root(problems: &'a Problems, table: &'a DeTable<'a>) -> Self {
        Self::new(problems, (String::new(), 1), table)
    }

    fn new(problems: &'a Problems, (path, line): (String, usize), table: &'a DeTable<'a>) -> Self {
        let entry = |(key, value): (&'a Spanned<DeString<'a>>, &'a Spanned<DeValue<'a>>)| {
            let (name, line) = (key.get_ref().as_ref(), problems.line_of(key.span().start));
            let path = joined(&path, name);
            (name, Item { problems, path, line, value: value.get_ref() })
        };
        let entries = table.iter().map(entry).collect();
        Self { problems, path, line, entries }
    }

    /// The value of a key that may be absent.
    pub(super) fn optional(&mut self, key: &'static str) -> Option<Item<'a>> {
        self.problems.ask(&self.path, key);
        self.entries.iter().find(|(name, _)| *name == key).map(|(_, item)| item.clone())
    }

    /// The value of a key that must be there.
    pub(super) fn required(&mut self, key: &'static str) -> Option<Item<'a>> {
        let item = self.optional(key);
        if item.is_none() {
            self.refuse(key, "is missing");
        }
        item
    }

    /// Records a problem of one of the keys, at its line if it is there.
    pub(super) fn refuse(&self, key: &str, message: impl Into<String>) {
        let entry = self.entries.iter().find(|(name, _)| *name == key);
        let line = entry.map_or(self.line, |(_, item)| item.line);
        self.problems.add(line, &joined(&self.path, key), message);
    }

    /// Refuses every key that was not asked for.
    pub(super) fn finish(self) {
        let asked = self.problems.asked_of(&self.path);
        for (name, item) in &self.entries {
            if asked.contains(name) {
                continue;
            }
            let similar = asked.iter().filter(|known| are_similar(known, name));
            let nearest = similar.min_by_key(|known| edits(known, name));
            item.refuse(match nearest {
                Some(known) => format!("is not a known key; did you mean {known}?"),
                None => "is not a known key".to_owned(),
            });
        }
    }
}

impl<'a> Item<'a> {
    /// Records a problem of this value.
    pub(super) fn refuse(&self, message: impl Into<String>) {
        self.problems.add(self.line, &self.path, message);
    }

    /// Whether the value is a table.
    pub(super) fn is_table(&self) -> bool {
        self.value.is_table()
    }

    pub(super) fn table(&self) -> Option<Table<'a>> {
        match self.value {
            DeValue::Table(table) => {
                Some(Table::new(self.problems, (self.path.clone(), self.line), table))
            }
            other => self.refuse_type("a table", other),
        }
    }

    /// The elements, each with its own line.
    pub(super) fn list(&self) -> Option<Vec<Item<'a>>> {
        let DeValue::Array(array) = self.value else {
            return self.refuse_type("a list", self.value);
        };
        let element = |(index, value): (usize, &'a Spanned<DeValue<'a>>)| Item {
            problems: self.problems,
            path: format!("{}[{index}]", self.path),
            line: self.problems.line_of(value.span().start),
            value: value.get_ref(),
        };
        Some(array.iter().enumerate().map(element).collect())
    }

    pub(super) fn string(&self) -> Option<&'a str> {
        match self.value {
            DeValue::String(text) => Some(text),
            other => self.refuse_type("a string in quotes", other),
        }
    }

    /// A string that `parse` can read; the refusal says what it must be.
    pub(super) fn parsed<T, E: Display>(
        &self,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match parse(self.string()?) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.refuse(format!("is {problem}"));
                None
            }
        }
    }

    /// A string that is one of a few names.
    pub(super) fn one_of<T>(
        &self,
        names: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = parse(self.string()?);
        if value.is_none() {
            self.refuse(format!("is not one of {names}"));
        }
        value
    }

    /// A list of strings that `parse` can read. Every element that it cannot is refused.
    pub(super) fn parsed_list<T, E: Display>(
        &self,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Vec<T>> {
        let values: Vec<_> = self.list()?.iter().map(|item| item.parsed(&parse)).collect();
        values.into_iter().collect()
    }

    /// A text that is not blank and has at most `chars_max` characters.
    pub(super) fn text(&self, chars_max: usize) -> Option<String> {
        let text = self.string()?;
        if text.trim().is_empty() || text.chars().count() > chars_max {
            self.refuse(format!("is not 1 to {chars_max} characters"));
            return None;
        }
        Some(text.to_owned())
    }

    pub(super) fn boolean(&self) -> Option<bool> {
        match self.value {
            DeValue::Boolean(value) => Some(*value),
            other => self.refuse_type("true or false", other),
        }
    }

    pub(super) fn integer(&self, allowed: RangeInclusive<i64>) -> Option<i64> {
        let DeValue::Integer(integer) = self.value else {
            return self.refuse_type("a whole number", self.value);
        };
        let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let number = number.filter(|number| allowed.contains(number));
        if number.is_none() {
            let (from, to) = allowed.into_inner();
            self.refuse(if from == to {
                format!("is not {from}")
            } else {
                format!("is not {from} to {to}")
            });
        }
        number
    }

    fn refuse_type<T>(&self, wanted: &str, value: &DeValue<'_>) -> Option<T> {
        self.refuse(format!("must be {wanted}, not of type {}", value.type_str()));
        None
    }
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// Whether an unknown key may be a slip of the pen: one is the beginning of the other, or they
/// differ by at most two letters.
fn are_similar(known: &str, unknown: &str) -> bool {
    const PREFIX_MIN: usize = 3;
    const EDITS_MAX: usize = 2;
    let shorter = known.len().min(unknown.len());
    let prefix = known.starts_with(unknown) || unknown.starts_with(known);
    (shorter >= PREFIX_MIN && prefix) || (shorter > EDITS_MAX && edits(known, unknown) <= EDITS_MAX)
}

/// The Levenshtein distance in characters.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
