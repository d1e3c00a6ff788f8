//! Which machines use the file system of a file, and whether flock(2) excludes all of them.

use std::fs;
use std::path::Path;

/// File systems of one machine; all others may be shared.
const LOCAL: [&str; 14] = [
    "ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "bcachefs", "jfs", "reiserfs", "tmpfs", "overlay", "vfat",
    "exfat",
];

/// Which processes can use a file system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileSystemScope {
    /// Those of this machine.
    Machine,
    /// Those of other machines too, which its locks exclude.
    SharedWithLocks,
    /// Perhaps those of other machines too, which its locks may not exclude.
    Shared,
}

impl FileSystemScope {
    /// That of the file system of `path`, an existing file; [`FileSystemScope::Shared`] if it is not known.
    pub fn of(path: &Path) -> FileSystemScope {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let scope = path.canonicalize().ok().and_then(|path| Some(Mount::of(&path, &mounts)?.scope()));
        scope.unwrap_or(FileSystemScope::Shared)
    }
}

/// A line of `/proc/self/mountinfo` (proc_pid_mountinfo(5)).
#[derive(Debug)]
struct Mount<'a> {
    file_system: &'a str,
    /// Separated by commas.
    super_options: &'a str,
}

impl Mount<'_> {
    /// The mount of `path` in `mounts`, lines of `/proc/self/mountinfo`.
    fn of<'a>(path: &Path, mounts: &'a str) -> Option<Mount<'a>> {
        let entries = mounts.lines().filter_map(|line| {
            let point = unescaped(line.split(' ').nth(4)?);
            let mut fields = line.split_once(" - ")?.1.split(' ');
            Some((point, Mount { file_system: fields.next()?, super_options: fields.nth(1).unwrap_or_default() }))
        });
        // Of several file systems at one point the last one is seen.
        let on_path = entries.filter(|(point, _)| path.starts_with(point));
        on_path.max_by_key(|(point, _)| point.len()).map(|(_, mount)| mount)
    }

    /// NFS emulates flock(2) with byte-range locks of its server (flock(2)) unless `local_lock` says otherwise (nfs(5); `nolock` is shown
    /// as `local_lock=all`). Lustre's `flock` is coherent across all clients (mount.lustre(8)).
    fn scope(&self) -> FileSystemScope {
        let has = |option: &str| self.super_options.split(',').any(|found| found == option);
        match self.file_system {
            name if LOCAL.contains(&name) => FileSystemScope::Machine,
            "nfs" | "nfs4" if has("local_lock=none") && !has("nolock") => FileSystemScope::SharedWithLocks,
            "lustre" if has("flock") => FileSystemScope::SharedWithLocks,
            _ => FileSystemScope::Shared,
        }
    }
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

    const MOUNTS: &str = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
        40 22 0:41 / /home rw,noatime shared:20 - nfs4 server:/home rw,vers=4.2,local_lock=none\n\
        41 40 0:42 / /home/with\\040blank rw - tmpfs tmpfs rw\n\
        42 22 0:43 / /data rw - ext4 /dev/sdb rw\n43 22 0:44 / /data rw - lustre 10.0.0.1@tcp:/data rw,localflock\n\
        44 22 0:45 / /old rw - nfs server:/old rw,vers=3,local_lock=flock\n\
        45 22 0:46 / /older rw - nfs server:/older rw,vers=3,nolock,local_lock=all\n\
        46 22 0:47 / /lustre rw - lustre 10.0.0.1@tcp:/data rw,checksum,flock,user_xattr\n";

    #[test]
    fn only_file_systems_of_one_machine_are_local() {
        let kind = |path: &str| Mount::of(Path::new(path), MOUNTS).map(|mount| mount.file_system);
        assert_eq!(kind("/tmp/s/lock"), Some("ext4"));
        assert_eq!(kind("/home/user/s/lock"), Some("nfs4"));
        assert_eq!(kind("/home/with blank/lock"), Some("tmpfs"));
        assert_eq!(kind("/data/s/lock"), Some("lustre"));
        assert_eq!(kind("/homes"), Some("ext4"));
        let unknown = FileSystemScope::of(Path::new("/proc/self/stat"));
        assert_eq!(unknown, FileSystemScope::Shared, "a type that is not known");
    }

    #[test]
    fn locks_exclude_other_machines_only_where_they_are_known_to() {
        let scope = |path: &str| Mount::of(Path::new(path), MOUNTS).unwrap().scope();
        assert_eq!(scope("/tmp/lock"), FileSystemScope::Machine);
        for path in ["/home/lock", "/lustre/lock"] {
            assert_eq!(scope(path), FileSystemScope::SharedWithLocks, "{path}");
        }
        for path in ["/data/lock", "/old/lock", "/older/lock"] {
            assert_eq!(scope(path), FileSystemScope::Shared, "{path}");
        }
    }
}
