//! Fingerprints of a command's script, to notice that it was edited between two sessions.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use super::read::within_timeout;
use crate::command::template::is_template;
use crate::types::fingerprint::FileFingerprint;

/// Larger files are left out: programs and data rather than scripts.
const MAX_BYTES: u64 = 4 << 20;

/// The fingerprints of the files that the text of `command` names, relative to `directory`. Of several elements with files, only
/// those up to the first that no option precedes: what follows are the script's arguments, among them files that jobs write. Files
/// that cannot be read within a second are left out.
pub fn fingerprints(command: &[String], directory: &Path) -> Vec<FileFingerprint> {
    let (command, directory) = (command.to_vec(), directory.to_owned());
    within_timeout(move || scripts(&command, &directory)).unwrap_or_default()
}

fn scripts(command: &[String], directory: &Path) -> Vec<FileFingerprint> {
    let mut found = Vec::new();
    let mut previous = "";
    for (at, word) in words(command).iter().enumerate() {
        let is_option = |text: &str| text.starts_with('-') || text.starts_with('>');
        // Without a slash the first word is looked up in PATH.
        let is_file = !is_option(word) && (at > 0 || word.contains('/'));
        let module = (previous == "-m").then(|| word.replace('.', "/"));
        let names = match &module {
            Some(path) => vec![format!("{path}.py"), format!("{path}/__main__.py")],
            None => Vec::from_iter(is_file.then(|| word.clone())),
        };
        found.extend(names.iter().filter_map(|name| fingerprint(name, directory)));
        // `-u` of Python, `-e` of a shell and others have no value; `--config_file` of a launcher may have one.
        let follows_option = previous.starts_with("--");
        if at > 0 && !found.is_empty() && !follows_option && names.iter().any(|name| directory.join(name).is_file()) {
            break;
        }
        previous = word;
    }
    found
}

/// The elements of `command` that are text, with the words of the script of a shell's `-c`.
fn words(command: &[String]) -> Vec<String> {
    let text = command.iter().filter(|element| !is_template(element));
    let split = |element: &String| match element.contains(char::is_whitespace) {
        true => shlex::split(element).unwrap_or_else(|| vec![element.clone()]),
        false => vec![element.clone()],
    };
    text.flat_map(split).collect()
}

fn fingerprint(name: &str, directory: &Path) -> Option<FileFingerprint> {
    let path = directory.join(name);
    let found = fs::metadata(&path).ok().filter(|found| found.is_file() && found.len() <= MAX_BYTES)?;
    let mut bytes = Vec::with_capacity(usize::try_from(found.len()).unwrap_or_default());
    File::open(&path).ok()?.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
    Some(FileFingerprint { path: name.to_owned(), bytes: bytes.len() as u64, crc32: crc32fast::hash(&bytes) })
}

/// The files of `before` that are different in `now`. A file that is missing in `now` is not among them.
pub fn changed<'f>(before: &'f [FileFingerprint], now: &[FileFingerprint]) -> Vec<&'f str> {
    let is_changed = |old: &&FileFingerprint| now.iter().any(|new| new.path == old.path && new != *old);
    before.iter().filter(is_changed).map(|old| old.path.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(command: &[&str], directory: &Path) -> Vec<String> {
        let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        fingerprints(&command, directory).into_iter().map(|file| file.path).collect()
    }

    #[test]
    fn the_script_counts_and_files_among_its_arguments_do_not() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("pkg")).unwrap();
        for name in ["train.py", "out.json", "conf.yaml", "pkg/run.py", "t.sh"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        let of = |command: &[&str]| names(command, folder.path());
        assert_eq!(of(&["python3", "-u", "train.py", "-o", "out.json", "out.json"]), ["train.py"]);
        assert_eq!(of(&["python3", "-m", "pkg.run", "out.json"]), ["pkg/run.py"]);
        assert_eq!(of(&["launch", "--config", "conf.yaml", "train.py", "out.json"]), ["conf.yaml", "train.py"]);
        assert_eq!(of(&["./t.sh", "train.py", "out.json"]), ["./t.sh", "train.py"]);
        assert_eq!(of(&["sh", "-c", "python3 train.py > out.json"]), ["train.py"]);
        assert!(of(&["train.py", "{{ file }}", "none.py", "pkg"]).is_empty());
    }

    #[test]
    fn a_file_is_changed_if_its_text_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.py");
        let command = ["python3".to_owned(), "t.py".to_owned()];
        fs::write(&file, "lr = 1").unwrap();
        let before = fingerprints(&command, folder.path());
        fs::write(&file, "lr = 1").unwrap();
        assert!(changed(&before, &fingerprints(&command, folder.path())).is_empty());
        fs::write(&file, "lr = 2").unwrap();
        assert_eq!(changed(&before, &fingerprints(&command, folder.path())), ["t.py"]);
        assert!(changed(&[], &before).is_empty() && changed(&before, &[]).is_empty());
    }
}
