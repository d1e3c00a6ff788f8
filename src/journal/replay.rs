//! Replays a journal into a new engine, which restores the state of the study.

use std::io::BufRead;

use super::error::JournalError;
use super::folder::layout::StudyFolder;
use super::line::JournalEnd;
use super::reader::JournalReader;
use super::record::{EndRecord, LaunchRecord, Record};
use crate::engine::Engine;
use crate::engine::event::FinishReason;
use crate::engine::replay::ReplayRecord;
use crate::types::units::Moment;

/// The state of a replayed study beside the engine's.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ReplayedState {
    /// Study time of the last record.
    pub at: Moment,
    /// Why the study ended, if it cannot be resumed.
    pub finished: Option<FinishReason>,
    /// The position of the next record.
    pub end: JournalEnd,
}

/// Replays the records after the header. `observe` is called with each record after the engine has accepted it.
pub fn replay<R: BufRead>(
    reader: &mut JournalReader<R>,
    folder: &StudyFolder,
    engine: &mut Engine,
    mut observe: impl FnMut(&Engine, &Record),
) -> Result<ReplayedState, JournalError> {
    let mut state = ReplayedState { end: reader.end(), ..ReplayedState::default() };
    while let Some(record) = reader.next() {
        let record = record?;
        if let Some(at) = moment(&record) {
            state.at = state.at.max(at);
        }
        if let Some(replayed) = replay_record(&record, engine.resource()) {
            engine.replay(replayed).map_err(|mismatch| JournalError::Mismatch {
                path: folder.journal(),
                line: reader.line(),
                why: mismatch.to_string(),
            })?;
        }
        if let Record::Finish { .. } | Record::Length(_) | Record::RunAgain { .. } = &record {
            state.finished = engine.final_reason().cloned();
        }
        observe(engine, &record);
        state.end = reader.end();
    }
    Ok(state)
}

fn moment(record: &Record) -> Option<Moment> {
    match record {
        Record::Session(session) => Some(session.at),
        Record::Started { at, .. } | Record::Kill { at, .. } | Record::Finish { at, .. } => Some(*at),
        Record::Launch(launch) => Some(launch.at),
        Record::End(end) => Some(end.at),
        Record::Study(_)
        | Record::Length(_)
        | Record::RunAgain { .. }
        | Record::Promoted { .. }
        | Record::Retired { .. } => None,
    }
}

fn replay_record<'a>(record: &'a Record, resource: Option<&str>) -> Option<ReplayRecord<'a>> {
    Some(match record {
        Record::Study(_) | Record::Started { .. } => return None,
        Record::Session(session) => ReplayRecord::Session { retries: session.retries },
        Record::Length(change) => ReplayRecord::Length(change.length),
        Record::RunAgain { jobs } => ReplayRecord::RunAgain(jobs),
        Record::Launch(launch) => launch_record(launch),
        Record::Kill { job, why, .. } => ReplayRecord::Kill { job: *job, why },
        Record::End(end) => end_record(end, resource),
        Record::Promoted { trial, rung } => ReplayRecord::Promoted(*trial, *rung),
        Record::Retired { trial } => ReplayRecord::Retired(*trial),
        Record::Finish { reason, at, .. } => ReplayRecord::Finish(reason, *at),
    })
}

fn launch_record(launch: &LaunchRecord) -> ReplayRecord<'_> {
    ReplayRecord::Launch {
        job: launch.job,
        bracket: launch.bracket,
        resource: launch.resource,
        previous: launch.previous,
        slot: launch.slot,
        assignment: launch.params.as_ref(),
        at: launch.at,
    }
}

fn end_record<'a>(end: &'a EndRecord, resource: Option<&str>) -> ReplayRecord<'a> {
    let EndRecord { job, outcome, readings, at, .. } = end;
    ReplayRecord::Ended {
        job: *job,
        outcome,
        curve: &readings.curve,
        step: readings.step(resource),
        readings: readings.whole_curve(),
        at: *at,
    }
}
