use std::collections::{BTreeMap, HashMap};

use clock::Timestamp;
use member_identity::AuthorizationId;

use super::{Authorization, Partner, Stage};

/// What happened to an authorization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// It was made.
    Held,
    /// It was paid, all of it or a part.
    Captured,
    /// It was let go.
    Voided,
    /// Its time ran out.
    Expired,
    /// Some of it was given back, or the rest.
    Refunded,
}

/// A step in the life of an authorization, as it is written in the commit that takes it. Its number
/// in the stream of its platform comes later, from [`number`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// Of which authorization.
    pub authorization_id: AuthorizationId,
    /// The platform whose order it is.
    pub partner: Partner,
    /// The step, from 0: made, then what ended the hold, then each refund.
    pub step: u32,
    /// What happened.
    pub kind: EventKind,
    /// When, by the business clock.
    pub at: Timestamp,
}

/// A step with its place in the stream of its platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its position: 1, 2, 3... without a gap, in the order in which readers see them.
    pub position: i64,
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub at: Timestamp,
    /// The authorization as it was after it.
    pub authorization: Authorization,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Held, Self::Captured, Self::Voided, Self::Expired, Self::Refunded];

    /// The name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Held => "HELD",
            Self::Captured => "CAPTURED",
            Self::Voided => "VOIDED",
            Self::Expired => "EXPIRED",
            Self::Refunded => "REFUNDED",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl NewEvent {
    /// The step that brought an authorization to where it is now.
    pub fn of(authorization: &Authorization) -> Self {
        let refunds = u32::try_from(authorization.refunds.len());
        let refunds = refunds.expect("an authorization has few refunds");
        let (step, kind, at) = match (authorization.refunds.last(), authorization.stage) {
            (Some(last), _) => (refunds + 1, EventKind::Refunded, last.booked.at),
            (None, Stage::Held) => (0, EventKind::Held, authorization.created_at),
            (None, Stage::Voided { at }) => (1, EventKind::Voided, at),
            (None, Stage::Expired { at }) => (1, EventKind::Expired, at),
            (None, Stage::Captured(booked) | Stage::Refunded { captured: booked, .. }) => {
                (1, EventKind::Captured, booked.at)
            }
        };
        let (authorization_id, partner) =
            (authorization.authorization_id, authorization.partner.clone());
        Self { authorization_id, partner, step, kind, at }
    }
}

/// Gives steps their positions, each platform's after the last one that it has. All steps of an
/// authorization that are not numbered yet are among them. They come in the order of their times,
/// those of one authorization in their own: the clocks of two replicas need not agree.
pub fn number(
    mut taken: Vec<NewEvent>,
    heads: &HashMap<Partner, i64>,
) -> (Vec<(i64, NewEvent)>, BTreeMap<Partner, i64>) {
    taken.sort_by_key(|event| (event.authorization_id, event.step));
    let mut latest: Option<(AuthorizationId, Timestamp)> = None;
    let mut timed: Vec<_> = taken
        .into_iter()
        .map(|event| {
            let before = latest.filter(|(id, _)| *id == event.authorization_id);
            let since = before.map_or(event.at, |(_, at)| at.max(event.at));
            latest = Some((event.authorization_id, since));
            (since, event)
        })
        .collect();
    // Stable: steps of one time stay as they are.
    timed.sort_by_key(|(since, _)| *since);
    let mut after: BTreeMap<Partner, i64> = BTreeMap::new();
    let numbered = timed.into_iter().map(|(_, event)| {
        let head = heads.get(&event.partner).copied().unwrap_or(0);
        let position = after.entry(event.partner.clone()).or_insert(head);
        *position += 1;
        (*position, event)
    });
    let numbered = numbered.collect();
    (numbered, after)
}
