//! Products and distances of vectors.

use crate::search::gp::simd::{LANES, sum};

/// Σ aᵢ·bᵢ, up to the shorter length.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0f64; LANES];
    let (head_a, tail_a) = a.as_chunks::<LANES>();
    let (head_b, tail_b) = b.as_chunks::<LANES>();
    for (x, y) in head_a.iter().zip(head_b) {
        for k in 0..LANES {
            sums[k] += x[k] * y[k];
        }
    }
    let tail: f64 = tail_a.iter().zip(tail_b).map(|(x, y)| x * y).sum();
    sum(sums) + tail
}

/// Σ (aᵢ − bᵢ)², up to the shorter length.
pub fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0f64; LANES];
    let (head_a, tail_a) = a.as_chunks::<LANES>();
    let (head_b, tail_b) = b.as_chunks::<LANES>();
    for (x, y) in head_a.iter().zip(head_b) {
        for k in 0..LANES {
            sums[k] += (x[k] - y[k]) * (x[k] - y[k]);
        }
    }
    let tail: f64 = tail_a.iter().zip(tail_b).map(|(x, y)| (x - y) * (x - y)).sum();
    sum(sums) + tail
}
