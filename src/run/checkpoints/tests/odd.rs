//! Checkpoints that are hard to copy or to remove.

use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::fs::{Mode, OFlags, mkdirat, mkfifoat, openat};

use super::*;
use crate::run::checkpoints::copy::copy;
use crate::run::checkpoints::remove::remove;

/// More levels than a path may have characters, and than a process may have open files.
const DEPTH: usize = 2500;

fn open(path: &Path) -> OwnedFd {
    File::open(path).unwrap().into()
}

fn c(path: &Path) -> CString {
    CString::new(path.as_os_str().as_bytes()).unwrap()
}

/// Makes `root` with directories nested `depth` deep in it, and a file in the last one.
fn nest(root: &Path, depth: usize) {
    fs::create_dir_all(root).unwrap();
    let mut here = open(root);
    let directory = OFlags::RDONLY | OFlags::DIRECTORY;
    for _ in 0..depth {
        mkdirat(&here, c"d", Mode::RWXU).unwrap();
        here = openat(&here, c"d", directory, Mode::empty()).unwrap();
    }
    openat(&here, c"bottom", OFlags::CREATE | OFlags::WRONLY, Mode::RWXU).unwrap();
}

fn depth(root: &Path) -> (usize, bool) {
    let mut here = open(root);
    let mut depth = 0;
    while let Ok(next) = openat(&here, c"d", OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()) {
        here = next;
        depth += 1;
    }
    (depth, openat(&here, c"bottom", OFlags::RDONLY, Mode::empty()).is_ok())
}

#[test]
fn a_tree_deeper_than_any_path_is_copied_and_synced_and_removed() {
    let study = Study::new(PromotedStart::FromCheckpoint);
    study.begin(0, 1);
    nest(&study.checkpoint(), DEPTH);
    study.checkpoints.job_ended(&launch(0, 1), &SUCCEEDED).unwrap();
    study.begin(1, 1);
    assert_eq!(depth(&study.copy("1.1-1-1")), (DEPTH, true));
    study.begin(1, 2);
    assert_eq!(depth(&study.checkpoint()), (DEPTH, true));
    study.checkpoints.remove(Removal::Checkpoint(TRIAL)).unwrap();
    assert_eq!(study.names(), [""; 0]);
}

#[test]
fn permissions_are_copied_and_do_not_hinder_a_removal() {
    let study = Study::new(PromotedStart::FromCheckpoint);
    study.begin(0, 1);
    study.leave("epoch 1");
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    set(&study.model(), 0o440);
    set(study.model().parent().unwrap(), 0o555);
    set(&study.checkpoint(), 0o500);
    study.begin(1, 1);
    assert_eq!(study.begin(1, 2), "epoch 1");
    assert_eq!(mode(&study.model()), 0o440);
    assert_eq!(mode(study.model().parent().unwrap()), 0o555);
    assert_eq!(mode(&study.checkpoint()), 0o500);
    set(study.model().parent().unwrap(), 0);
    set(&study.home(), 0o500);
    study.checkpoints.remove(Removal::Checkpoint(TRIAL)).unwrap();
    assert_eq!(study.names(), [""; 0]);
}

#[test]
fn links_are_copied_and_never_followed() {
    let study = Study::new(PromotedStart::FromCheckpoint);
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("thesis"), "x").unwrap();
    study.begin(0, 1);
    symlink(elsewhere.path(), study.checkpoint().join("folder")).unwrap();
    symlink("loop", study.checkpoint().join("loop")).unwrap();
    study.begin(1, 1);
    study.begin(1, 2);
    assert_eq!(fs::read_link(study.checkpoint().join("folder")).unwrap(), elsewhere.path());
    assert_eq!(fs::read_link(study.copy("1.1-1-1").join("loop")).unwrap(), Path::new("loop"));
    study.checkpoints.remove(Removal::Checkpoint(TRIAL)).unwrap();
    assert!(elsewhere.path().join("thesis").exists());
}

#[test]
fn a_checkpoint_that_is_a_link_stays_one() {
    let study = Study::new(PromotedStart::FromCheckpoint);
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("thesis"), "x").unwrap();
    study.begin(0, 1);
    fs::remove_dir(study.checkpoint()).unwrap();
    symlink(elsewhere.path(), study.checkpoint()).unwrap();
    study.checkpoints.job_ended(&launch(0, 1), &SUCCEEDED).unwrap();
    study.begin(1, 1);
    study.begin(1, 2);
    assert_eq!(fs::read_link(study.checkpoint()).unwrap(), elsewhere.path());
    study.checkpoints.remove(Removal::Checkpoint(TRIAL)).unwrap();
    assert!(elsewhere.path().join("thesis").exists());
    assert_eq!(study.names(), [""; 0]);
}

#[test]
fn a_trial_s_folder_that_is_a_link_is_not_entered() {
    let study = Study::new(PromotedStart::FromCheckpoint);
    let elsewhere = tempfile::tempdir().unwrap();
    fs::create_dir(elsewhere.path().join("checkpoint")).unwrap();
    symlink(elsewhere.path(), study.home()).unwrap();
    assert!(study.checkpoints.prepare(&launch(0, 1), &|| false).is_err_and(|error| !error.is_machine_error()));
    assert!(study.checkpoints.remove(Removal::Checkpoint(TRIAL)).is_err());
    assert!(elsewhere.path().join("checkpoint").exists());
}

#[test]
fn pipes_and_sockets_are_left_out() {
    let study = Study::new(PromotedStart::FromCheckpoint);
    study.begin(0, 1);
    study.leave("epoch 1");
    mkfifoat(open(&study.checkpoint()), c"pipe", Mode::RWXU).unwrap();
    let _socket = UnixListener::bind(study.checkpoint().join("socket")).unwrap();
    study.checkpoints.job_ended(&launch(0, 1), &SUCCEEDED).unwrap();
    study.begin(1, 1);
    assert_eq!(study.begin(1, 2), "epoch 1");
    assert_eq!(fs::read_dir(study.checkpoint()).unwrap().count(), 1);
}

/// Calls `work` while another thread makes and removes files and directories in `folder`.
fn disturbed<T>(folder: &Path, mut work: impl FnMut() -> T) -> T {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                for name in ["a", "b", "c"].map(|name| folder.join(name)) {
                    let _ = fs::write(&name, "x");
                    let _ = fs::remove_file(&name);
                    let _ = fs::create_dir(&name);
                    let _ = fs::remove_dir(&name);
                    let _ = symlink("a", &name);
                    let _ = fs::remove_file(&name);
                }
            }
        });
        let done = work();
        over.store(true, Ordering::Relaxed);
        done
    })
}

#[test]
fn what_another_process_changes_meanwhile_ends_no_copy() {
    let dir = tempfile::tempdir().unwrap();
    let from = dir.path().join("from");
    fs::create_dir(&from).unwrap();
    fs::write(from.join("model"), "x").unwrap();
    let home = open(dir.path());
    disturbed(&from, || {
        for number in 0..300 {
            let to = dir.path().join(format!("to-{number}"));
            copy(home.as_fd(), c"from", &c(Path::new(to.file_name().unwrap())), &from, &|| false).unwrap();
            assert!(to.join("model").exists());
        }
    });
}

#[test]
fn a_removal_is_tried_again_where_another_process_adds_files() {
    let dir = tempfile::tempdir().unwrap();
    let home = open(dir.path());
    let name: &CStr = c"checkpoint";
    let path = dir.path().join("checkpoint");
    disturbed(&path, || {
        for _ in 0..300 {
            let _ = fs::create_dir(&path);
            // However it ends, it ends, and without harm to what is beside it.
            let _ = remove(home.as_fd(), name, &path);
        }
    });
    remove(home.as_fd(), name, &path).unwrap();
    assert!(!path.exists());
}
