//! Trials as a table.

use indexmap::IndexSet;

use super::plan_table::{plain_table, right};
use super::trials::TrialView;
use super::view::StudyView;
use super::{number, text};
use crate::types::printable::printable;

/// `trials` of `view` in the order given, one line each, a column per parameter.
pub fn table(view: &StudyView, trials: &[TrialView]) -> String {
    if trials.is_empty() {
        return "no trial has started yet\n".to_owned();
    }
    let names: IndexSet<&str> = trials.iter().flat_map(|t| t.params.iter().map(|(name, _)| name)).collect();
    let mut table = plain_table();
    let mut header = vec!["trial", "bracket", "status"];
    header.extend(view.header.resource.as_ref().map(|r| r.name.as_str()));
    header.extend(view.header.metric.as_ref().map(|m| m.name.as_str()));
    header.extend(&names);
    table.set_header(header.into_iter().map(|name| right(printable(name).into_owned())));
    for trial in trials {
        table.add_row(cells(view, trial, &names).into_iter().map(right));
    }
    for column in table.column_iter_mut() {
        column.set_padding((if column.index == 0 { 0 } else { 2 }, 0));
    }
    format!("{}\n", table.trim_fmt())
}

fn cells(view: &StudyView, trial: &TrialView, names: &IndexSet<&str>) -> Vec<String> {
    let mut cells = vec![trial.trial.to_string(), trial.bracket.to_string(), trial.status.name().to_owned()];
    cells.extend(view.header.resource.as_ref().map(|_| number::shortest(trial.resource.amount())));
    let score = trial.score.map(|s| text::short(s.value())).unwrap_or_default();
    cells.extend(view.header.metric.as_ref().map(|_| score));
    cells.extend(names.iter().map(|name| trial.params.get(name).map(text::short_value).unwrap_or_default()));
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures::{StudyFixture, halving};
    use crate::report::trials::trials;

    #[test]
    fn a_line_per_trial_best_first() {
        let view = halving().view();
        insta::assert_snapshot!(table(&view, &trials(&view)), @r"
        trial  bracket     status  epochs   loss   lr
            2        1  succeeded       3  0.125  0.2
            0        1  succeeded       1    0.5    0
            1        1     failed       1         0.1
        ");
    }

    #[test]
    fn without_trials_there_is_no_table() {
        let view = StudyFixture::new().view();
        insta::assert_snapshot!(table(&view, &trials(&view)), @"no trial has started yet");
    }
}
