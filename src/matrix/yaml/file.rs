//! Reads the files named on a command line, with bounds on size and time: they may be pipes, devices or very large.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use super::parse::MAX_BYTES;
use crate::launch::process::syscalls::wait_readable;

/// Longest wait for the next bytes of a pipe or device.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time to read all of a pipe or device.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(60);

/// Reads the file at `path`, up to one byte more than [`MAX_BYTES`]. Pipes (`<(…)` in a shell) and devices have timeouts, terminals
/// have none.
///
/// # Errors
/// Errors of the operating system, and [`io::ErrorKind::TimedOut`] for a pipe or device that is too slow.
pub fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    // without O_NONBLOCK, opening a pipe blocks until it has a writer
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
    let kind = file.metadata()?.file_type();
    let timeout = if kind.is_file() || kind.is_dir() || file.is_terminal() { None } else { Some(READ_TIMEOUT) };
    read(file, timeout, TOTAL_TIMEOUT)
}

/// `total_timeout` applies only if there is a `timeout`.
fn read(file: File, timeout: Option<Duration>, total_timeout: Duration) -> io::Result<Vec<u8>> {
    let start = Instant::now();
    let mut bytes = Vec::new();
    let mut source = (&file).take(MAX_BYTES as u64 + 1);
    loop {
        let wait_start = Instant::now();
        while !wait_readable([Some(file.as_fd())], timeout)?[0] {
            if timeout.is_some_and(|timeout| wait_start.elapsed() >= timeout) {
                let seconds = wait_start.elapsed().as_secs();
                return Err(timed_out(&format!("nothing was written to it for {seconds} s")));
            }
        }
        let mut chunk = [0; 16 << 10];
        match source.read(&mut chunk) {
            Ok(0) => return Ok(bytes),
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
            Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(e) => return Err(e),
        }
        if timeout.is_some() && start.elapsed() >= total_timeout {
            return Err(timed_out(&format!("it did not end within {} s", total_timeout.as_secs())));
        }
    }
}

fn timed_out(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, message.to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::fd::OwnedFd;
    use std::thread;

    use super::*;

    const SHORT: Duration = Duration::from_millis(100);

    #[test]
    fn endless_files_are_cut() {
        assert_eq!(read_file(Path::new("/dev/zero")).unwrap().len(), MAX_BYTES + 1);
        assert!(read_file(Path::new("/")).is_err());
        assert_eq!(read_file(Path::new("/dev/null")).unwrap(), b"");
    }

    #[test]
    fn a_pipe_is_read_to_its_end_or_times_out() {
        let (reader, mut writer) = io::pipe().unwrap();
        let slow = thread::spawn(move || {
            for part in ["kind: ", "random\n"] {
                writer.write_all(part.as_bytes()).unwrap();
                thread::sleep(Duration::from_millis(20));
            }
        });
        let file = File::from(OwnedFd::from(reader));
        assert_eq!(read(file, Some(READ_TIMEOUT), TOTAL_TIMEOUT).unwrap(), b"kind: random\n");
        slow.join().unwrap();

        let (reader, writer) = io::pipe().unwrap();
        let error = read(File::from(OwnedFd::from(reader)), Some(SHORT), TOTAL_TIMEOUT).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(writer);

        let (reader, mut writer) = io::pipe().unwrap();
        let endless = thread::spawn(move || {
            while writer.write_all(b"x").is_ok() {
                thread::sleep(SHORT / 10)
            }
        });
        let error = read(File::from(OwnedFd::from(reader)), Some(READ_TIMEOUT), SHORT).unwrap_err();
        assert_eq!(error.to_string(), "it did not end within 0 s");
        endless.join().unwrap();
    }
}
