//! A plot for people: bars of the medians with the rounds as dots, as an SVG file.

use std::fmt::Write as _;

/// Pixels.
const WIDTH: f64 = 720.0;
const BAR: f64 = 26.0;
const GAP: f64 = 14.0;
const LABELS: f64 = 170.0;
const FIGURES: f64 = 110.0;

/// One bar: what it is, its median, and the figure of each round.
pub(super) struct Bar {
    pub label: String,
    pub median: f64,
    pub rounds: Vec<f64>,
}

/// Horizontal bars from zero, all on one scale.
pub(super) fn bars(title: &str, unit: &str, bars: &[Bar]) -> String {
    let largest = bars.iter().flat_map(|bar| bar.rounds.iter().chain([&bar.median]));
    let largest = largest.fold(f64::EPSILON, |largest, figure| largest.max(*figure));
    let scale = (WIDTH - LABELS - FIGURES) / largest;
    let height = 50.0 + bars.len() as f64 * (BAR + GAP);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"10\" y=\"24\" font-size=\"16\">{}</text>\n",
        escaped(title)
    );
    for (at, bar) in bars.iter().enumerate() {
        let top = 44.0 + at as f64 * (BAR + GAP);
        let middle = top + BAR / 2.0;
        let end = LABELS + bar.median * scale;
        let text = middle + 4.5;
        let line = format!(
            "<text x=\"{}\" y=\"{text}\" text-anchor=\"end\">{}</text>\n\
             <rect x=\"{LABELS}\" y=\"{top}\" width=\"{}\" height=\"{BAR}\" fill=\"#6a9fca\"/>\n\
             <text x=\"{}\" y=\"{text}\">{} {}</text>\n",
            LABELS - 8.0,
            escaped(&bar.label),
            bar.median * scale,
            end.max(
                bar.rounds.iter().fold(0.0, |most, round| f64::max(most, LABELS + round * scale))
            ) + 8.0,
            grouped(bar.median),
            escaped(unit),
        );
        svg += &line;
        for round in &bar.rounds {
            let x = LABELS + round * scale;
            // Writing to a string does not fail.
            let _ = writeln!(svg, "<circle cx=\"{x}\" cy=\"{middle}\" r=\"3\" fill=\"#1d3c5a\"/>");
        }
    }
    svg + "</svg>\n"
}

/// `26400` as `26,400`.
pub(super) fn grouped(figure: f64) -> String {
    let digits = format!("{:.0}", figure);
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
