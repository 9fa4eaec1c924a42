use std::collections::BTreeMap;

use comfy_table::Table;
use serde::Serialize;
use serde_json::Value;

/// Examples that a finding shows at most.
const EXAMPLES_MAX: usize = 3;

/// What is checked, in the order in which it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Law {
    /// Never more than the quota; serials and feed positions without a gap.
    I1,
    /// At most the allowed number a person and limit period.
    I2,
    /// What was acknowledged is there; what is there is reachable by its request.
    I3,
    /// "Sold out" was said only when nothing was left.
    I4,
    /// Liabilities are what the terms say, within the money of the stock.
    I5,
    /// A fund's money is what is free, open and spent, by its entries; what came back is what will
    /// never be spent of closed vouchers.
    I6,
    /// Every right is used once, by legal steps.
    R1,
    /// Captured is what was authorized; refunded at most what was captured; parts add up.
    R2,
    /// Capture, void and expiry exclude one another.
    R3,
    /// Entries come to zero; balances are their entries.
    R4,
    /// Closed days do not change; statements and the open day are all there is.
    R5,
    /// Every step of an authorization is told once, in a stream without a gap.
    Events,
    /// A request is answered the same for ever.
    A1,
    /// Wallets are what issuance gave out, up to redemption's cursors.
    Feed,
    /// No personal data in the clear in any file.
    E3,
}

/// What is said of a law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum State {
    /// Everything was checked and nothing found.
    #[serde(rename = "holds")]
    Holds,
    /// Something was found.
    #[serde(rename = "broken")]
    Broken,
    /// Something that the check needs was not given, and nothing was found in the rest.
    #[serde(rename = "not checked")]
    NotChecked,
}

/// One way in which a law is broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What is wrong.
    pub what: String,
    /// How often.
    pub count: u64,
    /// The first few, by their keys.
    pub examples: Vec<String>,
}

/// What was found out about one law.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// Which.
    #[serde(skip)]
    pub law: Law,
    /// The outcome.
    pub state: State,
    /// What was counted.
    pub figures: BTreeMap<String, i64>,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

/// What was found out about all of them.
#[derive(Clone, Debug)]
pub struct Report {
    verdicts: Vec<Verdict>,
}

impl Law {
    /// The name in design and output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::I1 => "I1",
            Self::I2 => "I2",
            Self::I3 => "I3",
            Self::I4 => "I4",
            Self::I5 => "I5",
            Self::I6 => "I6",
            Self::R1 => "R1",
            Self::R2 => "R2",
            Self::R3 => "R3",
            Self::R4 => "R4",
            Self::R5 => "R5",
            Self::Events => "events",
            Self::A1 => "A1",
            Self::Feed => "feed",
            Self::E3 => "E3",
        }
    }

    /// What it says, for people.
    pub const fn says(self) -> &'static str {
        match self {
            Self::I1 => "never above the quota; serials and feed without a gap",
            Self::I2 => "at most the allowed number a person and period",
            Self::I3 => "every acknowledged voucher exists as acknowledged",
            Self::I4 => "sold out is said only if nothing is left",
            Self::I5 => "liabilities are within the money, to the fen",
            Self::I6 => "a fund's figures are its entries; unspent money is back",
            Self::R1 => "a right is used once, by legal steps",
            Self::R2 => "captured is authorized, refunded is captured, parts add up",
            Self::R3 => "capture, void or expiry, never two of them",
            Self::R4 => "entries come to zero and give the balances",
            Self::R5 => "closed days stand; statements and the open day are all",
            Self::Events => "every step is told once, in a stream without a gap",
            Self::A1 => "the same request has the same answer",
            Self::Feed => "wallets are what issuance gave out",
            Self::E3 => "nothing personal in the clear in any file",
        }
    }
}

impl State {
    /// The word in output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Broken => "broken",
            Self::NotChecked => "not checked",
        }
    }
}

impl Finding {
    /// A way of being wrong that nobody was yet caught in.
    pub(super) fn none_yet(what: impl Into<String>) -> Self {
        Self { what: what.into(), count: 0, examples: Vec::new() }
    }

    /// One more; `example` is only called for the first few.
    pub(super) fn add(&mut self, example: impl FnOnce() -> String) {
        self.count += 1;
        if self.examples.len() < EXAMPLES_MAX {
            self.examples.push(example());
        }
    }
}

impl Verdict {
    /// A law in which nothing was found yet.
    pub(super) fn holds(law: Law) -> Self {
        Self { law, state: State::Holds, figures: BTreeMap::new(), findings: Vec::new() }
    }

    /// Says that a part of the check needs what was not given.
    pub(super) fn lacks_input(&mut self) {
        if self.state == State::Holds {
            self.state = State::NotChecked;
        }
    }

    pub(super) fn figure(&mut self, name: impl Into<String>, figure: i64) {
        self.figures.insert(name.into(), figure);
    }

    /// A figure that was counted here.
    pub(super) fn count(&mut self, name: impl Into<String>, count: u64) {
        self.figure(name, i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Takes in a finding; one that caught nobody is none.
    pub(super) fn find(&mut self, finding: Finding) {
        if finding.count > 0 {
            self.state = State::Broken;
            self.findings.push(finding);
        }
    }

    /// One line for people: the figures, or what is wrong.
    fn line(&self) -> String {
        if self.findings.is_empty() {
            let figures = self.figures.iter().map(|(name, figure)| format!("{name} {figure}"));
            return figures.collect::<Vec<_>>().join(", ");
        }
        let findings = self.findings.iter().map(|finding| {
            let Finding { what, count, examples } = finding;
            format!("{count} {what}: {}", examples.join("; "))
        });
        findings.collect::<Vec<_>>().join("\n")
    }
}

impl Report {
    pub(super) fn new(mut verdicts: Vec<Verdict>) -> Self {
        verdicts.sort_by_key(|verdict| verdict.law);
        Self { verdicts }
    }

    /// One verdict a law.
    pub fn verdicts(&self) -> &[Verdict] {
        &self.verdicts
    }

    /// The laws that are broken.
    pub fn broken(&self) -> Vec<Law> {
        let broken = self.verdicts.iter().filter(|verdict| verdict.state == State::Broken);
        broken.map(|verdict| verdict.law).collect()
    }

    /// One object: law to state, figures and findings.
    pub fn json(&self) -> Value {
        let laws = self.verdicts.iter().map(|verdict| {
            let told = serde_json::to_value(verdict).expect("names, words and numbers only");
            (verdict.law.name().to_owned(), told)
        });
        Value::Object(laws.collect())
    }

    /// A table for people.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
        table.set_header(["law", "", "", "figures"]);
        for verdict in &self.verdicts {
            let law = verdict.law;
            let cells = [law.name(), law.says(), verdict.state.word()].map(str::to_owned);
            table.add_row(cells.into_iter().chain([verdict.line()]));
        }
        table.to_string()
    }
}
