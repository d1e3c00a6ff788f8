//! The source files, their modules and their imports.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::imports::{Segments, paths, without_tests_and_comments};

/// A source file below `src`, without its tests.
pub struct Source {
    /// Relative to `src`.
    pub path: String,
    /// Its module path, without `crate`.
    pub module: Segments,
    /// Its text without comments and tests.
    pub code: String,
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All source files except lib.rs, main.rs and tests, sorted by path.
pub fn sources() -> Vec<Source> {
    let src = root().join("src");
    let mut files = Vec::new();
    collect(&src, &mut files);
    files.sort();
    let sources = files.into_iter().map(|file| {
        let path = file.strip_prefix(&src).expect("a path below src").to_string_lossy().into_owned();
        let module = path.trim_end_matches(".rs").trim_end_matches("/mod").split('/').map(str::to_owned).collect();
        let code = without_tests_and_comments(&fs::read_to_string(&file).expect("a readable source file"));
        Source { path, module, code }
    });
    sources.filter(|s: &Source| !["lib.rs", "main.rs"].contains(&s.path.as_str())).filter(|s| !is_test(s)).collect()
}

fn is_test(source: &Source) -> bool {
    source.module.iter().any(|name| name == "tests")
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// For each source file, the indices of the source files it imports from. A name that a `mod.rs` re-exports counts as an import
/// of that `mod.rs`.
pub fn graph(sources: &[Source]) -> Vec<BTreeSet<usize>> {
    let index: BTreeMap<&[String], usize> =
        sources.iter().enumerate().map(|(i, source)| (source.module.as_slice(), i)).collect();
    let imported = |i: usize| {
        let paths = paths(&sources[i].code).into_iter();
        let targets = paths.filter_map(|path| resolve(&sources[i].module, &path, &index));
        targets.filter(|target| *target != i).collect()
    };
    (0..sources.len()).map(imported).collect()
}

/// The file of the innermost module on `path`, which is used in `module`.
fn resolve(module: &Segments, path: &Segments, index: &BTreeMap<&[String], usize>) -> Option<usize> {
    let mut absolute = if path[0] == "crate" { Vec::new() } else { module.clone() };
    for segment in path {
        match segment.as_str() {
            "crate" | "self" => {}
            "super" => drop(absolute.pop()),
            name => absolute.push(name.to_owned()),
        }
    }
    (1..=absolute.len()).rev().find_map(|length| index.get(&absolute[..length]).copied())
}
