//! Values as real libraries for command lines receive them. Each program in `programs/` parses its arguments with one of them and
//! writes down what it got beside what was sampled; both must be equal.
//!
//! A library that cannot be imported is skipped with a sentence, unless `HYPERTUNE_LIBRARIES=required`.

mod libraries;
mod received;
mod round_trip;
