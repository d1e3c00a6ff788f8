//! Costs as the model sees them: about zero mean and unit variance, the good end stretched, outliers cut.

/// Transformed costs, in the same order (greater is still worse). Values that are all alike come out as zeros.
///
/// Positive costs (errors, losses, perplexities, times) are taken as logarithms: what is twice as good is as far away at any level.
/// Whatever lies beyond Tukey's outer fence of the middle half counts as if it lay on it, so that a diverged training does not flatten all others.
pub fn values(costs: &[f64]) -> Vec<f64> {
    let positive = costs.iter().all(|cost| *cost > 0.0);
    let mut values: Vec<f64> = costs.iter().map(|c| if positive { libm::log(*c) } else { *c }).collect();
    let mut sorted = values.clone();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    let (low, high) = (sorted[n / 4], sorted[3 * n / 4]);
    let (floor, ceiling) = (low - 3.0 * (high - low), high + 3.0 * (high - low));
    if high > low {
        values.iter_mut().for_each(|value| *value = value.clamp(floor, ceiling));
    }
    standardized(values)
}

fn standardized(mut values: Vec<f64>) -> Vec<f64> {
    let scale = values.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    // huge values are brought down first, so that their squares are finite
    values.iter_mut().for_each(|v| *v /= scale.max(f64::MIN_POSITIVE));
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let deviation = (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n).sqrt();
    let unit = if deviation > 1e-12 { deviation } else { f64::INFINITY };
    values.iter().map(|v| (v - mean) / unit).collect()
}
