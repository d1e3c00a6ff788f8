//! The jobs of `doctor`, in their order.

use std::time::Duration;

use anyhow::anyhow;

use super::configurations::Configurations;
use super::gpu_monitor::GpuMonitor;
use super::metric_reading::metric_reading;
use super::sessions::{DoctorEnd, DoctorSessions};
use crate::cli::error::CliError;
use crate::engine::experiment::{Experiment, PromotedStart};
use crate::report::doctor::{ChangedJob, DoctorJobs, EndedJob, JobTiming, ObservedJob};
use crate::report::text;
use crate::types::assignment::Assignment;
use crate::types::units::Resource;

/// Parameters are tried one by one for about this long, seconds.
const ONE_BY_ONE_SECONDS: f64 = 60.0;
/// Shorter jobs are not ended while they run, seconds: a signal may come before the program has started or after it has ended.
const MIN_SECONDS: f64 = 0.4;

/// Runs the jobs, each for at most `timeout`: the first configuration at the two smallest rungs, another one, the first one again, with one
/// other parameter each, and ended while it runs. If a job fails, those after it that could show nothing are left out.
pub fn observe(
    sessions: &mut DoctorSessions<'_>,
    gpus: GpuMonitor,
    memory_bytes: Option<u64>,
    timeout: Duration,
) -> Result<DoctorJobs, DoctorEnd> {
    let experiment = sessions.study.experiment.clone();
    let Some(configurations) = Configurations::of(&experiment) else {
        return Err(CliError::usage(anyhow!("the matrix has no configuration")).into());
    };
    let rungs = smallest_rungs(&experiment);
    let unit = |resource: Resource| match &experiment.resource {
        Some(spec) => format!(" with {}", text::amount_of(resource.amount(), &spec.name)),
        None => String::new(),
    };
    let then = rungs.get(1).map(|next| format!(", then{}", unit(*next))).unwrap_or_default();
    sessions.note(&format!("a job{}{then}", unit(rungs[0])));
    let run = sessions.run(&configurations.first, &rungs, timeout)?;
    let mut observed = run.jobs.into_iter();
    let (Some(first), Some(launched)) = (observed.next(), run.view.jobs.first()) else {
        return Err(CliError::internal(anyhow!("the first job was not recorded")).into());
    };
    let mut jobs = DoctorJobs {
        metric: experiment.metric.as_ref().map(|metric| metric.name.clone()),
        collector: experiment.collector().name(),
        reading: metric_reading(&experiment, &run.folder, launched.job, &first),
        resource: experiment.resource.as_ref().map(|spec| spec.name.clone()),
        resumes: experiment.promoted == PromotedStart::FromCheckpoint,
        slots: sessions.slots,
        grace_s: sessions.grace().as_secs_f64(),
        timeout_s: timeout.as_secs_f64(),
        memory_bytes: memory_bytes.filter(|_| sessions.is_local),
        first,
        promoted: observed.next(),
        second: None,
        repeated: None,
        changed: Vec::new(),
        untried: Vec::new(),
        ended: None,
        gpu: crate::report::doctor::GpuUse::NotObserved,
    };
    let mut comparison = Comparison { sessions, configurations, experiment: &experiment, rung: rungs[0], timeout };
    comparison.run(&mut jobs)?;
    jobs.gpu = gpus.stop();
    Ok(jobs)
}

/// The resources of the first two jobs of a trial that starts with the least.
fn smallest_rungs(experiment: &Experiment) -> Vec<Resource> {
    let plan = experiment.plan();
    let brackets = plan.brackets.iter().map(|bracket| &bracket.rungs).filter(|rungs| !rungs.is_empty());
    let smallest = brackets.min_by(|a, b| a[0].resource.amount().total_cmp(&b[0].resource.amount()));
    let rungs: Vec<Resource> = smallest.into_iter().flatten().take(2).map(|rung| rung.resource).collect();
    if rungs.is_empty() { vec![experiment.max_resource()] } else { rungs }
}

/// Jobs that are compared with the first one.
struct Comparison<'c, 's> {
    sessions: &'c mut DoctorSessions<'s>,
    configurations: Configurations,
    experiment: &'c Experiment,
    rung: Resource,
    timeout: Duration,
}

impl Comparison<'_, '_> {
    fn run(&mut self, jobs: &mut DoctorJobs) -> Result<(), DoctorEnd> {
        if jobs.first.timed_out {
            return Ok(());
        }
        if let Some(second) = self.configurations.second() {
            self.sessions.note("a job with other parameters");
            jobs.second = self.one(&second)?;
        }
        if !jobs.first.exited_with_0 {
            return Ok(());
        }
        self.sessions.note("the first job again");
        jobs.repeated = self.one(&self.configurations.first.clone())?;
        if jobs.first.value.is_some() && jobs.repeated.as_ref().is_some_and(|job| job.value == jobs.first.value) {
            self.one_by_one(jobs)?;
        }
        self.end_one(jobs)
    }

    /// A job at the smallest rung.
    fn one(&mut self, params: &Assignment) -> Result<Option<ObservedJob>, DoctorEnd> {
        Ok(self.sessions.run(params, &[self.rung], self.timeout)?.jobs.into_iter().next())
    }

    fn one_by_one(&mut self, jobs: &mut DoctorJobs) -> Result<(), DoctorEnd> {
        let mut seconds = 0.0;
        for (name, params) in self.configurations.changed(self.experiment) {
            if seconds + jobs.first.duration_s > ONE_BY_ONE_SECONDS {
                jobs.untried.push(name);
                continue;
            }
            self.sessions.note(&format!("the first job with another value of {name}"));
            if let Some(job) = self.one(&params)? {
                seconds += job.duration_s;
                jobs.changed.push(ChangedJob { name, job });
            }
        }
        Ok(())
    }

    /// Sends SIGTERM to a job with the full resource, after the time of the first job if that is less than half of what it takes.
    fn end_one(&mut self, jobs: &mut DoctorJobs) -> Result<(), DoctorEnd> {
        let full = self.experiment.max_resource();
        let Some(timing) = JobTiming::of(jobs) else { return Ok(()) };
        let expected = timing.startup_s + timing.seconds_per_unit * full.amount();
        if expected < MIN_SECONDS {
            return Ok(());
        }
        let after = (expected / 2.0).min(jobs.first.duration_s.max(MIN_SECONDS / 2.0));
        let Ok(timeout) = Duration::try_from_secs_f64(after) else { return Ok(()) };
        self.sessions.note(&format!("a job that gets SIGTERM after {after:.1}s"));
        let run = self.sessions.run(&self.configurations.first.clone(), &[full], timeout)?;
        let ended = run.jobs.first().filter(|job| job.timed_out);
        jobs.ended =
            ended.map(|job| EndedJob { reaction_s: (job.duration_s - after).max(0.0), was_killed: job.was_killed });
        Ok(())
    }
}
