//! Observations of earlier studies for a new one (`--warm-start`).
//!
//! A job is used if its configuration is in the new space: parameters that the new study does not have are dropped, and each of its
//! own must have a value that it can take. The resources must have the same name. A job with more than the new R counts with its last
//! reading up to R. Jobs of a study without a resource count as trained in full.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use super::error::JournalError;
use super::folder::layout::StudyFolder;
use super::reader;
use super::record::{EndRecord, Header, LaunchRecord, Record};
use crate::engine::experiment::Experiment;
use crate::search::{PriorObservation, prior_trial};
use crate::space::Space;
use crate::space::rules::SpaceError;
use crate::types::assignment::Assignment;
use crate::types::ids::{JobKey, TrialId};
use crate::types::objective::{Metric, Score};
use crate::types::outcome::{CurvePoint, Failure, Outcome};
use crate::types::units::Resource;

/// Of a job's curve, points are kept whose step is at most this fraction of the next kept point's step; no model needs more.
const SPACING: f64 = 0.5;

/// Most jobs that are read from a study: more than fit in the first line of a journal.
pub const MAX_JOBS: usize = 1_000_000;

/// The observations of an earlier study.
#[derive(Clone, PartialEq, Debug)]
pub struct WarmStartData {
    /// Its jobs, in the order in which they ended.
    pub observations: Vec<PriorObservation>,
    /// Number of ended jobs that cannot be used: outside the new space, or with more than R.
    pub left_out: u64,
    /// The first condition, constraint or domain for which a configuration cannot be used.
    pub refusal: Option<SpaceError>,
    /// Number of configurations in [`WarmStartData::observations`].
    pub trials: u64,
    /// Its seed.
    pub seed: u64,
    /// When it started, RFC 3339.
    pub started_at: String,
}

/// An error of an earlier study.
#[derive(Debug, thiserror::Error)]
pub enum WarmStartError {
    /// Its journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// It has another metric.
    #[error("{}", other_metric(folder, found.as_ref(), wanted.as_ref()))]
    Metric {
        /// The study's folder.
        folder: PathBuf,
        /// Its metric.
        found: Option<Metric>,
        /// The new study's metric.
        wanted: Option<Metric>,
    },
    /// It has another resource.
    #[error("the resource of {} is `{found}`, but that of this study is `{wanted}`", folder.display())]
    Resource {
        /// The study's folder.
        folder: PathBuf,
        /// Its resource.
        found: String,
        /// The new study's resource.
        wanted: String,
    },
    /// It has more jobs than [`MAX_JOBS`].
    #[error("{} has more than {MAX_JOBS} jobs, the most that --warm-start reads", folder.display())]
    TooLarge {
        /// The study's folder.
        folder: PathBuf,
    },
    /// No job has a value and a configuration of the new study.
    #[error(
        "{} has no job with a value in the space and resource of this study ({left_out} jobs are outside)",
        folder.display()
    )]
    NoObservations {
        /// The study's folder.
        folder: PathBuf,
        /// Number of jobs outside the new study.
        left_out: u64,
    },
}

fn other_metric(folder: &Path, found: Option<&Metric>, wanted: Option<&Metric>) -> String {
    let folder = folder.display();
    let name = |metric: Option<&Metric>| {
        metric.map_or("no metric".to_owned(), |metric| format!("the metric `{}`", metric.name))
    };
    let (found, wanted) = (name(found), name(wanted));
    if found == wanted {
        return format!("{folder} and this study have {found}, but optimize it in opposite directions");
    }
    format!("{folder} has {found}, but this study has {wanted}")
}

/// What was read from other studies, after which this one and its configurations are numbered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct KnownStudies {
    /// Their number.
    pub studies: u32,
    /// The number of their configurations.
    pub trials: u64,
}

impl KnownStudies {
    /// With one more study.
    pub fn and(self, data: &WarmStartData) -> KnownStudies {
        KnownStudies { studies: self.studies + 1, trials: self.trials + data.trials }
    }
}

/// Reads the observations of the study in `folder` for the study `wanted`.
pub fn read(folder: &StudyFolder, wanted: &Experiment, known: KnownStudies) -> Result<WarmStartData, WarmStartError> {
    let missing = || JournalError::Missing { folder: folder.root().to_owned() };
    let (header, records) = reader::open(folder)?.ok_or_else(missing)?;
    check(folder, &header, wanted)?;
    let mut collector = ObservationCollector {
        header: &header,
        wanted,
        known,
        trials: IndexMap::new(),
        allotted: HashMap::new(),
        jobs: IndexMap::new(),
        left_out: 0,
        refusal: None,
    };
    for record in records {
        match record? {
            Record::Launch(launch) => collector.launched(&launch),
            Record::End(end) => collector.ended(&end),
            _ => {}
        }
        if collector.allotted.len() > MAX_JOBS {
            return Err(WarmStartError::TooLarge { folder: folder.root().to_owned() });
        }
    }
    let ObservationCollector { jobs, trials, left_out, refusal, .. } = collector;
    if jobs.values().all(|job| job.score.is_none()) {
        return Err(WarmStartError::NoObservations { folder: folder.root().to_owned(), left_out });
    }
    let observations = jobs.into_values().collect();
    let Header { seed, started_at, .. } = header;
    Ok(WarmStartData { observations, left_out, refusal, trials: trials.len() as u64, seed, started_at })
}

fn check(folder: &StudyFolder, header: &Header, wanted: &Experiment) -> Result<(), WarmStartError> {
    let folder = folder.root().to_owned();
    if header.metric != wanted.metric {
        return Err(WarmStartError::Metric { folder, found: header.metric.clone(), wanted: wanted.metric.clone() });
    }
    match (&header.resource, &wanted.resource) {
        (Some(found), Some(wanted)) if found.name != wanted.name => {
            Err(WarmStartError::Resource { folder, found: found.name.clone(), wanted: wanted.name.clone() })
        }
        _ => Ok(()),
    }
}

/// Collects the observations of an earlier study, record by record.
struct ObservationCollector<'a> {
    header: &'a Header,
    wanted: &'a Experiment,
    known: KnownStudies,
    /// Configurations in the new space, with the new study's parameters.
    trials: IndexMap<TrialId, Assignment>,
    /// Of each job, the resource that its trial had before, and that allotted to it.
    allotted: HashMap<JobKey, (Resource, Resource)>,
    /// The observation of each job's last attempt.
    jobs: IndexMap<JobKey, PriorObservation>,
    left_out: u64,
    refusal: Option<SpaceError>,
}

impl ObservationCollector<'_> {
    fn launched(&mut self, launch: &LaunchRecord) {
        let key = launch.job.key;
        self.allotted.insert(key, (launch.previous, launch.resource));
        self.jobs.shift_remove(&key);
        match launch.params.as_ref().map(|params| convert(params, &self.wanted.space)) {
            Some(Ok(params)) => drop(self.trials.insert(key.trial, params)),
            Some(Err(refusal)) => self.refusal = self.refusal.take().or(refusal),
            None => {}
        }
    }

    fn ended(&mut self, end: &EndRecord) {
        let started = !matches!(&end.outcome, Outcome::Failed { failure: Failure::Launch(_) });
        if end.outcome.runs_again() || !started {
            return;
        }
        match self.observation(end) {
            Some(observation) => drop(self.jobs.insert(end.job.key, observation)),
            None => self.left_out += 1,
        }
    }

    fn observation(&self, end: &EndRecord) -> Option<PriorObservation> {
        let index = self.trials.get_index_of(&end.job.key.trial)?;
        let (previous, allotted) = *self.allotted.get(&end.job.key)?;
        let curve = &end.readings.curve;
        let allocation = self.header.promoted.allocation(allotted, Some(previous));
        let job = MeasuredJob { reached: allocation.observed(&end.outcome, curve), score: end.outcome.score(), curve };
        let MeasuredJob { reached, score, curve } = self.in_new_units(job)?;
        Some(PriorObservation {
            trial: prior_trial(self.known.trials + index as u64),
            study: Some(self.known.studies),
            params: self.trials.get_index(index)?.1.clone(),
            resource: reached,
            score,
            curve: thinned(curve),
        })
    }

    /// The job in the resource of the new study; `None` if it cannot be expressed.
    fn in_new_units<'c>(&self, job: MeasuredJob<'c>) -> Option<MeasuredJob<'c>> {
        let full = self.wanted.max_resource();
        match (&self.header.resource, &self.wanted.resource) {
            (Some(_), Some(_)) if job.reached <= full => Some(job),
            (Some(_), Some(_)) => job.up_to(full),
            (None, _) => Some(MeasuredJob { reached: full, curve: &[], ..job }),
            (Some(_), None) => {
                let plan = self.header.plan;
                let was_full = job.reached.amount() >= plan.full_resource / plan.trials.max(1) as f64 * (1.0 - 1e-9);
                was_full.then_some(MeasuredJob { reached: full, curve: &[], ..job })
            }
        }
    }
}

/// The measurements of one job.
#[derive(Clone, Copy)]
struct MeasuredJob<'a> {
    reached: Resource,
    score: Option<Score>,
    curve: &'a [CurvePoint],
}

impl<'a> MeasuredJob<'a> {
    /// The job as if it had ended at its last reading up to `max`.
    fn up_to(self, max: Resource) -> Option<MeasuredJob<'a>> {
        let count = self.curve.iter().take_while(|point| point.step <= max.amount()).count();
        let curve = &self.curve[..count];
        let last = curve.last()?;
        Some(MeasuredJob { reached: Resource::new(last.step)?, score: Some(Score::new(last.value)?), curve })
    }
}

/// `params` as an assignment of `space`. The error is the rule that `params` break in a space with conditions or constraints.
fn convert(params: &Assignment, space: &Space) -> Result<Assignment, Option<SpaceError>> {
    let value = |param: &crate::space::Param| {
        let only = || param.domain.level(0).filter(|_| param.domain.cardinality() == Some(1));
        let value = params.get(&param.name).map_or_else(only, |value| param.domain.normalize(value));
        Some((param.name.clone(), value?))
    };
    if space.has_rules() {
        let known: Assignment = space.params.iter().filter_map(value).collect();
        return space.complete_active(&known).map_err(Some);
    }
    space.params.iter().map(value).collect::<Option<_>>().ok_or(None)
}

fn thinned(curve: &[CurvePoint]) -> Vec<CurvePoint> {
    let mut next = f64::INFINITY;
    let mut kept: Vec<CurvePoint> = Vec::new();
    for point in curve.iter().rev().filter(|point| point.step > 0.0) {
        if kept.is_empty() || point.step <= next * SPACING {
            next = point.step;
            kept.push(*point);
        }
    }
    kept.reverse();
    kept
}
