//! The argument lists of ssh.

use std::path::Path;

use super::options::SshOptions;

/// Options that a user's must not replace. ssh takes the first value of an option.
const FIXED: [&str; 3] = ["-oBatchMode=yes", "-oControlPersist=no", "-oForwardX11=no"];
/// Options that a user's may replace. A connection that is cut is noticed after a minute (`ServerAliveInterval` × `ServerAliveCountMax`).
const DEFAULTS: [&str; 3] = ["-oConnectTimeout=10", "-oServerAliveInterval=15", "-oServerAliveCountMax=3"];

/// Where a connection to a host is shared.
#[derive(Clone, Copy, Debug)]
pub enum ConnectionUse<'a> {
    /// This is the connection that others share at this socket.
    Master(&'a Path),
    /// Through the connection at this socket.
    Client(&'a Path),
    /// A connection of its own.
    None,
}

/// The arguments of ssh that precede the remote command line.
pub fn arguments(options: &SshOptions, host: &str, sharing: ConnectionUse<'_>) -> Vec<String> {
    let mut args: Vec<String> = FIXED.iter().map(|option| (*option).to_owned()).collect();
    let path = |path: &Path| format!("-oControlPath={}", path.display());
    match sharing {
        ConnectionUse::Master(socket) => args.extend(["-oControlMaster=yes".to_owned(), path(socket), "-N".to_owned()]),
        ConnectionUse::Client(socket) => args.extend(["-oControlMaster=no".to_owned(), path(socket)]),
        ConnectionUse::None => args.extend(["-oControlMaster=no".to_owned(), "-oControlPath=none".to_owned()]),
    }
    args.push("-T".to_owned());
    args.extend(options.ssh_options.iter().cloned());
    args.extend(DEFAULTS.iter().map(|option| (*option).to_owned()));
    args.extend(["--".to_owned(), host.to_owned()]);
    args
}
