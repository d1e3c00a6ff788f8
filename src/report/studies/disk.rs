//! Space that a folder takes on the disk.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Size of the blocks in which stat(2) counts, bytes.
const BLOCK: u64 = 512;
/// Most files and folders that are counted, so that a search ends.
const MAX_ENTRIES: u32 = 5_000_000;

/// Bytes of the blocks of `root` and all files and folders below. Links are counted, not followed; hard links count each time.
pub fn usage(root: &Path) -> u64 {
    let blocks = |path: &Path| fs::symlink_metadata(path).map_or(0, |found| found.blocks());
    let (mut total, mut entries) = (blocks(root), 0);
    let mut pending = vec![root.to_owned()];
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            entries += 1;
            if entries > MAX_ENTRIES {
                return total * BLOCK;
            }
            total += entry.metadata().map_or(0, |found| found.blocks());
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                pending.push(entry.path());
            }
        }
    }
    total * BLOCK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_below_are_counted_and_links_are_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("a")).unwrap();
        let empty = usage(&dir.path().join("a"));
        fs::write(dir.path().join("a/file"), vec![1; 100_000]).unwrap();
        fs::create_dir(dir.path().join("b")).unwrap();
        std::os::unix::fs::symlink(dir.path().join("a"), dir.path().join("b/link")).unwrap();
        assert!(usage(&dir.path().join("a")) >= empty + 100_000);
        assert!(usage(&dir.path().join("b")) < 100_000);
    }
}
