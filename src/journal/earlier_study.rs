//! Earlier studies as a new one may learn from them (`--warm-start`).
//!
//! A job is taken where its configuration lies in the new space: parameters that the new study lacks are dropped, and every one that it
//! has must have had a value that it may take now. Resources must have one name; a job that got more than the new R counts with its
//! last reading up to there. A study without a resource trains in full.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;

use indexmap::IndexMap;

use super::error::JournalError;
use super::folder::layout::StudyFolder;
use super::reader;
use super::record::{EndRecord, Header, LaunchRecord, Record};
use crate::engine::experiment::Experiment;
use crate::search::{PriorObservation, prior_trial};
use crate::space::Space;
use crate::types::assignment::Assignment;
use crate::types::ids::{JobKey, TrialId};
use crate::types::objective::{Metric, Score};
use crate::types::outcome::{CurvePoint, Failure, Outcome};
use crate::types::units::Resource;

/// Readings on the way are kept where each is at this share of the next one's resource or less, which is closer than any model looks.
const SPACING: f64 = 0.5;

/// Most jobs that are taken from a study; more than a journal's first line has room for.
pub const MAX_JOBS: usize = 1_000_000;

/// What a study has to offer.
#[derive(Clone, PartialEq, Debug)]
pub struct EarlierStudy {
    /// Its jobs, in the order in which they ended.
    pub observations: Vec<PriorObservation>,
    /// Jobs that ended and lie outside the new study: another space, or more than R.
    pub left_out: u64,
    /// Configurations among [`EarlierStudy::observations`].
    pub trials: u64,
    /// Its seed.
    pub seed: u64,
    /// When it was begun, RFC 3339.
    pub started_at: String,
}

/// Why nothing can be learnt from a study.
#[derive(Debug)]
pub enum WarmStartError {
    /// It cannot be read.
    Journal(JournalError),
    /// It ranks by something else.
    Metric {
        /// The study's folder.
        folder: PathBuf,
        /// What it ranks by.
        found: Option<Metric>,
        /// What the new one ranks by.
        wanted: Option<Metric>,
    },
    /// It allots something else.
    Resource {
        /// The study's folder.
        folder: PathBuf,
        /// What it allots.
        found: String,
        /// What the new one allots.
        wanted: String,
    },
    /// It holds more jobs than [`MAX_JOBS`].
    TooLarge {
        /// The study's folder.
        folder: PathBuf,
    },
    /// No job of it gave a value for a configuration of the new study.
    Nothing {
        /// The study's folder.
        folder: PathBuf,
        /// Jobs outside the new study.
        left_out: u64,
    },
}

impl fmt::Display for WarmStartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metric =
            |metric: &Option<Metric>| metric.as_ref().map_or("nothing".to_owned(), |m| format!("`{}`", m.name));
        match self {
            WarmStartError::Journal(fault) => fault.fmt(f),
            WarmStartError::Metric { folder, found, wanted } => {
                let (found, wanted, folder) = (metric(found), metric(wanted), folder.display());
                if found == wanted {
                    return write!(f, "{folder} ranks by {found} the other way round");
                }
                write!(f, "{folder} ranks by {found} and this study by {wanted}")
            }
            WarmStartError::Resource { folder, found, wanted } => {
                write!(f, "{} allots `{found}` and this study `{wanted}`", folder.display())
            }
            WarmStartError::TooLarge { folder } => {
                write!(f, "{} holds more than {MAX_JOBS} jobs, the most that are learnt from", folder.display())
            }
            WarmStartError::Nothing { folder, left_out } => write!(
                f,
                "{} holds no job with a value inside this study's space and resource ({left_out} with others)",
                folder.display()
            ),
        }
    }
}

impl std::error::Error for WarmStartError {}

/// What the study in `folder` says about `wanted`; `known` configurations of other studies have names already.
pub fn read(folder: &StudyFolder, wanted: &Experiment, known: u64) -> Result<EarlierStudy, WarmStartError> {
    let missing = || WarmStartError::Journal(JournalError::Missing { folder: folder.root().to_owned() });
    let (header, records) = reader::open(folder).map_err(WarmStartError::Journal)?.ok_or_else(missing)?;
    check(folder, &header, wanted)?;
    let mut study = Study {
        header: &header,
        wanted,
        known,
        trials: IndexMap::new(),
        given: HashMap::new(),
        jobs: IndexMap::new(),
        left_out: 0,
    };
    for record in records {
        match record.map_err(WarmStartError::Journal)? {
            Record::Launch(launch) => study.launched(&launch),
            Record::End(end) => study.ended(&end),
            _ => {}
        }
        if study.given.len() > MAX_JOBS {
            return Err(WarmStartError::TooLarge { folder: folder.root().to_owned() });
        }
    }
    let Study { jobs, trials, left_out, .. } = study;
    if jobs.values().all(|job| job.score.is_none()) {
        return Err(WarmStartError::Nothing { folder: folder.root().to_owned(), left_out });
    }
    let observations = jobs.into_values().collect();
    let Header { seed, started_at, .. } = header;
    Ok(EarlierStudy { observations, left_out, trials: trials.len() as u64, seed, started_at })
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

/// A study being read.
struct Study<'a> {
    header: &'a Header,
    wanted: &'a Experiment,
    known: u64,
    /// Configurations inside the new space, in the new study's words.
    trials: IndexMap<TrialId, Assignment>,
    /// What each job had before and got.
    given: HashMap<JobKey, (Resource, Resource)>,
    /// The last attempt of each job.
    jobs: IndexMap<JobKey, PriorObservation>,
    left_out: u64,
}

impl Study<'_> {
    fn launched(&mut self, launch: &LaunchRecord) {
        let key = launch.job.key;
        self.given.insert(key, (launch.previous, launch.resource));
        self.jobs.shift_remove(&key);
        if let Some(params) = launch.params.as_ref().and_then(|params| translate(params, &self.wanted.space)) {
            self.trials.insert(key.trial, params);
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
        let (previous, given) = *self.given.get(&end.job.key)?;
        let curve = &end.readings.curve;
        let allocation = self.header.promoted.allocation(given, Some(previous));
        let job = Job { reached: allocation.observed(&end.outcome, curve), score: end.outcome.score(), curve };
        let Job { reached, score, curve } = self.in_new_units(job)?;
        Some(PriorObservation {
            trial: prior_trial(self.known + index as u64),
            params: self.trials.get_index(index)?.1.clone(),
            resource: reached,
            score,
            curve: thinned(curve),
        })
    }

    /// The job as the new study counts resource; `None` where it has no place there.
    fn in_new_units<'c>(&self, job: Job<'c>) -> Option<Job<'c>> {
        let full = self.wanted.max_resource();
        match (&self.header.resource, &self.wanted.resource) {
            (Some(_), Some(_)) if job.reached <= full => Some(job),
            (Some(_), Some(_)) => up_to(full, job),
            (None, _) => Some(Job { reached: full, curve: &[], ..job }),
            (Some(_), None) => {
                let plan = self.header.plan;
                let was_full = job.reached.amount() >= plan.full_resource / plan.trials.max(1) as f64 * (1.0 - 1e-9);
                was_full.then_some(Job { reached: full, curve: &[], ..job })
            }
        }
    }
}

/// What one job came to.
#[derive(Clone, Copy)]
struct Job<'a> {
    reached: Resource,
    score: Option<Score>,
    curve: &'a [CurvePoint],
}

/// The job as if it had been ended at its last reading up to `full`.
fn up_to(full: Resource, job: Job<'_>) -> Option<Job<'_>> {
    let count = job.curve.iter().take_while(|point| point.step <= full.amount()).count();
    let curve = &job.curve[..count];
    let last = curve.last()?;
    Some(Job { reached: Resource::new(last.step)?, score: Some(Score::new(last.value)?), curve })
}

/// `params` in the words of `space`; `None` where a value is missing or may not be taken.
fn translate(params: &Assignment, space: &Space) -> Option<Assignment> {
    let value = |param: &crate::space::Param| {
        let only = || param.domain.level(0).filter(|_| param.domain.cardinality() == Some(1));
        let value = params.get(&param.name).map_or_else(only, |value| param.domain.normalize(value));
        Some((param.name.clone(), value?))
    };
    space.params.iter().map(value).collect()
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
