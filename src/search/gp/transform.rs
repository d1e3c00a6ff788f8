//! Transforms costs for the model: logarithms of positive costs, clipped outliers, zero mean and unit variance.

/// Transforms `costs` (at least one), keeping their order; greater is still worse. If all are equal, the result is zeros.
///
/// If all costs are positive (errors, losses, times), their logarithms are used, so that ratios count and not differences. Values
/// outside Tukey's outer fences (quartiles ± 3 interquartile ranges; Tukey 1977) are clipped, so that a diverged training does not
/// compress all other values.
pub fn transform_costs(costs: &[f64]) -> Vec<f64> {
    let positive = costs.iter().all(|cost| *cost > 0.0);
    let mut values: Vec<f64> = costs.iter().map(|c| if positive { libm::log(*c) } else { *c }).collect();
    let mut sorted = values.clone();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    let (low, high) = (sorted[n / 4], sorted[3 * n / 4]);
    let (min, max) = (low - 3.0 * (high - low), high + 3.0 * (high - low));
    if high > low {
        values.iter_mut().for_each(|value| *value = value.clamp(min, max));
    }
    standardized(values)
}

/// Shifts and scales to zero mean and unit variance; equal values become zeros.
fn standardized(mut values: Vec<f64>) -> Vec<f64> {
    let scale = values.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    // Scaled first, so that squares of huge values are finite.
    values.iter_mut().for_each(|v| *v /= scale.max(f64::MIN_POSITIVE));
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let std = (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n).sqrt();
    let unit = if std > 1e-12 { std } else { f64::INFINITY };
    values.iter().map(|v| (v - mean) / unit).collect()
}
