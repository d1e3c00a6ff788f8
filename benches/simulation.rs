//! A million jobs on ten thousand simulated slots, through the same engine that runs real studies, with random draws from
//! four parameters: seconds and peak memory. And how idle eight slots are, beside Hyperband that takes bracket after bracket.
//!
//! `cargo bench --bench simulation`

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hypertune::engine::experiment::{Experiment, FirstFailures, Limits, Promoted, Retries, Stopping};
use hypertune::method::Method;
use hypertune::schedule::Schedule;
use hypertune::schedule::hyperband::{BracketSizes, table};
use hypertune::schedule::ladder::Ladder;
use hypertune::schedule::rounds::Rounds;
use hypertune::search::random::Random;
use hypertune::sim::barrier::BracketByBracket;
use hypertune::sim::simulate;
use hypertune::sim::spread::Spread;
use hypertune::space::{Param, Space, uniform};
use hypertune::words::args::Args;
use hypertune::words::objective::{Direction, Metric};
use hypertune::words::units::ResourceKind;

/// Run times of a factor of e^0.5 = 1.6 above or below the median, a minute for each unit of resource.
const SPREAD: Spread = Spread { seed: 1, sigma: 0.5, unit: Duration::from_secs(60) };

fn main() -> Result<(), Box<dyn Error>> {
    nobody_waits()?;
    a_million_jobs()
}

fn nobody_waits() -> Result<(), Box<dyn Error>> {
    let ours = hyperband(1)?;
    for (name, schedule) in [("any bracket", ours.clone()), ("bracket by bracket", Arc::new(BracketByBracket(ours)))] {
        let course = simulate(Arc::new(experiment(schedule)?), 8, &mut { SPREAD });
        println!(
            "R = 81, eta = 3, 8 slots, {name:18}: {:4.1} % idle until the tail, {:5.1} h in all",
            course.before_tail.idle_share() * 100.0,
            course.whole.span.as_secs_f64() / 3600.0
        );
    }
    Ok(())
}

fn a_million_jobs() -> Result<(), Box<dyn Error>> {
    let experiment = experiment(hyperband(5348)?)?;
    let clock = Instant::now();
    let course = simulate(Arc::new(experiment), 10_000, &mut { SPREAD });
    let seconds = clock.elapsed().as_secs_f64();
    println!("{} jobs on 10000 slots: {seconds:.2} s, {}", course.launches, peak_memory());
    Ok(())
}

fn hyperband(rounds: u32) -> Result<Arc<dyn Schedule>, String> {
    let ladder = Ladder::new(1.0, 81.0, 3.0, ResourceKind::Int)?;
    Ok(Arc::new(Rounds::new(table(&ladder, BracketSizes::Floor), rounds, &ladder)))
}

fn experiment(schedule: Arc<dyn Schedule>) -> Result<Experiment, Box<dyn Error>> {
    Ok(Experiment {
        method: Method { kind: "hyperband", schedule, sampler: Arc::new(Random) },
        space: Arc::new(space()?),
        metric: Some(Metric { name: "loss".to_owned(), direction: Direction::Minimize }),
        resource: None,
        seed: 1,
        promoted: Promoted::default(),
        stopping: Stopping::default(),
        limits: Limits::default(),
        retries: Retries::default(),
        first_failures: FirstFailures::default(),
        job_timeout: None,
        initial: Vec::new(),
        prior: Arc::default(),
    })
}

fn space() -> Result<Space, String> {
    let range: Args = [("low".to_owned(), 0.0.into()), ("high".to_owned(), 1.0.into())].into_iter().collect();
    let param = |name: &str| {
        let domain = (uniform::UNIFORM.build)(&range).map_err(|faults| format!("{faults:?}"))?;
        Ok(Param { name: Arc::from(name), kind: "uniform", domain })
    };
    Ok(Space { params: ["lr", "momentum", "dropout", "decay"].map(param).into_iter().collect::<Result<_, String>>()? })
}

/// The most memory this process had, as the kernel tells it; nothing where it does not.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")).and_then(|rest| rest.split_whitespace().next());
    let megabytes = peak.and_then(|kb| kb.parse::<f64>().ok()).map(|kb| kb / 1024.0);
    megabytes.map_or_else(|| "peak memory unknown".to_owned(), |mb| format!("{mb:.0} MB at most"))
}
