//! The rules of the source tree: a file imports from lower layers and its own folder, there are no import circles between files,
//! and the pure layers do not use the operating system. The layers are listed in src/lib.rs.

mod folders;
mod imports;
mod sources;
mod streams;
mod types;

use std::collections::BTreeSet;
use std::fs;

use sources::{graph, root, sources};

/// The last layer without files, processes, threads, clocks, environment and printing.
const LAST_PURE: &str = "engine";

/// What the pure layers must not contain.
const BANNED: [&str; 14] = [
    "std::fs",
    "std::process",
    "std::thread",
    "std::env",
    "std::net",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "time::Instant",
    "SystemTime",
    "println!",
    "eprintln!",
    "print!(",
    "dbg!",
];

/// Imports between folders of the same layer. The list must be exact.
const SAME_LAYER: [(&str, &str); 5] =
    [("launch", "journal"), ("progress", "report"), ("run", "command"), ("run", "journal"), ("run", "launch")];

/// Import circles that are still to be removed: the files of each. The list must be exact; do not add to it.
const KNOWN_CIRCLES: &[&[&str]] = &[];

/// The folders below `src` with the number of their layer, from the list in src/lib.rs. A line that starts with "then" starts a
/// new layer too.
fn layers() -> Vec<(String, usize)> {
    let text = fs::read_to_string(root().join("src/lib.rs")).expect("src/lib.rs");
    let mut layers = Vec::new();
    let mut layer = 0;
    for line in text.lines().filter_map(|line| line.strip_prefix("//!")) {
        let line = line.trim();
        if line.starts_with(|c: char| c.is_ascii_digit()) || line.starts_with("then ") {
            layer += 1;
        } else if layer > 0 && line.is_empty() {
            break;
        }
        if layer > 0 {
            layers
                .extend(line.split("[`").skip(1).filter_map(|rest| Some((rest.split_once("`]")?.0.to_owned(), layer))));
        }
    }
    layers
}

fn layer(layers: &[(String, usize)], folder: &str) -> usize {
    let found = layers.iter().find(|(name, _)| name == folder);
    found.unwrap_or_else(|| panic!("src/{folder} is in no layer: add it to the list in src/lib.rs")).1
}

#[test]
fn no_file_imports_from_a_higher_layer() {
    let (sources, layers) = (sources(), layers());
    let mut errors = Vec::new();
    let mut same_layer = BTreeSet::new();
    for (source, imported) in sources.iter().zip(graph(&sources)) {
        let (folder, own) = (&source.module[0], layer(&layers, &source.module[0]));
        for target in imported.into_iter().map(|i| &sources[i]).filter(|target| target.module[0] != *folder) {
            let other = layer(&layers, &target.module[0]);
            if other > own {
                errors.push(format!("{} imports {}, which is in a higher layer", source.path, target.path));
            } else if other == own {
                same_layer.insert((folder.as_str(), target.module[0].as_str()));
            }
        }
    }
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    assert_eq!(same_layer, BTreeSet::from(SAME_LAYER), "imports between folders of the same layer changed");
}

#[test]
fn there_are_no_import_circles() {
    let sources = sources();
    let graph = graph(&sources);
    let circles: BTreeSet<Vec<&str>> = circles(&graph)
        .into_iter()
        .map(|circle| circle.into_iter().map(|i| sources[i].path.as_str()).collect())
        .collect();
    let known: BTreeSet<Vec<&str>> = KNOWN_CIRCLES.iter().map(|circle| circle.to_vec()).collect();
    let mut message = String::new();
    for circle in circles.difference(&known) {
        message += &format!("new import circle: {circle:?}\n");
        let inside = |i: &usize| circle.contains(&sources[*i].path.as_str());
        for i in (0..sources.len()).filter(inside) {
            for target in graph[i].iter().filter(|target| inside(target)) {
                message += &format!("    {} imports {}\n", sources[i].path, sources[*target].path);
            }
        }
    }
    for circle in known.difference(&circles) {
        message += &format!("this circle no longer exists, remove it from KNOWN_CIRCLES: {circle:?}\n");
    }
    assert!(message.is_empty(), "{message}");
}

/// The sets of two or more nodes that can all reach each other.
fn circles(graph: &[BTreeSet<usize>]) -> Vec<Vec<usize>> {
    let reachable: Vec<BTreeSet<usize>> = (0..graph.len()).map(|start| reachable(graph, start)).collect();
    let mut circles = Vec::new();
    for i in 0..graph.len() {
        let circle: Vec<usize> = reachable[i].iter().copied().filter(|j| reachable[*j].contains(&i)).collect();
        if circle.first() == Some(&i) && circle.len() > 1 {
            circles.push(circle);
        }
    }
    circles
}

fn reachable(graph: &[BTreeSet<usize>], start: usize) -> BTreeSet<usize> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![start]);
    while let Some(node) = open.pop() {
        open.extend(graph[node].iter().copied().filter(|next| seen.insert(*next)));
    }
    seen
}

#[test]
fn pure_layers_do_not_use_the_operating_system() {
    let layers = layers();
    let last_pure = layer(&layers, LAST_PURE);
    let mut errors = Vec::new();
    for source in sources().iter().filter(|source| layer(&layers, &source.module[0]) <= last_pure) {
        for banned in BANNED.iter().filter(|banned| source.code.contains(*banned)) {
            errors.push(format!("{} contains {banned}", source.path));
        }
        for line in source.code.lines().filter(|line| line.contains("use std::{")) {
            errors.push(format!("{}: write one `use` per module instead of `{}`", source.path, line.trim()));
        }
    }
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

#[test]
fn circles_of_a_graph_are_found() {
    let graph = [vec![1], vec![2], vec![0, 3], vec![4], vec![], vec![6], vec![5]];
    let graph: Vec<BTreeSet<usize>> = graph.into_iter().map(BTreeSet::from_iter).collect();
    assert_eq!(circles(&graph), [vec![0, 1, 2], vec![5, 6]]);
}

#[test]
fn the_list_of_layers_is_complete() {
    let layers = layers();
    assert_eq!(layer(&layers, "types"), 1);
    assert!(layer(&layers, "kinds") > layer(&layers, "schedule") && layer(&layers, "engine") > layer(&layers, "kinds"));
    let folders: BTreeSet<String> = sources().into_iter().map(|source| source.module[0].clone()).collect();
    assert_eq!(layers.into_iter().map(|(name, _)| name).collect::<BTreeSet<_>>(), folders);
}
