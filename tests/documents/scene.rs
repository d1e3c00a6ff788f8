//! The folder of a reader: a copy of the examples, hypertune in PATH, and the files that earlier blocks wrote.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use hypertune_test_support::{program_folder, reset_environment};
use tempfile::TempDir;

use crate::sources::{examples, root};

pub struct Scene {
    dir: TempDir,
}

impl Scene {
    pub fn new() -> Scene {
        let scene = Scene { dir: tempfile::tempdir().expect("a temporary folder") };
        for file in ["yaml", "json", "py", "csv"].into_iter().flat_map(examples) {
            let copy = scene.path(&file);
            fs::create_dir_all(copy.parent().expect("below examples")).expect("a temporary folder");
            fs::copy(root().join(&file), copy).expect("an example can be copied");
        }
        scene
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a temporary folder takes files");
    }

    /// Runs `line` in the shell, in `folder` of the scene, and returns stdout. Fails the test at `place` if
    /// a command fails.
    #[track_caller]
    pub fn shell(&self, folder: &str, line: &str, place: &str) -> String {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([program_folder()].into_iter().chain(std::env::split_paths(&path)));
        let mut command = Command::new("sh");
        reset_environment(&mut command);
        command.args(["-euc", line]).current_dir(self.path(folder)).env("PATH", path.expect("a path of folders"));
        let Output { status, stdout, stderr } = command.output().expect("sh starts");
        let (out, err) = (String::from_utf8_lossy(&stdout).into_owned(), String::from_utf8_lossy(&stderr));
        assert!(status.success(), "{place}: {status}\n{line}\n--- stdout\n{out}\n--- stderr\n{err}");
        out
    }
}
