//! A learning curve of any length, kept in at most 64 points.

use crate::types::outcome::CurvePoint;

/// Most points of a thinned curve.
pub const MAX_POINTS: usize = 64;

/// Keeps the first point, the last, and every 2^k-th between, k as small as the bound allows. Constant memory.
#[derive(Clone, Debug, Default)]
pub struct ThinnedCurve {
    kept: Vec<CurvePoint>,
    last: Option<CurvePoint>,
    seen: u64,
    stride_log2: u32,
}

impl ThinnedCurve {
    /// Appends a point.
    pub fn push(&mut self, point: CurvePoint) {
        if self.seen.trailing_zeros() >= self.stride_log2 || self.seen == 0 {
            if self.kept.len() == MAX_POINTS - 1 {
                let mut index = 0;
                self.kept.retain(|_| {
                    index += 1;
                    index % 2 == 1
                });
                self.stride_log2 += 1;
            }
            if self.seen.trailing_zeros() >= self.stride_log2 || self.seen == 0 {
                self.kept.push(point);
            }
        }
        self.seen += 1;
        self.last = Some(point);
    }

    /// How many points were pushed, if some of them were dropped.
    pub fn thinned_from(&self) -> Option<u64> {
        let last_is_extra = self.last.is_some() && self.kept.last() != self.last.as_ref();
        let kept = self.kept.len() as u64 + u64::from(last_is_extra);
        (self.seen > kept).then_some(self.seen)
    }

    /// The points that were kept, in order. The first and the last that were pushed are among them.
    pub fn points(self) -> Vec<CurvePoint> {
        let mut points = self.kept;
        points.extend(self.last.filter(|last| points.last() != Some(last)));
        points
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn first_and_last_stay_and_the_gaps_are_even(length in 0u64..3000) {
            let mut curve = ThinnedCurve::default();
            (0..length).for_each(|i| curve.push(CurvePoint { step: i as f64, value: 0.5 }));
            let thinned_from = curve.thinned_from();
            let steps: Vec<u64> = curve.points().iter().map(|p| p.step as u64).collect();
            prop_assert!(steps.len() <= MAX_POINTS);
            prop_assert_eq!(thinned_from, (length > steps.len() as u64).then_some(length));
            prop_assert_eq!(steps.first().copied(), (length > 0).then_some(0));
            prop_assert_eq!(steps.last().copied(), length.checked_sub(1));
            let mut gaps: Vec<u64> = steps.windows(2).map(|w| w[1] - w[0]).collect();
            gaps.pop();
            prop_assert!(gaps.iter().all(|g| *g == gaps[0] && g.is_power_of_two()));
            prop_assert!(length < MAX_POINTS as u64 || steps.len() >= MAX_POINTS / 2);
        }
    }
}
