//! What a host runs: a shell that starts a job in a session of its own and ends it when its stdin ends.
//!
//! The login shell of a host may be any shell, so that its command line is only [`BOOTSTRAP`], without a character that csh or fish
//! treat differently between single quotes. Everything else comes as one line on stdin: no other user can read the job's environment
//! there, `AcceptEnv` of sshd does not matter, and there is no limit of its length. After the line, stdin carries signals.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::launch::client::ShellReport;
use crate::launch::orphans::mark::{JOB_VARIABLE, Mark, SESSION_VARIABLE};

/// The command line of the login shell.
pub const BOOTSTRAP: &str = "exec sh -c 'IFS= read -r s && eval \"$s\"'";
/// Exit code if the working directory cannot be entered.
pub const NO_DIRECTORY_CODE: i32 = 211;
/// How the last line on stderr begins if a signal ended the job; its number follows.
pub const ENDED_BY_SIGNAL: &str = "hypertune: ended by signal ";
/// The last line on stderr of a job that exited with 255, which is also the exit code of ssh for its own errors.
pub const EXITED_WITH_255: &str = "hypertune: exited with 255";
/// A variable with the host's name, until the job starts.
const NODE_VARIABLE: &str = "HYPERTUNE_NODE";

/// The shell that becomes the job.
const SHELL: ShellReport = ShellReport {
    node: "$HYPERTUNE_NODE",
    scheduler_id: "$$",
    no_directory_code: NO_DIRECTORY_CODE,
    unset: NODE_VARIABLE,
};

/// The leader of the job's session, which says so on descriptor 6 before it becomes [`SHELL`].
const LEADER: &str = "echo \"pid $$\" >&6; exec \"$@\" >&4 2>&5 3<&- 4>&- 5>&- 6>&-";
/// Waits for the leader. Shells print a message about a child that was ended by a signal, which nothing else tells from an exit code
/// above 128; this shell's stderr has nothing else.
const WAITER: &str = "( exec \"$@\" 2>&5 ); echo \"end $?\" >&6";
/// Takes signals from stdin. At its end, the job gets SIGTERM and after two seconds SIGKILL.
const READER: &str = "while IFS= read -r l; do case $l in INT|TERM|KILL) kill -s \"$l\" -- \"-$J\";; esac; done; \
    kill -s TERM -- \"-$J\"; sleep 2; kill -s KILL -- \"-$J\"";

/// A job for a host.
#[derive(Clone, Copy, Debug)]
pub struct RemoteJob<'a> {
    /// The host's name in messages.
    pub host: &'a str,
    pub argv: &'a [String],
    pub directory: &'a Path,
    /// Set for the job, besides what the host sets.
    pub env: &'a [(String, OsString)],
    /// Names of variables that the job does not get from the host.
    pub unset: &'a [String],
    /// The value of `HYPERTUNE_JOB`.
    pub mark: &'a str,
}

impl RemoteJob<'_> {
    /// The line for a shell on the host, which exits as the job does.
    pub fn line(&self) -> Vec<u8> {
        let mut line = Vec::new();
        let mut add = |text: &[u8]| line.extend_from_slice(text);
        add(b"N=$(printf '\\nx'); N=${N%x}; exec 3<&0 4>&1 5>&2 </dev/null; { exec 6>&1; m=$( { ");
        for name in self.unset.iter().filter(|name| is_name(name)) {
            add(format!("unset {name}; ").as_bytes());
        }
        let node = (NODE_VARIABLE.to_owned(), OsString::from(self.host));
        for (name, value) in self.env.iter().chain([&node]).filter(|(name, _)| is_name(name)) {
            add(format!("export {name}=").as_bytes());
            add(&quoted(value.as_bytes()));
            add(b"; ");
        }
        add(b"exec sh -c ");
        add(&quoted(WAITER.as_bytes()));
        add(b" sh setsid sh -c ");
        add(&quoted(LEADER.as_bytes()));
        add(b" sh");
        for arg in SHELL.shell(self.argv.to_vec(), self.directory) {
            add(b" ");
            add(&quoted(arg.as_bytes()));
        }
        add(b"; } 2>&1 ); if [ -n \"$m\" ]; then echo signal; else echo exit; fi >&6; } | ");
        add(format!(
            "{{ trap '' PIPE; R=; read -r k J; if [ \"$k\" = pid ]; then ( {READER} ) <&3 >/dev/null 2>&1 4>&- 5>&- & R=$!; \
             read -r k c; else c=$J; fi; read -r how; case $k in end) ;; *) c=255; how=lost;; esac; \
             {{ if [ -n \"$R\" ]; then kill -s KILL \"$R\"; kill -s KILL -- \"-$J\"; fi; {}; }} >/dev/null 2>&1; \
             if [ \"$how\" = signal ]; then echo \"{ENDED_BY_SIGNAL}$((c - 128))\" >&5; \
             elif [ \"$c$how\" = 255exit ]; then echo \"{EXITED_WITH_255}\" >&5; fi; exit \"$c\"; }}\n",
            kill_marked(&[Mark::Job(self.mark.to_owned())])
        ).as_bytes());
        line
    }
}

/// The command line, for any login shell, that kills all processes with one of `marks` and prints their number.
pub fn end_marked(marks: &[Mark]) -> String {
    format!("exec sh -c 'n=0; {}; echo \"$n\"'", kill_marked(marks))
}

/// Shell commands that kill all processes with one of `marks`, and count them in `n`. They contain no single quotes.
fn kill_marked(marks: &[Mark]) -> String {
    let entries: Vec<String> = marks
        .iter()
        .filter_map(|mark| match mark {
            Mark::Session(session) => Some(format!("{SESSION_VARIABLE}={session}")),
            Mark::Job(job) => Some(format!("{JOB_VARIABLE}={job}")),
            Mark::Unrecorded { .. } => None,
        })
        .collect();
    format!(
        "for p in $(grep -lzsE \"^({})(/|$)\" /proc/[0-9]*/environ); do p=${{p%/environ}}; \
         kill -s KILL \"${{p#/proc/}}\" && n=$((n + 1)); done",
        entries.join("|")
    )
}

/// `text` for a POSIX shell, on one line. `$N` is a newline.
fn quoted(text: &[u8]) -> Vec<u8> {
    let mut quoted = vec![b'\''];
    for byte in text {
        match byte {
            b'\'' => quoted.extend_from_slice(b"'\\''"),
            b'\n' => quoted.extend_from_slice(b"'\"$N\"'"),
            byte => quoted.push(*byte),
        }
    }
    quoted.push(b'\'');
    quoted
}

/// Whether a shell can set a variable with this name.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests;
