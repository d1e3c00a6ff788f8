//! Tests of the portfolio.

use crate::search::gp::transfer::portfolio::portfolio;

#[test]
fn the_best_on_average_comes_first_and_then_what_is_good_where_it_is_bad() {
    let losses = [vec![0.0, 0.9, 0.9], vec![0.2, 0.1, 0.8], vec![0.15, 0.6, 0.0], vec![0.9, 0.9, 0.9]];
    assert_eq!(portfolio(&losses, 5), [2, 1, 0]);
    assert_eq!(portfolio(&losses, 1), [2]);
}

#[test]
fn one_study_needs_one_configuration() {
    assert_eq!(portfolio(&[vec![0.3], vec![0.0], vec![0.1]], 5), [1]);
    assert!(portfolio(&[], 5).is_empty());
}
