//! Formatting of results.

use super::statistics::{Summary, Verdict};

/// Returns a row of a table of ratios: the label, both medians, the ratio with its interval and spread, and the goal.
pub(super) fn ratio_row(
    what: &str,
    ours: f64,
    peer: f64,
    ratio: &Summary,
    goal: Option<f64>,
) -> String {
    let (low, high) = ratio.interval;
    let goal = goal.map_or_else(String::new, |goal| {
        let verdict = match ratio.verdict(goal) {
            Verdict::Met => "met",
            Verdict::Undecided => "undecided",
            Verdict::Missed => "**missed**",
        };
        format!("{goal:.2}, {verdict}")
    });
    format!(
        "| {what} | {} | {} | **{:.2}** | {low:.2} to {high:.2} | {:.2} to {:.2} | {goal} |",
        figure(ours),
        figure(peer),
        ratio.median,
        ratio.smallest,
        ratio.largest
    )
}

/// The head of a table of ratios.
pub(super) const RATIO_HEAD: &str = "| | outrigger | peer | ratio | 95% interval | spread | goal |\n|---|---:|---:|---:|---|---|---|";

/// Returns a row of a table of costs: the label, the figure, and the limit.
pub(super) fn cost_row(what: &str, value: f64, unit: &str, limit: Option<f64>) -> String {
    let limit = match limit {
        Some(limit) if value <= limit => format!("at most {} {unit}, met", figure(limit)),
        Some(limit) => format!("at most {} {unit}, **missed**", figure(limit)),
        None => String::new(),
    };
    format!("| {what} | {} {unit} | {limit} |", figure(value))
}

/// The head of a table of costs.
pub(super) const COST_HEAD: &str = "| | | goal |\n|---|---:|---|";

/// Formats a number with three significant digits.
pub(super) fn figure(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_reported_as_a_loss() {
        let ratio = Summary::of(&[0.9, 0.9, 0.9]);

        let row = ratio_row("GET", 90.0, 100.0, &ratio, Some(1.0));

        assert!(
            row.contains("**0.90**") && row.contains("**missed**"),
            "{row}"
        );
    }

    #[test]
    fn a_cost_over_its_limit_is_missed() {
        assert!(cost_row("memory", 65.0, "MiB", Some(64.0)).contains("missed"));
        assert!(cost_row("memory", 63.0, "MiB", Some(64.0)).contains("met"));
    }

    #[test]
    fn figures_have_three_significant_digits() {
        for (value, text) in [
            (123_456.7, "123457"),
            (12.34, "12.3"),
            (1.234, "1.23"),
            (0.01234, "0.012"),
        ] {
            assert_eq!(figure(value), text);
        }
    }
}
