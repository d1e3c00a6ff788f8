//! All collectors. A new one is one file beside this one and one line here.

use super::collector::CollectorKind;
use super::json_lines;

/// Every collector. The first is the default.
pub static COLLECTORS: [&CollectorKind; 1] = [&json_lines::KIND];

/// The collector of a study that names none.
pub fn default() -> &'static CollectorKind {
    COLLECTORS[0]
}

/// The collector called `name`; `None` if there is none.
pub fn named(name: &str) -> Option<&'static CollectorKind> {
    COLLECTORS.into_iter().find(|kind| kind.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        for kind in COLLECTORS {
            assert!(std::ptr::eq(named(kind.name).unwrap(), kind), "{}", kind.name);
        }
        assert!(named("none of them").is_none());
    }
}
