//! Which environment variables a command uses, judged by the names in its text and in the files that it names.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::read::within_timeout;

/// The prefix of hypertune's variables.
const PREFIX: &[u8] = b"HYPERTUNE_";

/// Bytes of a file that are searched.
const MAX_BYTES: u64 = 8 << 20;

/// The names of variables with hypertune's prefix in a command and in its files.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UsedVariables {
    names: BTreeSet<Vec<u8>>,
}

impl UsedVariables {
    /// Searches `argv` and the files it names, relative to `directory`. Files that cannot be read within a second are left out.
    pub fn of(argv: &[String], directory: &Path) -> UsedVariables {
        let mut used = UsedVariables::default();
        for element in argv {
            used.search(element.as_bytes());
        }
        let (argv, directory) = (argv.to_vec(), directory.to_owned());
        if let Some(found) = within_timeout(move || in_files(&argv, &directory)) {
            used.names.extend(found.names);
        }
        used
    }

    /// Whether `name` occurs. Where the prefix occurs alone, as in a test of all names, every variable with it counts.
    pub fn contains(&self, name: &str) -> bool {
        let name = name.as_bytes();
        self.names.contains(name) || (name.starts_with(PREFIX) && self.names.contains(PREFIX))
    }

    fn search(&mut self, text: &[u8]) {
        let mut rest = text;
        while let Some(at) = rest.iter().position(|byte| *byte == PREFIX[0]) {
            rest = &rest[at..];
            let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
            if rest.starts_with(PREFIX) {
                self.names.insert(rest[..length].to_vec());
            }
            rest = &rest[if rest.starts_with(PREFIX) { length } else { 1 }..];
        }
    }
}

/// The names in the files that `argv` names.
fn in_files(argv: &[String], directory: &Path) -> UsedVariables {
    let mut used = UsedVariables::default();
    for file in named_files(argv, directory) {
        let mut text = Vec::new();
        // An unreadable file uses none.
        if File::open(file).and_then(|file| file.take(MAX_BYTES).read_to_end(&mut text)).is_ok() {
            used.search(&text);
        }
    }
    used
}

/// The regular files that `argv` names: as an element, after `=`, as a word of a shell's command, or as the module after `-m`.
fn named_files(argv: &[String], directory: &Path) -> BTreeSet<PathBuf> {
    let words = argv.iter().flat_map(|element| {
        let words = if element.contains(char::is_whitespace) { shlex::split(element) } else { None };
        words.unwrap_or_default().into_iter().chain([element.clone()])
    });
    let words: Vec<String> = words.collect();
    let values = words.iter().filter_map(|word| Some(word.split_once('=')?.1.to_owned()));
    let modules = words.windows(2).filter(|pair| pair[0] == "-m").flat_map(|pair| {
        let path = pair[1].replace('.', "/");
        [format!("{path}.py"), format!("{path}/__main__.py")]
    });
    let names = words.iter().cloned().chain(values).chain(modules);
    names.map(|name| directory.join(name)).filter(|path| path.is_file()).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn used(argv: &[&str], directory: &Path) -> Vec<String> {
        let argv: Vec<String> = argv.iter().map(|word| (*word).to_owned()).collect();
        let names = UsedVariables::of(&argv, directory).names;
        names.into_iter().map(|name| String::from_utf8(name).unwrap()).collect()
    }

    #[test]
    fn names_are_found_in_the_text_and_in_the_files_that_it_names() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        fs::create_dir(folder.path().join("pkg")).unwrap();
        write("train.py", "seed = os.environ['HYPERTUNE_SEED']  # HYPERTUNE_TRIAL_DIR, XHYPERTUNE_SLOT");
        write("pkg/run.py", "HYPERTUNE_RUNG");
        write("pkg/__main__.py", "HYPERTUNE_SLOT");
        let of = |argv: &[&str]| used(argv, folder.path());
        assert_eq!(of(&["python3", "train.py"]), ["HYPERTUNE_SEED", "HYPERTUNE_SLOT", "HYPERTUNE_TRIAL_DIR"]);
        assert_eq!(of(&["python3", "-m", "pkg.run"]), ["HYPERTUNE_RUNG"]);
        assert_eq!(of(&["python3", "-m", "pkg"]), ["HYPERTUNE_SLOT"]);
        assert_eq!(of(&["tool", "--config=pkg/run.py"]), ["HYPERTUNE_RUNG"]);
        assert_eq!(of(&["sh", "-c", "./pkg/run.py $HYPERTUNE_PORT"]), ["HYPERTUNE_PORT", "HYPERTUNE_RUNG"]);
        assert!(of(&["python3", "other.py", "pkg"]).is_empty());
    }

    #[test]
    fn a_name_is_not_part_of_a_longer_one_and_the_prefix_alone_is_all() {
        let of =
            |text: &str, name: &str| UsedVariables::of(&[text.to_owned()], Path::new("/nonexistent")).contains(name);
        assert!(of("$HYPERTUNE_TRIAL", "HYPERTUNE_TRIAL"));
        assert!(!of("$HYPERTUNE_TRIAL_DIR", "HYPERTUNE_TRIAL"));
        assert!(of("env | grep ^HYPERTUNE_", "HYPERTUNE_TRIAL"));
        assert!(!of("env | grep ^HYPERTUNE_", "PATH"));
    }
}
