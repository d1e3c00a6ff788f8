//! Helpers for the tests of the Gaussian process.

mod acquisition;
mod active_set;
mod gradients;
mod lbfgs;
mod linalg;
mod model;
mod optimize;
mod posterior;
mod reference;
mod transfer;
mod transform;

use rand::RngExt;

use crate::search::encoding::{Axis, Dimension, INACTIVE};
use crate::search::gp::kernel::{Hyperparameters, KernelShape, Point};
use crate::search::gp::likelihood::{Dataset, Priors};
use crate::space::tests::parameters;
use crate::types::stream::Stream;

const SHAPES: [KernelShape; 4] =
    [KernelShape::Matern12, KernelShape::Matern32, KernelShape::Matern52, KernelShape::SquaredExponential];

/// Whether |a − b| is at most `tolerance` times the larger absolute value (at least 1).
fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1.0)
}

/// Flat priors with `hyperparameters` as means, so that they do not contribute to the loss there.
fn no_priors(hyperparameters: &Hyperparameters) -> Priors {
    let mean = hyperparameters.pack();
    let wide = vec![1e9; mean.len()];
    Priors { std: wide.clone(), low: wide.iter().map(|w| -w).collect(), high: wide, mean }
}

/// A random problem.
#[derive(Debug)]
struct Case {
    dimensions: Vec<Dimension>,
    hyperparameters: Hyperparameters,
    data: Dataset,
    stream: Stream,
}

impl Case {
    fn new(seed: u64, dims: usize, rows: usize) -> Case {
        let mut stream = parameters(seed);
        let mut dimension = |_| Dimension {
            axis: if stream.random::<f64>() < 0.7 { Axis::Ordered } else { Axis::Unordered },
            is_conditional: stream.random::<f64>() < 0.4,
        };
        let dimensions: Vec<Dimension> = (0..dims).map(&mut dimension).collect();
        let mut between = |low: f64, high: f64| low + (high - low) * stream.random::<f64>();
        let hyperparameters = Hyperparameters {
            length_scales: (0..dims).map(|_| between(-1.5, 1.0)).collect(),
            resource_length_scale: between(-1.0, 1.0),
            variance: between(-1.0, 1.0),
            noise: between(-5.0, -1.0),
        };
        let mut case = Case { dimensions, hyperparameters, data: Dataset::default(), stream };
        for _ in 0..rows {
            let point = case.point();
            case.data.points.push(point);
            case.data.values.push(3.0 * case.stream.random::<f64>() - 1.5);
        }
        case
    }

    fn point(&mut self) -> Point {
        let stream = &mut self.stream;
        let coordinate = |dimension: &Dimension| match dimension.axis {
            _ if dimension.is_conditional && stream.random::<f64>() < 0.4 => INACTIVE,
            Axis::Ordered => stream.random::<f64>(),
            Axis::Unordered => (3.0 * stream.random::<f64>()).floor(),
        };
        let x = self.dimensions.iter().map(coordinate).collect();
        Point { x, t: -3.0 * self.stream.random::<f64>() }
    }
}
