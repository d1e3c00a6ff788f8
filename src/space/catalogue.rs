//! The parameter kinds. To add one, write its file and add a line to [`KINDS`].

use super::ParamKind;
use super::choice::{CHOICE, PCHOICE};
use super::constant::CONSTANT;
use super::dates::{DATERANGE, DATETIMERANGE};
use super::normal::{LOGNORMAL, NORMAL, QLOGNORMAL, QNORMAL};
use super::range::RANGE;
use super::spaced::{GEOMSPACE, LINSPACE, LOGSPACE};
use super::uniform::{LOGUNIFORM, QLOGUNIFORM, QUNIFORM, UNIFORM};
use super::whole::{INT, LOGINT};

/// All parameter kinds.
pub static KINDS: [&ParamKind; 19] = [
    &CHOICE,
    &PCHOICE,
    &RANGE,
    &LINSPACE,
    &LOGSPACE,
    &GEOMSPACE,
    &DATERANGE,
    &DATETIMERANGE,
    &UNIFORM,
    &QUNIFORM,
    &LOGUNIFORM,
    &QLOGUNIFORM,
    &NORMAL,
    &QNORMAL,
    &LOGNORMAL,
    &QLOGNORMAL,
    &INT,
    &LOGINT,
    &CONSTANT,
];

/// The kind with this name, if there is one.
pub fn by_name(name: &str) -> Option<&'static ParamKind> {
    KINDS.into_iter().find(|kind| kind.name == name)
}

/// The names of all kinds.
pub fn names() -> impl Iterator<Item = &'static str> + Clone {
    KINDS.into_iter().map(|kind| kind.name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_name_is_used_twice() {
        assert_eq!(names().collect::<BTreeSet<_>>().len(), KINDS.len());
    }
}
