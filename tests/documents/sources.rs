//! The repository's files.

use std::fs;
use std::path::{Path, PathBuf};

use crate::blocks::{Block, blocks};

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a file, its name relative to the repository.
pub fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Files of `examples/` with this extension, relative to the repository, sorted. Without those of studies that were run there.
pub fn examples(extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from("examples")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).expect("a readable folder") {
            let path = folder.join(entry.expect("a readable folder").file_name());
            if !root().join(&path).is_dir() {
                found.push(path);
            } else if path.extension().is_none() {
                folders.push(path);
            }
        }
    }
    found.retain(|path| path.extension().is_some_and(|e| e == extension));
    found.sort();
    assert!(!found.is_empty(), "no example ends in .{extension}");
    found
}

/// `README.md` and those of the examples.
pub fn documents() -> Vec<String> {
    let below = examples("md").into_iter().map(|path| path.to_str().expect("a plain name").to_owned());
    std::iter::once("README.md".to_owned()).chain(below).collect()
}

/// The blocks of a document.
pub fn blocks_of(document: &str) -> Vec<Block> {
    blocks(document, &read(document)).unwrap_or_else(|error| panic!("{error}"))
}
