use super::*;
use crate::report::plan::{ParamView, RungView};
use crate::space::guess::{Guess, GuessConfidence};
use crate::types::objective::Metric;
use crate::types::units::{Resource, ResourceKind, ResourceSpec};

/// The table of Polyaxon's documentation: R = 81, η = 3.
fn documented() -> PlanView {
    let table: [(u32, &[(u64, f64)]); 5] = [
        (4, &[(81, 1.0), (27, 3.0), (9, 9.0), (3, 27.0), (1, 81.0)]),
        (3, &[(27, 3.0), (9, 9.0), (3, 27.0), (1, 81.0)]),
        (2, &[(9, 9.0), (3, 27.0), (1, 81.0)]),
        (1, &[(6, 27.0), (2, 81.0)]),
        (0, &[(5, 81.0)]),
    ];
    let rung =
        |&(configs, r): &(u64, f64)| RungView { configs: Some(configs), resource: Resource::new(r).expect("finite") };
    let bracket =
        |(s, rungs): (u32, &[(u64, f64)])| BracketView { bracket: s, rungs: rungs.iter().map(rung).collect() };
    let param = |kind, values: &str| ParamView { kind, values: values.to_owned(), when: None, guess: None };
    PlanView {
        kind: "hyperband",
        sampler: "random",
        sampler_reason: None,
        steps: Vec::new(),
        guesses: None,
        eta: Some(3.0),
        brackets: table.into_iter().map(bracket).collect(),
        rounds: 1,
        open_ended: false,
        trials: Some(128),
        jobs: Some(187),
        resource_total: Some(1701.0),
        full_resource_total: Some(10368.0),
        limits: PlanLimits::default(),
        resource: Some(ResourceSpec { name: "num_steps".into(), kind: ResourceKind::Int }),
        metric: Some(Metric { name: "loss".into(), direction: Direction::Minimize }),
        seed: 523,
        distinct: None,
        passed: Vec::new(),
        commands: vec![vec!["python3".into(), "train.py".into(), "--name=a b".into()]],
        params: [("lr".to_owned(), param("uniform", "0 to 0.9")), ("dropout".to_owned(), param("choice", "0.25, 0.3"))]
            .into_iter()
            .collect(),
        constraints: Vec::new(),
    }
}

#[test]
fn the_documented_table() {
    insta::assert_snapshot!(plan(&documented(), None), @r"
    hyperband, eta 3, minimize loss, seed 523

                bracket 4             bracket 3             bracket 2             bracket 1             bracket 0
                      num  resource         num  resource         num  resource         num  resource         num  resource
    iteration     configs     alloc     configs     alloc     configs     alloc     configs     alloc     configs     alloc
            0          81         1          27         3           9         9           6        27           5        81
            1          27         3           9         9           3        27           2        81
            2           9         9           3        27           1        81
            3           3        27           1        81
            4           1        81

    trials              128
    jobs                187
    resource            1,701 num_steps
    all trials in full  10,368 num_steps, 6.1 times as much

    parameters
      lr       uniform  0 to 0.9
      dropout  choice   0.25, 0.3

    first commands
      python3 train.py '--name=a b'
    ");
}

#[test]
fn on_a_narrow_screen_brackets_are_below_each_other() {
    let text = plan(&documented(), Some(60));
    assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
    assert_eq!(text.matches("iteration").count(), 3);
}

#[test]
fn without_a_resource_there_is_no_table() {
    let plan_view =
        PlanView { kind: "random", eta: None, resource: None, metric: None, distinct: Some(4), ..documented() };
    let text = plan(&plan_view, None);
    insta::assert_snapshot!(text, @r"
    random, no metric, so nothing is ranked, seed 523

    trials    128
    jobs      187
    distinct  4 configurations, so some run more than once

    parameters
      lr       uniform  0 to 0.9
      dropout  choice   0.25, 0.3

    first commands
      python3 train.py '--name=a b'
    ");
}

#[test]
fn the_json_has_the_documented_keys() {
    let mut plan = documented();
    plan.brackets.truncate(1);
    plan.brackets[0].rungs.truncate(2);
    insta::assert_snapshot!(serde_json::to_string(&plan).expect("a plan serializes"), @r#"{"kind":"hyperband","sampler":"random","eta":3,"brackets":[{"bracket":4,"rungs":[{"configs":81,"resource":1},{"configs":27,"resource":3}]}],"rounds":1,"open_ended":false,"trials":128,"jobs":187,"resource_total":1701,"full_resource_total":10368,"limits":{"jobs":null,"resource":null,"time_s":null},"resource":{"name":"num_steps","type":"int"},"metric":{"name":"loss","optimization":"minimize"},"seed":523,"distinct":null,"commands":[["python3","train.py","--name=a b"]],"passed":[],"params":{"lr":{"kind":"uniform","values":"0 to 0.9"},"dropout":{"kind":"choice","values":"0.25, 0.3"}}}"#);
}

#[test]
fn an_endless_plan_names_what_ends_it() {
    let rung = |r| RungView { configs: None, resource: Resource::new(r).expect("finite") };
    let endless = PlanView {
        kind: "asha",
        brackets: vec![BracketView { bracket: 1, rungs: vec![rung(1.0), rung(3.0)] }],
        open_ended: true,
        trials: None,
        jobs: None,
        resource_total: None,
        full_resource_total: None,
        ..documented()
    };
    let text = plan(&endless, None);
    insta::assert_snapshot!(text[..text.find("\nparameters").expect("parameters follow")], @r"
    asha, eta 3, minimize loss, seed 523

                bracket 1
                      num  resource
    iteration     configs     alloc
            0     endless         1
            1     endless         3

    trials  endless: end it with `numRuns`, --max-jobs, --max-resource or --time-limit
    jobs    endless
    ");
    let json = serde_json::to_value(&endless).expect("a plan serializes");
    for key in ["trials", "jobs", "resource_total", "full_resource_total"] {
        assert!(json[key].is_null(), "{key}");
    }
}

#[test]
fn estimates_are_marked() {
    let text = plan(&PlanView { kind: "asha", open_ended: true, ..documented() }, None);
    assert!(text.contains("jobs                about 187\nresource            about 1,701 num_steps\n"), "{text}");
}

#[test]
fn limits_show_what_they_leave_of_the_plan() {
    let mut limited = documented();
    limited.limits = PlanLimits { jobs: Some(10), resource: Some(500.0), time_s: Some(5400.0), patience: None };
    let row = |plan: &PlanView| totals(plan).lines().find(|line| line.starts_with("ends at")).map(str::to_owned);
    assert_eq!(row(&limited).as_deref(), Some("ends at             10 jobs of 187, 500 num_steps of 1,701, 1h30m"));
    (limited.jobs, limited.resource_total) = (None, None);
    assert_eq!(limits(&limited), ["10 jobs", "500 num_steps", "1h30m"]);
    assert_eq!(row(&documented()), None);
}

#[test]
fn guesses_stand_beside_their_parameters() {
    let mut with_guess = PlanView { guesses: Some(GuessUse::Prior), resource: None, ..documented() };
    let guess = Guess { value: 0.3.into(), confidence: GuessConfidence::High };
    with_guess.params.insert(
        "lr".to_owned(),
        ParamView { kind: "uniform", values: "0 to 0.9".into(), when: None, guess: Some(guess) },
    );
    let text = plan(&with_guess, None);
    assert!(
        text.contains("\n  lr       uniform  0 to 0.9   guess 0.3 (high confidence)\n  dropout  choice   0.25, 0.3\n"),
        "{text}"
    );
    assert!(text.contains("\nguesses  the first trial, half of"), "{text}");
}
