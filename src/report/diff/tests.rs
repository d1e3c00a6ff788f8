use serde_json::Value;

use super::*;
use crate::report::fixtures::halving;
use crate::types::ids::TrialId;

fn text(diff: &SideBySide, columns: usize) -> String {
    anstream::adapter::strip_str(&render(diff, columns)).to_string()
}

#[test]
fn two_trials_side_by_side() {
    let view = halving().view();
    let diff = trials(&view, TrialId(0), TrialId(2)).expect("both ran");
    insta::assert_snapshot!(text(&diff, 80), @r"
                        trial 0    trial 2    difference
    parameters
      lr                0          0.2        +0.2
    values
      loss at epochs=1  0.5        0.25       -0.25
      loss at epochs=3  –          0.125
    outcome
      bracket           1          1
      status            succeeded  succeeded
      jobs              1          2          +1
      duration_s        1          2          +1
      epochs spent      1          4          +3
    ");
    assert_eq!(trials(&view, TrialId(0), TrialId(9)), None);
    insta::assert_snapshot!(serde_json::to_string(&diff.rows[0]).expect("a row serializes"), @r#"{"section":"parameters","name":"lr","a":0.0,"b":0.2,"differs":true,"difference":0.2}"#);
}

#[test]
fn long_and_foreign_values_fit_on_the_screen() {
    let mut diff = SideBySide::new("a".into(), "b".into());
    diff.push("parameters", "name\u{1b}[2J", "x".repeat(200), "y\u{7}");
    diff.push("parameters", "only left", 3, Value::Null);
    let shown = render(&diff, 60);
    assert!(!shown.contains('\u{7}') && !shown.contains("\u{1b}[2J"), "{shown:?}");
    assert!(text(&diff, 60).lines().all(|line| crate::report::text::width(line) <= 60), "{}", text(&diff, 60));
}
