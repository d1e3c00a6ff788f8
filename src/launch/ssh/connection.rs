//! The process of a shared connection, and the folder of its socket.

use std::env;
use std::fs::{DirBuilder, File};
use std::io::{self, Read, Seek};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::process::{self, Child};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::launch::process::syscalls::{Pid, Signal, signal_process};

/// How long a connection may take to close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(20);
/// Longest path of a folder for sockets. The path of a socket has at most 107 bytes (unix(7)), and ssh adds a suffix of 17 to it.
const MAX_BASE: usize = 40;

/// Makes a folder for sockets that only this user can enter. It must not exist, because another user may own an existing one.
pub fn make_folder() -> io::Result<PathBuf> {
    let base = env::var_os("XDG_RUNTIME_DIR").filter(|path| path.len() <= MAX_BASE).map(PathBuf::from);
    let base = base.filter(|path| path.is_dir()).unwrap_or_else(|| PathBuf::from("/tmp"));
    let now = jiff::Timestamp::now().as_nanosecond();
    let folder = base.join(format!("hypertune-{}-{now}", process::id()));
    DirBuilder::new().mode(0o700).create(&folder)?;
    Ok(folder)
}

/// Ends the process of a connection.
pub fn end(master: &mut Child) {
    let pid = i32::try_from(master.id()).ok().and_then(Pid::new);
    if matches!(master.try_wait(), Ok(None)) {
        pid.into_iter().for_each(|pid| signal_process(pid, Signal::Terminate));
    }
    let start = Instant::now();
    while matches!(master.try_wait(), Ok(None)) {
        if start.elapsed() >= CLOSE_TIMEOUT {
            // It cannot ignore this signal, and is reaped.
            let _ = master.kill();
            let _ = master.wait();
            return;
        }
        sleep(POLL);
    }
}

/// The last line that ssh printed.
pub fn last_line(stderr: &mut File) -> String {
    let mut text = String::new();
    let read = stderr.rewind().and_then(|()| stderr.read_to_string(&mut text));
    read.map_or_else(|error| error.to_string(), |_| last_of(&text))
}

/// The last line of `text`.
pub fn last_of(text: &str) -> String {
    let line = text.lines().rfind(|line| !line.trim().is_empty());
    line.map_or_else(|| "ssh failed and printed nothing".to_owned(), |line| line.trim().to_owned())
}
