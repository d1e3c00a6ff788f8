//! Names that the README and the program share: options, exit codes, kinds, variables, paths.

use std::collections::BTreeSet;
use std::path::Path;

use hypertune::cli::exit_codes;
use hypertune::matrix::catalogue::POLICIES;
use hypertune::{kinds, search, space};

use crate::blocks::Use;
use crate::scene::Scene;
use crate::sources::{blocks_of, documents, read, root};

/// The subcommands that `hypertune --help` lists.
fn subcommands() -> Vec<String> {
    let help = Scene::new().shell("", "hypertune --help", "help");
    let list =
        help.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("a list of subcommands");
    // A description that is continued on the next line is indented further.
    let lines = list.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = lines.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    names.map(str::to_owned).collect()
}

/// Long and short options of a subcommand.
fn options(subcommand: &str) -> BTreeSet<String> {
    let help = Scene::new().shell("", &format!("hypertune {subcommand} --help"), "help");
    let heads = help.lines().map(str::trim).filter(|line| line.starts_with('-') && !line.starts_with("- "));
    heads.flat_map(|line| line.split("  ").next().unwrap_or_default().split(", ")).map(option).collect()
}

/// `--gpus` of `--gpus <auto|none>` or `--gpus=none`.
fn option(word: &str) -> String {
    word.chars().take_while(|c| *c == '-' || c.is_ascii_alphanumeric()).collect()
}

/// The text between single backticks, outside of blocks.
fn spans(text: &str) -> impl Iterator<Item = &str> {
    let outside = text.split("```").step_by(2);
    outside.flat_map(|part| part.split('`').skip(1).step_by(2))
}

#[test]
fn the_readme_names_every_option_of_run() {
    let readme = read("README.md");
    let named: BTreeSet<String> =
        spans(&readme).flat_map(str::split_whitespace).filter(|w| w.starts_with('-')).map(option).collect();
    for expected in options("run") {
        let help = ["-h", "--help"].contains(&expected.as_str());
        assert!(help || named.contains(&expected), "README.md does not name {expected}, an option of `hypertune run`");
    }
}

#[test]
fn every_option_in_the_readme_exists() {
    let known: BTreeSet<String> = subcommands().iter().flat_map(|name| options(name)).collect();
    let readme = read("README.md");
    // This section names options of scripts.
    let (before, rest) = readme.split_once("## What if my script takes").expect("a section about scripts");
    let after = rest.split_once("\n## ").map_or("", |(_, after)| after);
    for span in spans(before).chain(spans(after)).filter(|span| span.starts_with('-') && *span != "--") {
        assert!(known.contains(&option(span)), "README.md names `{span}`, which no subcommand takes");
    }
}

#[test]
fn the_readme_s_exit_codes_are_the_program_s() {
    let readme = read("README.md");
    let table = readme.split("| exit code | meaning |\n|---|---|\n").nth(1).expect("a table of exit codes");
    let rows = table.lines().take_while(|line| line.starts_with('|'));
    let shown: Vec<String> = rows.map(|row| row.trim_matches(['|', ' ']).replace(" | ", " ")).collect();
    let mut printed: Vec<String> = Vec::new();
    for line in exit_codes::HELP.lines().skip(1) {
        let words = line.split_whitespace().collect::<Vec<_>>().join(" ");
        match printed.last_mut() {
            // the meaning of a code that is too wide for its column is on the next line
            Some(last) if !words.starts_with(|c: char| c.is_ascii_digit()) => *last += &format!(" {words}"),
            _ => printed.push(words),
        }
    }
    assert_eq!(shown, printed);
}

#[test]
fn the_readme_names_every_kind_and_its_fields() {
    let readme = read("README.md");
    for kind in kinds::KINDS {
        let row = readme.lines().find(|line| line.starts_with(&format!("| `{}`", kind.names[0])));
        let row = row.unwrap_or_else(|| panic!("README.md has no row for kind {}", kind.names[0]));
        for word in kind.names.iter().copied().chain(kind.fields.iter().map(|field| field.name)) {
            let named = row.contains(&format!("`{word}`")) || row.contains(&format!("`{word}: "));
            assert!(named, "README.md's row for kind {} does not name {word}", kind.names[0]);
        }
    }
    let yaml: String =
        blocks_of("README.md").into_iter().filter(|b| b.usage == Use::Part(None)).map(|b| b.text).collect();
    let stopping = POLICIES.map(|(name, _)| name);
    for name in space::catalogue::names().chain(stopping) {
        assert!(yaml.contains(&format!("kind: {name},")), "no YAML of README.md shows `kind: {name}`");
    }
    for name in search::catalogue::names() {
        assert!(readme.contains(&format!("- `{name}`: ")), "README.md does not describe the sampler {name}");
    }
}

#[test]
fn the_readme_names_every_variable_of_a_job() {
    let scene = Scene::new();
    scene.write("env.yaml", "{kind: random, numRuns: 1, params: {x: {kind: choice, value: [1]}}}");
    scene.shell("", "hypertune run env.yaml -q --arg-style hydra -- env", "a job that prints its environment");
    let printed = std::fs::read_to_string(scene.path("env.study/trials/0/rung-0.stdout.log")).expect("the job's log");
    let given: BTreeSet<&str> =
        printed.lines().filter_map(|l| l.split('=').next()).filter(|name| name.starts_with("HYPERTUNE_")).collect();
    let readme = read("README.md");
    let rows = readme.lines().filter(|line| line.starts_with("| `HYPERTUNE_"));
    let named: BTreeSet<&str> = rows.flat_map(spans).filter(|span| span.starts_with("HYPERTUNE_")).collect();
    assert_eq!(named, given);
}

/// The anchor that GitHub gives to a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
}

#[test]
fn links_and_paths_exist() {
    for document in documents().iter().map(String::as_str).chain(["CONTRIBUTING.md", "CHANGELOG.md"]) {
        let text = read(document);
        let folder = Path::new(document).parent().expect("the path of a file");
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let (anchors, links): (Vec<&str>, Vec<&str>) =
            links.filter(|link| !link.contains("://")).partition(|link| link.starts_with('#'));
        for link in anchors {
            let headings = text
                .lines()
                .filter_map(|line| line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#')));
            let found = headings.map(anchor).any(|id| link[1..] == id);
            assert!(found, "{document} links to {link}, which is not a heading");
        }
        for link in links {
            assert!(root().join(folder).join(link).exists(), "{document} links to {link}, which is not there");
        }
        let top = ["src/", "tests/", "benches/", "examples/"];
        for span in spans(&text).filter(|span| top.iter().any(|top| span.starts_with(top))) {
            let path = span.split(['*', ':', ' ']).next().unwrap_or_default();
            // src/space/NAME.rs is a placeholder
            let path = path.split("NAME").next().unwrap_or_default();
            assert!(root().join(path).exists(), "{document} names {span}, which is not there");
        }
    }
}
