//! What is reported: medians over rounds, for machines as JSON and for people as a table.

use comfy_table::{CellAlignment, Table};
use serde_json::{Map, Value, json};

use super::load::Measured;
use super::plot::{self, Bar, grouped};

/// One timed run.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sample {
    pub rate: f64,
    pub calls: usize,
    pub p50_us: u64,
    pub p99_us: u64,
    pub p999_us: u64,
}

impl Sample {
    pub fn of<T>(measured: &Measured<T>) -> Self {
        let at = |quantile| measured.latencies.value_at_quantile(quantile);
        Self {
            rate: measured.rate(),
            calls: measured.answers.len(),
            p50_us: at(0.5),
            p99_us: at(0.99),
            p999_us: at(0.999),
        }
    }

    fn percentiles(&self) -> [u64; 3] {
        [self.p50_us, self.p99_us, self.p999_us]
    }
}

/// One round: the workload and its controls, one after the other.
#[derive(Debug, Clone, Default)]
pub(super) struct Round {
    pub workload: Sample,
    pub echo: Option<Sample>,
    /// Other controls by name, as `naive` or `copy`: operations a second.
    pub controls: Vec<(&'static str, f64)>,
    /// Of all services and the database while the workload ran.
    pub cpu_seconds: f64,
    /// Steps that the stores committed while the workload ran.
    pub commits: u64,
    /// Calls that got no answer, or that the load generator could not send.
    pub dropped: usize,
    /// Wrong answers, and laws that do not hold.
    pub violations: Vec<String>,
}

/// Half of the median rate, at which latency is looked at.
pub(super) fn half_of_saturation(rounds: &[Round]) -> f64 {
    median(rounds.iter().map(|round| round.workload.rate).collect()).unwrap_or(1.0) / 2.0
}

/// Latencies of an open loop beside those of the control at the same rate.
pub(super) fn latency<T, U>(
    rate: f64,
    measured: &Measured<T>,
    echoed: &Measured<U>,
    round: &Round,
) -> Value {
    let (own, echo) = (Sample::of(measured), Sample::of(echoed));
    json!({
        "rate": rate.round(),
        "p50_us": own.p50_us, "p99_us": own.p99_us, "p999_us": own.p999_us,
        "echo_p50_us": echo.p50_us, "echo_p99_us": echo.p99_us, "echo_p999_us": echo.p999_us,
        "p99_ratio_to_echo": rounded(own.p99_us as f64 / echo.p99_us.max(1) as f64),
        "dropped": round.dropped + measured.unsent + echoed.unsent,
        "violations": round.violations,
    })
}

/// All rounds of a workload.
pub(super) struct Figures {
    pub workload: &'static str,
    pub store: &'static str,
    pub machine: String,
    /// As the database says them.
    pub durability: Map<String, Value>,
    /// More that belongs to the workload, as members or memory.
    pub extra: Map<String, Value>,
    pub rounds: Vec<Round>,
}

impl Figures {
    /// Whether every round is a figure: nothing dropped, no law broken.
    pub fn are_valid(&self) -> bool {
        self.rounds.iter().all(|round| round.dropped == 0 && round.violations.is_empty())
    }

    pub fn json(&self) -> Value {
        let mut all = Map::new();
        all.insert("workload".into(), self.workload.into());
        all.insert("store".into(), self.store.into());
        all.insert("machine".into(), self.machine.clone().into());
        let rate = |round: &Round| Some(round.workload.rate);
        all.insert("ops_per_second".into(), self.median(rate).map(f64::round).into());
        let echo = |round: &Round| round.echo.map(|echo| echo.rate);
        all.insert("echo_ops_per_second".into(), self.median(echo).map(f64::round).into());
        all.insert("ratio_to_echo".into(), self.ratio(echo).into());
        for (name, _) in self.rounds.first().map_or(&[][..], |round| &round.controls) {
            let control = |round: &Round| control(round, name);
            let figure = self.median(control).map(f64::round);
            all.insert(format!("{name}_ops_per_second"), figure.into());
            all.insert(format!("ratio_to_{name}"), self.ratio(control).into());
        }
        for (at, name) in ["p50_us", "p99_us", "p999_us"].into_iter().enumerate() {
            // A workload of one long call has no latencies.
            let own = |round: &Round| Some(round.workload.percentiles()[at] as f64);
            let figure = self.median(own).filter(|micros| *micros > 0.0);
            all.insert(name.into(), figure.into());
            let echo = |round: &Round| Some(round.echo?.percentiles()[at] as f64);
            all.insert(format!("echo_{name}"), self.median(echo).into());
        }
        all.insert("cpu_seconds_per_1000".into(), self.median(cpu_per_1000).map(rounded).into());
        let commits = |round: &Round| Some(round.commits as f64);
        all.insert("commits".into(), self.median(commits).into());
        all.insert("ops_per_commit".into(), self.median(per_commit).map(rounded).into());
        all.insert(
            "dropped".into(),
            self.rounds.iter().map(|round| round.dropped).sum::<usize>().into(),
        );
        let violations: Vec<_> = self.rounds.iter().flat_map(|round| &round.violations).collect();
        all.insert("violations".into(), violations.len().into());
        all.insert("violations_found".into(), json!(violations));
        all.insert("durability".into(), self.durability.clone().into());
        all.extend(self.extra.clone());
        all.insert("rounds".into(), self.rounds.iter().map(round_json).collect());
        Value::Object(all)
    }

    /// The rates as an SVG file.
    pub fn svg(&self) -> String {
        let bar = |label: String, of: &dyn Fn(&Round) -> Option<f64>| {
            let rounds: Vec<f64> = self.rounds.iter().filter_map(of).collect();
            Some(Bar { label, median: self.median(of)?, rounds })
        };
        let mut bars = Vec::new();
        bars.extend(bar("echo (ceiling)".to_owned(), &|round| round.echo.map(|echo| echo.rate)));
        bars.extend(bar(self.workload.to_owned(), &|round| Some(round.workload.rate)));
        for (name, _) in self.rounds.first().map_or(&[][..], |round| &round.controls) {
            bars.extend(bar((*name).to_owned(), &|round| control(round, name)));
        }
        let title = format!("{} on {} ({})", self.workload, self.store, self.machine);
        plot::bars(&title, "/s", &bars)
    }

    fn median(&self, of: impl Fn(&Round) -> Option<f64>) -> Option<f64> {
        median(self.rounds.iter().filter_map(of).collect())
    }

    /// The median of the rounds' own ratios: machine noise is the same within a round.
    fn ratio(&self, of: impl Fn(&Round) -> Option<f64>) -> Option<f64> {
        self.median(|round| of(round).map(|control| round.workload.rate / control)).map(rounded)
    }
}

/// A report for people: one row a figure.
pub(super) fn table(report: &Value) -> String {
    let mut table = Table::new();
    table.set_header(["figure", "value"]);
    for (key, value) in report.as_object().into_iter().flatten() {
        let text = match value {
            Value::Array(rounds) if key == "rounds" => rounds.len().to_string(),
            Value::Number(number) => shown(number.as_f64().unwrap_or_default()),
            Value::String(text) => text.clone(),
            Value::Null => continue,
            Value::Object(parts) => {
                let parts = parts.iter().map(|(name, part)| format!("{name}: {part}"));
                parts.collect::<Vec<_>>().join("\n")
            }
            other => other.to_string(),
        };
        table.add_row([key.clone(), text]);
    }
    if let Some(figures) = table.column_mut(1) {
        figures.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.len() {
        0 => None,
        length if length % 2 == 1 => Some(figures[middle]),
        _ => Some((figures[middle - 1] + figures[middle]) / 2.0),
    }
}

fn control(round: &Round, name: &str) -> Option<f64> {
    round.controls.iter().find(|(known, _)| *known == name).map(|(_, rate)| *rate)
}

fn cpu_per_1000(round: &Round) -> Option<f64> {
    (round.workload.calls > 0).then(|| round.cpu_seconds * 1_000.0 / round.workload.calls as f64)
}

fn per_commit(round: &Round) -> Option<f64> {
    (round.commits > 0).then(|| round.workload.calls as f64 / round.commits as f64)
}

fn rounded(figure: f64) -> f64 {
    (figure * 1_000.0).round() / 1_000.0
}

fn shown(figure: f64) -> String {
    match figure.fract() == 0.0 {
        true => grouped(figure),
        false => format!("{figure:.3}"),
    }
}

fn round_json(round: &Round) -> Value {
    let controls: Map<String, Value> = round
        .controls
        .iter()
        .map(|(name, rate)| (format!("{name}_ops_per_second"), rate.round().into()))
        .collect();
    json!({
        "ops_per_second": round.workload.rate.round(),
        "calls": round.workload.calls,
        "echo_ops_per_second": round.echo.map(|echo| echo.rate.round()),
        "controls": controls,
        "p99_us": round.workload.p99_us,
        "commits": round.commits,
        "dropped": round.dropped,
        "violations": round.violations,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(rate: f64, echo: f64) -> Round {
        Round {
            workload: Sample { rate, calls: 1_000, ..Sample::default() },
            echo: Some(Sample { rate: echo, ..Sample::default() }),
            commits: 10,
            cpu_seconds: 0.5,
            ..Round::default()
        }
    }

    #[test]
    fn a_ratio_is_the_median_of_the_rounds_own_ratios() {
        let rounds = vec![round(10.0, 20.0), round(30.0, 100.0), round(9.0, 10.0)];
        let figures = Figures {
            workload: "claim",
            store: "sqlite",
            machine: String::new(),
            durability: Map::new(),
            extra: Map::new(),
            rounds,
        };
        let json = figures.json();
        // 0.5, 0.3 and 0.9; the medians of the rates would give 10 / 20.
        assert_eq!(json["ratio_to_echo"], 0.5);
        assert_eq!(
            (&json["ops_per_second"], &json["ops_per_commit"]),
            (&json!(10.0), &json!(100.0))
        );
        assert_eq!(json["cpu_seconds_per_1000"], 0.5);
    }

    #[test]
    fn a_round_with_a_violation_or_a_dropped_call_is_no_figure() {
        let valid = round(1.0, 1.0);
        let broken = Round { violations: vec!["I1".to_owned()], ..valid.clone() };
        let dropped = Round { dropped: 1, ..valid.clone() };
        for (rounds, expected) in [
            (vec![valid.clone()], true),
            (vec![valid.clone(), broken], false),
            (vec![dropped], false),
        ] {
            let figures = Figures {
                workload: "claim",
                store: "sqlite",
                machine: String::new(),
                durability: Map::new(),
                extra: Map::new(),
                rounds,
            };
            assert_eq!(figures.are_valid(), expected);
        }
    }
}
