//! How long a schedule is.

/// The length of a schedule, in the unit of the matrix's field that sets it. It may change while a study runs; everything else about a
/// schedule may not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Length {
    /// Trials; [`super::UNLIMITED`] if only the sampler and the limits of the study end the schedule.
    Trials(u64),
    /// Repetitions of all brackets.
    Rounds(u32),
}

impl Length {
    /// The number of trials or rounds.
    pub fn amount(self) -> u64 {
        match self {
            Length::Trials(trials) => trials,
            Length::Rounds(rounds) => u64::from(rounds),
        }
    }
}
