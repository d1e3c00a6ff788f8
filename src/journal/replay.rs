//! A journal's records applied to a fresh engine: the study as it stood when its last driver left.

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

/// How a replayed study stands.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ReplayedState {
    /// Study time of the last record.
    pub at: Moment,
    /// Why it is over, if it is over for good.
    pub finished: Option<FinishReason>,
    /// Where the next record is appended.
    pub end: JournalEnd,
}

/// Replays what follows the header. `seen` is told each record once the engine agrees with it.
pub fn replay<R: BufRead>(
    reader: &mut JournalReader<R>,
    folder: &StudyFolder,
    engine: &mut Engine,
    mut seen: impl FnMut(&Engine, &Record),
) -> Result<ReplayedState, JournalError> {
    let mut standing = ReplayedState { end: reader.end(), ..ReplayedState::default() };
    while let Some(record) = reader.next() {
        let record = record?;
        if let Some(at) = moment(&record) {
            standing.at = standing.at.max(at);
        }
        if let Some(step) = step(&record, engine.resource()) {
            engine.replay(step).map_err(|mismatch| JournalError::Mismatch {
                path: folder.journal(),
                line: reader.line(),
                why: mismatch.to_string(),
            })?;
        }
        if let Record::Finish { reason, .. } = &record {
            standing.finished = Some(reason.clone()).filter(|reason| !reason.is_resumable());
        }
        seen(engine, &record);
        standing.end = reader.end();
    }
    Ok(standing)
}

fn moment(record: &Record) -> Option<Moment> {
    match record {
        Record::Session { at, .. } | Record::Kill { at, .. } | Record::Finish { at, .. } => Some(*at),
        Record::Launch(launch) => Some(launch.at),
        Record::End(end) => Some(end.at),
        Record::Study(_) | Record::Promoted { .. } | Record::Retired { .. } => None,
    }
}

fn step<'a>(record: &'a Record, resource: Option<&str>) -> Option<ReplayRecord<'a>> {
    Some(match record {
        Record::Study(_) => return None,
        Record::Session { retries, .. } => ReplayRecord::Session { retries: *retries },
        Record::Launch(launch) => launched(launch),
        Record::Kill { job, why, .. } => ReplayRecord::Kill { job: *job, why },
        Record::End(end) => ended(end, resource),
        Record::Promoted { trial } => ReplayRecord::Promoted(*trial),
        Record::Retired { trial } => ReplayRecord::Retired(*trial),
        Record::Finish { reason, at } => ReplayRecord::Finish(reason, *at),
    })
}

fn launched(launch: &LaunchRecord) -> ReplayRecord<'_> {
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

fn ended<'a>(end: &'a EndRecord, resource: Option<&str>) -> ReplayRecord<'a> {
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
