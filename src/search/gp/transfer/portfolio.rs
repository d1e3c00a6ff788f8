//! A portfolio: few configurations, of which each task has a good one (Feurer, Springenberg and Hutter 2015, "Initializing Bayesian
//! Hyperparameter Optimization via Meta-Learning"; the greedy choice of Wistuba, Schilling and Schmidt-Thieme 2015, "Sequential
//! Model-Free Hyperparameter Tuning").

/// A decrease of the mean loss below which no candidate is added.
const MIN_GAIN: f64 = 0.01;

/// Indices of at most `max` candidates, in the order in which to run them. `losses` has each candidate's loss in each study, in [0, 1].
///
/// Each decreases the sum over all studies of the lowest loss so far the most: the first is the best on average, the next are good
/// where the others are not.
pub fn portfolio(losses: &[Vec<f64>], max: usize) -> Vec<usize> {
    let studies = losses.first().map_or(0, Vec::len);
    let mut lowest = vec![1.0f64; studies];
    let mut chosen = Vec::new();
    while chosen.len() < max {
        let gain = |candidate: &usize| -> f64 {
            losses[*candidate].iter().zip(&lowest).map(|(loss, lowest)| (lowest - loss).max(0.0)).sum()
        };
        let gains = (0..losses.len()).map(|candidate| (gain(&candidate), candidate));
        let Some((gain, best)) = gains.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1))) else { break };
        if gain < MIN_GAIN * studies as f64 {
            break;
        }
        lowest.iter_mut().zip(&losses[best]).for_each(|(lowest, loss)| *lowest = lowest.min(*loss));
        chosen.push(best);
    }
    chosen
}
