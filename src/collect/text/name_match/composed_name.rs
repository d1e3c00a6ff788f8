//! Names that begin with a word for data, such as `val_acc`, printed in another way: `val acc: 0.7`, or `acc` behind `[valid]`.

use super::{Joints, NameMatcher};
use crate::collect::text::qualifier::Qualifier;
use crate::collect::text::qualifying_words::{data_split, is_training};

/// A name of which the first word names data.
#[derive(Clone, Debug)]
pub struct ComposedName {
    whole: NameMatcher,
    rest: NameMatcher,
    split: Qualifier,
}

impl ComposedName {
    /// `name` in its parts; `None` if its first word does not name data, or is the whole name.
    pub fn new(name: &str) -> Option<ComposedName> {
        let (word, rest) = name.split_once([' ', '_', '/', '-'])?;
        let split = data_split(word.as_bytes()).filter(|_| !rest.is_empty())?;
        let whole = NameMatcher::with_joints(name, Joints::Any);
        Some(ComposedName { whole, rest: NameMatcher::with_joints(rest, Joints::Any), split })
    }

    /// The number under the name in `line`, whatever joins its words; `None` if there is none.
    pub fn find(&self, line: &[u8]) -> Option<f64> {
        let whole =
            self.whole.find(line).number.filter(|found| found.qualifier().is_none_or(|q| q <= Qualifier::Batch));
        whole.map(|found| found.number).or_else(|| {
            self.rest.find_where(line, |words, text| {
                let mut named = text.split(|byte| !byte.is_ascii_alphanumeric());
                words.qualifier == self.split && (self.split != Qualifier::Other || named.any(is_training))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_may_be_joined_and_spread_in_other_ways() {
        let lines = [
            ("val acc", "Val loss: 0.3, acc: 0.7 | Train loss: 0.7, acc: 0.3", Some(0.7)),
            ("train_acc", "Val loss: 0.3, acc: 0.7 | Train loss: 0.7, acc: 0.3", Some(0.3)),
            ("val_acc", "epoch 3 validation acc: 0.7", Some(0.7)),
            ("val/acc", "val-acc=0.7", Some(0.7)),
            ("val acc", "[valid] acc: 0.7", Some(0.7)),
            ("test_loss", "Test set: loss: 0.5", Some(0.5)),
            ("val_acc", "best val acc: 0.7", None),
            ("train_acc", "smoothed acc: 0.7", None),
            ("val_acc", "acc: 0.7", None),
        ];
        for (name, line, number) in lines {
            assert_eq!(ComposedName::new(name).expect(name).find(line.as_bytes()), number, "{name} in {line}");
        }
        assert!(["loss", "val", "my_loss", "val_"].iter().all(|name| ComposedName::new(name).is_none()));
    }
}
