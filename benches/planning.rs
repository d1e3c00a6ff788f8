//! Planning 1,000,000 configurations: from the text of a matrix to the table and its sums, and drawing every configuration.
//!
//! `cargo bench --bench planning`

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use hypertune::matrix::command_line::overrides::Overrides;
use hypertune::matrix::load::{LoadedMatrix, load_bytes};
use hypertune::report::plan::PlanView;
use hypertune::report::plan_table;
use hypertune::search::Proposal;
use hypertune::types::advice::TrialRequest;
use hypertune::types::ids::{BracketId, TrialId};
use hypertune::types::units::Resource;

const PARAMETERS: &str = "
params:
  lr: {kind: loguniform, value: {min: 1e-5, max: 0.1}}
  momentum: {kind: uniform, value: [0, 1]}
  layers: {kind: range, value: [1, 9, 1]}
  activation: {kind: choice, value: [relu, tanh, gelu]}
";

const RANDOM: &str = "kind: random\nnumRuns: 1000000";

/// 1,048,695 configurations in 18 brackets, twice.
const HYPERBAND: &str = "kind: hyperband\nmaxIterations: 500000\neta: 2\nrounds: 2
resource: {name: steps}\nmetric: {name: loss, optimization: minimize}";

fn study(kind: &str) -> LoadedMatrix {
    let text = format!("{kind}{PARAMETERS}");
    let loaded = load_bytes("matrix.yaml", text.as_bytes(), Path::new(""), &Overrides::default());
    loaded.unwrap_or_else(|report| panic!("{report}"))
}

fn plans(criterion: &mut Criterion) {
    for (name, kind) in [("random", RANDOM), ("hyperband", HYPERBAND)] {
        criterion.bench_function(&format!("the plan of 1,000,000 configurations, {name}"), |bench| {
            bench.iter(|| plan_table::plan(&PlanView::new(&study(kind).experiment, None, Vec::new()), None));
        });
    }
}

fn draws(criterion: &mut Criterion) {
    let experiment = study(RANDOM).experiment;
    let context = experiment.search_context();
    let draw_all = || {
        let mut searcher = experiment.method.sampler.searcher(&context);
        for trial in 0..1_000_000 {
            let request =
                TrialRequest { trial: TrialId(trial), bracket: BracketId::default(), resource: Resource::ONE };
            if let Proposal::Ready(assignment) = searcher.propose(&request) {
                searcher.register(request.trial, black_box(&assignment));
            }
        }
    };
    criterion.bench_function("drawing 1,000,000 configurations", |bench| bench.iter(draw_all));
}

criterion_group! {
    name = planning;
    config = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(2));
    targets = plans, draws
}
criterion_main!(planning);
