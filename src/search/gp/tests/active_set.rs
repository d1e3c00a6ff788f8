//! The choice of observations, compared with the definition.

use super::{Case, SHAPES};
use crate::search::gp::kernel::{Kernel, Point};
use crate::search::gp::likelihood::Dataset;
use crate::search::gp::posterior::Posterior;
use crate::search::gp::rows::active_set::{WeightedObservation, choose};

fn candidates(case: &Case, kernel: &Kernel, weight: f64) -> Vec<WeightedObservation> {
    let rows = case.data.points.iter().zip(&case.data.values);
    rows.map(|(point, value)| WeightedObservation { point: kernel.scale(point), log_weight: -weight * value }).collect()
}

#[test]
fn each_has_the_largest_product_of_weight_and_remaining_variance() {
    for (seed, weight) in [(1, 0.0), (2, 1.0), (3, 4.0)] {
        let case = Case::new(seed, 3, 40);
        let kernel = Kernel::new(SHAPES[2], &case.dimensions, &case.hyperparameters);
        let mut expected: Vec<usize> = Vec::new();
        for _ in 0..12 {
            let chosen = |of: &[usize]| -> Dataset {
                let points: Vec<Point> = of.iter().map(|i| case.data.points[*i].clone()).collect();
                Dataset { values: vec![0.0; points.len()], points }
            };
            let posterior = Posterior::new(kernel.clone(), chosen(&expected)).unwrap();
            let score =
                |i: usize| 2.0 * posterior.predict(&case.data.points[i]).std.ln() - weight * case.data.values[i];
            let open = (0..40).filter(|i| !expected.contains(i));
            let next = open.max_by(|a, b| score(*a).total_cmp(&score(*b)).then(b.cmp(a)));
            expected.extend(next);
        }
        expected.sort_unstable();
        assert_eq!(choose(&kernel, &candidates(&case, &kernel, weight), 12), expected, "{weight}");
    }
}

#[test]
fn all_are_chosen_if_there_are_few_and_equal_ones_last() {
    let mut case = Case::new(4, 2, 10);
    for i in 5..10 {
        case.data.points[i] = case.data.points[i - 5].clone();
        case.data.values[i] = case.data.values[i - 5];
    }
    case.hyperparameters.noise = -20.0;
    let kernel = Kernel::new(SHAPES[2], &case.dimensions, &case.hyperparameters);
    let candidates = candidates(&case, &kernel, 0.5);
    assert_eq!(choose(&kernel, &candidates, 20), (0..10).collect::<Vec<_>>());
    assert_eq!(choose(&kernel, &candidates, 5), (0..5).collect::<Vec<_>>());
    assert_eq!(choose(&kernel, &[], 5), Vec::<usize>::new());
}
