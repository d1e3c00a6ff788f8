//! Study time: what passed in sessions, without the pauses between them.

use std::time::{Duration, Instant};

use crate::types::units::Moment;

/// The clock of a session.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    begun: Instant,
    base: Moment,
}

impl Clock {
    /// Goes on from `base`, where the last session ended.
    pub fn from(base: Moment) -> Clock {
        Clock { begun: Instant::now(), base }
    }

    /// Study time.
    pub fn now(&self) -> Moment {
        self.base.after(self.begun.elapsed())
    }

    /// How long until `moment`; zero if it has come.
    pub fn until(&self, moment: Moment) -> Duration {
        moment.since(self.now())
    }
}

/// The time of day as RFC 3339 in UTC, for the journal.
pub fn wall_time() -> String {
    jiff::Timestamp::now().to_string()
}
