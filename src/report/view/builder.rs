//! Builds the view of a study from the records of its journal.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::job::{JobStart, JobStatus, JobView, reason};
use super::study::{StudyView, ViewDetail};
use crate::engine::event::{FinishReason, PatienceHint};
use crate::journal::record::{EndRecord, Header, LaunchRecord, LengthRecord, Record, SessionRecord};
use crate::types::allocation::PromotedStart;
use crate::types::assignment::Assignment;
use crate::types::ids::{JobId, TrialId};
use crate::types::outcome::Failure;
use crate::types::placement::Placement;
use crate::types::units::Moment;

/// A journal without its first record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the journal has no header")]
pub struct MissingHeaderError;

/// Builds a view, record by record.
#[derive(Debug)]
pub struct ViewBuilder {
    detail: ViewDetail,
    header: Option<Header>,
    jobs: Vec<JobView>,
    latest: HashMap<TrialId, usize>,
    params: HashMap<TrialId, Arc<Assignment>>,
    finish: Option<FinishReason>,
    patience_hint: Option<PatienceHint>,
    initial_length: Option<u64>,
    sessions: u32,
    last_session: Option<SessionRecord>,
    last: Moment,
}

impl ViewBuilder {
    /// No records yet.
    pub fn new(detail: ViewDetail) -> ViewBuilder {
        ViewBuilder {
            detail,
            header: None,
            jobs: Vec::new(),
            latest: HashMap::new(),
            params: HashMap::new(),
            finish: None,
            patience_hint: None,
            initial_length: None,
            sessions: 0,
            last_session: None,
            last: Moment::default(),
        }
    }

    /// Applies the next record of the journal.
    pub fn push(&mut self, record: Record) {
        match record {
            Record::Study(header) => self.header = Some(*header),
            Record::Session(session) => self.session(*session),
            Record::Length(change) => self.length(*change),
            Record::RunAgain { .. } => self.finish = None,
            Record::Launch(launch) => self.launch(*launch),
            Record::Started { job, placement, at } => self.started(job, placement, at),
            Record::Kill { at, .. } => self.last = at,
            Record::Retired { trial } => {
                if let Some(job) = self.latest_of(trial) {
                    job.retired = true;
                }
            }
            Record::End(end) => self.end(*end),
            Record::Promoted { trial, .. } => {
                if let Some(job) = self.latest_of(trial) {
                    job.promoted = true;
                }
            }
            Record::Finish { reason, at, patience_hint } => {
                self.finish = Some(reason);
                self.patience_hint = self.patience_hint.or(patience_hint);
                self.last = at;
            }
        }
    }

    /// The view of the study in folder `study`.
    pub fn finish(self, study: &Path) -> Result<StudyView, MissingHeaderError> {
        Ok(StudyView {
            study: study.to_owned(),
            header: self.header.ok_or(MissingHeaderError)?,
            jobs: self.jobs,
            detail: self.detail,
            finish: self.finish,
            patience_hint: self.patience_hint,
            initial_length: self.initial_length,
            sessions: self.sessions,
            last_session: self.last_session,
            last: self.last,
        })
    }

    fn length(&mut self, change: LengthRecord) {
        self.initial_length.get_or_insert(change.before);
        self.finish = None;
        if let Some(header) = &mut self.header {
            change.apply(header);
        }
    }

    /// Jobs of an earlier session without an end are lost, whether or not this session has journalled it yet.
    fn session(&mut self, session: SessionRecord) {
        self.sessions += 1;
        self.last = session.at;
        self.last_session = Some(session);
        self.finish = None;
        self.mark_running_as_lost();
    }

    /// No driver is running: jobs without an end in the journal are lost, and run again when the study is resumed.
    pub fn mark_running_as_lost(&mut self) {
        ViewBuilder::lose_running(&mut self.jobs);
    }

    /// As [`ViewBuilder::mark_running_as_lost`], for the jobs of a view.
    pub fn lose_running(jobs: &mut [JobView]) {
        for job in jobs.iter_mut().filter(|j| j.status == JobStatus::Running) {
            job.status = JobStatus::Lost;
            job.interrupted = true;
            job.spent = 0.0;
            job.reason = Some(Failure::Lost.to_string());
        }
    }

    fn launch(&mut self, launch: LaunchRecord) {
        let trial = launch.job.key.trial;
        self.last = launch.at;
        if let Some(params) = launch.params {
            self.params.insert(trial, Arc::new(params));
        }
        self.latest.insert(trial, self.jobs.len());
        let allocation = self.promoted().allocation(launch.resource, Some(launch.previous));
        self.jobs.push(JobView {
            job: launch.job,
            bracket: launch.bracket,
            slot: launch.slot,
            resource: launch.resource,
            previous: launch.previous,
            reached: allocation.from,
            spent: allocation.total(),
            status: JobStatus::Running,
            interrupted: false,
            reason: None,
            score: None,
            metrics: None,
            curve: Vec::new(),
            params: self.params.get(&trial).cloned().unwrap_or_default(),
            origin: launch.origin.map(Box::new),
            promoted: false,
            retired: false,
            launched: launch.at,
            start: None,
            ended: None,
            usage: None,
            stderr_tail: String::new(),
        });
    }

    fn started(&mut self, id: JobId, placement: Placement, at: Moment) {
        self.last = at;
        if let Some(job) = self.latest_of(id.key.trial).filter(|job| job.job == id) {
            job.start = Some(Box::new(JobStart { placement, at }));
        }
    }

    fn end(&mut self, end: EndRecord) {
        self.last = end.at;
        let detail = self.detail;
        let promoted = self.promoted();
        let step = end.readings.step(self.header.as_ref().and_then(Header::resource_name));
        let Some(job) = self.latest_of(end.job.key.trial).filter(|job| job.job == end.job) else { return };
        let allocation = promoted.allocation(job.resource, Some(job.previous));
        job.ended = Some(end.at);
        job.status = JobStatus::of(&end.outcome);
        job.interrupted = end.outcome.runs_again();
        job.reason = reason(&end.outcome);
        job.reached = allocation.reached(&end.outcome, step);
        job.spent = allocation.spent(&end.outcome, step);
        job.score = end.outcome.score().filter(|_| !job.interrupted);
        if detail >= ViewDetail::Full {
            job.metrics = Some(Box::new(end.readings.metrics));
        }
        if detail >= ViewDetail::Curves {
            job.curve = end.readings.curve;
        }
        job.usage = Some(end.usage);
        job.stderr_tail = end.stderr_tail;
    }

    fn promoted(&self) -> PromotedStart {
        self.header.as_ref().map(|header| header.promoted).unwrap_or_default()
    }

    fn latest_of(&mut self, trial: TrialId) -> Option<&mut JobView> {
        self.latest.get(&trial).and_then(|&at| self.jobs.get_mut(at))
    }
}
