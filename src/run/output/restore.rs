//! Recreates folders of a study that a job has removed or replaced.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Whether `error` means that a folder of the path is missing or is not a folder.
pub fn is_displaced(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR | libc::EEXIST | libc::ELOOP))
}

/// Creates every missing folder from `root`, which must exist, down to `folder`. A file or link that has the name of one is renamed,
/// not removed.
pub fn restore(root: &Path, folder: &Path) -> io::Result<()> {
    let below = folder.strip_prefix(root).map_err(io::Error::other)?;
    let mut path = root.to_owned();
    for name in below {
        path.push(name);
        match path.symlink_metadata() {
            Ok(found) if found.is_dir() => continue,
            Ok(_) => fs::rename(&path, unused_name(&path)?)?,
            Err(_) => {}
        }
        match fs::create_dir(&path) {
            // Another slot has created it in the meantime.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
            created => created?,
        }
    }
    Ok(())
}

/// `path` with the suffix `.replaced`, or `.replaced-2` to `.replaced-999` if that exists.
fn unused_name(path: &Path) -> io::Result<PathBuf> {
    let named = |suffix: String| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let mut names = (1..1000).map(|n| named(if n == 1 { ".replaced".into() } else { format!(".replaced-{n}") }));
    let free = names.find(|name| name.symlink_metadata().is_err_and(|e| e.kind() == io::ErrorKind::NotFound));
    free.ok_or_else(|| io::ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_folders_are_created_and_files_in_their_place_are_kept() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("trials/7/checkpoint");
        restore(root.path(), &folder).unwrap();
        assert!(folder.is_dir());
        fs::write(folder.join("state"), "x").unwrap();
        restore(root.path(), &folder).unwrap();
        assert!(folder.join("state").exists());
        for n in ["", "-2"] {
            fs::remove_dir_all(root.path().join("trials/7")).unwrap();
            fs::write(root.path().join("trials/7"), n).unwrap();
            restore(root.path(), &folder).unwrap();
            assert!(folder.is_dir());
            let kept = root.path().join(format!("trials/7.replaced{n}"));
            assert_eq!(fs::read_to_string(kept).unwrap(), n);
        }
    }

    #[test]
    fn links_are_renamed_and_their_targets_are_kept() {
        let (root, scratch) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(root.path().join("trials")).unwrap();
        fs::write(scratch.path().join("state"), "x").unwrap();
        let trial = root.path().join("trials/7");
        std::os::unix::fs::symlink(scratch.path(), &trial).unwrap();
        restore(root.path(), &trial.join("checkpoint")).unwrap();
        assert!(trial.join("checkpoint").is_dir() && !scratch.path().join("checkpoint").exists());
        assert!(root.path().join("trials/7.replaced/state").exists());
    }

    #[test]
    fn a_removed_study_folder_is_not_created() {
        let root = tempfile::tempdir().unwrap();
        let gone = root.path().join("gone");
        assert!(is_displaced(&restore(&gone, &gone.join("trials/7")).unwrap_err()));
        assert!(!gone.exists());
    }
}
