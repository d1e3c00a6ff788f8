//! Random streams: one per trial and purpose, so that draws do not depend on the order of events.

use chacha20::ChaCha8Rng;
use rand::SeedableRng;

use super::ids::TrialId;

/// The use of a stream. Two purposes of one trial have independent streams.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u64)]
pub enum Purpose {
    /// The trial's parameters.
    Parameters = 1,
    /// The seed for the trial's command (`HYPERTUNE_SEED`).
    TrialSeed = 2,
    /// A model's search for a suggestion (candidates, restarts, subsets).
    Model = 3,
    /// Simulated run times and values.
    Simulation = 4,
    /// The subset of observations that a model keeps; the stream number is the number of observations.
    Subset = 5,
    /// The starting points of a model's fit; the stream number is the number of observations.
    Fit = 6,
    /// The parameters that a starting point leaves out, in a space with conditions or constraints.
    StartingPoint = 7,
    /// The forest that measures the importance of parameters; the stream number is the number of trials.
    Importance = 8,
    /// The least improvement that counts in a decision of a model; the stream number identifies the decision.
    Margin = 9,
    /// What models of earlier studies draw; the stream number is the number of observations, or counts studies down from [`u64::MAX`].
    Ensemble = 10,
    /// Initial configurations at or near the guesses of the matrix.
    Guess = 11,
}

/// The generator of all random streams.
pub type Stream = ChaCha8Rng;

/// The stream of (`seed`, `trial`, `purpose`): the seed and purpose are the key, the trial is the ChaCha stream number.
pub fn stream(seed: u64, trial: TrialId, purpose: Purpose) -> Stream {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
    key[16..25].copy_from_slice(b"hypertune");
    let mut stream = ChaCha8Rng::from_seed(key);
    stream.set_stream(trial.0);
    stream
}
