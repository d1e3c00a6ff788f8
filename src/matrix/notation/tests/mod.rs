//! Every kind in the notation of the command line.

mod mistakes;

use proptest::prelude::*;

use super::*;
use crate::matrix::command_line::matrix_options::MatrixOptions;
use crate::matrix::command_line::overrides::{MetricOverride, Overrides};
use crate::matrix::diagnostics::diagnostic::Styling;
use crate::matrix::load::{LoadedMatrix, load_bytes, load_options};
use crate::space::catalogue;
use crate::types::objective::Direction;

fn overrides(options: MatrixOptions) -> Overrides {
    let metric = Some(MetricOverride { name: "loss".into(), direction: Some(Direction::Minimize) });
    Overrides { metric, matrix: options, ..Overrides::default() }
}

fn space(params: &[&str]) -> MatrixOptions {
    MatrixOptions { space: params.iter().map(|text| (*text).to_owned()).collect(), ..MatrixOptions::default() }
}

fn described(loaded: &LoadedMatrix) -> String {
    let params = loaded.experiment.space.params.iter();
    params.map(|param| format!("{}: {} {}\n", param.name, param.kind, param.domain.describe())).collect()
}

/// The messages with their carets, without the last line.
fn errors(options: MatrixOptions) -> String {
    let report = load_options(&overrides(options)).expect_err("the options are invalid");
    let blocks: Vec<String> = report.diagnostics.iter().map(|found| found.render(Styling::Plain)).collect();
    blocks.join("\n")
}

const PARAMS: &[&str] = &[
    "a=choice(sgd, adam)",
    "b=choice('a, b', \"c\", 1, 0.5, true, null, [1, 2], {x: 1})",
    "c=choice([64, 64])",
    "d=pchoice([relu, 0.7], [tanh, 0.3])",
    "e=range(0, 10, 2)",
    "f=range(start=0, stop=1, step=0.25)",
    "g=linspace(0,1,5)",
    "h=logspace(-3, 0, 4)",
    "i=geomspace(1, 1000, 4)",
    "j=daterange(2020-01-01, 2020-01-10, 2)",
    "k=datetimerange(2020-01-01T10:00:00, 2020-01-01T11:00:00, 1800)",
    "l=uniform(0, 1)",
    "m=quniform(0,1,0.1)",
    "n=loguniform(1e-5, 1e-1)",
    "o=loguniform(min=1e-5, max=1e-1)",
    "p=qloguniform(8, 512, 8)",
    "q=normal(0, 1)",
    "r=qnormal(0, 1, 0.5)",
    "s=lognormal(0, 1)",
    "t=qlognormal(0, 1, 0.5)",
    "u=int(1, 8)",
    "v=int(1, 8, step=2)",
    "w = logint( 1 , 512 ) ",
    "x=constant([64, 32])",
    "optimizer.lr=uniform(0, 1)",
    "y=resnet 50",
    "z=0.5",
    "aa=false",
    "bb=null",
    "cc='3'",
    "dd={depth: 2}",
    "ee=/data/set (1)",
    "ff=a=b, c=d",
    "gg=choice(it's, don't)",
];

#[test]
fn every_kind_has_a_spelling() {
    for name in catalogue::names() {
        assert!(
            PARAMS.iter().any(|text| text.contains(&format!("={name}(")) || text.contains(&format!("= {name}("))),
            "{name}"
        );
    }
    let options = MatrixOptions { kind: Some("random".into()), trials: Some(3), ..space(PARAMS) };
    let loaded = load_options(&overrides(options)).unwrap_or_else(|report| panic!("{report}"));
    insta::assert_snapshot!(described(&loaded), @r#"
    a: choice sgd, adam
    b: choice "a, b", c, 1 … {"x":1} (8 values)
    c: choice [64,64]
    d: pchoice relu 70 %, tanh 30 %
    e: range 0, 2, 4, 6, 8
    f: range 0, 0.25, 0.5, 0.75
    g: linspace 0, 0.25, 0.5, 0.75, 1
    h: logspace 0.001, 0.01, 0.1, 1
    i: geomspace 1, 10, 100, 1000
    j: daterange 2020-01-01, 2020-01-03, 2020-01-05, 2020-01-07, 2020-01-09
    k: datetimerange 2020-01-01T10:00:00, 2020-01-01T10:30:00
    l: uniform 0 to 1
    m: quniform 0 to 1 in steps of 0.1
    n: loguniform 0.00001 to 0.1, log scale
    o: loguniform 0.00001 to 0.1, log scale
    p: qloguniform 8 to 512 in steps of 8, log scale
    q: normal normal, mean 0, deviation 1
    r: qnormal normal, mean 0, deviation 1, in steps of 0.5
    s: lognormal lognormal, median 1, deviation 1 of the logarithm
    t: qlognormal lognormal, median 1, deviation 1 of the logarithm, in steps of 0.5
    u: int 1 to 8
    v: int 1 to 7 in steps of 2
    w: logint 1 to 512, log scale
    x: constant [64,32]
    optimizer.lr: uniform 0 to 1
    y: constant "resnet 50"
    z: constant 0.5
    aa: constant false
    bb: constant null
    cc: constant "3"
    dd: constant {"depth":2}
    ee: constant "/data/set (1)"
    ff: constant "a=b, c=d"
    gg: choice "it's", "don't"
    "#);
}

#[test]
fn the_text_of_the_matrix_defines_the_same_study() {
    let options = MatrixOptions { resource: Some("epochs=27".into()), set: vec!["eta=4".into()], ..space(PARAMS) };
    let overrides = overrides(options);
    let built = load_options(&overrides).unwrap_or_else(|report| panic!("{report}"));
    let recorded = Overrides { matrix: MatrixOptions::default(), metric: None, ..overrides };
    let text = built.source.text.as_bytes();
    let read =
        load_bytes("m.yaml", text, std::path::Path::new(""), &recorded).unwrap_or_else(|report| panic!("{report}"));
    assert_eq!(described(&built), described(&read));
    let parts = |loaded: &LoadedMatrix| {
        let experiment = &loaded.experiment;
        format!("{:?} {:?} {:?}", experiment.method, experiment.metric, experiment.resource)
    };
    assert_eq!(parts(&built), parts(&read));
    insta::assert_snapshot!(built.source.text.lines().take(8).collect::<Vec<_>>().join("\n"), @r#"
    kind: hyperband
    resource: {name: epochs, type: int}
    maxIterations: 27
    eta: 4
    metric: {name: loss, optimization: minimize}
    params:
      a: {kind: choice, value: [sgd, adam]}
      b: {kind: choice, value: ["a, b", c, 1, 0.5, true, null, [1, 2], {x: 1}]}
    "#);
}

#[test]
fn a_kind_is_chosen_and_named() {
    let chosen = |resource: Option<&str>, trials| {
        let options = MatrixOptions { resource: resource.map(str::to_owned), trials, ..space(&["x=uniform(0, 1)"]) };
        let loaded = load_options(&overrides(options)).unwrap_or_else(|report| panic!("{report}"));
        let method = &loaded.experiment.method;
        format!("{} {} | {}", method.kind, method.sampler.name(), loaded.chosen.unwrap_or_default())
    };
    let all = [chosen(None, None), chosen(None, Some(7)), chosen(Some("epochs=9"), None), chosen(Some("e=9"), Some(7))];
    insta::assert_snapshot!(all.join("\n"), @"
    auto gp | auto and 20 trials, because there is no --resource; choose with --kind and --trials
    auto gp | auto, because there is no --resource; choose with --kind and --trials
    hyperband random | hyperband, because there is --resource; choose with --kind and --trials
    auto gp | auto, because there are --resource and a number of trials; choose with --kind and --trials
    ");
}

#[test]
fn options_change_the_matrix_of_a_file() {
    let file = "matrix:\n  kind: random\n  num_runs: 5\n  params:\n    x: {kind: uniform, value: [0, 1]}\n    opt: {lr: {kind: uniform, value: [0, 1]}, name: sgd}\n";
    let options = MatrixOptions {
        trials: Some(9),
        set: vec!["seed=3".into()],
        ..space(&["opt.lr=loguniform(1e-4, 1)", "layers=int(1, 4)", "x=0.5", "x=0.25"])
    };
    let load = |options| load_bytes("m.yaml", file.as_bytes(), std::path::Path::new(""), &overrides(options));
    let loaded = load(options).unwrap_or_else(|report| panic!("{report}"));
    insta::assert_snapshot!(described(&loaded), @"
    x: constant 0.25
    opt.lr: loguniform 0.0001 to 1, log scale
    opt.name: constant sgd
    layers: int 1 to 4
    ");
    assert_eq!((loaded.experiment.plan().trials(), loaded.seed), (9, Some(3)));
    let report = load(MatrixOptions { set: vec!["eta=3".into()], ..space(&["y=int(3, 1)"]) }).unwrap_err();
    insta::assert_snapshot!(report, @"
    error: unknown field `eta` in the matrix
     --> command line:1:7
      |
    1 | --set eta=3
      |       ^^^
      |
      = help: expected one of `kind`, `params`, `metric`, `seed`, `concurrency`, `launcher`, `earlyStopping`, `patience`, `argStyle`, `arguments`, `workdir`, `configTemplate`, `constraints`, `tuner`, `initial`, `sampler`, `numRuns`

    error: `max` (1) must not be below `min` (3)
     --> command line:1:13
      |
    1 | -s y=int(3, 1)
      |             ^

    m.yaml: 2 errors, nothing was launched
    ");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics_and_positions_are_inside(text in any::<String>(), like in "[a-z]{0,3}=?[a-z]{0,8}[(]?[0-9a-z,'\"\\[\\]=. )]{0,20}( if )?[a-z=]{0,6}") {
        for text in [text, like] {
            if let Err(error) = parse(&text) {
                prop_assert!(error.span.start <= error.span.end && error.span.end <= text.len() + 1, "{text:?} {error:?}");
            }
            let _ = load_options(&overrides(space(&[&text])));
        }
    }

    #[test]
    fn any_items_are_recorded_as_they_are_given(
        texts in prop::collection::vec(any::<String>(), 1..5),
        numbers in prop::collection::vec(-1e9..1e9f64, 0..3),
    ) {
        let items: Vec<serde_json::Value> =
            texts.into_iter().map(serde_json::Value::from).chain(numbers.into_iter().map(serde_json::Value::from)).collect();
        let written: Vec<String> = items.iter().map(ToString::to_string).collect();
        let loaded = load_options(&overrides(space(&[&format!("x=choice({})", written.join(", "))])));
        let loaded = loaded.map_err(|report| TestCaseError::fail(report.to_string()))?;
        let recorded = Overrides { matrix: MatrixOptions::default(), ..overrides(MatrixOptions::default()) };
        let read = load_bytes("m.yaml", loaded.source.text.as_bytes(), std::path::Path::new(""), &recorded);
        let read = read.map_err(|report| TestCaseError::fail(report.to_string()))?;
        for loaded in [loaded, read] {
            let domain = &loaded.experiment.space.params[0].domain;
            prop_assert!(items.iter().all(|item| domain.contains(item)), "{items:?} {domain:?}");
        }
    }
}

/// The values of `hidden` that the matrix has with `text`, as JSON, and the warnings.
fn values(text: &str) -> (String, Vec<String>) {
    let options = MatrixOptions { kind: Some("random".into()), trials: Some(3), ..space(&[text]) };
    let loaded = load_options(&overrides(options)).unwrap_or_else(|report| panic!("{text}: {report}"));
    let domain = &loaded.experiment.space.params[0].domain;
    let levels: Vec<String> = (0..).map_while(|index| domain.level(index)).map(|value| value.to_string()).collect();
    (levels.join(" "), loaded.warnings.iter().map(|warning| warning.message.clone()).collect())
}

#[test]
fn a_list_in_a_choice_is_one_value() {
    for (text, expected) in [
        ("h=choice([64,64],[128])", "[64,64] [128]"),
        ("h=choice([[64,64],[128]], [])", "[[64,64],[128]] []"),
        ("h=choice(\"a,b\", c)", r#""a,b" "c""#),
        ("h=choice('[1, 2]', \"it's\", [1, 'a]'])", r#""[1, 2]" "it's" [1,"a]"]"#),
        ("h=choice({a: [1, 2]}, null)", r#"{"a":[1,2]} null"#),
        ("h=choice([x])", r#"["x"]"#),
    ] {
        assert_eq!(values(text), (expected.to_owned(), vec![]), "{text}");
    }
    let warned = vec!["`h` has one value, the list [64, 64]".to_owned()];
    assert_eq!(values("h=choice([64,64])"), ("[64,64]".to_owned(), warned));
}
