//! Every model finds known optima with a fraction of the trainings of random search, with and without rungs.

mod conditional;
mod objectives;
mod recorded;

use objectives::{BRANIN, HARTMANN, Problem, median_regret};

const RANDOM: &str = "kind: random\nnumRuns: 1000";

#[test]
fn the_functions_are_zero_at_their_optima() {
    let near = [[0.5427, 0.1517], [0.1239, 0.8183], [0.9617, 0.1650]];
    assert!(near.iter().all(|x| (BRANIN.regret)(x, 1.0).abs() < 1e-3));
    let best = [0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573];
    assert!((HARTMANN.regret)(&best, 1.0).abs() < 1e-4, "{}", (HARTMANN.regret)(&best, 1.0));
    assert!((BRANIN.regret)(&near[0], 0.1) > 1.0 && (HARTMANN.regret)(&best, 0.1) > 0.1);
}

/// `kind` with rungs of 1, 3 and 9.
fn rungs(kind: &str) -> String {
    format!("{kind}\nresource: {{name: epochs, type: int}}\nmaxIterations: 9")
}

/// `kind` has a lower regret on `problem` within `budget` than `baseline` within `baseline_budget`.
#[track_caller]
fn assert_better(problem: &Problem, full: f64, (kind, budget): (&str, f64), (baseline, baseline_budget): (&str, f64)) {
    let (found, expected) =
        (median_regret(kind, problem, full, budget), median_regret(baseline, problem, full, baseline_budget));
    assert!(found < 0.8 * expected, "{kind} after {budget}: {found}, {baseline} after {baseline_budget}: {expected}");
}

#[test]
fn gp_needs_a_twentieth_of_the_trainings_on_branin() {
    assert_better(&BRANIN, 1.0, ("kind: random\nsampler: gp\nnumRuns: 1000", 20.0), (RANDOM, 400.0));
}

#[test]
fn gp_needs_a_sixteenth_of_the_trainings_on_hartmann() {
    assert_better(&HARTMANN, 1.0, ("kind: random\nsampler: gp\nnumRuns: 1000", 25.0), (RANDOM, 400.0));
}

#[test]
fn tpe_needs_a_fifth_of_the_trainings() {
    assert_better(&HARTMANN, 1.0, ("kind: tpe\nnumRuns: 200", 60.0), (RANDOM, 300.0));
    assert_better(&BRANIN, 1.0, ("kind: tpe\nnumRuns: 200", 60.0), (RANDOM, 180.0));
}

#[test]
fn with_rungs_every_model_is_better_than_hyperband_with_a_fraction_of_the_budget() {
    let hyperband = rungs("kind: hyperband\nrounds: 1000");
    for (kind, budget, baseline_budget) in [
        ("kind: hyperband\nsampler: tpe\nrounds: 1000", 540.0, 1620.0),
        ("kind: hyperband\nsampler: gp\nrounds: 1000", 108.0, 1080.0),
        ("kind: auto", 90.0, 900.0),
    ] {
        assert_better(&HARTMANN, 9.0, (&rungs(kind), budget), (&hyperband, baseline_budget));
    }
    assert_better(&BRANIN, 9.0, (&rungs("kind: auto"), 108.0), (&hyperband, 540.0));
}
