//! Statements, reconciliations and the trial balance as messages.

use contracts::redemption::v1 as wire;
use rpc::encode_timestamp;

use crate::domain::{
    AccountBalance, BadRow, Counterparty, Difference, DifferenceKind, DifferenceState, Phase,
    Reconciliation, Resolution, ResolutionAction, SideTotals,
};
use crate::usecase::{Reconciled, Statement, TrialBalance};

/// Accounts of one message.
const ACCOUNTS_MAX: usize = 500;

pub(super) fn statement_head(statement: &Statement) -> wire::GetStatementResponse {
    let Statement { day, counterparty, head, key_id, signature } = statement;
    let (mut platform, mut funder, mut chain) = (String::new(), String::new(), String::new());
    *match counterparty {
        Counterparty::Platform(_) => &mut platform,
        Counterparty::Funder(_) => &mut funder,
        Counterparty::Chain(_) => &mut chain,
    } = counterparty.name().to_owned();
    let head = wire::StatementHead {
        business_day: day.to_string(),
        platform,
        rows: head.rows,
        captured_fen: head.captured.0,
        refunded_fen: head.refunded.0,
        due_fen: head.captured.0 - head.refunded.0,
        sha256: head.sha256.to_vec().into(),
        closed_at: Some(encode_timestamp(head.closed_at)),
        funder,
        payout_id: counterparty.payout_id(*day).to_string(),
        format: head.format.number().into(),
        key_id: key_id.clone(),
        signature: signature.to_vec().into(),
        chain,
    };
    let part = wire::get_statement_response::Part::Head(Box::new(head));
    wire::GetStatementResponse { part: Some(part) }
}

pub(super) fn statement_piece(piece: String) -> wire::GetStatementResponse {
    let part = wire::get_statement_response::Part::Csv(piece.into_bytes().into());
    wire::GetStatementResponse { part: Some(part) }
}

/// What a reconciliation is answered before its differences: totals, then the result.
pub(super) fn reconciled(reconciled: &Reconciled) -> [wire::ReconcileResponse; 2] {
    use wire::reconcile_response::Part;
    let Reconciliation { key, day, phase, theirs, bad_rows, matched, differences, .. } =
        &reconciled.reconciliation;
    let totals = wire::ReconciliationTotals {
        business_day: day.to_string(),
        platform: key.partner.to_string(),
        ours: Some(side_totals(reconciled.ours)),
        theirs: Some(side_totals(*theirs)),
    };
    let finished_at = match phase {
        Phase::Finished { at } => Some(encode_timestamp(*at)),
        Phase::Staging | Phase::Counting(_) | Phase::Sweeping(_) => None,
    };
    let result = wire::ReconciliationResult {
        matched: *matched,
        differences: *differences,
        bad_rows: *bad_rows,
        finished_at,
    };
    [Part::Totals(totals), Part::Result(result)].map(reconcile_response)
}

pub(super) fn one_difference(one: Difference) -> wire::ReconcileResponse {
    reconcile_response(wire::reconcile_response::Part::Difference(difference(one)))
}

pub(super) fn bad_row(bad: BadRow) -> wire::ReconcileResponse {
    let row = wire::BadRow { line: bad.line, reason: bad.reason };
    reconcile_response(wire::reconcile_response::Part::BadRow(row))
}

fn reconcile_response(part: wire::reconcile_response::Part) -> wire::ReconcileResponse {
    wire::ReconcileResponse { part: Some(part) }
}

fn side_totals(totals: SideTotals) -> wire::SideTotals {
    let SideTotals { rows, captured, refunded } = totals;
    wire::SideTotals { rows, captured_fen: captured.0, refunded_fen: refunded.0 }
}

pub(super) fn difference(one: Difference) -> wire::Difference {
    use wire::difference::{Kind, State};
    let kind = match one.kind() {
        DifferenceKind::MissingHere => Kind::MissingHere,
        DifferenceKind::MissingThere => Kind::MissingThere,
        DifferenceKind::AmountDiffers => Kind::AmountDiffers,
    };
    let state = match one.state {
        DifferenceState::Open => State::Open,
        DifferenceState::Accepted { .. } => State::Accepted,
        DifferenceState::Disputed => State::Disputed,
    };
    wire::Difference {
        difference_id: one.id,
        kind: kind.into(),
        transaction_kind: one.transaction_kind.name().to_owned(),
        order_number: one.order_number.to_string(),
        transaction_id: one.transaction_id.map(|id| id.to_string()).unwrap_or_default(),
        line: one.line.unwrap_or_default(),
        our_rows: one.ours.rows,
        our_fen: one.ours.amount.0,
        their_rows: one.theirs.rows,
        their_fen: one.theirs.amount.0,
        state: state.into(),
        history: one.history.into_iter().map(resolution).collect(),
    }
}

pub(super) fn resolution(said: Resolution) -> wire::Resolution {
    use wire::resolution::Action;
    let action = match said.action {
        ResolutionAction::Accept => Action::Accept,
        ResolutionAction::Dispute => Action::Dispute,
        ResolutionAction::Note => Action::Note,
    };
    wire::Resolution {
        position: said.position,
        action: action.into(),
        text: said.text,
        resolved_by: said.by.to_string(),
        resolved_at: Some(encode_timestamp(said.at)),
    }
}

/// The trial balance, message by message.
pub(super) fn trial_balance(balance: TrialBalance) -> Vec<wire::GetTrialBalanceResponse> {
    use wire::get_trial_balance_response::Part;
    let TrialBalance { as_of, totals, accounts } = balance;
    let totals = wire::TrialBalanceTotals {
        as_of: Some(encode_timestamp(as_of)),
        debit_fen: totals.debit.0,
        credit_fen: totals.credit.0,
        balance_fen: totals.debit.0 - totals.credit.0,
    };
    let pieces = accounts.chunks(ACCOUNTS_MAX).map(|piece| {
        let accounts = piece.iter().map(account).collect();
        Part::Accounts(wire::TrialBalanceAccounts { accounts })
    });
    let parts = std::iter::once(Part::Totals(totals)).chain(pieces);
    parts.map(|part| wire::GetTrialBalanceResponse { part: Some(part) }).collect()
}

fn account(one: &AccountBalance) -> wire::AccountBalance {
    wire::AccountBalance {
        account_class: one.account.class().to_owned(),
        name: one.account.name(),
        debit_fen: one.debit.0,
        credit_fen: one.credit.0,
        balance_fen: one.debit.0 - one.credit.0,
    }
}
