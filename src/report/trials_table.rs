//! Trials as a table.

use comfy_table::Cell;

use super::plan_table::{plain_table, right};
use super::trial_columns::Column;
use super::trials::TrialView;
use crate::types::printable::printable;

/// `trials` in the order given, one line each.
pub fn table(trials: &[TrialView], columns: &[Column]) -> String {
    if trials.is_empty() {
        return "no trial has started yet\n".to_owned();
    }
    let mut table = plain_table();
    let aligned = |column: &Column, text: String| if column.is_reason() { Cell::new(text) } else { right(text) };
    table.set_header(columns.iter().map(|column| aligned(column, printable(&column.name).into_owned())));
    for trial in trials {
        table.add_row(columns.iter().map(|column| aligned(column, column.text(trial))));
    }
    for column in table.column_iter_mut() {
        column.set_padding((if column.index == 0 { 0 } else { 2 }, 0));
    }
    format!("{}\n", table.trim_fmt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures::{StudyFixture, halving};
    use crate::report::trial_columns::{SortOrder, fitting, sort};
    use crate::report::trials::trials;
    use crate::report::view::StudyView;

    fn shown(view: &StudyView) -> String {
        let trials = trials(view);
        table(&trials, &Column::usual(view, &trials))
    }

    #[test]
    fn the_chosen_columns_in_the_chosen_order() {
        let view = halving().view();
        let mut trials = trials(&view);
        let named = |name: &str| Column::named(name, &view, &trials).map_err(|error| error.to_string());
        let columns = ["lr", "loss", "metrics.loss", "params.lr", "jobs", "reason"].map(|name| named(name).unwrap());
        assert_eq!(
            named("rl"),
            Err("no trial has a field `rl`; there are trial, bracket, status, resource, value, jobs, duration_s, reason, \
                 params.lr, metrics.loss"
                .into())
        );
        sort(&mut trials, &columns[1], SortOrder::Descending);
        insta::assert_snapshot!(table(&trials, &columns), @r"
         lr   loss  metrics.loss  params.lr  jobs  reason
          0    0.5           0.5          0     1
        0.2  0.125         0.125        0.2     2
        0.1                             0.1     1  exit code 1
        ");
    }

    #[test]
    fn a_line_per_trial_best_first() {
        let view = halving().view();
        insta::assert_snapshot!(shown(&view), @r"
        trial  bracket     status  epochs   loss  duration_s   lr  reason
            2        1  succeeded       3  0.125         2.0  0.2
            0        1  succeeded       1    0.5         1.0    0
            1        1     failed       0                1.0  0.1  exit code 1
        ");
    }

    #[test]
    fn columns_that_do_not_fit_are_named() {
        let view = halving().view();
        let trials = trials(&view);
        let at = |width| {
            let (columns, omitted) = fitting(Column::usual(&view, &trials), &trials, width);
            let widest = table(&trials, &columns).lines().map(|line| line.chars().count()).max().unwrap_or(0);
            (widest <= width, omitted.join(" "))
        };
        assert_eq!(at(80), (true, String::new()));
        assert_eq!(at(64), (true, "bracket".into()));
        assert_eq!(at(46), (true, "bracket duration_s lr".into()));
        assert_eq!(at(10), (false, "bracket duration_s lr reason status".into()));
    }

    #[test]
    fn without_trials_there_is_no_table() {
        let view = StudyFixture::new().view();
        insta::assert_snapshot!(shown(&view), @"no trial has started yet");
    }
}
