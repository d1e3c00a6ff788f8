//! Spaces with constraints and conditions: one evaluation of an expression, one suggestion where one draw in 1,000 is feasible, one
//! suggestion with conditions, and the longest search of a grid for its feasible combinations.
//!
//! `cargo bench --bench constraints`

use std::error::Error;
use std::fmt::Write;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use hypertune::engine::experiment::Experiment;
use hypertune::matrix::command_line::overrides::Overrides;
use hypertune::matrix::load::load_bytes;
use hypertune::search::random::Random;
use hypertune::search::{Observation, Proposal, Sampler};
use hypertune::types::advice::TrialRequest;
use hypertune::types::assignment::Assignment;
use hypertune::types::ids::{BracketId, TrialId};
use hypertune::types::objective::Score;
use hypertune::types::origin::ConfigOrigin;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const SAMPLERS: [&str; 5] = [
    "kind: random\nnumRuns: 1000",
    "kind: random\nsampler: tpe\nnumRuns: 1000",
    "kind: random\nsampler: gp\nnumRuns: 1000",
    "kind: hyperopt\nalgorithm: anneal\nnumRuns: 1000",
    "kind: grid",
];

/// Constraints that one draw in 1,000 of three parameters in [0, 1] fulfils: a corner, a thin layer, a ball.
const RARE: [(&str, &str); 3] = [
    ("corner", "p0 + p1 + p2 <= 0.182"),
    ("layer", "(p0 - p1) ** 2 <= 0.00000025"),
    ("ball", "(p0 - 0.5) ** 2 + (p1 - 0.4) ** 2 + (p2 - 0.6) ** 2 <= 0.00386"),
];

fn main() -> Result<()> {
    println!("one evaluation of a constraint");
    for text in ["p0 * p1 <= 0.5", RARE[2].1, "p0 + p1 + p2 + p3 + p4 + p5 + p6 + p7 + p8 + p9 + p10 + p11 <= 3"] {
        evaluations(text)?;
    }
    println!("one suggestion where one draw in 1,000 is feasible");
    for (name, constraint) in RARE {
        for fields in SAMPLERS {
            let steps = if fields.contains("grid") { "linspace, value: [0, 1, 100]" } else { "uniform, value: [0, 1]" };
            let params: String = (0..3).map(|d| format!("  p{d}: {{kind: {steps}}}\n")).collect();
            suggestions(name, fields, &format!("{params}constraints: ['{constraint}']\n"), 30)?;
        }
    }
    println!("one suggestion with 20 parameters, of which 8 are active at once, after 200 observations");
    for fields in &SAMPLERS[1..3] {
        suggestions("conditions", fields, &conditions()?, 200)?;
    }
    println!("the search of a grid that is given up");
    given_up();
    Ok(())
}

/// Four shared parameters, of which one chooses one of four branches with four parameters each.
fn conditions() -> Result<String> {
    let mut text = "  model: {kind: choice, value: [a, b, c, d]}\n".to_owned();
    for d in 0..3 {
        writeln!(text, "  p{d}: {{kind: uniform, value: [0, 1]}}")?;
    }
    for (branch, d) in ["a", "b", "c", "d"].iter().flat_map(|branch| (0..4).map(move |d| (branch, d))) {
        writeln!(text, "  {branch}{d}: {{kind: uniform, value: [0, 1], when: {{model: {branch}}}}}")?;
    }
    Ok(text)
}

fn study(fields: &str, params: &str) -> Result<Experiment> {
    let text = format!("{fields}\nmetric: {{name: loss, optimization: minimize}}\nparams:\n{params}");
    let loaded = load_bytes("matrix.yaml", text.as_bytes(), Path::new(""), &Overrides::default());
    Ok(loaded.map_err(|report| report.to_string())?.experiment)
}

fn evaluations(constraint: &str) -> Result<()> {
    let params: String = (0..12).map(|d| format!("  p{d}: {{kind: uniform, value: [0, 1]}}\n")).collect();
    let experiment = study(SAMPLERS[0], &format!("{params}constraints: ['{constraint}']\n"))?;
    let space = experiment.search_context().space;
    let at: Assignment = (0..12).map(|d| (format!("p{d}").into(), (f64::from(d) / 12.0).into())).collect();
    let count = 200_000;
    let clock = Instant::now();
    for _ in 0..count {
        black_box(space.is_feasible(black_box(&at)));
    }
    println!("{:7.3} µs  {constraint}", clock.elapsed().as_secs_f64() * 1e6 / f64::from(count));
    Ok(())
}

/// Times 100 suggestions after `before` observations of random configurations.
fn suggestions(name: &str, fields: &str, params: &str, before: u64) -> Result<()> {
    let experiment = study(fields, params)?;
    let context = experiment.search_context();
    let mut searcher = experiment.method.sampler.searcher(&context);
    let mut random = Random.searcher(&context);
    let (mut times, mut model) = (Vec::new(), 0);
    for trial in (0..before + 100).map(TrialId) {
        let request = TrialRequest { trial, bracket: BracketId::default(), resource: context.max_resource };
        let is_random = trial.0 < before && experiment.method.sampler.name() != "grid";
        let clock = Instant::now();
        let proposal = if is_random { random.propose(&request) } else { searcher.propose(&request) };
        let took = clock.elapsed();
        let Proposal::Ready(assignment) = proposal else { return Err("expected a configuration".into()) };
        if trial.0 >= before {
            times.push(took);
            model += usize::from(!matches!(searcher.origin(), ConfigOrigin::Random));
        }
        searcher.register(trial, &assignment);
        let values = assignment.iter().filter_map(|(_, value)| value.as_f64());
        let score = Score::new(values.map(|x| (x - 0.3) * (x - 0.3)).sum());
        let resource = context.max_resource;
        searcher.observe(&Observation { trial, assignment: &assignment, resource, score, curve: &[] });
    }
    times.sort_unstable();
    let mean = times.iter().sum::<Duration>() / times.len() as u32;
    let [mean, median, worst] = [mean, times[50], times[99]].map(|time| time.as_secs_f64() * 1e3);
    println!(
        "{name:10} {:6}: median {median:6.2} ms, mean {mean:6.2} ms, worst {worst:6.2} ms; {model} of 100 not random",
        experiment.method.sampler.name()
    );
    Ok(())
}

/// 10¹² combinations and constraints that few prefixes break, until the search is given up.
fn given_up() {
    let sum: Vec<String> = (0..12).map(|d| format!("p{d}")).collect();
    for constraints in [format!("'{} == 54'", sum.join(" + ")), "'p11 + p10 != 3', 'p0 * p11 >= 0'".to_owned()] {
        let mut params: String = (0..12).map(|d| format!("  p{d}: {{kind: range, value: [0, 10, 1]}}\n")).collect();
        params += &format!("constraints: [{constraints}]\n");
        let clock = Instant::now();
        let refused = study("kind: grid", &params).is_err();
        println!("{:.1} s, refused: {refused}  {constraints}", clock.elapsed().as_secs_f64());
    }
}
