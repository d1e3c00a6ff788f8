//! A line of bars that shows how a value changed.

use crate::report::number::is_logarithmic;
use crate::report::view::incumbent_history::IncumbentChange;
use crate::types::units::Moment;

/// Bars of one to eight eighths of a line.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The share of the first values that may be off the scale.
const OUTLIERS: f64 = 0.05;

/// The value of the incumbent from the first one to `now`, at `columns` equally distant moments; empty if it never changed.
pub fn sparkline(changes: &[IncumbentChange], now: Moment, columns: usize) -> String {
    let Some(first) = changes.first().filter(|_| changes.len() > 1 && columns > 1) else { return String::new() };
    let span = now.since(first.at).as_secs_f64();
    let value = |column: usize| {
        let elapsed = span * column as f64 / (columns - 1) as f64;
        let at = changes.partition_point(|change| change.at.since(first.at).as_secs_f64() <= elapsed);
        changes[at.max(1) - 1].value
    };
    bars(&(0..columns).map(value).collect::<Vec<_>>())
}

fn bars(values: &[f64]) -> String {
    let (low, high) = range(values);
    let scaled: Vec<f64> =
        if is_logarithmic(low, high) { values.iter().map(|value| value.ln()).collect() } else { values.to_vec() };
    let (low, high) = range(&scaled);
    let bar = |value: &f64| {
        let share = if high > low { (value.clamp(low, high) - low) / (high - low) } else { 0.0 };
        BARS[((share * BARS.len() as f64) as usize).min(BARS.len() - 1)]
    };
    scaled.iter().map(bar).collect()
}

/// The lowest and the highest value, without [`OUTLIERS`] of the values on the side of the first one, which would hide the rest.
fn range(values: &[f64]) -> (f64, f64) {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let skipped = (OUTLIERS * sorted.len().saturating_sub(1) as f64) as usize;
    let starts_low = values.first() < values.last();
    let (low, high) = if starts_low { (skipped, 0) } else { (0, skipped) };
    match (sorted.get(low), sorted.iter().rev().nth(high)) {
        (Some(low), Some(high)) => (*low, *high),
        _ => (0.0, 0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::ids::TrialId;
    use crate::types::units::Resource;

    #[test]
    fn the_bars_fall_with_the_value() {
        assert_eq!(bars(&[8.0, 6.5, 4.0, 2.0, 0.0]), "█▇▅▃▁");
        assert_eq!(bars(&[1e6, 1e3, 1.0]), "█▅▁");
        assert_eq!(bars(&[-1.0, -1.0]), "▁▁");
        let mut late = vec![100.0, 3.0];
        late.extend([2.0; 19]);
        late.push(1.0);
        assert_eq!(bars(&late), format!("██{}▁", "▅".repeat(19)));
    }

    #[test]
    fn changes_are_sampled_in_time() {
        let change = |seconds: u64, value| IncumbentChange {
            at: Moment(seconds * 1_000_000_000),
            trial: TrialId(0),
            value,
            resource: Resource::ONE,
            spent: 0.0,
        };
        let changes = [change(10, 1.0), change(20, 0.5), change(50, 0.0)];
        assert_eq!(sparkline(&changes, Moment(50_000_000_000), 5), "█▅▅▅▁");
        assert_eq!(sparkline(&changes[..1], Moment(50_000_000_000), 5), "");
    }
}
