//! How long a slot waits for a suggestion: each is asked for right after an observation, so that what the model rebuilds and refits is
//! in it.
//!
//! `cargo bench --bench suggestions`

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hypertune::search::gp::Gp;
use hypertune::search::random::Random;
use hypertune::search::tpe::Tpe;
use hypertune::search::{Ask, Observation, Proposal, Sampler, SearchContext};
use hypertune::space::{Param, Space, uniform};
use hypertune::words::args::Args;
use hypertune::words::assignment::Assignment;
use hypertune::words::ids::{BracketId, TrialId};
use hypertune::words::objective::{Direction, Score};
use hypertune::words::units::Resource;

/// (parameters, observations before the first timed suggestion, suggestions timed one after the other: a tenth more than before, so that
/// at least one falls on the model's refit).
const SIZES: [(usize, u64, u64); 3] = [(20, 200, 40), (20, 2000, 220), (200, 200, 40)];

/// Jobs end at these shares of the full resource, in turn.
const RUNGS: [f64; 4] = [3.0, 9.0, 27.0, 81.0];

fn main() -> Result<(), Box<dyn Error>> {
    println!("one suggestion after a new observation");
    let samplers: [Arc<dyn Sampler>; 2] = [
        Arc::new(Gp { random_fraction: 0.0, ..Gp::default() }),
        Arc::new(Tpe { random_fraction: 0.0, ..Tpe::default() }),
    ];
    for sampler in samplers {
        for (dims, before, timed) in SIZES {
            let mut times = times(&*sampler, dims, before, timed)?;
            times.sort_unstable();
            let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
            let mean = times.iter().sum::<Duration>() / times.len() as u32;
            println!(
                "{:4} {before:5} observations, {dims:3} parameters: median {}, 95 % within {}, worst {}, mean {}",
                sampler.name(),
                milliseconds(at(0.5)),
                milliseconds(at(0.95)),
                milliseconds(at(1.0)),
                milliseconds(mean)
            );
        }
    }
    Ok(())
}

fn milliseconds(time: Duration) -> String {
    format!("{:6.1} ms", time.as_secs_f64() * 1e3)
}

fn times(sampler: &dyn Sampler, dims: usize, before: u64, timed: u64) -> Result<Vec<Duration>, Box<dyn Error>> {
    let space = Arc::new(space(dims)?);
    let full = Resource::new(RUNGS[3]).ok_or("the full resource is a positive number")?;
    let context = SearchContext { space, seed: 1, direction: Some(Direction::Minimize), full };
    let mut searcher = sampler.searcher(&context);
    let mut random = Random.searcher(&context);
    let mut times = Vec::new();
    for trial in (0..before + timed).map(TrialId) {
        let ask = Ask { trial, bracket: BracketId::default(), resource: full };
        let clock = Instant::now();
        let proposal = if trial.0 < before { random.propose(&ask) } else { searcher.propose(&ask) };
        let took = clock.elapsed();
        let Proposal::Ready(assignment) = proposal else { return Err("models propose themselves".into()) };
        times.extend((trial.0 >= before).then_some(took));
        searcher.adopt(trial, &assignment);
        let resource = RUNGS[trial.0 as usize % RUNGS.len()];
        searcher.observe(&Observation {
            trial,
            assignment: &assignment,
            resource: Resource::new(resource).ok_or("a rung is a positive number")?,
            score: Score::new(loss(&assignment, resource)),
            curve: &[],
        });
    }
    Ok(times)
}

/// A valley along half of the parameters, each weighing less than the one before, that deepens with the resource.
fn loss(assignment: &Assignment, resource: f64) -> f64 {
    let values = assignment.iter().filter_map(|(_, value)| value.as_f64());
    let bowl: f64 = values.step_by(2).enumerate().map(|(i, x)| (x - 0.3) * (x - 0.3) / (1.0 + i as f64)).sum();
    0.1 + bowl + 0.5 / resource.sqrt()
}

fn space(dims: usize) -> Result<Space, String> {
    let range: Args = [("low".to_owned(), 0.0.into()), ("high".to_owned(), 1.0.into())].into_iter().collect();
    let param = |d: usize| {
        let domain = (uniform::UNIFORM.build)(&range).map_err(|faults| format!("{faults:?}"))?;
        Ok(Param { name: Arc::from(format!("p{d}")), kind: "uniform", domain })
    };
    Ok(Space { params: (0..dims).map(param).collect::<Result<_, String>>()? })
}
