//! What is on the disk when: every sync is recorded, with the names that there were then.

use std::collections::HashSet;
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::MetadataExt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::*;

/// Inodes that were synced, each with the names in the trial's folder at that time.
#[derive(Debug, Default)]
struct RecordingDisk {
    home: Mutex<PathBuf>,
    synced: Mutex<Vec<(u64, Vec<String>)>>,
    file_systems: AtomicU32,
}

impl Disk for RecordingDisk {
    fn sync(&self, file: BorrowedFd<'_>) -> io::Result<()> {
        let inode = File::from(file.try_clone_to_owned()?).metadata()?.ino();
        let names = fs::read_dir(&*self.home.lock().unwrap())?;
        let names = names.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        self.synced.lock().unwrap().push((inode, names));
        Ok(())
    }

    fn sync_file_system(&self, _: BorrowedFd<'_>) -> io::Result<()> {
        self.file_systems.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

fn recorded() -> (Study, Arc<RecordingDisk>) {
    let disk = Arc::new(RecordingDisk::default());
    let study = Study::on(PromotedStart::FromCheckpoint, disk.clone());
    *disk.home.lock().unwrap() = study.home();
    (study, disk)
}

impl RecordingDisk {
    fn forget(&self) {
        self.synced.lock().unwrap().clear();
    }

    fn inodes(&self) -> HashSet<u64> {
        self.synced.lock().unwrap().iter().map(|(inode, _)| *inode).collect()
    }

    /// The names in the trial's folder when `path` was last synced.
    fn names_when(&self, path: &Path) -> Vec<String> {
        let inode = fs::symlink_metadata(path).unwrap().ino();
        let synced = self.synced.lock().unwrap();
        synced.iter().rfind(|(synced, _)| *synced == inode).expect("never synced").1.clone()
    }
}

/// Inodes of a directory and of all that is in it.
fn tree(root: &Path) -> HashSet<u64> {
    let mut found = HashSet::from([fs::metadata(root).unwrap().ino()]);
    for entry in fs::read_dir(root).unwrap().map(|e| e.unwrap().path()) {
        if entry.is_dir() {
            found.extend(tree(&entry));
        } else {
            found.insert(fs::metadata(&entry).unwrap().ino());
        }
    }
    found
}

#[test]
fn a_copy_is_synced_then_renamed_then_its_name_is_synced() {
    let (study, disk) = recorded();
    study.begin(0, 1);
    study.leave("epoch 1");
    disk.forget();
    assert_eq!(study.checkpoints.prepare(&launch(1, 1), &|| false).unwrap(), Prepared::AfterJournalSync);
    let copy = study.copy("1.1-1-1");
    assert!(tree(&copy).is_subset(&disk.inodes()));
    assert_eq!(tree(&copy).len(), 3);
    for path in [copy.clone(), copy.join("deep"), copy.join("deep/model")] {
        assert!(!disk.names_when(&path).iter().any(|name| name.contains("before-rung")), "{path:?}");
    }
    let at_last = disk.names_when(&study.home());
    assert!(at_last.contains(&"checkpoint.before-rung-1.1-1-1".to_owned()), "{at_last:?}");
    assert_eq!(disk.file_systems.load(Ordering::Relaxed), 0);
}

#[test]
fn a_further_attempt_needs_no_sync() {
    let (study, disk) = recorded();
    study.begin(0, 1);
    study.begin(1, 1);
    disk.forget();
    assert_eq!(study.checkpoints.prepare(&launch(1, 2), &|| false).unwrap(), Prepared::Ready);
    assert!(disk.inodes().is_empty());
}

#[test]
fn all_that_a_job_leaves_is_synced_with_the_folders_that_name_it() {
    let (study, disk) = recorded();
    study.begin(0, 1);
    study.leave("epoch 1");
    std::os::unix::fs::symlink("/dev/zero", study.checkpoint().join("link")).unwrap();
    study.checkpoints.job_ended(&launch(0, 1), &SUCCEEDED).unwrap();
    let inode = |path: &Path| fs::metadata(path).unwrap().ino();
    let mut wanted: HashSet<u64> =
        [study.checkpoint(), study.model(), study.checkpoint().join("deep")].iter().map(|path| inode(path)).collect();
    wanted.extend([inode(&study.home()), inode(&study.folder.trials())]);
    assert_eq!(disk.inodes(), wanted);
}

#[test]
fn nothing_is_synced_of_a_job_without_a_use_for_its_checkpoint() {
    let (study, disk) = recorded();
    study.begin(0, 1);
    study.leave("epoch 1");
    let failed = Outcome::Failed { failure: Failure::Exit(1) };
    study.checkpoints.job_ended(&launch(0, 1), &failed).unwrap();
    assert!(disk.inodes().is_empty());

    let disk = Arc::new(RecordingDisk::default());
    let study = Study::on(PromotedStart::FromScratch, disk.clone());
    study.begin(0, 1);
    study.checkpoints.job_ended(&launch(0, 1), &SUCCEEDED).unwrap();
    study.begin(1, 1);
    assert!(disk.inodes().is_empty());
}

#[test]
fn many_files_are_synced_at_once() {
    let (study, disk) = recorded();
    study.begin(0, 1);
    for file in 0..1000 {
        fs::write(study.checkpoint().join(file.to_string()), "x").unwrap();
    }
    study.checkpoints.job_ended(&launch(0, 1), &SUCCEEDED).unwrap();
    assert_eq!(disk.file_systems.load(Ordering::Relaxed), 1);
    assert!(disk.inodes().len() < 100);
}

#[test]
fn nothing_is_removed_before_the_journal_is_synced() {
    let study = Study::new(PromotedStart::FromCheckpoint);
    study.begin(0, 1);
    study.leave("epoch 1");
    let (queue, due) = RemovalQueue::new();
    let synced = AtomicBool::new(false);
    queue.push(Removal::Checkpoint(TRIAL));
    drop(queue);
    let sync = || {
        assert!(study.model().exists());
        synced.store(true, Ordering::Relaxed);
        Ok::<_, ()>(())
    };
    remove_after_sync(&study.checkpoints, &due, sync, |_| {});
    assert!(synced.load(Ordering::Relaxed) && !study.checkpoint().exists());
}

#[test]
fn nothing_is_removed_if_the_journal_cannot_be_synced() {
    let study = Study::new(PromotedStart::FromCheckpoint);
    study.begin(0, 1);
    study.leave("epoch 1");
    let (queue, due) = RemovalQueue::new();
    queue.push(Removal::Checkpoint(TRIAL));
    drop(queue);
    remove_after_sync(&study.checkpoints, &due, || Err(()), |_| {});
    assert!(study.model().exists());
}
