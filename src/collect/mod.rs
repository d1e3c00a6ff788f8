//! Collectors: from the bytes that a job prints to its readings. Pure: bytes in, readings out; no files, processes or clock.
//!
//! A new collector is one file here and one line in [`COLLECTORS`].

pub mod collector;
pub mod json_lines;
mod json_object;
pub mod lines;
mod python_json;
mod thinned_curve;

use self::collector::Collector;

/// A way of collecting readings, as the catalogue lists it.
#[derive(Debug)]
pub struct CollectorKind {
    /// Its name in files and on the command line.
    pub name: &'static str,
    make: fn(Wanted) -> Box<dyn Collector>,
}

/// What is collected.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Wanted {
    /// Name of the objective; `None` in a study that ranks nothing.
    pub metric: Option<String>,
    /// Name under which a reading may carry the resource spent so far.
    pub step: Option<String>,
}

/// Every collector. The first is the default.
pub static COLLECTORS: [&CollectorKind; 1] = [&json_lines::KIND];

impl CollectorKind {
    /// The kind called `name`; `None` if there is none.
    pub fn named(name: &str) -> Option<&'static CollectorKind> {
        COLLECTORS.into_iter().find(|kind| kind.name == name)
    }

    /// A collector for one job.
    pub fn collector(&self, wanted: Wanted) -> Box<dyn Collector> {
        (self.make)(wanted)
    }
}

impl Default for &'static CollectorKind {
    fn default() -> Self {
        COLLECTORS[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        for kind in COLLECTORS {
            assert!(std::ptr::eq(CollectorKind::named(kind.name).unwrap(), kind), "{}", kind.name);
        }
        assert!(CollectorKind::named("none of them").is_none());
    }
}
