//! Finds the studies in a folder.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::files;
use super::layout::StudyFolder;

/// What each journal of hypertune starts with.
const HEADER: &[u8] = b"{\"type\":\"study\"";
/// Most folders that one search opens: a search of a whole disk ends.
const MAX_FOLDERS: usize = 100_000;

/// A study that was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoundStudy {
    /// Its folder, below the given one.
    pub root: PathBuf,
    /// When its journal was last written.
    pub modified: SystemTime,
}

/// The study in `root`, if there is one.
pub fn study_in(root: &Path) -> Option<FoundStudy> {
    let file = files::open_to_read(&StudyFolder::new(root).journal()).ok()?;
    let modified = file.metadata().ok()?.modified().ok()?;
    let mut start = Vec::new();
    file.take(HEADER.len() as u64).read_to_end(&mut start).ok()?;
    (start == HEADER).then(|| FoundStudy { root: root.to_owned(), modified })
}

/// The studies in `root` and in the folders at most `depth` levels below, by path. Links to folders, hidden folders and the folders of
/// studies are not searched; folders that cannot be read are skipped.
pub fn studies_below(root: &Path, depth: u32) -> Vec<FoundStudy> {
    let mut found = Vec::new();
    let mut pending = vec![(root.to_owned(), 0)];
    let mut opened = 0;
    while let Some((folder, level)) = pending.pop() {
        if let Some(study) = study_in(&folder) {
            found.push(study);
            continue;
        }
        opened += 1;
        if level == depth || opened > MAX_FOLDERS {
            continue;
        }
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        let visible = folders.filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."));
        pending.extend(visible.map(|entry| (child(&folder, &entry.file_name()), level + 1)));
    }
    found.sort_by(|a, b| a.root.cmp(&b.root));
    found
}

/// `folder/name`, without the `./` of the current folder.
fn child(folder: &Path, name: &std::ffi::OsStr) -> PathBuf {
    if folder == Path::new(".") { PathBuf::from(name) } else { folder.join(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn study(root: &Path) {
        fs::create_dir_all(root).unwrap();
        fs::write(StudyFolder::new(root).journal(), "{\"type\":\"study\",\"format\":2}\n").unwrap();
    }

    #[test]
    fn studies_are_found_down_to_a_depth_and_not_behind_links() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        for path in ["a.study", "p/b.study", "p/q/c.study", ".hidden/d.study", "a.study/trials/0/inner.study"] {
            study(&root.join(path));
        }
        fs::create_dir_all(root.join("foreign")).unwrap();
        fs::write(root.join("foreign/journal.jsonl"), "{\"other\":1}\n").unwrap();
        std::os::unix::fs::symlink(root.join("p"), root.join("link")).unwrap();
        let names = |depth| {
            let found = studies_below(root, depth);
            found.iter().map(|s| s.root.strip_prefix(root).unwrap().display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(names(0), Vec::<String>::new());
        assert_eq!(names(1), ["a.study"]);
        assert_eq!(names(4), ["a.study", "p/b.study", "p/q/c.study"]);
        assert!(study_in(&root.join("foreign")).is_none());
    }
}
