//! The hosts of a session: connections, free slots, and hosts that are set aside.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use super::client_arguments::{ConnectionUse, arguments};
use super::connection;
use super::options::SshOptions;
use super::script::end_marked;
use crate::launch::orphans::mark::{Mark, SESSION_VARIABLE};
use crate::launch::process::bounded::output_within;
use crate::launch::process::syscalls::{memory_file, without_ctrl_z};

/// Longest time until a connection is shared or has failed; above ssh's `ConnectTimeout`, which a user may raise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);
/// Longest time for a command that ends processes.
const END_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a host is set aside after its first failure; each further one in a row doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How long a session continues if no host answers.
const PATIENCE: Duration = Duration::from_secs(3600);

/// A slot of a host, taken by one job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    pub host: usize,
    pub slot: usize,
}

/// Why no slot can be taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NoPlace {
    /// It may be free later.
    Wait(String),
    /// No host can be used.
    Unusable(String),
}

/// All hosts. Threads that connect have a clone of the [`Arc`].
#[derive(Debug)]
pub struct Hosts {
    pub options: SshOptions,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    hosts: Vec<Host>,
    /// The folder of the sockets, once there is one.
    sockets: Option<PathBuf>,
    /// When a host was last usable, or the session started.
    usable: Option<Instant>,
    is_closed: bool,
}

#[derive(Debug)]
struct Host {
    connection: Connection,
    /// Indices of slots without a job.
    free: Vec<usize>,
    /// Failures in a row.
    failures: u32,
    /// The last failure.
    reason: String,
    was_up: bool,
    /// No job starts before.
    not_before: Option<Instant>,
    /// What must end before a job starts.
    leftovers: Vec<Mark>,
}

#[derive(Debug)]
enum Connection {
    Down,
    Connecting,
    Up(Child),
}

impl Host {
    fn failed(&mut self, reason: String) {
        let pause = FIRST_PAUSE * 2_u32.saturating_pow(self.failures.min(10));
        self.failures += 1;
        self.reason = reason;
        self.not_before = Some(Instant::now() + pause.min(LONGEST_PAUSE));
    }

    fn may_start(&self, now: Instant) -> bool {
        self.not_before.is_none_or(|time| time <= now)
    }
}

impl Hosts {
    pub fn new(options: SshOptions) -> Hosts {
        let host = |slots: usize| Host {
            connection: Connection::Down,
            free: (0..slots).rev().collect(),
            failures: 0,
            reason: String::new(),
            was_up: false,
            not_before: None,
            leftovers: Vec::new(),
        };
        let hosts = options.hosts.iter().map(|options| host(options.slots.len())).collect();
        Hosts { options, state: Mutex::new(State { hosts, sockets: None, usable: None, is_closed: false }) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn name(&self, host: usize) -> &str {
        self.options.hosts.get(host).map_or("", |host| &host.name)
    }

    /// Takes a slot of the connected host with the most free ones, and starts to connect to hosts that are not connected. `session` is the
    /// session's mark, `program` ssh.
    pub fn take(self: &Arc<Self>, program: &Path, session: &OsStr) -> Result<Place, NoPlace> {
        let now = Instant::now();
        let mut state = self.lock();
        let since = *state.usable.get_or_insert(now);
        for (at, host) in state.hosts.iter_mut().enumerate() {
            if let Connection::Up(master) = &mut host.connection
                && !matches!(master.try_wait(), Ok(None))
            {
                host.connection = Connection::Down;
                host.failed("the connection was lost".to_owned());
            }
            if matches!(host.connection, Connection::Down) && host.may_start(now) {
                host.connection = Connection::Connecting;
                let (hosts, program, session) = (Arc::clone(self), program.to_owned(), session.to_owned());
                let connect = move || hosts.connect(at, &program, &session);
                if thread::Builder::new().name("connect".into()).spawn(connect).is_err() {
                    host.connection = Connection::Down;
                }
            }
        }
        let is_up = |host: &Host| matches!(host.connection, Connection::Up(_)) && host.may_start(now);
        if state.hosts.iter().any(is_up) {
            state.usable = Some(now);
        }
        let best = state.hosts.iter_mut().enumerate().filter(|(_, host)| is_up(host) && !host.free.is_empty());
        if let Some((at, host)) = best.rev().max_by_key(|(_, host)| host.free.len())
            && let Some(slot) = host.free.pop()
        {
            return Ok(Place { host: at, slot });
        }
        let failed = state.hosts.iter().zip(&self.options.hosts).filter(|(host, _)| host.failures > 0);
        let reasons: Vec<String> = failed.map(|(host, options)| format!("{}: {}", options.name, host.reason)).collect();
        let none_answers = state.hosts.iter().all(|host| host.failures > 0 && !host.was_up);
        if none_answers || (!reasons.is_empty() && since.elapsed() >= PATIENCE && !state.hosts.iter().any(is_up)) {
            return Err(NoPlace::Unusable(format!("no host can be used: {}", reasons.join("; "))));
        }
        Err(NoPlace::Wait(match reasons.is_empty() {
            true => "the hosts are being connected".to_owned(),
            false => format!("hosts are set aside and tried again: {}", reasons.join("; ")),
        }))
    }

    /// Gives a slot back.
    pub fn give_back(&self, place: Place) {
        if let Some(host) = self.lock().hosts.get_mut(place.host) {
            host.free.push(place.slot);
        }
    }

    /// A job on `host` ended by itself.
    pub fn worked(&self, host: usize) {
        if let Some(host) = self.lock().hosts.get_mut(host) {
            (host.failures, host.not_before) = (0, None);
        }
    }

    /// The host `at` could not run a job, for `reason`.
    pub fn failed(&self, at: usize, reason: &str) {
        if let Some(host) = self.lock().hosts.get_mut(at) {
            host.failed(reason.to_owned());
        }
    }

    /// A job on the host `at` was lost for `reason`: ends what still runs of it, at the latest before another one starts there.
    pub fn lost(&self, at: usize, program: &Path, mark: Mark, reason: &str) {
        self.failed(at, reason);
        let marks = [mark];
        let is_ended = self
            .socket(at)
            .is_some_and(|socket| self.end_marked(at, program, &marks, ConnectionUse::Client(&socket)).is_ok());
        if let Some(host) = self.lock().hosts.get_mut(at).filter(|_| !is_ended) {
            host.leftovers.extend(marks);
            if let Connection::Up(mut master) = std::mem::replace(&mut host.connection, Connection::Down) {
                connection::end(&mut master);
            }
        }
    }

    /// The socket of the connection to `host`.
    pub fn socket(&self, host: usize) -> Option<PathBuf> {
        self.lock().sockets.as_ref().map(|folder| folder.join(host.to_string()))
    }

    fn connect(&self, at: usize, program: &Path, session: &OsStr) {
        let connected = self.open(at, program, session);
        let mut state = self.lock();
        let is_closed = state.is_closed;
        let Some(host) = state.hosts.get_mut(at) else { return };
        match connected {
            Ok(mut master) if is_closed => connection::end(&mut master),
            Ok(master) => {
                (host.connection, host.was_up, host.reason) = (Connection::Up(master), true, String::new());
                host.leftovers.clear();
            }
            Err(reason) => {
                host.connection = Connection::Down;
                host.failed(reason);
            }
        }
    }

    /// Opens the connection that the jobs of a host share, and ends what is left over there.
    fn open(&self, at: usize, program: &Path, session: &OsStr) -> Result<Child, String> {
        let failed = |error: io::Error| error.to_string();
        let socket = self.socket_folder().map_err(failed)?.join(at.to_string());
        // Of a connection that was killed.
        let _ = fs::remove_file(&socket);
        let mut stderr = memory_file().map_err(failed)?;
        let mut command = Command::new(program);
        command.args(arguments(&self.options, self.name(at), ConnectionUse::Master(&socket)));
        // With the mark, the guard ends it if the driver is killed.
        command.env(SESSION_VARIABLE, session).process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr.try_clone().map_err(failed)?);
        let mut master = without_ctrl_z(|| command.spawn()).map_err(failed)?;
        let start = Instant::now();
        while !socket.exists() {
            if !matches!(master.try_wait(), Ok(None)) {
                return Err(connection::last_line(&mut stderr));
            }
            if start.elapsed() >= CONNECT_TIMEOUT || self.lock().is_closed {
                connection::end(&mut master);
                return Err(format!("no connection within {} s", CONNECT_TIMEOUT.as_secs()));
            }
            sleep(POLL);
        }
        let leftovers = self.lock().hosts.get(at).map(|host| host.leftovers.clone()).unwrap_or_default();
        if !leftovers.is_empty()
            && let Err(reason) = self.end_marked(at, program, &leftovers, ConnectionUse::Client(&socket))
        {
            connection::end(&mut master);
            return Err(reason);
        }
        Ok(master)
    }

    /// Kills the processes on a host with one of `marks`. Returns their number.
    fn end_marked(
        &self,
        at: usize,
        program: &Path,
        marks: &[Mark],
        sharing: ConnectionUse<'_>,
    ) -> Result<usize, String> {
        let mut command = Command::new(program);
        command.args(arguments(&self.options, self.name(at), sharing)).arg(end_marked(marks)).stdin(Stdio::null());
        let output = output_within(&mut command, END_TIMEOUT).map_err(|error| error.to_string())?;
        let output = output.ok_or_else(|| format!("no answer within {} s", END_TIMEOUT.as_secs()))?;
        let count = String::from_utf8_lossy(&output.stdout).lines().last().and_then(|line| line.trim().parse().ok());
        count.ok_or_else(|| connection::last_of(&String::from_utf8_lossy(&output.stderr)))
    }

    /// Kills the processes of earlier sessions on all hosts. Where that is impossible, it is done before a job starts there.
    pub fn end_leftovers(&self, program: &Path, marks: &[Mark]) -> usize {
        let ended = Mutex::new(BTreeMap::new());
        thread::scope(|scope| {
            for at in 0..self.options.hosts.len() {
                let ended = &ended;
                let work = move || {
                    let result = self.end_marked(at, program, marks, ConnectionUse::None);
                    ended.lock().unwrap_or_else(PoisonError::into_inner).insert(at, result);
                };
                // Without a thread, it is done later.
                let _ = thread::Builder::new().spawn_scoped(scope, work);
            }
        });
        let ended = ended.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.lock();
        for (at, host) in state.hosts.iter_mut().enumerate() {
            if !matches!(ended.get(&at), Some(Ok(_))) {
                host.leftovers.extend(marks.iter().cloned());
            }
        }
        ended.into_values().flatten().sum()
    }

    /// What must still end on a host, with its index and the reason of its last failure.
    pub fn leftovers(&self) -> Vec<(usize, Mark, String)> {
        let state = self.lock();
        let of_host = |(at, host): (usize, &Host)| {
            let reason = if host.reason.is_empty() { "no connection".to_owned() } else { host.reason.clone() };
            let marks: Vec<_> = host.leftovers.iter().map(|mark| (at, mark.clone(), reason.clone())).collect();
            marks
        };
        state.hosts.iter().enumerate().flat_map(of_host).collect()
    }

    fn socket_folder(&self) -> io::Result<PathBuf> {
        let mut state = self.lock();
        if let Some(folder) = &state.sockets {
            return Ok(folder.clone());
        }
        let folder = connection::make_folder()?;
        state.sockets = Some(folder.clone());
        Ok(folder)
    }

    /// Closes all connections.
    pub fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        for host in &mut state.hosts {
            if let Connection::Up(mut master) = std::mem::replace(&mut host.connection, Connection::Down) {
                connection::end(&mut master);
            }
        }
        if let Some(folder) = state.sockets.take() {
            // A folder that is left has no content that matters.
            let _ = fs::remove_dir_all(folder);
        }
    }
}
