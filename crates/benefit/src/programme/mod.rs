//! Programme files: a campaign declared in TOML, as in `deploy/programmes`.
//!
//! [`parse`] promises to list every problem of a file at once, each with its line, so that an
//! office corrects it in one go. Keys that the schema does not know are refused: a misspelt limit
//! must not become no limit. Every key is described in `deploy/programmes/README.md`.
//!
//! Map: `table` reads keys and records problems, `sections` and `terms_section` know the schema,
//! `problem` the answers.

mod problem;
mod sections;
mod table;
mod terms_section;

use clock::{BusinessDay, Timestamp, Zone};
use member_identity::OrganizationPath;
use toml::de::DeTable;

use self::problem::Problems;
pub use self::problem::ProgrammeProblem;
use self::table::Table;
use crate::{Hours, LimitPeriod, StockPeriod, Terms, Validity, is_open, next_opening};

/// The largest programme file, in bytes: what one message may carry.
pub const SOURCE_BYTES_MAX: usize = 64 * 1024;

/// A campaign as its file declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programme {
    /// The campaign's name: 1 to 64 of `a-z 0-9 -`.
    pub campaign_id: String,
    /// The organization that offers it.
    pub organization: OrganizationPath,
    /// The fund that its vouchers' liabilities are drawn on, a slug; none when nothing but the
    /// quota bounds what they cost.
    pub fund: Option<String>,
    /// Its title in Chinese, 1 to 100 characters.
    pub title_zh: String,
    /// Its title in English, 1 to 100 characters.
    pub title_en: String,
    /// The zone of its days and hours.
    pub zone: Zone,
    /// The first day on which it gives out vouchers.
    pub starts_on: BusinessDay,
    /// The last such day.
    pub ends_on: BusinessDay,
    /// The hours of these days in which it does; empty means all day.
    pub claim_hours: Vec<Hours>,
    /// What the stock is counted in.
    pub stock_period: StockPeriod,
    /// Vouchers in one stock period, 1 to 1,000,000,000.
    pub quota: u64,
    /// What a person's vouchers are counted in.
    pub limit_period: LimitPeriod,
    /// Vouchers a person may have in one limit period, 1 to 100.
    pub person_limit: u32,
    /// What a voucher is worth.
    pub terms: Terms,
    /// How long a voucher can be used.
    pub validity: Validity,
    /// Who qualifies.
    pub policy: PolicySource,
}

/// The policy of a programme, as eligibility publishes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicySource {
    /// Its name: 1 to 64 of `a-z 0-9 -`.
    pub policy_id: String,
    /// 1 to 32 criteria with different names, in the order in which they are judged.
    pub criteria: Vec<CriterionSource>,
}

/// One condition of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CriterionSource {
    /// Its name within the policy: 1 to 64 of `a-z 0-9 -`.
    pub criterion_id: String,
    /// The CEL expression, 1 to 2,000 characters. Not parsed here: eligibility does.
    pub expression: String,
    /// What a member who fails it is told in Chinese, 1 to 200 characters.
    pub text_zh: String,
    /// The same in English, 1 to 200 characters.
    pub text_en: String,
}

impl Programme {
    /// The key of the stock that gives out on `day`: `day:2022-07-22` or `campaign`.
    pub fn stock_period_key(&self, day: BusinessDay) -> String {
        self.stock_period.key(day)
    }

    /// The key of the limit period that `day` is in: `day:2022-07-22` or `campaign`.
    pub fn limit_period_key(&self, day: BusinessDay) -> String {
        self.limit_period.key(day)
    }

    /// Whether `day` is one of the campaign's days.
    pub fn runs_on(&self, day: BusinessDay) -> bool {
        self.starts_on <= day && day <= self.ends_on
    }

    /// Whether `at` is within the claim hours of its day.
    pub fn is_claim_time(&self, at: Timestamp) -> bool {
        is_open(&self.claim_hours, at, &self.zone)
    }

    /// When the claim hours open next: `at` itself within them. Does not look at the dates.
    pub fn opens_at(&self, at: Timestamp) -> Timestamp {
        next_opening(&self.claim_hours, at, &self.zone)
    }
}

/// Reads a programme file. Either all of it is good, or every problem is listed by line; a file
/// that is too large or not TOML has one problem.
pub fn parse(source: &str) -> Result<Programme, Vec<ProgrammeProblem>> {
    parse_judged(source, &|_| Ok(()))
}

/// Says what is wrong with an expression, if anything is.
pub type JudgeExpression<'a> = &'a dyn Fn(&str) -> Result<(), String>;

/// Reads a programme file as [`parse`] does; what `judge` has against an expression, which is not
/// read here, is one more problem of its line.
pub fn parse_judged(
    source: &str,
    judge: JudgeExpression<'_>,
) -> Result<Programme, Vec<ProgrammeProblem>> {
    let problems = Problems::new(source);
    if source.len() > SOURCE_BYTES_MAX {
        problems.add(1, "", format!("is larger than {SOURCE_BYTES_MAX} bytes"));
        return Err(problems.into_sorted());
    }
    let document = match DeTable::parse(source) {
        Ok(document) => document,
        Err(error) => {
            let offset = error.span().map_or(source.len(), |span| span.start);
            problems.add(problems.line_of(offset), "", syntax_message(error.message()));
            return Err(problems.into_sorted());
        }
    };
    let programme = sections::programme(Table::root(&problems, document.get_ref()), judge);
    match (programme, problems.into_sorted()) {
        (Some(programme), problems) if problems.is_empty() => Ok(programme),
        (_, problems) => Err(problems),
    }
}

fn syntax_message(message: &str) -> String {
    format!("is not TOML: {}", message.trim().replace('\n', ", "))
}

#[cfg(test)]
mod shipped_tests;
#[cfg(test)]
mod terms_tests;
#[cfg(test)]
mod tests;
