//! A shell that cancels the allocations of a session when the driver ends, however: it waits for the end of its stdin, a pipe that only
//! the driver holds.

use std::env;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use crate::launch::process::syscalls::without_ctrl_z;

/// `$0` is the name of the allocations. It is repeated because an `sbatch` that the driver started may outlive it, and for about
/// ten minutes while the controller does not answer.
const SCRIPT: &str = "trap '' HUP INT TERM; cat >/dev/null; n=0; ok=0; \
     while [ $ok -lt 2 ] && [ $n -lt 120 ]; do scancel --quiet --name=\"$0\" && ok=$((ok + 1)); n=$((n + 1)); sleep 4; done";

/// The shell.
#[derive(Debug)]
pub struct Watcher(Child);

impl Watcher {
    /// Starts it for the allocations with the name `name`.
    pub fn start(name: &str) -> io::Result<Watcher> {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, name]).current_dir("/").process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // Without marks, so that it is not mistaken for a process of a job.
        for (name, _) in env::vars_os().filter(|(name, _)| name.as_bytes().starts_with(b"HYPERTUNE_")) {
            command.env_remove(name);
        }
        without_ctrl_z(|| command.spawn()).map(Watcher)
    }

    /// Ends it; the allocations have been cancelled.
    pub fn dismiss(mut self) {
        // One that cannot be killed cancels nothing that is left.
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}
