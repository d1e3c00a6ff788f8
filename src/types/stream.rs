//! Random streams: one seed, one stream per trial and purpose, independent of the order in which anything happens.

use chacha20::ChaCha8Rng;
use rand::SeedableRng;

use super::ids::TrialId;

/// What a stream is drawn for. Two purposes of one trial never share numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u64)]
pub enum Purpose {
    /// The trial's parameters.
    Parameters = 1,
    /// The seed handed to the trial's command (`HYPERTUNE_SEED`).
    TrialSeed = 2,
    /// A model's own randomness while it looks for a suggestion (candidates, restarts, subsets).
    Model = 3,
    /// Simulated run times and values.
    Simulation = 4,
    /// Which of many observations a model keeps; the stream number is how many there are.
    Subset = 5,
    /// Where fits of a model start; the stream number is how many observations it is fitted to.
    Fit = 6,
}

/// The generator every draw comes from.
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
