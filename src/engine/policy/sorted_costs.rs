//! Costs of jobs in ascending order.

use crate::types::ids::JobKey;

/// Costs in ascending order. For tens of thousands of values, inserting into a vector is faster than into a tree.
#[derive(Clone, Debug, Default)]
pub(super) struct SortedCosts(pub Vec<(f64, JobKey)>);

impl SortedCosts {
    /// Inserts a cost and returns its index.
    pub fn insert(&mut self, cost: f64, key: JobKey) -> usize {
        let at = self.position(cost, key);
        self.0.insert(at, (cost, key));
        at
    }

    pub fn remove(&mut self, cost: f64, key: JobKey) {
        let at = self.position(cost, key);
        if self.0.get(at).is_some_and(|entry| entry.1 == key) {
            self.0.remove(at);
        }
    }

    fn position(&self, cost: f64, key: JobKey) -> usize {
        self.0.partition_point(|(c, k)| c.total_cmp(&cost).then(k.cmp(&key)).is_lt())
    }

    /// The middle value, or the mean of the two middle ones.
    pub fn median(&self) -> Option<f64> {
        let middle = self.0.len() / 2;
        let upper = self.0.get(middle)?.0;
        if self.0.len() % 2 == 1 { Some(upper) } else { Some((self.0[middle - 1].0 + upper) / 2.0) }
    }
}
