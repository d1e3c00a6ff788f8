//! Two sshd on loopback, with all their files in one folder.

use std::env;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use hypertune_test_support::{Lab, is_root, try_send_signal};
use tempfile::TempDir;

/// The names of the hosts.
pub const HOSTS: [&str; 2] = ["a", "b"];
const SSHD: &str = "/usr/sbin/sshd";
const SIGKILL: i32 = 9;

/// The servers. Dropping them ends them and all their sessions.
pub struct Servers {
    folder: TempDir,
    servers: [Option<Child>; 2],
    ports: [u16; 2],
}

impl Servers {
    /// Starts both; `None` where that is impossible, after a sentence about it.
    pub fn start() -> Option<Servers> {
        Servers::with_login_shell("")
    }

    /// With the login shell `shell`; that of this user if it is empty.
    pub fn with_login_shell(shell: &str) -> Option<Servers> {
        if let Some(reason) = obstacle() {
            assert!(env::var("HYPERTUNE_SSH").as_deref() != Ok("required"), "no sshd: {reason}");
            eprintln!("skipped: {reason}");
            return None;
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let listeners = HOSTS.map(|_| TcpListener::bind(("127.0.0.1", 0)).expect("a port"));
        let ports = [0, 1].map(|at: usize| listeners[at].local_addr().expect("a port").port());
        drop(listeners);
        let mut servers = Servers { folder, servers: [None, None], ports };
        servers.configure(shell);
        HOSTS.iter().enumerate().for_each(|(at, _)| servers.start_server(at));
        Some(servers)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn configure(&self, shell: &str) {
        for key in ["host", "user"] {
            let mut keygen = Command::new("ssh-keygen");
            keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(self.path(key));
            assert!(keygen.status().expect("ssh-keygen starts").success());
        }
        let folder = self.folder.path().display();
        let forced = if shell.is_empty() {
            String::new()
        } else {
            format!("ForceCommand exec {shell} -c \"$SSH_ORIGINAL_COMMAND\"\n")
        };
        let mut client = String::new();
        for (host, port) in HOSTS.iter().zip(self.ports) {
            let server = format!(
                "Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\n\
                 PidFile none\nPasswordAuthentication no\nPermitRootLogin prohibit-password\nStrictModes no\nUsePAM no\n\
                 MaxStartups 100\nMaxSessions 5\n{forced}"
            );
            fs::write(self.path(&format!("sshd_{host}")), server).expect("a file");
            client += &format!(
                "Host {host}\n  HostName 127.0.0.1\n  Port {port}\n  IdentityFile {folder}/user\n  IdentitiesOnly yes\n  \
                 UserKnownHostsFile {folder}/known_{host}\n  StrictHostKeyChecking accept-new\n  LogLevel ERROR\n"
            );
        }
        fs::write(self.path("config"), client).expect("a file");
    }

    pub fn start_server(&mut self, at: usize) {
        let log = fs::File::create(self.path(&format!("log_{}", HOSTS[at]))).expect("a log");
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", SSHD, "-D", "-e", "-f"]).arg(self.path(&format!("sshd_{}", HOSTS[at])));
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a descriptor")).stderr(log);
        self.servers[at] = Some(command.spawn().expect("setpriv starts"));
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.ports[at])).is_err() {
            assert!(start.elapsed() < Duration::from_secs(30), "{}", self.log(at));
            sleep(Duration::from_millis(20));
        }
    }

    fn log(&self, at: usize) -> String {
        fs::read_to_string(self.path(&format!("log_{}", HOSTS[at]))).unwrap_or_default()
    }

    /// Kills a server and its connections, but no process of a job.
    pub fn kill_server(&mut self, at: usize) {
        let Some(mut server) = self.servers[at].take() else { return };
        let pid = server.id();
        let children = |parent: u32| -> Vec<u32> {
            let found = Command::new("pgrep").args(["-P", &parent.to_string(), "sshd"]).output().expect("pgrep starts");
            String::from_utf8_lossy(&found.stdout).lines().filter_map(|line| line.trim().parse().ok()).collect()
        };
        let mut all = children(pid);
        let inner: Vec<u32> = all.iter().flat_map(|child| children(*child)).collect();
        all.extend(inner);
        server.kill().and_then(|()| server.wait()).expect("sshd can be killed");
        for child in all {
            try_send_signal(child, SIGKILL);
        }
    }

    /// The field `launcher` of a matrix, with a part of a host's mapping for each host: `slots: 2`.
    pub fn launcher(&self, hosts: [&str; 2]) -> String {
        let hosts: Vec<String> =
            HOSTS.iter().zip(hosts).map(|(name, fields)| format!("{{name: {name}, {fields}}}")).collect();
        let config = self.path("config");
        format!("launcher: {{kind: ssh, ssh_options: [-F, {}], hosts: [{}]}}\n", config.display(), hosts.join(", "))
    }

    /// A lab whose jobs run on both hosts.
    pub fn lab(&self, matrix: &str, hosts: [&str; 2]) -> Lab {
        Lab::new(&format!("{matrix}\n{}", self.launcher(hosts)))
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        (0..HOSTS.len()).for_each(|at| self.kill_server(at));
    }
}

/// Why there can be no server.
fn obstacle() -> Option<String> {
    for program in [SSHD, "/usr/bin/ssh", "/usr/bin/ssh-keygen"] {
        if !fs::exists(program).unwrap_or(false) {
            return Some(format!("there is no {program} (Debian's packages openssh-server and openssh-client)"));
        }
    }
    if !is_root() {
        return Some("only root can give sshd its folder /run/sshd".to_owned());
    }
    fs::create_dir_all("/run/sshd").err().map(|error| format!("cannot create /run/sshd: {error}"))
}
