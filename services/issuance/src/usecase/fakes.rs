//! What tests of the use cases work with: an eligibility that says what it is told to, and ids that
//! are counted.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use clock::Timestamp;
use member_identity::{MemberId, OrganizationPath};
use tokio::sync::Semaphore;

use super::{
    Checked, EligibilityPeer, Resolved, SelectedPage, SelectionQuery, SelectionRefusal, Unreachable,
};
use crate::domain::{Entropy, FailedCriterion, JudgedBy, MemberVerdict};
use crate::store::conformance::person;

/// The member that eligibility does not know.
pub const UNKNOWN: u32 = u32::MAX;
/// The member who does not qualify.
pub const FAILS: u32 = u32::MAX - 1;
/// The member whom an organization of another city keeps.
pub const ELSEWHERE: u32 = u32::MAX - 2;
/// The policy that selects nobody, because it is not there.
pub const NO_POLICY: &str = "no-policy";
/// Members on one page of a selection.
const PAGE: usize = 100;

type OnCheck = Box<dyn Fn(u32) + Send + Sync>;

/// Every member qualifies; how old verdicts are and what happens on a question is told.
pub struct FakeEligibility {
    /// Ages of the next answers; zero when there are none left, unreachable for `None`.
    pub ages: Mutex<VecDeque<Option<Duration>>>,
    /// Questions so far.
    pub asked: AtomicU32,
    /// The members whom every policy selects.
    pub selected: Mutex<Vec<MemberId>>,
    /// A question waits for a permit.
    pub gate: Semaphore,
    /// What happens while a question is under way; it has the question's number, from 1.
    pub on_check: Mutex<OnCheck>,
}

impl Default for FakeEligibility {
    fn default() -> Self {
        Self {
            ages: Mutex::default(),
            asked: AtomicU32::new(0),
            selected: Mutex::default(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
            on_check: Mutex::new(Box::new(|_| {})),
        }
    }
}

/// The organization of a member that is known.
fn organization(number: u32) -> OrganizationPath {
    let path = if number == ELSEWHERE { "gd/dongguan" } else { "gd/guangzhou" };
    OrganizationPath::parse(path).expect("a path")
}

fn failed(number: u32) -> Option<FailedCriterion> {
    (number == FAILS).then(|| FailedCriterion {
        criterion_id: String::from("six-trades"),
        text_zh: String::from("仅限快递员领取"),
        text_en: String::from("For couriers only"),
    })
}

/// The number that a member was made of.
fn number(member_id: MemberId) -> u32 {
    u32::from_be_bytes(member_id.as_bytes()[7..11].try_into().expect("four bytes"))
}

/// The member with that number.
pub fn member(number: u32) -> MemberId {
    let mut entropy = [0; 9];
    entropy[..4].copy_from_slice(&number.to_be_bytes());
    MemberId::mint(person(number).shard(), Timestamp::from_micros(0), entropy)
}

#[async_trait]
impl EligibilityPeer for FakeEligibility {
    async fn batch_check(
        &self,
        _judged_by: &JudgedBy,
        members: &[MemberId],
    ) -> Result<Checked, Unreachable> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        self.gate.acquire().await.expect("is never closed").forget();
        self.on_check.lock().expect("no panic")(asked);
        let age = self.ages.lock().expect("no panic").pop_front().unwrap_or(Some(Duration::ZERO));
        let age = age.ok_or(Unreachable)?;
        let verdict = |member_id: &MemberId| match number(*member_id) {
            UNKNOWN => MemberVerdict::Unknown,
            number => MemberVerdict::Known {
                person: person(number),
                organization: organization(number),
                failed: failed(number),
            },
        };
        Ok(Checked { verdicts: members.iter().map(verdict).collect(), age })
    }

    async fn select_members(
        &self,
        query: &SelectionQuery,
    ) -> Result<Result<SelectedPage, SelectionRefusal>, Unreachable> {
        if query.policy_id == NO_POLICY {
            return Ok(Err(SelectionRefusal::PolicyUnknown));
        }
        let selected = self.selected.lock().expect("no panic");
        let Ok(first) = (if query.cursor.is_empty() { Ok(0) } else { query.cursor.parse() }) else {
            return Ok(Err(SelectionRefusal::ForeignCursor));
        };
        let end = selected.len().min(first + PAGE);
        let more = end < selected.len();
        Ok(Ok(SelectedPage {
            members: selected[first..end].to_vec(),
            cursor: if more { end.to_string() } else { String::new() },
            scanned: i64::try_from(end - first).expect("a page is small"),
            total: i64::try_from(selected.len()).expect("they are few"),
        }))
    }

    async fn resolve(&self, member_id: MemberId) -> Result<Option<Resolved>, Unreachable> {
        Ok(match number(member_id) {
            UNKNOWN => None,
            number => Some(Resolved { person: person(number), organization: organization(number) }),
        })
    }
}

/// Counts, from a number on that tells two of them apart.
#[derive(Debug, Default)]
pub struct CountingEntropy(AtomicU64);

impl CountingEntropy {
    /// Counts from here.
    pub fn from(start: u64) -> Self {
        Self(AtomicU64::new(start))
    }
}

impl Entropy for CountingEntropy {
    fn draw(&self) -> [u8; 9] {
        let mut bytes = [0; 9];
        bytes[1..].copy_from_slice(&self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes());
        bytes
    }
}
