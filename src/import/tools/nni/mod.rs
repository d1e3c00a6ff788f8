//! NNI's search spaces and experiments: <https://nni.readthedocs.io/en/stable/hpo/search_space.html>.

mod api;
mod experiment;
mod space;

use std::path::Path;

use api::passed_by_api;

use crate::import::note::Note;
use crate::import::reader::Reader;
use crate::import::study::ImportedStudy;
use crate::matrix::foreign::nni_space_root;
use crate::matrix::yaml::node::Node;

pub use experiment::read as read_experiment;

/// Reads a search space.
pub fn read_space(root: &Node, _folder: &Path, reader: &mut Reader) -> ImportedStudy {
    let mut study = ImportedStudy::default();
    study.set("kind", "random");
    space::read(nni_space_root(root), &root.span, &mut study.params, reader);
    study.set_runs(None);
    study.require_metric();
    study.notes.push(Note::without_line("a search space has no command", "give it after `--`"));
    study.notes.push(passed_by_api());
    study
}
