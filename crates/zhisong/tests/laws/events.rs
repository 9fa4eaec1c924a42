use zhisong::laws::Law::Events;

use super::history::History;
use super::redemption::broken;
use super::{Case, catches};

pub fn cases() -> Vec<Case> {
    vec![(
        "the_events_catch_steps_that_are_not_told_once_in_their_order",
        the_events_catch_steps_that_are_not_told_once_in_their_order,
    )]
}

fn the_events_catch_steps_that_are_not_told_once_in_their_order(history: &History) {
    catches(
        history,
        &[
            broken(&[Events], "not told once", "DELETE FROM event WHERE position = 7"),
            broken(
                &[Events],
                "not told once",
                "INSERT INTO new_event (shard, authorization_id, step, partner, kind, at)
                 SELECT shard, authorization_id, step, partner, kind, at
                 FROM event WHERE position = 7",
            ),
            broken(
                &[Events],
                "told and not taken",
                "UPDATE event SET kind = 'EXPIRED' WHERE position = 1",
            ),
            broken(
                &[Events],
                "told and not taken",
                "UPDATE event SET partner = 'another' WHERE position = 1",
            ),
            broken(
                &[Events],
                "with a gap",
                "UPDATE event SET position = position + 1000000 WHERE position = 7",
            ),
            broken(&[Events], "whose head is not", "UPDATE event_head SET position = 1"),
            broken(
                &[Events],
                "before those of an earlier step",
                "UPDATE event SET position = position + 1000000 WHERE {captured} AND step = 0",
            ),
        ],
    );
}
