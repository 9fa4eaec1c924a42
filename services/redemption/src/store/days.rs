//! Closing a day, whatever the backend.

use std::collections::BTreeMap;

use clock::{BusinessDay, Timestamp};
use member_identity::OrganizationPath;

use crate::domain::{
    Counterparty, Partner, ShopChain, StatementHead, StatementRow, StatementWriter,
};

/// At most this many days are closed empty when nothing ran for a long time.
pub(super) const GAP_DAYS_MAX: usize = 366;

/// What one step of closing did.
pub(super) enum Closed {
    /// Nothing was left to close.
    None,
    /// These days, ascending.
    Days(Vec<BusinessDay>),
    /// A day that was closed before funders had statements has them now.
    Funders,
}

/// Which statements of a day are made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Making {
    /// All of them: the day is being closed.
    All,
    /// The funders' alone: the day was closed before they had any.
    Funders,
}

/// The statements of a day, made from its rows as they come: by platform, then in time. Keeps one
/// writer a counterparty, however many rows there are.
pub(super) struct Heads {
    day: BusinessDay,
    at: Timestamp,
    making: Making,
    finished: Vec<(Counterparty, StatementHead)>,
    platform: Option<(Partner, StatementWriter)>,
    funders: BTreeMap<OrganizationPath, StatementWriter>,
    chains: BTreeMap<ShopChain, StatementWriter>,
}

impl Heads {
    /// No statement yet of a day that is closed at that instant.
    pub fn new(day: BusinessDay, at: Timestamp, making: Making) -> Self {
        let (finished, funders, chains) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        Self { day, at, making, finished, platform: None, funders, chains }
    }

    /// Adds the next row.
    pub fn add(&mut self, row: &StatementRow) {
        if self.making == Making::All {
            self.platform(&row.platform).line(row);
        }
        let day = self.day;
        let funder = self
            .funders
            .entry(row.organization.clone())
            .or_insert_with(|| begin(day, &Counterparty::Funder(row.organization.clone())));
        funder.line(row);
        // A row that is in no chain's statement is in the other two all the same. A day that was
        // closed before funders had statements has no such row.
        if let Some(chain) = &row.chain {
            let chain = self
                .chains
                .entry(chain.clone())
                .or_insert_with_key(|chain| begin(day, &Counterparty::Chain(chain.clone())));
            chain.line(row);
        }
    }

    /// All statements.
    pub fn finish(mut self) -> Vec<(Counterparty, StatementHead)> {
        self.end_platform();
        let at = self.at;
        let funders = self.funders.into_iter();
        let funders = funders.map(|(path, writer)| (Counterparty::Funder(path), writer.finish(at)));
        self.finished.extend(funders);
        let chains = self.chains.into_iter();
        let chains = chains.map(|(chain, writer)| (Counterparty::Chain(chain), writer.finish(at)));
        self.finished.extend(chains);
        self.finished
    }

    /// The writer of a platform's statement: the one of the row before, or the next one.
    fn platform(&mut self, partner: &Partner) -> &mut StatementWriter {
        if self.platform.as_ref().is_some_and(|(same, _)| same != partner) {
            self.end_platform();
        }
        let day = self.day;
        let (_, writer) = self.platform.get_or_insert_with(|| {
            (partner.clone(), begin(day, &Counterparty::Platform(partner.clone())))
        });
        writer
    }

    fn end_platform(&mut self) {
        let at = self.at;
        let ended = self.platform.take();
        let ended =
            ended.map(|(partner, writer)| (Counterparty::Platform(partner), writer.finish(at)));
        self.finished.extend(ended);
    }
}

fn begin(day: BusinessDay, whose: &Counterparty) -> StatementWriter {
    StatementWriter::begin(whose.format(), day, whose).0
}
