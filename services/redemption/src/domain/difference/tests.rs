use super::*;

fn side(rows: i64, fen: i64) -> Side {
    Side { rows, amount: Fen(fen) }
}

fn difference(ours: Side, theirs: Side) -> Difference {
    Difference {
        id: String::from("CAPTURE:order:o1"),
        transaction_kind: TransactionKind::Capture,
        order_number: "o1".parse().expect("a key"),
        transaction_id: None,
        line: Some(2),
        ours,
        theirs,
        state: DifferenceState::Open,
        resolutions: 0,
        history: Vec::new(),
    }
}

fn word(by: &str, action: ResolutionAction) -> Resolve {
    Resolve {
        request_id: "r1".parse().expect("a key"),
        by: by.parse().expect("a key"),
        key: ReconciliationKey {
            partner: "wepay".parse().expect("a key"),
            id: "m1".parse().expect("a key"),
        },
        difference_id: String::from("CAPTURE:order:o1"),
        action,
        text: String::from("seen"),
        at: Timestamp::from_micros(0),
    }
}

#[test]
fn two_sides_agree_when_both_say_the_same_amount() {
    let rows = [
        (side(1, 299), side(1, 299), None),
        (side(2, 598), side(1, 598), None),
        (side(1, 299), side(1, 300), Some(DifferenceKind::AmountDiffers)),
        (side(0, 0), side(1, 0), Some(DifferenceKind::MissingHere)),
        (side(1, 0), side(0, 0), Some(DifferenceKind::MissingThere)),
    ];
    for (ours, theirs, expected) in rows {
        let one = difference(ours, theirs);
        assert_eq!((!one.agrees()).then(|| one.kind()), expected, "{one:?}");
    }
}

#[test]
fn a_difference_is_disputed_accepted_once_and_noted_for_ever() {
    use ResolutionAction::{Accept, Dispute, Note};
    let one = difference(side(0, 0), side(1, 299));
    let one = one.resolve(&word("wepay", Dispute)).expect("it is open");
    assert_eq!(one.state, DifferenceState::Disputed);
    let one = one.resolve(&word("ops", Accept)).expect("it is disputed");
    let by: Subject = "ops".parse().expect("a key");
    let refused = ResolveProblem::Accepted { by };
    assert_eq!(one.clone().resolve(&word("wepay", Dispute)), Err(refused.clone()));
    assert_eq!(one.clone().resolve(&word("wepay", Accept)), Err(refused));
    let one = one.resolve(&word("wepay", Note)).expect("a note is always taken");
    let positions: Vec<_> = one.history.iter().map(|said| (said.position, said.action)).collect();
    assert_eq!(positions, [(1, Dispute), (2, Accept), (3, Note)]);
    assert!(matches!(one.state, DifferenceState::Accepted { .. }));
}

#[test]
fn the_same_request_is_answered_the_same_and_another_names_what_differs() {
    let command = word("wepay", ResolutionAction::Note);
    let one = difference(side(0, 0), side(1, 299)).resolve(&command).expect("it is open");
    let resolution = one.history[0].clone();
    let seen = Resolved {
        key: command.key.clone(),
        difference_id: command.difference_id.clone(),
        resolution: resolution.clone(),
    };
    assert_eq!(seen.clone().again(&command), Ok(resolution));
    let text = Resolve { text: String::from("other"), ..command.clone() };
    assert_eq!(seen.clone().again(&text), Err(ResolveProblem::Reused("text")));
    let action = Resolve { action: ResolutionAction::Accept, ..text };
    assert_eq!(seen.again(&action), Err(ResolveProblem::Reused("action")));
}
