//! One driver per study: an exclusive lock that the kernel frees when its holder dies, however it dies.
//!
//! Readers (`trials`, `best`, `export`) only ask whether it is held, which takes it for some microseconds; a driver that comes just
//! then tries again.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::thread::sleep;
use std::time::Duration;

use super::fault::JournalFault;
use super::layout::StudyFolder;

/// How often a driver tries to take the lock before it believes that another one has it, and the pause between.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(10);

/// The right to drive a study, given back when dropped. The file stays and tells who held it last.
#[derive(Debug)]
pub struct StudyLock {
    _file: File,
}

/// Takes the study, or says who holds it. The folder must exist. A lock file left by a dead process is no obstacle.
pub fn acquire(folder: &StudyFolder) -> Result<StudyLock, JournalFault> {
    let path = folder.lock();
    let fault = |source| JournalFault::Io { path: path.clone(), doing: "lock", source };
    let opened = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
    let mut file = opened.map_err(fault)?;
    let mut taken = file.try_lock();
    for _ in 1..TRIES {
        if !matches!(taken, Err(TryLockError::WouldBlock)) {
            break;
        }
        sleep(PAUSE);
        taken = file.try_lock();
    }
    match taken {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(JournalFault::Held { pid: holder(&mut file), path }),
        Err(TryLockError::Error(source)) => return Err(fault(source)),
    }
    let noted = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
    noted.map_err(fault)?;
    Ok(StudyLock { _file: file })
}

/// Whether somebody drives the study now, as far as this machine and its file systems can tell. Disturbs nobody.
pub fn is_held(folder: &StudyFolder) -> bool {
    match File::open(folder.lock()) {
        Ok(file) => !matches!(file.try_lock_shared(), Ok(())),
        // Whoever drives a study has made the file.
        Err(e) => e.kind() != io::ErrorKind::NotFound,
    }
}

/// The process id in a lock file; at most a few bytes of a foreign file are read.
fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_driver_is_refused_and_told_who_is_first() {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path());
        let first = acquire(&folder).unwrap();
        let refused = acquire(&folder).unwrap_err();
        assert!(matches!(refused, JournalFault::Held { pid: Some(pid), .. } if pid == std::process::id()), "{refused}");
        assert!(is_held(&folder));
        drop(first);
        acquire(&folder).unwrap();
        assert!(!is_held(&folder));
    }

    #[test]
    fn asking_whether_it_is_held_keeps_no_driver_out() {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path());
        assert!(!is_held(&folder), "without a lock file nobody drives");
        acquire(&folder).unwrap();
        std::thread::scope(|scope| {
            let asking = scope.spawn(|| {
                for _ in 0..1_000 {
                    is_held(&folder);
                    sleep(Duration::from_micros(100));
                }
            });
            while !asking.is_finished() {
                acquire(&folder).unwrap();
            }
        });
    }

    #[test]
    fn a_dead_process_s_lock_is_taken_over() {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path());
        std::fs::write(folder.lock(), "999999999\nrubbish").unwrap();
        let _lock = acquire(&folder).unwrap();
        assert_eq!(std::fs::read_to_string(folder.lock()).unwrap(), format!("{}\n", std::process::id()));
    }
}
