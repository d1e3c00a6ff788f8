//! Studies on two hosts, which are two sshd on this machine that each test starts with keys of their own.
//!
//! Needs Debian's packages openssh-server and openssh-client. Without them the tests are skipped with a sentence, or fail if
//! `HYPERTUNE_SSH=required`.

mod arguments;
mod ends;
mod jobs;
mod losses;
mod servers;
