//! The catalogue of exporters: a new one needs its file and an entry here.

use super::csv::Csv;
use super::exporter::Exporter;
use super::jsonl::Jsonl;

/// Every exporter; the first is the default.
pub const EXPORTERS: [&dyn Exporter; 2] = [&Jsonl, &Csv];

/// The exporter called `name`.
pub fn find(name: &str) -> Option<&'static dyn Exporter> {
    EXPORTERS.into_iter().find(|e| e.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exporter_is_found_by_its_own_name() {
        for exporter in EXPORTERS {
            assert_eq!(find(exporter.name()).map(|e| e.name()), Some(exporter.name()));
        }
        assert!(find("xlsx").is_none());
    }
}
