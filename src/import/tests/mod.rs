//! Imports of small files: distributions, commands and schedules, errors.

mod dictionaries;
mod distributions;
mod errors;
mod files;
mod round_trip;

use std::path::Path;

use super::{Imported, import_bytes};
use crate::matrix::command_line::overrides::Overrides;
use crate::matrix::diagnostics::diagnostic::Styling;
use crate::matrix::load::{LoadedMatrix, load_bytes};

fn imported(text: &str) -> Imported {
    let found = import_bytes("f.yaml", text.as_bytes(), Path::new(""));
    found.unwrap_or_else(|error| panic!("{}\n{text}", error.render(Styling::Plain)))
}

fn matrix(text: &str) -> String {
    imported(text).matrix
}

fn loaded(text: &str) -> LoadedMatrix {
    let matrix = matrix(text);
    load_bytes("imported.yaml", matrix.as_bytes(), Path::new(""), &Overrides::default())
        .unwrap_or_else(|error| panic!("{}\n{matrix}", error.render(Styling::Plain)))
}

/// A file of `tests/data/import`.
fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/import").join(name);
    std::fs::read_to_string(path).expect(name)
}
