//! A hypertune process that runs in the background.

use std::process::{Child, Command, Stdio};

use crate::output::RunOutput;
use crate::processes::{send_signal, try_send_signal};

const SIGKILL: i32 = 9;

/// A hypertune process that runs in the background.
pub struct Driver {
    child: Child,
    command: String,
}

impl Driver {
    /// Starts `command`. Its stdout is discarded.
    pub fn start(command: &mut Command) -> Driver {
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let child = command.spawn().unwrap_or_else(|e| panic!("cannot start {command:?}: {e}"));
        Driver { child, command: format!("{command:?}") }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends `signal`; the process must exist.
    pub fn signal(&self, signal: i32) {
        send_signal(self.pid(), signal);
    }

    /// Sends `signal` unless the process has exited.
    pub fn signal_if_running(&mut self, signal: i32) {
        if !self.has_exited() {
            try_send_signal(self.pid(), signal);
        }
    }

    /// The process that kills the jobs if the driver is killed.
    pub fn guard(&self) -> Option<u32> {
        let parent = self.pid().to_string();
        let found =
            Command::new("pgrep").args(["-P", &parent, "-f", "hypertune-guard"]).output().expect("pgrep starts");
        String::from_utf8(found.stdout).expect("numbers").trim().parse().ok()
    }

    /// Kills the driver, whose guard then kills the jobs, and waits for the driver to exit.
    pub fn kill(self) {
        self.signal(SIGKILL);
        self.wait();
    }

    /// Kills the guard and then the driver, so that the jobs keep running.
    pub fn kill_with_guard(self) {
        send_signal(self.guard().expect("a guard"), SIGKILL);
        self.kill();
    }

    /// Waits until the process exits.
    pub fn wait(self) -> RunOutput {
        RunOutput::new(self.command, self.child.wait_with_output().expect("the driver can be waited for"))
    }

    pub fn has_exited(&mut self) -> bool {
        self.child.try_wait().expect("the driver can be waited for").is_some()
    }
}
