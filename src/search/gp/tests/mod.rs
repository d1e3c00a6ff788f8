//! What the tests of the Gaussian process share.

mod acquisition;
mod bounded;
mod gradients;
mod linalg;
mod model;
mod reference;
mod transform;

use rand::RngExt;

use super::kernel::{Hyper, Point, Shape};
use super::likelihood::{Priors, Sample};
use crate::search::encoding::Axis;
use crate::space::tests::parameters;
use crate::words::stream::Stream;

const SHAPES: [Shape; 4] = [Shape::Exponential, Shape::Matern32, Shape::Matern52, Shape::Gaussian];

/// Whether `a` is `b` up to the share `by` of the larger one (or of 1).
fn close(a: f64, b: f64, by: f64) -> bool {
    (a - b).abs() <= by * a.abs().max(b.abs()).max(1.0)
}

/// Priors whose means are `hyper` itself, so that they add nothing to the loss there.
fn no_priors(hyper: &Hyper) -> Priors {
    let mean = hyper.pack();
    let wide = vec![1e9; mean.len()];
    Priors { deviation: wide.clone(), low: wide.iter().map(|w| -w).collect(), high: wide, mean }
}

/// A random model problem: some axes, hyperparameters, observations.
#[derive(Debug)]
struct Case {
    axes: Vec<Axis>,
    hyper: Hyper,
    sample: Sample,
    stream: Stream,
}

impl Case {
    fn new(seed: u64, dims: usize, rows: usize) -> Case {
        let mut stream = parameters(seed);
        let axes: Vec<Axis> =
            (0..dims).map(|_| if stream.random::<f64>() < 0.7 { Axis::Ordered } else { Axis::Unordered }).collect();
        let mut between = |low: f64, high: f64| low + (high - low) * stream.random::<f64>();
        let hyper = Hyper {
            lengths: (0..dims).map(|_| between(-1.5, 1.0)).collect(),
            resource_length: between(-1.0, 1.0),
            variance: between(-1.0, 1.0),
            noise: between(-5.0, -1.0),
        };
        let mut case = Case { axes, hyper, sample: Sample::default(), stream };
        for _ in 0..rows {
            let point = case.point();
            case.sample.points.push(point);
            case.sample.values.push(3.0 * case.stream.random::<f64>() - 1.5);
        }
        case
    }

    fn point(&mut self) -> Point {
        let stream = &mut self.stream;
        let place = |axis: &Axis| match axis {
            Axis::Ordered => stream.random::<f64>(),
            Axis::Unordered => (3.0 * stream.random::<f64>()).floor(),
        };
        let x = self.axes.iter().map(place).collect();
        Point { x, t: -3.0 * self.stream.random::<f64>() }
    }
}
