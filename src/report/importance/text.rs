//! The importance of parameters as text.

use super::effect::Effect;
use super::shares::{ImportanceView, PairImportance, ParamImportance, UnreliableReason};
use crate::report::table::{Align, table};
use crate::report::text;
use crate::types::printable::printable;
use serde_json::Value;

/// Columns of the longest bar.
const BAR: usize = 20;

/// `importance` as text with colours.
pub fn render(importance: &ImportanceView) -> String {
    let metric = importance.metric.as_ref().map_or("value".into(), |metric| printable(&metric.name));
    let used = if importance.used < importance.trials {
        format!("{} of {}", text::count(importance.used), text::counted(importance.trials, "trial"))
    } else {
        text::counted(importance.trials, "trial")
    };
    let percent = |share: f64| format!("{:.0}%", 100.0 * share);
    let mut out = format!("share of the variance of {metric}, from {used}\n\n");
    let row = |param: &ParamImportance| {
        let bar = "█".repeat((param.share * BAR as f64).round() as usize);
        let rest = "░".repeat(((param.total - param.share) * BAR as f64).round() as usize);
        vec![
            printable(&param.name).into_owned(),
            format!("{} ± {}", percent(param.share), percent(param.spread)),
            percent(param.total),
            format!("{bar}{rest}"),
            printable(&effect_text(&param.effect)).into_owned(),
        ]
    };
    let header = ["parameter", "alone", "with interactions", "", "effect"];
    let align = [Align::Left, Align::Right, Align::Right, Align::Left, Align::Left];
    out += &table(&header, &align, &importance.params.iter().map(row).collect::<Vec<_>>());
    if !importance.pairs.is_empty() {
        let pair = |pair: &PairImportance| {
            let [one, other] = &pair.names;
            format!("{} and {} {}", printable(one), printable(other), percent(pair.share))
        };
        out += &format!("\nonly together: {}\n", importance.pairs.iter().map(pair).collect::<Vec<_>>().join(", "));
    }
    if !importance.constant.is_empty() {
        let names: Vec<_> = importance.constant.iter().map(|name| printable(name)).collect();
        out += &format!("\nwith the same value in all trials: {}\n", names.join(", "));
    }
    if !importance.inactive.is_empty() {
        let names: Vec<_> = importance.inactive.iter().map(|name| printable(name)).collect();
        out += &format!("\nnot active in any trial: {}\n", names.join(", "));
    }
    out += &format!("\n{}\n", reliability(importance));
    out
}

fn reliability(importance: &ImportanceView) -> String {
    let explained = format!("{:.0}%", 100.0 * importance.r_squared.max(0.0));
    match importance.unreliable {
        None => format!("the model predicts {explained} of the variance of trials that it has not seen"),
        Some(reason) => {
            let mut text = format!(
                "{}: the model predicts only {explained} of the variance of trials that it has not seen (30% are needed)",
                reason.text()
            );
            if reason == UnreliableReason::PoorFit {
                text +=
                    "; noise or something else than the parameters makes most of the difference, or rungs do not agree";
            }
            text
        }
    }
}

/// The effect in a few words.
pub fn effect_text(effect: &Effect) -> String {
    match effect {
        Effect::Unclear => "no clear effect".to_owned(),
        Effect::HigherIsBetter => "higher is better".to_owned(),
        Effect::HigherIsWorse => "higher is worse".to_owned(),
        Effect::NotMonotone { best } => format!("not monotone, best near {}", near(best)),
        Effect::Category { active: false, .. } => "best where it is not active".to_owned(),
        Effect::Category { best: Value::Null, .. } => "best: null".to_owned(),
        Effect::Category { best, .. } => format!("best: {}", text::short_value(best)),
    }
}

/// A number with two significant digits.
fn near(value: &Value) -> String {
    let rounded = value.as_f64().and_then(|number| format!("{number:.1e}").parse().ok());
    rounded.map_or_else(|| text::short_value(value), text::short)
}
