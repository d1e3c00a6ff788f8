//! Which of several sources of the metric counts, for collectors that read more than one.

use super::tracker::PrintedMetric;

/// The source from which the metric was read as a number so far. Of two sources the smaller one counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CountedOrigin<O>(Option<O>);

/// How a reading counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Accepted {
    /// Not at all: its metric is from a source that counts less.
    No,
    /// Without the metric: it has none, or a text where another source has numbers.
    WithoutMetric,
    /// Whole.
    Yes,
    /// Whole, and instead of all readings before it.
    Replacing,
}

impl<O: Copy + Ord> CountedOrigin<O> {
    /// The source; `None` before the first number.
    pub fn get(self) -> Option<O> {
        self.0
    }

    /// Decides on a reading from `origin`. Only a number makes its source the one that counts.
    pub fn accept(&mut self, metric: Option<&PrintedMetric>, origin: O) -> Accepted {
        let is_number = matches!(metric, Some(PrintedMetric::Number(_)));
        let accepted = match self.0 {
            _ if metric.is_none() => return Accepted::WithoutMetric,
            Some(known) if known < origin => return Accepted::No,
            Some(known) if known > origin && !is_number => return Accepted::WithoutMetric,
            Some(known) if known > origin => Accepted::Replacing,
            _ => Accepted::Yes,
        };
        if is_number {
            self.0 = Some(origin);
        }
        accepted
    }
}

impl<O> Default for CountedOrigin<O> {
    fn default() -> CountedOrigin<O> {
        CountedOrigin(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_decides_which_source_counts() {
        let (number, text) = (PrintedMetric::Number(1.0), PrintedMetric::Other("the text \"low\"".into()));
        let mut origin = CountedOrigin::default();
        let mut accept = |metric: Option<&PrintedMetric>, from: u32| (origin.accept(metric, from), origin.get());
        assert_eq!(accept(Some(&text), 1), (Accepted::Yes, None));
        assert_eq!(accept(Some(&number), 2), (Accepted::Yes, Some(2)));
        assert_eq!(accept(Some(&text), 1), (Accepted::WithoutMetric, Some(2)));
        assert_eq!(accept(None, 3), (Accepted::WithoutMetric, Some(2)));
        assert_eq!(accept(Some(&number), 3), (Accepted::No, Some(2)));
        assert_eq!(accept(Some(&number), 1), (Accepted::Replacing, Some(1)));
    }
}
