//! Files of other tools: damaged ones are imported or refused with an error.

use std::path::Path;

use hypertune::import::import_bytes;
use proptest::prelude::*;

use crate::cases;
use crate::damage::{damage, damaged};

const FILES: [&str; 12] = [
    include_str!("../data/import/wandb-bayes.yaml"),
    include_str!("../data/import/wandb-grid.yaml"),
    include_str!("../data/import/katib-hyperband.yaml"),
    include_str!("../data/import/katib-v1alpha3.yaml"),
    include_str!("../data/import/katib-bayes.yaml"),
    include_str!("../data/import/nni-space.json"),
    include_str!("../data/import/nni-v1.yaml"),
    include_str!("../data/import/orion-fidelity.yaml"),
    include_str!("../data/import/typed.yaml"),
    include_str!("../data/import/optuna.json"),
    include_str!("../data/import/hydra-optuna.yaml"),
    include_str!("../data/import/polyaxon-hyperband.yaml"),
];

/// Replacements of words.
const WORDS: [&str; 16] = [
    "uniform",
    "log_uniform",
    "constant",
    "parameters",
    "int",
    "categorical",
    "choice",
    "min",
    "max",
    "command",
    "_type",
    "_value",
    "orion~uniform(0",
    "tag(log",
    "hyperband",
    "{}",
];

proptest! {
    #![proptest_config(cases(150))]
    #[test]
    fn a_damaged_file_is_imported_or_refused(file in 0..FILES.len(), changes in damage()) {
        let bytes = damaged(FILES[file].as_bytes(), &changes, &WORDS);
        // that an imported matrix is valid is checked by the import itself
        if let Err(error) = import_bytes("f.yaml", &bytes, Path::new("/nonexistent")) {
            prop_assert!(error.error_count() > 0);
        }
    }
}
