//! Who drives a study: process, host and a number that the driver renews, in the lock file.
//!
//! ```text
//! 4711
//! node7 0000000042 a2f9e615-0d25-4228-b0a9-69a99f6d8006
//! ```
//!
//! The last word identifies the machine's boot, because two machines may have the same name. A driver that ends removes the second line. On a file system of this machine the lock alone decides. On any other one it may exclude
//! only the processes of one machine, or be refused: NFS mounted with `nolock` or `local_lock=flock`, Lustre mounted with `localflock`
//! or without `flock`. There a lease of another host counts until it has not been renewed for [`LeaseTiming::stale_after`]. Only changes that
//! this process has seen count for that, because the clocks of two machines may differ.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use super::file_system::FileSystemScope;
use super::files;

/// Longest lock file.
const MAX_LENGTH: u64 = 512;
/// Age of a lease, by the clocks of two machines, up to which it counts for those who only read a study.
const SHOWN_FOR: Duration = Duration::from_secs(90);

/// A driver that holds a study.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeaseHolder {
    pub pid: u32,
    /// `None` if it has ended or is of an earlier version, which names no host.
    pub host: Option<String>,
    /// Of the machine's boot; `None` if it is not known.
    pub boot_id: Option<String>,
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

/// How leases are renewed and judged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeaseTiming {
    pub renew_every: Duration,
    /// A lease that does not change for so long is stale.
    pub stale_after: Duration,
    /// How long a stale lease whose lock is still held is waited for: NFS servers keep the locks of a client that fails for a while.
    pub locked_for: Duration,
    /// How long a driver waits whether another one has written the lock file at the same moment, where locks may not exclude it.
    pub confirm_after: Duration,
}

impl Default for LeaseTiming {
    fn default() -> LeaseTiming {
        LeaseTiming {
            renew_every: Duration::from_secs(5),
            stale_after: Duration::from_secs(30),
            locked_for: Duration::from_secs(120),
            // Longer than the three seconds for which NFS may show an old content (nfs(5), `acregmin`).
            confirm_after: Duration::from_secs(4),
        }
    }
}

/// A machine, as drivers on it name it in their leases.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Machine {
    pub host: String,
    /// See random(4), `/proc/sys/kernel/random/boot_id`.
    pub boot_id: Option<String>,
}

impl Machine {
    /// This machine.
    pub fn this() -> Machine {
        let read = |path| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        let name = read("/proc/sys/kernel/hostname");
        let host = if is_host_name(&name) { name } else { "localhost".to_owned() };
        Machine { host, boot_id: Some(read("/proc/sys/kernel/random/boot_id")).filter(|id| is_boot_id(id)) }
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
        let (host, renewals, boot_id) = match lines.next().and_then(parse_lease_line) {
            Some((machine, renewals)) => (Some(machine.host), renewals, machine.boot_id),
            None => (None, 0, None),
        };
        Some(LeaseRecord { holder: LeaseHolder { pid, host, boot_id }, renewals })
    }

    /// Whether its driver is on `machine`; `None` if it names no host.
    pub fn is_on(&self, machine: &Machine) -> Option<bool> {
        let host = self.holder.host.as_ref()?;
        Some(*host == machine.host && self.holder.boot_id == machine.boot_id)
    }

    fn text(&self) -> String {
        let LeaseHolder { pid, host, boot_id } = &self.holder;
        match (host, boot_id) {
            // One length for all renewals, so that one write replaces the last one.
            (Some(host), Some(boot_id)) => format!("{pid}\n{host} {:010} {boot_id}\n", self.renewals),
            (Some(host), None) => format!("{pid}\n{host} {:010}\n", self.renewals),
            (None, _) => format!("{pid}\n"),
        }
    }
}

/// Parses the second line of a lock file, without its line end: the machine and the number of renewals.
pub fn parse_lease_line(line: &str) -> Option<(Machine, u64)> {
    let mut words = line.split(' ');
    let (host, renewals, boot_id) = (words.next()?, words.next()?, words.next());
    let is_number = renewals.bytes().all(|byte| byte.is_ascii_digit());
    if words.next().is_some() || !is_host_name(host) || !is_number || boot_id.is_some_and(|id| !is_boot_id(id)) {
        return None;
    }
    Some((Machine { host: host.to_owned(), boot_id: boot_id.map(str::to_owned) }, renewals.parse().ok()?))
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
    pub fn write(file: File, machine: &Machine, scope: FileSystemScope, timing: &LeaseTiming) -> io::Result<Lease> {
        let Machine { host, boot_id } = machine.clone();
        let record =
            LeaseRecord { holder: LeaseHolder { pid: std::process::id(), host: Some(host), boot_id }, renewals: 0 };
        replace(&file, &record)?;
        let renewal = match scope {
            FileSystemScope::Machine => None,
            FileSystemScope::Shared | FileSystemScope::SharedWithLocks => {
                file.sync_data()?;
                Some(Renewal::start(file.try_clone()?, record.clone(), timing.renew_every)?)
            }
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
        if lease_state(&self.file, &self.record) == LeaseState::Own {
            let holder = LeaseHolder { host: None, boot_id: None, ..self.record.holder.clone() };
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
                if renew(&file, &mut record) == LeaseState::Foreign {
                    return;
                }
            }
        };
        let thread = thread::Builder::new().name("lease".to_owned()).spawn(renew)?;
        Ok(Renewal { stop, thread })
    }
}

/// What a lock file says about the lease of a driver.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum LeaseState {
    Own,
    /// It names another driver.
    Foreign,
    /// It names no driver: something else has truncated it.
    Missing,
    /// The file system does not answer, or with an error.
    Unreadable,
}

/// The state of the lease of `record` in `file`.
fn lease_state(file: &File, record: &LeaseRecord) -> LeaseState {
    let mut text = [0; MAX_LENGTH as usize];
    let Ok(length) = file.read_at(&mut text, 0) else { return LeaseState::Unreadable };
    match LeaseRecord::parse(&text[..length]) {
        Some(found) if found.holder == record.holder => LeaseState::Own,
        Some(_) => LeaseState::Foreign,
        None => LeaseState::Missing,
    }
}

/// Renews the lease of `record` unless `file` names another driver or cannot be read; returns the state before. A write that fails is
/// repeated by the next renewal.
fn renew(file: &File, record: &mut LeaseRecord) -> LeaseState {
    let state = lease_state(file, record);
    if matches!(state, LeaseState::Own | LeaseState::Missing) {
        record.renewals += 1;
        // NFS clients may keep what was written to themselves until then (nfs(5), "Data and metadata coherence").
        let _ = file.write_all_at(record.text().as_bytes(), 0).and_then(|()| file.sync_data());
    }
    state
}

/// Writes `record` before the file is truncated to its length, because a driver that reads an empty file would find no lease.
fn replace(file: &File, record: &LeaseRecord) -> io::Result<()> {
    let text = record.text();
    // One write, because an incomplete process id is not recognized as a driver's.
    if let Err(error) = file.write_all_at(text.as_bytes(), 0) {
        // A part of a lease is not recognized as a driver's either.
        let _ = file.set_len(0);
        return Err(error);
    }
    file.set_len(text.len() as u64)
}

/// Whether the lock file `path` has a lease of another machine that was renewed in the last minute or so.
pub fn has_recent_foreign(path: &Path) -> bool {
    let is_foreign = read_lease(path).and_then(|record| record.is_on(&Machine::this())) == Some(false);
    is_foreign && FileSystemScope::of(path) != FileSystemScope::Machine && is_recent(path)
}

/// Whether the lock file `path` has a lease that was renewed in the last minute or so.
pub fn has_recent(path: &Path) -> bool {
    read_lease(path).is_some_and(|record| record.holder.host.is_some()) && is_recent(path)
}

fn read_lease(path: &Path) -> Option<LeaseRecord> {
    LeaseRecord::read(path).ok().flatten()
}

fn is_recent(path: &Path) -> bool {
    let modified = fs::metadata(path).and_then(|found| found.modified());
    // A time in the future is that of another clock.
    modified.is_ok_and(|time| SystemTime::now().duration_since(time).map_or(true, |age| age < SHOWN_FOR))
}

/// Whether `text` can be the name of a host: letters, digits, dots, hyphens and underscores.
fn is_host_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 255 && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

/// Whether `text` has the form of a UUID.
fn is_boot_id(text: &str) -> bool {
    text.len() == 36 && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

#[cfg(test)]
mod tests;
