//! Copies the contents of a file with its holes, which take no space on the disk.

use std::fs::File;
use std::io::{self, Read};

use rustix::fs::{SeekFrom, Stat, fstat, seek};
use rustix::io::Errno;

/// Bytes copied between two checks of whether the job is being ended: one second at 8 MB/s.
const BLOCK: u64 = 8 << 20;
/// Bytes in a unit of `st_blocks`, stat(3type).
const BLOCK_UNIT: u64 = 512;

/// Copies the first `stat.st_size` bytes of `from` to the empty file `to`. Holes stay holes; blocks are shared if the file system can.
///
/// # Errors
/// Of reading and writing; [`copy_aborted`] if `is_ended` returns true between two blocks.
pub fn copy_contents(from: &File, to: &File, stat: &Stat, is_ended: &dyn Fn() -> bool) -> io::Result<()> {
    let length = stat.st_size.unsigned_abs();
    if stat.st_blocks.unsigned_abs().saturating_mul(BLOCK_UNIT) >= length {
        return copy_range(from, to, 0, length, is_ended);
    }
    let mut at = 0;
    while at < length {
        let (start, end) = match next_extent(from, at) {
            Ok(Some(range)) => range,
            Ok(None) => break,
            // The file system does not report holes.
            Err(Errno::INVAL | Errno::OPNOTSUPP) => (at, length),
            Err(e) => return Err(e.into()),
        };
        let end = end.min(length);
        if start < end {
            copy_range(from, to, start, end, is_ended)?;
        }
        at = end.max(start);
    }
    // The file may have been truncated during the copy.
    to.set_len(length.min(fstat(from)?.st_size.unsigned_abs()))
}

/// The error of a copy whose job is being ended.
pub fn copy_aborted() -> io::Error {
    io::Error::other("the job was ended while its checkpoint was copied")
}

/// Start and end of the first data at or after `at`; `None` if only a hole follows.
fn next_extent(file: &File, at: u64) -> rustix::io::Result<Option<(u64, u64)>> {
    let found = seek(file, SeekFrom::Data(at)).and_then(|start| Ok((start, seek(file, SeekFrom::Hole(start))?)));
    match found {
        // An empty range would loop forever.
        Ok((start, end)) => Ok(Some((start, end.max(start + 1)))),
        Err(Errno::NXIO) => Ok(None),
        Err(e) => Err(e),
    }
}

/// Copies the bytes from `start` to `end`, exclusive, or to the end of the file.
fn copy_range(from: &File, to: &File, start: u64, end: u64, is_ended: &dyn Fn() -> bool) -> io::Result<()> {
    seek(from, SeekFrom::Start(start))?;
    seek(to, SeekFrom::Start(start))?;
    let mut left = end - start;
    while left > 0 {
        if is_ended() {
            return Err(copy_aborted());
        }
        let (mut from, mut to) = (from, to);
        let copied = io::copy(&mut Read::take(&mut from, left.min(BLOCK)), &mut to)?;
        if copied == 0 {
            break;
        }
        left -= copied;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{FileExt, MetadataExt};
    use std::path::Path;
    use std::time::{Duration, Instant};

    use super::*;

    const GIB: u64 = 1 << 30;

    fn copy(from: &Path, to: &Path, is_ended: &dyn Fn() -> bool) -> io::Result<()> {
        let from = File::open(from)?;
        let stat = fstat(&from)?;
        copy_contents(&from, &File::create(to)?, &stat, is_ended)
    }

    #[test]
    fn holes_are_copied_as_holes() {
        let dir = tempfile::tempdir().unwrap();
        let (path, to) = (dir.path().join("from"), dir.path().join("to"));
        let from = File::create(&path).unwrap();
        from.set_len(10 * GIB).unwrap();
        from.write_all_at(b"weights", 3 * GIB + 5).unwrap();
        from.write_all_at(b"state", 9 * GIB).unwrap();
        let started = Instant::now();
        copy(&path, &to, &|| false).unwrap();
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        let (copied, of_it) = (File::open(&to).unwrap(), fs::metadata(&to).unwrap());
        let read = |at, length| {
            let mut buffer = vec![1; length];
            copied.read_exact_at(&mut buffer, at).unwrap();
            buffer
        };
        assert_eq!(of_it.len(), 10 * GIB);
        assert!(of_it.blocks() * BLOCK_UNIT < 4 << 20, "{} blocks", of_it.blocks());
        assert_eq!(read(3 * GIB + 5, 8), b"weights\0");
        assert_eq!(read(9 * GIB, 6), b"state\0");
        assert_eq!(read(10 * GIB - 4, 4), [0; 4]);
    }

    #[test]
    fn files_of_all_lengths_are_copied() {
        let dir = tempfile::tempdir().unwrap();
        let (path, to) = (dir.path().join("from"), dir.path().join("to"));
        for length in [0, 1, 4095, 4097, BLOCK + 3] {
            let bytes: Vec<u8> = (0..length).map(|i| (i % 251) as u8 + 1).collect();
            fs::write(&path, &bytes).unwrap();
            copy(&path, &to, &|| false).unwrap();
            assert!(fs::read(&to).unwrap() == bytes, "{length}");
        }
    }

    #[test]
    fn a_copy_stops_when_its_job_is_ended() {
        let dir = tempfile::tempdir().unwrap();
        let (path, to) = (dir.path().join("from"), dir.path().join("to"));
        fs::write(&path, vec![1; 3 * BLOCK as usize]).unwrap();
        let stopped = copy(&path, &to, &|| fs::metadata(&to).unwrap().len() >= BLOCK);
        assert_eq!(stopped.unwrap_err().to_string(), copy_aborted().to_string());
        assert_eq!(fs::metadata(&to).unwrap().len(), BLOCK);
    }
}
