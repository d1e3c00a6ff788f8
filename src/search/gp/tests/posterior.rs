//! A posterior whose factor is reused has the same bits as a new one.

use super::{Case, SHAPES};
use crate::search::gp::kernel::{Kernel, Point};
use crate::search::gp::likelihood::Dataset;
use crate::search::gp::posterior::Posterior;

fn kernel(case: &Case) -> Kernel {
    Kernel::new(SHAPES[2], &case.dimensions, &case.hyperparameters)
}

fn head(data: &Dataset, rows: usize) -> Dataset {
    Dataset { points: data.points[..rows].to_vec(), values: data.values[..rows].to_vec() }
}

#[track_caller]
fn assert_same(reused: &Posterior, new: &Posterior, queries: &[Point]) {
    let xs: Vec<Vec<f64>> = queries.iter().map(|point| point.x.clone()).collect();
    assert_eq!(reused.predict_batch(&xs), new.predict_batch(&xs));
    let (mut a, mut b) = ([vec![0.0; 5], vec![0.0; 5]], [vec![0.0; 5], vec![0.0; 5]]);
    for query in queries {
        let [mean, std] = &mut a;
        let reused = reused.predict_with_gradient(query, mean, std);
        let [mean, std] = &mut b;
        assert_eq!(reused, new.predict_with_gradient(query, mean, std));
        assert_eq!(a, b);
    }
}

#[test]
fn a_reused_factor_gives_the_same_bits() {
    let mut case = Case::new(3, 5, 61);
    let queries: Vec<Point> = (0..9).map(|_| case.point()).collect();
    for (before, after) in [(3, 5), (16, 17), (20, 45), (40, 61), (61, 61), (50, 30), (8, 8)] {
        let mut reused = Posterior::new(kernel(&case), head(&case.data, before)).unwrap();
        reused.extend(&queries[..4], &[0.1, 0.2, 0.3, 0.4]);
        let mut reused = reused.condition(kernel(&case), head(&case.data, after), None).unwrap();
        let mut new = Posterior::new(kernel(&case), head(&case.data, after)).unwrap();
        assert_same(&reused, &new, &queries);
        // as the rows of running trials
        reused.extend(&queries[..3], &[0.1, 0.2, 0.3]);
        new.extend(&queries[..3], &[0.1, 0.2, 0.3]);
        assert_same(&reused, &new, &queries);
    }
}

#[test]
fn a_row_that_has_changed_and_another_kernel_are_not_reused() {
    let mut case = Case::new(4, 5, 40);
    let queries: Vec<Point> = (0..5).map(|_| case.point()).collect();
    let before = Posterior::new(kernel(&case), case.data.clone()).unwrap();
    for changed in [2, 17, 39] {
        case.data.points[changed] = case.point();
        let reused = before.clone().condition(kernel(&case), case.data.clone(), None).unwrap();
        assert_same(&reused, &Posterior::new(kernel(&case), case.data.clone()).unwrap(), &queries);
    }
    case.hyperparameters.noise += 0.5;
    let reused = before.condition(kernel(&case), case.data.clone(), None).unwrap();
    assert_same(&reused, &Posterior::new(kernel(&case), case.data.clone()).unwrap(), &queries);
}
