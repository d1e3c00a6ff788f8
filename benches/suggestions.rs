//! The time of one suggestion after a new observation, including the updates and fits of the model, and of hundreds of suggestions that
//! are asked for at once.
//!
//! `cargo bench --bench suggestions`

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hypertune::search::gp::Gp;
use hypertune::search::random::Random;
use hypertune::search::tpe::Tpe;
use hypertune::search::{Observation, Proposal, Sampler, SearchContext, Searcher};
use hypertune::space::{Param, Space, uniform};
use hypertune::types::advice::TrialRequest;
use hypertune::types::args::Args;
use hypertune::types::assignment::Assignment;
use hypertune::types::ids::{BracketId, TrialId};
use hypertune::types::objective::{Direction, Score};
use hypertune::types::units::Resource;

/// (parameters, observations before the first timed suggestion, number of timed suggestions). A tenth more suggestions than
/// observations, so that the model is fitted at least once.
const SIZES: [(usize, u64, u64); 4] = [(20, 200, 40), (20, 2000, 220), (20, 5000, 550), (200, 200, 40)];

/// Suggestions that are asked for at once, without an observation in between.
const AT_ONCE: u64 = 300;
/// Observations before them, of seven parameters.
const BEFORE: u64 = 300;

/// Resources of the jobs, in turn.
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
    at_once()
}

fn at_once() -> Result<(), Box<dyn Error>> {
    println!("{AT_ONCE} suggestions at once after {BEFORE} observations of 7 parameters");
    let samplers: [(&str, Arc<dyn Sampler>); 3] = [
        ("auto (gp)", Arc::new(Gp::default())),
        ("asha (random)", Arc::new(Random)),
        ("asha with tpe", Arc::new(Tpe::default())),
    ];
    for (name, sampler) in samplers {
        let mut search = Search::new(&*sampler, 7)?;
        for _ in 0..BEFORE {
            let (trial, assignment, _) = search.propose()?;
            search.observe(trial, &assignment)?;
        }
        let mut times = Vec::new();
        let mut places = BTreeSet::new();
        for _ in 0..AT_ONCE {
            let (_, assignment, took) = search.propose()?;
            times.push(took);
            places.insert(format!("{assignment:?}"));
        }
        let hundreds: Vec<String> = times.chunks(100).map(|hundred| milliseconds(hundred.iter().sum())).collect();
        println!("{name:13}: {} per 100, {} different places", hundreds.join(", "), places.len());
    }
    Ok(())
}

/// A searcher and the number of the next trial.
struct Search {
    searcher: Box<dyn Searcher>,
    max_resource: Resource,
    next: u64,
}

impl Search {
    fn new(sampler: &dyn Sampler, dims: usize) -> Result<Search, Box<dyn Error>> {
        let max_resource = Resource::new(RUNGS[3]).ok_or("the maximum resource must be a positive number")?;
        let context = SearchContext {
            space: Arc::new(space(dims)?),
            seed: 1,
            direction: Some(Direction::Minimize),
            max_resource,
        };
        Ok(Search { searcher: sampler.searcher(&context), max_resource, next: 0 })
    }

    /// Starts the next trial; also returns how long the proposal took.
    fn propose(&mut self) -> Result<(TrialId, Assignment, Duration), Box<dyn Error>> {
        let trial = TrialId(self.next);
        self.next += 1;
        let request = TrialRequest { trial, bracket: BracketId::default(), resource: self.max_resource };
        let clock = Instant::now();
        let Proposal::Ready(assignment) = self.searcher.propose(&request) else {
            return Err("expected a configuration".into());
        };
        self.searcher.register(trial, &assignment);
        Ok((trial, assignment, clock.elapsed()))
    }

    fn observe(&mut self, trial: TrialId, assignment: &Assignment) -> Result<(), Box<dyn Error>> {
        let resource = RUNGS[trial.0 as usize % RUNGS.len()];
        self.searcher.observe(&Observation {
            trial,
            assignment,
            resource: Resource::new(resource).ok_or("a resource must be a positive number")?,
            score: Score::new(loss(assignment, resource)),
            curve: &[],
        });
        Ok(())
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{:6.1} ms", time.as_secs_f64() * 1e3)
}

fn times(sampler: &dyn Sampler, dims: usize, before: u64, timed: u64) -> Result<Vec<Duration>, Box<dyn Error>> {
    let space = Arc::new(space(dims)?);
    let max_resource = Resource::new(RUNGS[3]).ok_or("the maximum resource must be a positive number")?;
    let context = SearchContext { space, seed: 1, direction: Some(Direction::Minimize), max_resource };
    let mut searcher = sampler.searcher(&context);
    let mut random = Random.searcher(&context);
    let mut times = Vec::new();
    for trial in (0..before + timed).map(TrialId) {
        let request = TrialRequest { trial, bracket: BracketId::default(), resource: max_resource };
        let clock = Instant::now();
        let proposal = if trial.0 < before { random.propose(&request) } else { searcher.propose(&request) };
        let took = clock.elapsed();
        let Proposal::Ready(assignment) = proposal else { return Err("expected a configuration".into()) };
        times.extend((trial.0 >= before).then_some(took));
        searcher.register(trial, &assignment);
        let resource = RUNGS[trial.0 as usize % RUNGS.len()];
        searcher.observe(&Observation {
            trial,
            assignment: &assignment,
            resource: Resource::new(resource).ok_or("a resource must be a positive number")?,
            score: Score::new(loss(&assignment, resource)),
            curve: &[],
        });
    }
    Ok(times)
}

/// A quadratic function of every second parameter with decreasing weights, plus a term that decreases with the resource.
fn loss(assignment: &Assignment, resource: f64) -> f64 {
    let values = assignment.iter().filter_map(|(_, value)| value.as_f64());
    let bowl: f64 = values.step_by(2).enumerate().map(|(i, x)| (x - 0.3) * (x - 0.3) / (1.0 + i as f64)).sum();
    0.1 + bowl + 0.5 / resource.sqrt()
}

fn space(dims: usize) -> Result<Space, Box<dyn Error>> {
    let range: Args = [("low".to_owned(), 0.0.into()), ("high".to_owned(), 1.0.into())].into_iter().collect();
    let param = |d: usize| {
        let domain = (uniform::UNIFORM.build)(&range).map_err(|faults| format!("{faults:?}"))?;
        Ok(Param { name: Arc::from(format!("p{d}")), kind: "uniform", domain, guess: None })
    };
    Ok(Space::new((0..dims).map(param).collect::<Result<_, Box<dyn Error>>>()?))
}
