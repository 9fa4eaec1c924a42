//! Webhooks: where a platform's events are sent, and what becomes of each try.
//!
//! **Invariant:** of a webhook's events everything up to its position was accepted or is a dead
//! letter, and nothing after it was given up.

mod address;
mod receiver;
#[cfg(test)]
mod tests;
mod verb;

use std::time::Duration;

use clock::Timestamp;

use super::{Partner, WebhookId};

pub use address::is_public;
pub use receiver::{Reach, ReceiverProblem, ReceiverUrl};
pub use verb::{Effect, WebhookAsked, WebhookRefusal, WebhookVerb, WebhookWish, decide};

/// Webhooks that a platform may have.
pub const WEBHOOKS_MAX: usize = 10;
/// The most events of one batch.
pub const BATCH_MAX: u32 = 100;
/// Tries of one event before it becomes a dead letter.
pub const ATTEMPTS_MAX: u32 = 16;
/// Tries of a whole batch; from then on one event goes at a time, so that one that is not accepted
/// does not keep the others back.
const BATCH_ATTEMPTS: u32 = 3;
/// Dead letters in a row after which nothing more is sent.
const LETTERS_IN_A_ROW: u32 = 3;
/// The longest wait between two tries.
const BACKOFF_MAX: Duration = Duration::from_secs(3_600);
/// How long the secret before is still signed with.
const OVERLAP: Duration = Duration::from_secs(24 * 3_600);

/// How a webhook is named.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WebhookKey {
    /// The platform whose events it sends.
    pub partner: Partner,
    /// The platform's name for it.
    pub id: WebhookId,
}

/// Whether a webhook sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookState {
    /// It does.
    Active,
    /// Not until it is resumed.
    Suspended,
}

/// Where a platform's events are sent, and how far they came. Its times are of the wall clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// How it is named.
    pub key: WebhookKey,
    /// Where to.
    pub url: ReceiverUrl,
    /// The most events of one batch, 1 to [`BATCH_MAX`].
    pub batch_max: u32,
    /// Whether it sends.
    pub state: WebhookState,
    /// The last event that was accepted or became a dead letter.
    pub position: i64,
    /// Tries of the event that comes next that came to nothing.
    pub attempts: u32,
    /// Dead letters since an event was accepted.
    pub letters: u32,
    /// What the last try came to, when it was not accepted.
    pub problem: Option<DeliveryProblem>,
    /// When the next try comes.
    pub due_at: Timestamp,
    /// Until when one sender has it to itself.
    pub leased_until: Timestamp,
    /// How often the secret was made, from 1.
    pub generation: u32,
    /// Until when the secret before is signed with too.
    pub overlaps_until: Timestamp,
}

/// An event that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its position in the stream.
    pub position: i64,
    /// What the last try came to.
    pub problem: DeliveryProblem,
    /// When it was given up.
    pub put_aside_at: Timestamp,
    /// Whether it is to be sent again.
    pub is_queued: bool,
}

/// What one sender has to send, until its lease ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The webhook as it is leased.
    pub webhook: Webhook,
    /// The events: from the first to the last of these positions.
    pub positions: (i64, i64),
    /// Whether it is a dead letter that is sent again.
    pub is_replay: bool,
}

/// What a try came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The receiver has it.
    Accepted,
    /// It does not, or that is not known.
    Failed(DeliveryProblem),
}

/// Why a try came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryProblem {
    /// Another answer than 200 to 299.
    Http(u16),
    /// No answer in time.
    TimedOut,
    /// No connection, or no TLS that can be trusted.
    NotReached,
    /// The name stands for an address that is not public.
    AddressRefused,
}

/// What became of dead letters by a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LetterChange {
    /// There is one more.
    Add(DeadLetter),
    /// One was accepted.
    Remove(i64),
    /// One was not, and stays.
    Keep(i64, DeliveryProblem),
}

impl DeliveryProblem {
    /// The answer of a receiver that is there no longer.
    const GONE: Self = Self::Http(410);

    /// The name in tables and in the contract.
    pub fn name(self) -> String {
        match self {
            Self::Http(status) => format!("HTTP_{status}"),
            Self::TimedOut => String::from("TIMED_OUT"),
            Self::NotReached => String::from("NOT_REACHED"),
            Self::AddressRefused => String::from("ADDRESS_REFUSED"),
        }
    }

    /// The problem of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "TIMED_OUT" => Some(Self::TimedOut),
            "NOT_REACHED" => Some(Self::NotReached),
            "ADDRESS_REFUSED" => Some(Self::AddressRefused),
            other => other.strip_prefix("HTTP_")?.parse().ok().map(Self::Http),
        }
    }
}

impl Webhook {
    /// Gives what is to be sent to one sender: a queued dead letter first, else what comes after
    /// the position, up to the head of the stream. None when it is not its time, another sender has
    /// it, or there is nothing.
    pub fn lease(
        &mut self,
        head: i64,
        queued: Option<i64>,
        (now, until): (Timestamp, Timestamp),
    ) -> Option<Delivery> {
        let is_free = self.state == WebhookState::Active && self.leased_until <= now;
        if !is_free || self.due_at > now {
            return None;
        }
        let positions = match queued {
            Some(position) => (position, position),
            None if head > self.position => (self.position + 1, self.last_of_batch(head)),
            None => return None,
        };
        self.leased_until = until;
        Some(Delivery { webhook: self.clone(), positions, is_replay: queued.is_some() })
    }

    fn last_of_batch(&self, head: i64) -> i64 {
        let size = if self.attempts < BATCH_ATTEMPTS { self.batch_max } else { 1 };
        head.min(self.position + i64::from(size))
    }

    /// Takes in what a try came to. The sender's lease has not been given to another.
    pub fn settle(
        &mut self,
        delivery: &Delivery,
        sent: Sent,
        now: Timestamp,
    ) -> Option<LetterChange> {
        self.leased_until = now;
        let (first, last) = delivery.positions;
        match sent {
            Sent::Accepted => {
                (self.attempts, self.letters, self.problem) = (0, 0, None);
                self.due_at = now;
                if delivery.is_replay {
                    return Some(LetterChange::Remove(first));
                }
                self.position = last;
                None
            }
            Sent::Failed(problem) => {
                self.problem = Some(problem);
                if problem == DeliveryProblem::GONE {
                    self.state = WebhookState::Suspended;
                }
                match delivery.is_replay {
                    true => Some(LetterChange::Keep(first, problem)),
                    false => self.fail(problem, now),
                }
            }
        }
    }

    fn fail(&mut self, problem: DeliveryProblem, now: Timestamp) -> Option<LetterChange> {
        self.attempts += 1;
        self.due_at = now.plus(backoff(self.attempts));
        if self.attempts < ATTEMPTS_MAX || self.state == WebhookState::Suspended {
            return None;
        }
        self.position += 1;
        self.attempts = 0;
        self.due_at = now;
        self.letters += 1;
        if self.letters >= LETTERS_IN_A_ROW {
            self.state = WebhookState::Suspended;
        }
        let position = self.position;
        Some(LetterChange::Add(DeadLetter {
            position,
            problem,
            put_aside_at: now,
            is_queued: false,
        }))
    }

    /// The generations of secrets that are signed with.
    pub fn generations(&self, now: Timestamp) -> Vec<u32> {
        let before = (now < self.overlaps_until).then_some(self.generation - 1);
        std::iter::once(self.generation).chain(before).collect()
    }
}

/// How long to wait after that many tries: 1 s, 2 s, 4 s and so on.
fn backoff(attempts: u32) -> Duration {
    let seconds = 1_u64.checked_shl(attempts.saturating_sub(1)).unwrap_or(u64::MAX);
    Duration::from_secs(seconds).min(BACKOFF_MAX)
}
