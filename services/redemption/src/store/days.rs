//! Closing a day, whatever the backend.

use clock::{BusinessDay, Timestamp};

use crate::domain::{Partner, StatementHead, StatementRow, StatementWriter};

/// At most this many days are closed empty when nothing ran for a long time.
pub(super) const GAP_DAYS_MAX: usize = 366;

/// What one step of closing did.
pub(super) enum Closed {
    /// Nothing was left to close.
    None,
    /// These days, ascending.
    Days(Vec<BusinessDay>),
}

/// The statements of a day, made from its rows as they come by platform.
pub(super) struct Heads {
    day: BusinessDay,
    at: Timestamp,
    finished: Vec<(Partner, StatementHead)>,
    current: Option<(Partner, StatementWriter)>,
}

impl Heads {
    /// No statement yet of a day that is closed at that instant.
    pub fn new(day: BusinessDay, at: Timestamp) -> Self {
        Self { day, at, finished: Vec::new(), current: None }
    }

    /// Adds the next row, in the statement's order.
    pub fn add(&mut self, partner: Partner, row: &StatementRow) {
        let mut writer = match self.current.take() {
            Some((same, writer)) if same == partner => writer,
            before => {
                self.end(before);
                StatementWriter::begin(self.day).0
            }
        };
        writer.line(row);
        self.current = Some((partner, writer));
    }

    /// All statements.
    pub fn finish(mut self) -> Vec<(Partner, StatementHead)> {
        let last = self.current.take();
        self.end(last);
        self.finished
    }

    fn end(&mut self, current: Option<(Partner, StatementWriter)>) {
        let at = self.at;
        self.finished.extend(current.map(|(partner, writer)| (partner, writer.finish(at))));
    }
}
