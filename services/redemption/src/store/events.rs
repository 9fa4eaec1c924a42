//! Events as their rows have them, whatever the backend.

use sql::StoreError;

use super::columns::{Columns, Detailed};
use crate::domain::{Event, EventKind, Laid, NewEvent, Partner};

/// A step that is not numbered yet.
pub(super) fn new_event(row: Columns<'_>) -> Detailed<NewEvent> {
    Ok(NewEvent {
        authorization_id: row.id("authorization_id")?,
        partner: row.parsed("partner")?,
        step: row.small("step")?,
        kind: EventKind::from_name(row.text("kind")?).ok_or("unknown kind")?,
        at: row.time("at")?,
    })
}

/// A step and its position.
pub(super) fn event(row: Columns<'_>) -> Detailed<(i64, NewEvent)> {
    Ok((row.integer("position")?, new_event(row)?))
}

/// The last position of a platform's stream.
pub(super) fn event_head(row: Columns<'_>) -> Detailed<(Partner, i64)> {
    Ok((row.parsed("partner")?, row.integer("position")?))
}

/// Events with their authorizations as they were.
pub(super) fn told(numbered: Vec<(i64, NewEvent)>, laid: &Laid) -> Result<Vec<Event>, StoreError> {
    let told = |(position, event): (i64, NewEvent)| {
        let found = laid.authorizations.get(&event.authorization_id).cloned();
        let authorization = found.ok_or_else(|| StoreError::Corrupt {
            table: "event",
            id: event.authorization_id.to_string(),
            detail: String::from("an event tells of an authorization that is not there"),
        })?;
        let authorization = authorization.as_of_step(event.step);
        Ok(Event { position, kind: event.kind, at: event.at, authorization })
    };
    numbered.into_iter().map(told).collect()
}
