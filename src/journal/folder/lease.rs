//! Who drives a study: process, host and a number that the driver renews, in the lock file.
//!
//! ```text
//! 4711
//! node7 0000000042
//! ```
//!
//! A driver that ends removes the second line. On a file system of this machine the lock alone decides. On any other one it may exclude
//! only the processes of one machine, or be refused: NFS mounted with `nolock` or `local_lock=flock`, Lustre mounted with `localflock`
//! or without `flock`. There a lease of another host counts until it has not been renewed for [`Terms::stale_after`]. Only changes that
//! this process has seen count for that, because the clocks of two machines may differ.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use super::files;

/// Longest lock file.
const MAX_LENGTH: u64 = 512;
/// Age of a lease, by the clocks of two machines, up to which it counts for those who only read a study.
const SHOWN_FOR: Duration = Duration::from_secs(90);

/// File systems of one machine; all others may be shared.
const LOCAL: [&str; 14] = [
    "ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "bcachefs", "jfs", "reiserfs", "tmpfs", "overlay", "vfat",
    "exfat",
];

/// A driver that holds a study.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeaseHolder {
    pub pid: u32,
    /// `None` if it has ended or is of an earlier version, which names no host.
    pub host: Option<String>,
}

impl fmt::Display for LeaseHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Some(host) => write!(f, "process {} on {host}", self.pid),
            None => write!(f, "process {}", self.pid),
        }
    }
}

/// The content of a lock file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeaseRecord {
    pub holder: LeaseHolder,
    renewals: u64,
}

/// Which processes can use a file system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// Those of this machine.
    Machine,
    /// Perhaps those of others too.
    Shared,
}

/// How leases are renewed and judged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Terms {
    /// The name of this machine.
    pub host: String,
    pub reach: Reach,
    pub renew_every: Duration,
    /// A lease that does not change for so long is stale.
    pub stale_after: Duration,
    /// How long a stale lease whose lock is still held is waited for: NFS servers keep the locks of a client that fails for a while.
    pub locked_for: Duration,
}

impl Terms {
    /// Those of the file `path`, which exists.
    pub fn of(path: &Path) -> Terms {
        Terms {
            host: host_name(),
            reach: reach(path),
            renew_every: Duration::from_secs(5),
            stale_after: Duration::from_secs(30),
            locked_for: Duration::from_secs(120),
        }
    }
}

impl LeaseRecord {
    /// Reads the lock file `path`, opened anew so that a network file system shows what another machine has written; `None` if it has no
    /// process id.
    pub fn read(path: &Path) -> io::Result<Option<LeaseRecord>> {
        let mut text = Vec::new();
        files::open_to_read(path)?.take(MAX_LENGTH).read_to_end(&mut text)?;
        Ok(LeaseRecord::parse(&text))
    }

    /// Parses the content of a lock file.
    pub fn parse(text: &[u8]) -> Option<LeaseRecord> {
        let text = std::str::from_utf8(text).ok()?;
        let mut lines = text.lines();
        let pid = lines.next()?.trim().parse().ok()?;
        let renewed = lines.next().and_then(|line| line.rsplit_once(' ')).filter(|(host, _)| is_host_name(host));
        let (host, renewals) = match renewed {
            Some((host, renewals)) => (Some(host.to_owned()), renewals.parse().unwrap_or(0)),
            None => (None, 0),
        };
        Some(LeaseRecord { holder: LeaseHolder { pid, host }, renewals })
    }

    fn text(&self) -> String {
        match &self.holder.host {
            // One length for all renewals, so that one write replaces the last one.
            Some(host) => format!("{}\n{host} {:010}\n", self.holder.pid, self.renewals),
            None => format!("{}\n", self.holder.pid),
        }
    }
}

/// A lease of this process, renewed until it is dropped.
#[derive(Debug)]
pub struct Lease {
    file: File,
    record: LeaseRecord,
    renewal: Option<Renewal>,
}

#[derive(Debug)]
struct Renewal {
    stop: Arc<(Mutex<bool>, Condvar)>,
    thread: JoinHandle<()>,
}

impl Lease {
    /// Writes a lease of this process into `file`, the lock file, and starts to renew it if others may need that.
    pub fn write(file: File, terms: &Terms) -> io::Result<Lease> {
        let holder = LeaseHolder { pid: std::process::id(), host: Some(terms.host.clone()) };
        let record = LeaseRecord { holder, renewals: 0 };
        replace(&file, &record)?;
        let renewal = match terms.reach {
            Reach::Machine => None,
            Reach::Shared => Some(Renewal::start(file.try_clone()?, record.clone(), terms.renew_every)?),
        };
        Ok(Lease { file, record, renewal })
    }

    /// Whether the file `path` names this process.
    pub fn is_in(&self, path: &Path) -> bool {
        matches!(LeaseRecord::read(path), Ok(Some(found)) if found.holder == self.record.holder)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(Renewal { stop, thread }) = self.renewal.take() {
            *stop.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
            stop.1.notify_all();
            // It only writes to a file.
            let _ = thread.join();
        }
        if is_own(&self.file, &self.record) {
            let holder = LeaseHolder { host: None, ..self.record.holder.clone() };
            // A lease that cannot be removed becomes stale.
            let _ = replace(&self.file, &LeaseRecord { holder, renewals: 0 });
        }
    }
}

impl Renewal {
    fn start(file: File, mut record: LeaseRecord, every: Duration) -> io::Result<Renewal> {
        let stop: Arc<(Mutex<bool>, Condvar)> = Arc::default();
        let shared = stop.clone();
        let renew = move || {
            let (stopped, wake) = &*shared;
            loop {
                let guard = stopped.lock().unwrap_or_else(PoisonError::into_inner);
                let waited = wake.wait_timeout_while(guard, every, |stopped| !*stopped);
                if *waited.unwrap_or_else(PoisonError::into_inner).0 {
                    return;
                }
                // Another driver has taken over a lease that this one could not renew; the journal shows both that they are two.
                if !is_own(&file, &record) {
                    return;
                }
                record.renewals += 1;
                // A file system that does not answer for a while is tried again.
                let _ = file.write_all_at(record.text().as_bytes(), 0);
            }
        };
        let thread = thread::Builder::new().name("lease".to_owned()).spawn(renew)?;
        Ok(Renewal { stop, thread })
    }
}

/// Whether `file` names the holder of `record`.
fn is_own(file: &File, record: &LeaseRecord) -> bool {
    let mut text = [0; MAX_LENGTH as usize];
    let found = file.read_at(&mut text, 0).ok().and_then(|length| LeaseRecord::parse(&text[..length]));
    found.is_some_and(|found| found.holder == record.holder)
}

fn replace(file: &File, record: &LeaseRecord) -> io::Result<()> {
    file.set_len(0)?;
    // One write, because an incomplete process id is not recognized as a driver's.
    file.write_all_at(record.text().as_bytes(), 0)
}

/// Whether the lock file `path` has a lease of another machine that was renewed in the last minute or so.
pub fn has_recent_foreign(path: &Path) -> bool {
    holder_host(path).is_some_and(|host| host != host_name()) && reach(path) == Reach::Shared && is_recent(path)
}

/// Whether the lock file `path` has a lease that was renewed in the last minute or so.
pub fn has_recent(path: &Path) -> bool {
    holder_host(path).is_some() && is_recent(path)
}

fn holder_host(path: &Path) -> Option<String> {
    LeaseRecord::read(path).ok().flatten()?.holder.host
}

fn is_recent(path: &Path) -> bool {
    let modified = fs::metadata(path).and_then(|found| found.modified());
    // A time in the future is that of another clock.
    modified.is_ok_and(|time| SystemTime::now().duration_since(time).map_or(true, |age| age < SHOWN_FOR))
}

fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if is_host_name(name) { name.to_owned() } else { "localhost".to_owned() }
}

/// Whether `text` can be the name of a host: letters, digits, dots, hyphens and underscores.
pub fn is_host_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 255 && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

/// The reach of the file system of `path`, an existing file; [`Reach::Shared`] if it is not known.
fn reach(path: &Path) -> Reach {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let kind = path.canonicalize().ok().and_then(|path| file_system(&path, &mounts).map(str::to_owned));
    match kind {
        Some(kind) if LOCAL.contains(&kind.as_str()) => Reach::Machine,
        _ => Reach::Shared,
    }
}

/// The type of the file system of `path` in `mounts`, lines of `/proc/self/mountinfo` (proc_pid_mountinfo(5)).
fn file_system<'a>(path: &Path, mounts: &'a str) -> Option<&'a str> {
    let entries = mounts.lines().filter_map(|line| {
        let point = unescaped(line.split(' ').nth(4)?);
        let kind = line.split_once(" - ")?.1.split(' ').next()?;
        Some((point, kind))
    });
    // Of several file systems at one point the last one is seen.
    let on_path = entries.filter(|(point, _)| path.starts_with(point));
    on_path.max_by_key(|(point, _)| point.len()).map(|(_, kind)| kind)
}

/// A path without the escapes `\ooo` of blanks, tabs, line ends and backslashes.
fn unescaped(point: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(point.to_owned(), |point, (escape, character)| point.replace(escape, character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_file_names_process_and_host() {
        let parse = |text: &str| LeaseRecord::parse(text.as_bytes());
        let record = parse("12\nnode7.site 0000000042\n").unwrap();
        assert_eq!(record.holder, LeaseHolder { pid: 12, host: Some("node7.site".into()) });
        assert_eq!((record.renewals, record.text().as_str()), (42, "12\nnode7.site 0000000042\n"));
        for text in ["12\n", "12", "12\nrubbish", "12\nno host 1\n"] {
            assert_eq!(parse(text).unwrap().holder, LeaseHolder { pid: 12, host: None }, "{text:?}");
        }
        assert_eq!(["", "x\n", "-1\n"].map(parse), [const { None }; 3]);
    }

    #[test]
    fn only_file_systems_of_one_machine_are_local() {
        let mounts = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
            40 22 0:41 / /home rw,noatime shared:20 - nfs4 server:/home rw,vers=4.2,local_lock=none\n\
            41 40 0:42 / /home/with\\040blank rw - tmpfs tmpfs rw\n\
            42 22 0:43 / /data rw - ext4 /dev/sdb rw\n43 22 0:44 / /data rw - lustre 10.0.0.1@tcp:/data rw,localflock\n";
        let kind = |path: &str| file_system(Path::new(path), mounts);
        assert_eq!(kind("/tmp/s/lock"), Some("ext4"));
        assert_eq!(kind("/home/user/s/lock"), Some("nfs4"));
        assert_eq!(kind("/home/with blank/lock"), Some("tmpfs"));
        assert_eq!(kind("/data/s/lock"), Some("lustre"));
        assert_eq!(kind("/homes"), Some("ext4"));
        assert_eq!(reach(Path::new("/proc/self/stat")), Reach::Shared, "a type that is not known");
    }
}
