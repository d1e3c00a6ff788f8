//! The log of one stream of a job: a file created at the first byte, limited in size.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Maximum size in bytes of the log of one stream of one job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LogLimit(pub u64);

impl Default for LogLimit {
    fn default() -> Self {
        LogLimit(100_000_000)
    }
}

/// Creates a new, empty file.
pub type CreateFile<'a> = &'a dyn Fn(&Path, &OpenOptions) -> io::Result<File>;

/// The log of one stream while its job runs. The first half of the limit is written to the file directly; later bytes go to a ring
/// buffer in a second file, as large as the other half, which is appended when the job ends.
pub struct LogFile<'a> {
    path: PathBuf,
    create: CreateFile<'a>,
    limit: u64,
    head: Option<File>,
    head_length: u64,
    ring: Option<File>,
    ring_total: u64,
}

impl<'a> LogFile<'a> {
    /// A log at `path`. Does not create the file.
    pub fn new(path: PathBuf, limit: LogLimit, create: CreateFile<'a>) -> LogFile<'a> {
        LogFile { path, create, limit: limit.0, head: None, head_length: 0, ring: None, ring_total: 0 }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let room = self.limit.div_ceil(2).saturating_sub(self.head_length);
        let (first, rest) = bytes.split_at(usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len()));
        if self.head.is_none() {
            self.head = Some((self.create)(&self.path, File::options().read(true).write(true))?);
        }
        if let Some(head) = self.head.as_mut().filter(|_| !first.is_empty()) {
            head.write_all(first)?;
            self.head_length += first.len() as u64;
        }
        self.write_ring(rest)
    }

    /// Appends the ring, after a line with the number of bytes that are missing between.
    pub fn finish(mut self) -> io::Result<()> {
        let Some(mut head) = self.head.take() else { return Ok(()) };
        let dropped = self.ring_total.saturating_sub(self.ring_size());
        if dropped > 0 {
            write!(head, "\n[hypertune cut {dropped} bytes here: --log-limit {}]\n", self.limit)?;
        }
        let Some(ring) = self.ring.take() else { return self.replace_removed(head) };
        self.append_ring(ring, &mut head, dropped)?;
        match fs::remove_file(self.ring_path()) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        self.replace_removed(head)
    }

    fn append_ring(&self, mut ring: File, head: &mut File, dropped: u64) -> io::Result<()> {
        let newest_end = if dropped > 0 { self.ring_total % self.ring_size() } else { self.ring_total };
        if dropped > 0 {
            ring.seek(SeekFrom::Start(newest_end))?;
            io::copy(&mut ring, head)?;
        }
        ring.rewind()?;
        io::copy(&mut ring.take(newest_end), head).map(drop)
    }

    /// Writes the log again if the job has removed its file.
    fn replace_removed(&self, mut written: File) -> io::Result<()> {
        if written.metadata()?.nlink() > 0 {
            return Ok(());
        }
        written.rewind()?;
        let mut copy = (self.create)(&self.path, File::options().write(true))?;
        io::copy(&mut written, &mut copy).map(drop)
    }

    fn write_ring(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        let size = self.ring_size();
        if size == 0 {
            self.ring_total += bytes.len() as u64;
            return Ok(());
        }
        while !bytes.is_empty() {
            if self.ring.is_none() {
                self.ring = Some((self.create)(&self.ring_path(), File::options().read(true).write(true))?);
            }
            let at = self.ring_total % size;
            let room = usize::try_from(size - at).unwrap_or(usize::MAX).min(bytes.len());
            let (now, later) = bytes.split_at(room);
            if let Some(ring) = &mut self.ring {
                if at == 0 {
                    ring.rewind()?;
                }
                ring.write_all(now)?;
            }
            self.ring_total += now.len() as u64;
            bytes = later;
        }
        Ok(())
    }

    fn ring_size(&self) -> u64 {
        self.limit / 2
    }

    fn ring_path(&self) -> PathBuf {
        self.path.with_extension("log.last")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::folder::files;

    fn logged(limit: u64, chunks: &[&str]) -> Option<String> {
        let dir = tempfile::tempdir().unwrap();
        let mut log = LogFile::new(dir.path().join("rung-0.stdout.log"), LogLimit(limit), &files::create);
        chunks.iter().for_each(|chunk| log.write(chunk.as_bytes()).unwrap());
        log.finish().unwrap();
        let files = fs::read_dir(dir.path()).unwrap().count();
        let text = fs::read_to_string(dir.path().join("rung-0.stdout.log")).ok();
        assert_eq!(files, usize::from(text.is_some()), "only the log may remain");
        text
    }

    #[test]
    fn a_removed_log_is_written_again() {
        for limit in [100, 6] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("rung-0.stdout.log");
            let mut log = LogFile::new(path.clone(), LogLimit(limit), &files::create);
            log.write(b"before ").unwrap();
            fs::remove_dir_all(dir.path()).unwrap();
            fs::create_dir(dir.path()).unwrap();
            log.write(b"after").unwrap();
            log.finish().unwrap();
            let text = fs::read_to_string(path).unwrap();
            assert!(text.starts_with("bef") && text.ends_with("ter"), "{text}");
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn an_empty_stream_has_no_file() {
        assert_eq!(logged(10, &[""]), None);
    }

    #[test]
    fn a_log_up_to_the_limit_is_complete() {
        assert_eq!(logged(10, &["0123", "456789"]).unwrap(), "0123456789");
        assert_eq!(logged(11, &["0123456789a"]).unwrap(), "0123456789a");
    }

    #[test]
    fn a_limit_of_zero_keeps_the_number_of_bytes_only() {
        assert_eq!(logged(0, &["0123", "4"]).unwrap(), "\n[hypertune cut 5 bytes here: --log-limit 0]\n");
    }

    #[test]
    fn a_log_beyond_the_limit_has_its_first_and_last_part() {
        let cut = "01234\n[hypertune cut 16 bytes here: --log-limit 10]\nvwxyz";
        assert_eq!(logged(10, &["0123456789abcdef", "ghijk", "vwxyz"]).unwrap(), cut);
        let whole = "0123456789abcdefghijkvwxyz";
        let bytes: Vec<&str> = (0..whole.len()).map(|i| &whole[i..=i]).collect();
        assert_eq!(logged(10, &bytes).unwrap(), cut);
        assert_eq!(logged(10, &[whole]).unwrap(), cut);
    }
}
