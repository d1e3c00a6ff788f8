//! The jobs of `doctor`, in their order.

use std::time::Duration;

use anyhow::anyhow;

use super::configurations::Configurations;
use super::gpu_monitor::GpuMonitor;
use super::metric_reading::metric_reading;
use super::sessions::{DoctorEnd, DoctorSessions};
use super::variations::{ParamVariation, Variations};
use crate::cli::error::CliError;
use crate::engine::experiment::Experiment;
use crate::report::doctor::{ChangedJob, DoctorJobs, EndedJob, JobTiming, ObservedJob, UntriedParam, UntriedReason};
use crate::report::text;
use crate::types::allocation::PromotedStart;
use crate::types::assignment::Assignment;
use crate::types::printable::printable;
use crate::types::units::Resource;

/// Values on which other parameters depend, and then parameters one by one, are tried for about this long each, seconds.
const TRIED_SECONDS: f64 = 60.0;
/// Shorter jobs are not ended while they run, seconds: a signal may come before the program has started or after it has ended.
const MIN_SECONDS: f64 = 0.4;

/// Runs the jobs, each for at most `timeout`: the first configuration at the two smallest rungs, another one, the first one again, those
/// in which other parameters are active, each with one other parameter, and the first one ended while it runs. If a job fails, those after it that could show nothing are left out.
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
        branches: Vec::new(),
        untried_branches: Vec::new(),
        changed: Vec::new(),
        untried: Vec::new(),
        full: None,
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
        let second = self.configurations.second();
        if let Some(second) = &second {
            self.sessions.note("a job with other parameters");
            self.second(second, jobs)?;
        }
        if !jobs.first.exited_with_0 {
            return Ok(());
        }
        self.sessions.note("the first job again");
        jobs.repeated = self.one(&self.configurations.first.clone())?;
        let second = second.filter(|_| jobs.second.is_some());
        let variations = self.configurations.variations(second.as_ref(), self.experiment);
        let mut bases: Vec<Option<ObservedJob>> = vec![Some(jobs.first.clone())];
        bases.extend(jobs.second.clone().map(Some));
        bases.extend(self.branches(&variations, jobs)?);
        if jobs.first.value.is_some() && jobs.repeated.as_ref().is_some_and(|job| job.value == jobs.first.value) {
            self.one_by_one(variations, &bases, jobs)?;
        }
        self.end_one(jobs)
    }

    /// A job at the smallest rung.
    fn one(&mut self, params: &Assignment) -> Result<Option<ObservedJob>, DoctorEnd> {
        Ok(self.sessions.run(params, &[self.rung], self.timeout)?.jobs.into_iter().next())
    }

    /// The job with other parameters. It shows how the metric is read if the first job has no value.
    fn second(&mut self, params: &Assignment, jobs: &mut DoctorJobs) -> Result<(), DoctorEnd> {
        let run = self.sessions.run(params, &[self.rung], self.timeout)?;
        let Some((job, launched)) = run.jobs.into_iter().next().zip(run.view.jobs.first()) else { return Ok(()) };
        if jobs.first.value.is_none() && job.value.is_some() {
            jobs.reading = metric_reading(self.experiment, &run.folder, launched.job, &job);
        }
        jobs.second = Some(job);
        Ok(())
    }

    /// Runs the branches; `None` for those that did not run.
    fn branches(
        &mut self,
        variations: &Variations,
        jobs: &mut DoctorJobs,
    ) -> Result<Vec<Option<ObservedJob>>, DoctorEnd> {
        let (mut seconds, mut ran) = (0.0, Vec::new());
        for branch in &variations.branches {
            if seconds + jobs.first.duration_s > TRIED_SECONDS {
                jobs.untried_branches.push(branch.label.clone());
                ran.push(None);
                continue;
            }
            self.sessions.note(&format!("a job with {}", printable(&branch.label)));
            let job = self.one(&branch.params)?;
            seconds += job.as_ref().map_or(0.0, |job| job.duration_s);
            jobs.branches.extend(job.clone());
            ran.push(job);
        }
        jobs.untried_branches.extend(variations.untried_branches.iter().cloned());
        Ok(ran)
    }

    fn one_by_one(
        &mut self,
        variations: Variations,
        bases: &[Option<ObservedJob>],
        jobs: &mut DoctorJobs,
    ) -> Result<(), DoctorEnd> {
        let mut seconds = 0.0;
        jobs.untried = variations.untried;
        for ParamVariation { names, base, params } in variations.changes {
            let base = bases.get(base).and_then(Option::as_ref);
            let is_late = seconds + base.map_or(0.0, |base| base.duration_s) > TRIED_SECONDS;
            let reason = match base {
                Some(base) if !base.exited_with_0 => Some(UntriedReason::FailedBase),
                Some(_) if !is_late => None,
                _ => Some(UntriedReason::Time),
            };
            if let Some(reason) = reason {
                jobs.untried.extend(names.into_iter().map(|name| UntriedParam { name, reason }));
                continue;
            }
            self.sessions.note(&format!("a job with another value of {}", printable(&names.join(", "))));
            if let Some((job, base)) = self.one(&params)?.zip(base.cloned()) {
                seconds += job.duration_s;
                jobs.changed.push(ChangedJob { names, base, job });
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
        match run.jobs.into_iter().next() {
            Some(job) if job.timed_out => {
                let reaction_s = (job.duration_s - after).max(0.0);
                jobs.ended = Some(EndedJob { reaction_s, was_killed: job.was_killed });
            }
            job => jobs.full = job,
        }
        Ok(())
    }
}
