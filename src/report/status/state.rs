//! Whether a study runs, and how it ended.

use serde::Serialize;

use crate::launch::orphans::driver::DriverState;
use crate::report::view::StudyView;

/// The state of a study.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StudyState {
    /// Its driver runs.
    Running,
    /// It has ended; nothing more runs.
    Finished,
    /// A limit, a signal or its tuner ended the last session; it can be continued.
    Interrupted,
    /// Its driver ended without recording an end; it can be continued.
    Crashed,
    /// The folder is a copy of a study that was running when it was copied, and runs on in its own folder.
    Copied,
}

impl StudyState {
    /// The state of the study in `view`.
    pub fn of(view: &StudyView, driver: DriverState) -> StudyState {
        match (driver, &view.finish) {
            _ if view.has_ended() => StudyState::Finished,
            (DriverState::Running(_), _) => StudyState::Running,
            (_, Some(_)) => StudyState::Interrupted,
            (DriverState::OnOriginal(_), None) => StudyState::Copied,
            (DriverState::NotFound, None) => StudyState::Crashed,
        }
    }

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            StudyState::Running => "running",
            StudyState::Finished => "finished",
            StudyState::Interrupted => "interrupted",
            StudyState::Crashed => "crashed",
            StudyState::Copied => "copied",
        }
    }

    /// The process of the driver of a running study.
    pub(super) fn pid(self, driver: DriverState) -> Option<u32> {
        match driver {
            DriverState::Running(pid) if self == StudyState::Running => Some(pid),
            _ => None,
        }
    }
}
