//! Reconciliations as rows, whatever the backend.

use super::columns::{Columns, Detailed};
use crate::domain::{
    BadRow, Difference, DifferenceState, Phase, Reconciliation, ReconciliationKey, Resolution,
    ResolutionAction, Resolved, Side, SideTotals, TransactionKind,
};

/// Rows of the journal, or items, of one step.
pub(super) const STEP: u32 = 1_000;

pub(super) fn reconciliation(row: Columns<'_>) -> Detailed<Reconciliation> {
    Ok(Reconciliation {
        key: key(row)?,
        day: row.day("business_day")?,
        phase: phase(row)?,
        staged_line: row.integer("staged_line")?,
        chain: row.bytes("chain")?.try_into().map_err(|_| "chain is not 32 bytes")?,
        theirs: SideTotals {
            rows: row.integer("their_rows")?,
            captured: row.fen("their_captured_fen")?,
            refunded: row.fen("their_refunded_fen")?,
        },
        bad_rows: row.integer("bad_rows")?,
        matched: row.integer("matched")?,
        differences: row.integer("differences")?,
    })
}

fn key(row: Columns<'_>) -> Detailed<ReconciliationKey> {
    Ok(ReconciliationKey { partner: row.parsed("partner")?, id: row.parsed("reconciliation_id")? })
}

fn phase(row: Columns<'_>) -> Detailed<Phase> {
    match row.text("phase")? {
        "STAGING" => Ok(Phase::Staging),
        "COUNTING" => {
            let position = row.maybe_time("counted_at")?.zip(row.maybe_id("counted_id")?);
            Ok(Phase::Counting(position))
        }
        "SWEEPING" => Ok(Phase::Sweeping(row.maybe_text("swept_key")?.map(str::to_owned))),
        "FINISHED" => Ok(Phase::Finished { at: row.time("finished_at")? }),
        other => Err(format!("unknown phase {other}")),
    }
}

/// The columns of a phase.
#[derive(Default)]
pub(super) struct PhaseColumns<'a> {
    pub phase: &'static str,
    pub counted_at: Option<i64>,
    pub counted_id: Option<[u8; 16]>,
    pub swept_key: Option<&'a str>,
    pub finished_at: Option<i64>,
}

impl<'a> From<&'a Phase> for PhaseColumns<'a> {
    fn from(phase: &'a Phase) -> Self {
        let named = |phase| Self { phase, ..Self::default() };
        match phase {
            Phase::Staging => named("STAGING"),
            Phase::Counting(position) => Self {
                counted_at: position.map(|(at, _)| at.as_micros()),
                counted_id: position.map(|(_, id)| *id.as_bytes()),
                ..named("COUNTING")
            },
            Phase::Sweeping(key) => Self { swept_key: key.as_deref(), ..named("SWEEPING") },
            Phase::Finished { at } => {
                Self { finished_at: Some(at.as_micros()), ..named("FINISHED") }
            }
        }
    }
}

/// An item, without what was said of it.
pub(super) fn item(row: Columns<'_>) -> Detailed<Difference> {
    let kind = TransactionKind::from_name(row.text("kind")?).ok_or("an unknown kind")?;
    Ok(Difference {
        id: row.text("item_key")?.to_owned(),
        transaction_kind: kind,
        order_number: row.parsed("order_number")?,
        transaction_id: row.maybe_id("transaction_id")?,
        line: row.maybe_integer("line")?,
        ours: Side { rows: row.integer("our_rows")?, amount: row.fen("our_fen")? },
        theirs: Side { rows: row.integer("their_rows")?, amount: row.fen("their_fen")? },
        state: state(row)?,
        resolutions: row.integer("resolutions")?,
        history: Vec::new(),
    })
}

fn state(row: Columns<'_>) -> Detailed<DifferenceState> {
    match row.text("state")? {
        "OPEN" => Ok(DifferenceState::Open),
        "DISPUTED" => Ok(DifferenceState::Disputed),
        "ACCEPTED" => Ok(DifferenceState::Accepted { by: row.parsed("accepted_by")? }),
        other => Err(format!("unknown state {other}")),
    }
}

/// The columns of a state: its name, and who accepted.
pub(super) fn state_columns(state: &DifferenceState) -> (&'static str, Option<&str>) {
    match state {
        DifferenceState::Open => ("OPEN", None),
        DifferenceState::Disputed => ("DISPUTED", None),
        DifferenceState::Accepted { by } => ("ACCEPTED", Some(by.as_str())),
    }
}

/// A word, and what it is a word on.
pub(super) fn resolved(row: Columns<'_>) -> Detailed<Resolved> {
    let action = ResolutionAction::from_name(row.text("action")?).ok_or("an unknown action")?;
    Ok(Resolved {
        key: key(row)?,
        difference_id: row.text("item_key")?.to_owned(),
        resolution: Resolution {
            position: row.integer("position")?,
            action,
            text: row.text("text")?.to_owned(),
            by: row.parsed("resolved_by")?,
            at: row.time("resolved_at")?,
        },
    })
}

pub(super) fn bad_row(row: Columns<'_>) -> Detailed<BadRow> {
    Ok(BadRow { line: row.integer("line")?, reason: row.text("reason")?.to_owned() })
}

/// Puts words with the differences that they are words on; both are ordered by id.
pub(super) fn with_history(mut items: Vec<Difference>, said: Vec<Resolved>) -> Vec<Difference> {
    for word in said {
        let found = items.binary_search_by(|item| item.id.as_str().cmp(&word.difference_id));
        if let Ok(at) = found {
            items[at].history.push(word.resolution);
        }
    }
    items
}
