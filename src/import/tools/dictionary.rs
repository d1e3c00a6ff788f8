//! Dictionaries of search expressions without a tool around them: `lr: loguniform(1e-5, 1)`, `{type: float, low: 0, high: 1}`, and
//! Optuna's distributions as JSON.

use std::path::Path;

use super::expressions::Language;
use super::space_reader::{SpaceReader, set_fidelity};
use crate::import::note::Note;
use crate::import::reader::Reader;
use crate::import::study::ImportedStudy;
use crate::matrix::yaml::node::Node;

/// Reads a dictionary.
pub fn read(root: &Node, _folder: &Path, reader: &mut Reader) -> ImportedStudy {
    let mut study = ImportedStudy::default();
    study.set("kind", "random");
    let mut space = SpaceReader::new(Language::Python);
    match root.list() {
        Some(items) => items.iter().for_each(|item| space.item(item, reader)),
        None => root.map().unwrap_or_default().iter().for_each(|entry| space.entry(entry, "", 0, reader)),
    }
    study.params = std::mem::take(&mut space.params);
    space.set_runs(None, &mut study);
    if let Some(fidelity) = space.fidelity {
        set_fidelity(fidelity, &mut study);
    }
    study.require_metric();
    study.set_initial();
    study.notes.push(Note::without_line("a dictionary has no command", "give it after `--`"));
    study
}
