//! Time and peak memory of a simulated study with a million jobs on 10,000 slots and random draws of four parameters, and the idle
//! time of 8 slots compared with Hyperband with sequential brackets.
//!
//! `cargo bench --bench simulation`

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hypertune::engine::experiment::{Experiment, FirstFailures, Limits, Retries, Stopping};
use hypertune::kinds::Method;
use hypertune::schedule::Schedule;
use hypertune::schedule::hyperband::{BracketSizes, brackets};
use hypertune::schedule::rung_levels::RungLevels;
use hypertune::schedule::sync_brackets::SyncBrackets;
use hypertune::search::random::Random;
use hypertune::sim::log_normal::LogNormalJobs;
use hypertune::sim::sequential_brackets::SequentialBrackets;
use hypertune::sim::simulate;
use hypertune::space::{Param, Space, uniform};
use hypertune::types::allocation::PromotedStart;
use hypertune::types::args::Args;
use hypertune::types::objective::{Direction, Metric};
use hypertune::types::units::ResourceKind;

/// A median of one minute per unit of resource; one standard deviation is a factor of e^0.5 = 1.6.
const JOBS: LogNormalJobs = LogNormalJobs { seed: 1, sigma: 0.5, unit: Duration::from_secs(60) };

fn main() -> Result<(), Box<dyn Error>> {
    idle_slots()?;
    a_million_jobs()
}

fn idle_slots() -> Result<(), Box<dyn Error>> {
    let ours = hyperband(1)?;
    for (name, schedule) in [("any bracket", ours.clone()), ("sequential brackets", Arc::new(SequentialBrackets(ours)))]
    {
        let result = simulate(Arc::new(experiment(schedule)?), 8, &mut { JOBS });
        println!(
            "R = 81, eta = 3, 8 slots, {name:19}: {:4.1} % idle until the tail, {:5.1} h in all",
            result.before_tail.idle_fraction() * 100.0,
            result.whole.span.as_secs_f64() / 3600.0
        );
    }
    Ok(())
}

fn a_million_jobs() -> Result<(), Box<dyn Error>> {
    let experiment = experiment(hyperband(5348)?)?;
    let clock = Instant::now();
    let result = simulate(Arc::new(experiment), 10_000, &mut { JOBS });
    let seconds = clock.elapsed().as_secs_f64();
    println!("{} jobs on 10000 slots: {seconds:.2} s, {}", result.launches, peak_memory());
    Ok(())
}

fn hyperband(rounds: u32) -> Result<Arc<dyn Schedule>, Box<dyn Error>> {
    let levels = RungLevels::new(1.0, 81.0, 3.0, ResourceKind::Int)?;
    Ok(Arc::new(SyncBrackets::new(brackets(&levels, BracketSizes::Floor), rounds, &levels)))
}

fn experiment(schedule: Arc<dyn Schedule>) -> Result<Experiment, Box<dyn Error>> {
    Ok(Experiment {
        method: Method { kind: "hyperband", schedule, sampler: Arc::new(Random) },
        space: Arc::new(space()?),
        metric: Some(Metric { name: "loss".to_owned(), direction: Direction::Minimize }),
        collector: None,
        counted_reading: Default::default(),
        resource: None,
        seed: 1,
        promoted: PromotedStart::default(),
        stopping: Stopping::default(),
        limits: Limits::default(),
        retries: Retries::default(),
        first_failures: FirstFailures::default(),
        job_timeout: None,
        initial: Vec::new(),
        prior: Arc::default(),
    })
}

fn space() -> Result<Space, Box<dyn Error>> {
    let range: Args = [("low".to_owned(), 0.0.into()), ("high".to_owned(), 1.0.into())].into_iter().collect();
    let param = |name: &str| {
        let domain = (uniform::UNIFORM.build)(&range).map_err(|faults| format!("{faults:?}"))?;
        Ok(Param { name: Arc::from(name), kind: "uniform", domain, guess: None })
    };
    let params = ["lr", "momentum", "dropout", "decay"].map(param).into_iter();
    Ok(Space::new(params.collect::<Result<_, Box<dyn Error>>>()?))
}

/// The peak resident memory of this process according to the kernel.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")).and_then(|rest| rest.split_whitespace().next());
    let megabytes = peak.and_then(|kb| kb.parse::<f64>().ok()).map(|kb| kb / 1024.0);
    megabytes.map_or_else(|| "peak memory unknown".to_owned(), |mb| format!("peak memory {mb:.0} MB"))
}
