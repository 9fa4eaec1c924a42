use std::collections::BTreeMap;

use comfy_table::{CellAlignment, Table};
use contracts::redemption::v1::StatementHead;
use serde_json::{Value, json};

use super::Evidence;
use super::rush::Rush;
use super::tills::Tills;

/// What a demonstration came to.
#[derive(Debug)]
pub struct Report {
    /// What the services are held to: not part of the output.
    pub evidence: Evidence,
    pub(super) laws: Option<Laws>,
    pub(super) members: usize,
    pub(super) quota: i64,
    pub(super) issued: i64,
    pub(super) rush: Rush,
    pub(super) tills: Tills,
    pub(super) statement: StatementHead,
}

/// What `zhisong laws` said of the data afterwards.
#[derive(Debug)]
pub(super) struct Laws {
    /// By law: `holds`, `not checked`, or what is broken.
    told: BTreeMap<String, String>,
    violations: u64,
}

impl Laws {
    /// Reads what `zhisong laws --json` prints.
    fn read(told: &Value) -> Option<Self> {
        let mut laws = Self { told: BTreeMap::new(), violations: 0 };
        for (law, verdict) in told.as_object()? {
            let findings = verdict["findings"].as_array()?;
            let broken = findings.iter().filter_map(|finding| {
                let count = finding["count"].as_u64()?;
                laws.violations += count;
                Some(format!("{count} {}", finding["what"].as_str()?))
            });
            let broken: Vec<_> = broken.collect();
            let state = verdict["state"].as_str()?;
            let told = if broken.is_empty() { state.to_owned() } else { broken.join("; ") };
            laws.told.insert(law.clone(), told);
        }
        Some(laws)
    }
}

impl Report {
    /// Takes in what `zhisong laws --json` printed, and gives how often a law was found broken;
    /// none when that is not its form.
    pub fn take_laws(&mut self, told: &Value) -> Option<u64> {
        self.laws = Laws::read(told);
        self.violations()
    }

    fn violations(&self) -> Option<u64> {
        self.laws.as_ref().map(|laws| laws.violations)
    }

    fn claims_per_second(&self) -> u64 {
        let claims = self.rush.winners.len() + self.rush.refused.values().sum::<usize>();
        (claims as f64 / self.rush.took.as_secs_f64()) as u64
    }

    fn checkouts_per_second(&self) -> u64 {
        let orders = self.tills.authorized + self.tills.refused.values().sum::<usize>();
        (orders as f64 / self.tills.took.as_secs_f64()) as u64
    }

    /// One JSON object.
    pub fn json(&self) -> Value {
        json!({
            "members": self.members,
            "quota": self.quota,
            "issued": self.issued,
            "refused": self.rush.refused,
            "claims_per_second": self.claims_per_second(),
            "authorized": self.tills.authorized,
            "captured": self.tills.captured,
            "voided": self.tills.voided,
            "refunded": self.tills.refunded,
            "checkouts_refused": self.tills.refused,
            "checkouts_per_second": self.checkouts_per_second(),
            "statement_rows": self.statement.rows,
            "statement_total_fen": self.statement.due_fen,
            "laws": self.laws.as_ref().map(|laws| &laws.told),
            "violations": self.violations(),
        })
    }

    /// A table for people.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.set_header(["", "figure"]);
        let mut row = |what: &str, figure: String| {
            table.add_row([what.to_owned(), figure]);
        };
        row("members", self.members.to_string());
        row("quota of the day", self.quota.to_string());
        row("vouchers issued", self.issued.to_string());
        for (reason, count) in &self.rush.refused {
            row(&format!("claims refused: {reason}"), count.to_string());
        }
        row("claims per second", self.claims_per_second().to_string());
        row("orders authorized", self.tills.authorized.to_string());
        row("orders captured", self.tills.captured.to_string());
        row("orders voided", self.tills.voided.to_string());
        row("orders refunded", self.tills.refunded.to_string());
        for (reason, count) in &self.tills.refused {
            row(&format!("orders refused: {reason}"), count.to_string());
        }
        row("checkouts per second", self.checkouts_per_second().to_string());
        row("statement rows", self.statement.rows.to_string());
        let due = benefit::Fen(self.statement.due_fen);
        row("statement total, yuan", due.yuan_text());
        if let Some(laws) = &self.laws {
            for (law, told) in &laws.told {
                row(&format!("law {law}"), told.clone());
            }
            row("violations", laws.violations.to_string());
        }
        if let Some(figures) = table.column_mut(1) {
            figures.set_cell_alignment(CellAlignment::Right);
        }
        table.to_string()
    }
}
