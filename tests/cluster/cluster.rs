//! A Slurm cluster on this machine: munged, slurmctld and a slurmd for each node, with all their files in one folder.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use hypertune_test_support::{Driver, Lab, RunOutput, is_root, send_signal};
use tempfile::TempDir;

use crate::config::{free_ports, slurm_conf};

pub const NODES: usize = 4;
/// Processors of each node.
pub const CPUS: usize = 2;
/// GPUs of each node, which are no real ones.
pub const GPUS: usize = 2;

const PROGRAMS: [&str; 4] = ["munged", "slurmctld", "slurmd", "srun"];
/// How long the cluster may take to start, on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(60);
const SIGTERM: i32 = 15;
const SIGKILL: i32 = 9;

/// Clusters that run at once: with more of them on two processors a controller may not answer for minutes.
const MAX_CLUSTERS: usize = 2;
static RUNNING: Mutex<usize> = Mutex::new(0);
static STOPPED: Condvar = Condvar::new();

/// The right to run a cluster. Dropping it lets another one start.
struct Turn;

impl Turn {
    fn wait() -> Turn {
        let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = |running: &mut usize| *running >= MAX_CLUSTERS;
        let mut running = STOPPED.wait_while(running, is_full).unwrap_or_else(PoisonError::into_inner);
        *running += 1;
        Turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        STOPPED.notify_one();
    }
}

/// A running cluster. Dropping it ends all its processes.
pub struct Cluster {
    folder: TempDir,
    munged: Option<Child>,
    controller: Option<Child>,
    nodes: Vec<Option<Child>>,
    /// Dropped after the processes were ended.
    _turn: Turn,
}

impl Cluster {
    /// Brings up a cluster; `None` where that is impossible, after a sentence about it.
    pub fn start() -> Option<Cluster> {
        Cluster::with_processors(CPUS)
    }

    /// The same with nodes of `cpus` processors each.
    pub fn with_processors(cpus: usize) -> Option<Cluster> {
        if let Some(reason) = obstacle() {
            assert!(env::var("HYPERTUNE_CLUSTER").as_deref() != Ok("required"), "no cluster: {reason}");
            eprintln!("skipped: {reason}");
            return None;
        }
        let turn = Turn::wait();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let nodes = (0..NODES).map(|_| None).collect();
        let mut cluster = Cluster { folder, munged: None, controller: None, nodes, _turn: turn };
        cluster.configure(cpus);
        cluster.start_munged();
        cluster.start_controller();
        (1..=NODES).for_each(|node| cluster.start_node(node));
        cluster.wait_for_nodes();
        Some(cluster)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn config(&self) -> PathBuf {
        self.path("slurm.conf")
    }

    fn configure(&self, cpus: usize) {
        // munged refuses a socket below a folder that others may write.
        fs::set_permissions(self.folder.path(), fs::Permissions::from_mode(0o755)).expect("own folder");
        for name in ["state", "log", "munge", "dev"] {
            fs::create_dir(self.path(name)).expect("a folder");
        }
        (1..=NODES).for_each(|node| fs::create_dir_all(self.path(&format!("spool/n{node}"))).expect("a folder"));
        fs::write(self.path("munge/key"), [env::args().count() as u8; 128]).expect("a key");
        fs::set_permissions(self.path("munge/key"), fs::Permissions::from_mode(0o400)).expect("own file");
        for gpu in 0..GPUS {
            std::os::unix::fs::symlink("/dev/null", self.path(&format!("dev/gpu{gpu}"))).expect("a link");
        }
        let folder = self.folder.path().display();
        let gres =
            format!("NodeName=n[1-{NODES}] Name=gpu Flags=nvidia_gpu_env File={folder}/dev/gpu[0-{}]\n", GPUS - 1);
        fs::write(self.path("gres.conf"), gres).expect("gres.conf");
        fs::write(self.config(), slurm_conf(self.folder.path(), free_ports(), cpus)).expect("slurm.conf");
    }

    /// A daemon that ends with this thread.
    fn daemon(&self, program: &str, args: &[String], log: &str) -> Child {
        let log = fs::File::create(self.path(log)).expect("a log");
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", program]).args(args).env("SLURM_CONF", self.config());
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a descriptor")).stderr(log);
        command.spawn().unwrap_or_else(|error| panic!("cannot start {program}: {error}"))
    }

    fn start_munged(&mut self) {
        let option = |name: &str, file: &str| format!("--{name}={}", self.path(&format!("munge/{file}")).display());
        let mut args = vec!["--foreground".to_owned(), "--force".to_owned()];
        args.extend(
            [("key-file", "key"), ("socket", "socket"), ("pid-file", "pid"), ("seed-file", "seed")]
                .map(|(name, file)| option(name, file)),
        );
        self.munged = Some(self.daemon("munged", &args, "log/munged"));
        let socket = self.path("munge/socket");
        wait_for("munged", || socket.exists());
    }

    pub fn start_controller(&mut self) {
        self.controller = Some(self.daemon("slurmctld", &["-D".to_owned()], "log/slurmctld"));
        wait_for("slurmctld", || self.slurm("scontrol", &["ping"]).status.success());
    }

    pub fn stop_controller(&mut self) {
        stop(&mut self.controller);
    }

    pub fn start_node(&mut self, node: usize) {
        let args = ["-D".to_owned(), "-N".to_owned(), format!("n{node}")];
        self.nodes[node - 1] = Some(self.daemon("slurmd", &args, &format!("log/n{node}")));
    }

    /// Ends a node without a warning: its slurmd, and the processes of all jobs on it.
    pub fn lose_node(&mut self, node: usize) {
        let mut slurmd = self.nodes[node - 1].take().expect("a running node");
        slurmd.kill().and_then(|()| slurmd.wait()).expect("slurmd can be killed");
        let name = format!("SLURMD_NODENAME=n{node}");
        let config = format!("SLURM_CONF={}", self.config().display());
        for job in hypertune_test_support::processes_with_variable(&name) {
            let environment = fs::read(format!("/proc/{job}/environ")).unwrap_or_default();
            if environment.split(|byte| *byte == 0).any(|entry| entry == config.as_bytes()) {
                // Its parent is slurmstepd, whose own environment names no node.
                let stat = fs::read_to_string(format!("/proc/{job}/stat")).unwrap_or_default();
                let parent = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1)?.parse::<u32>().ok());
                let is_step = |pid: &u32| {
                    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.starts_with("slurmstepd"))
                };
                parent.filter(is_step).into_iter().chain([job]).for_each(|pid| {
                    hypertune_test_support::try_send_signal(pid, SIGKILL);
                });
            }
        }
    }

    pub fn wait_for_nodes(&self) {
        wait_for("all nodes", || {
            let listed = self.slurm("sinfo", &["--noheader", "--partition=main", "--Node", "--format=%t"]);
            String::from_utf8_lossy(&listed.stdout).lines().filter(|state| state.trim() == "idle").count() == NODES
        });
    }

    /// Runs a command of Slurm.
    pub fn slurm(&self, program: &str, args: &[&str]) -> std::process::Output {
        Command::new(program).args(args).env("SLURM_CONF", self.config()).output().expect("Slurm is installed")
    }

    /// The stdout of a command of Slurm, by lines.
    pub fn lines(&self, program: &str, args: &[&str]) -> Vec<String> {
        let output = self.slurm(program, args);
        String::from_utf8_lossy(&output.stdout).lines().map(|line| line.trim().to_owned()).collect()
    }

    /// The names of all steps, without those of Slurm itself.
    pub fn steps(&self) -> Vec<String> {
        let steps = self.lines("squeue", &["--noheader", "--steps", "--format=%i %j"]);
        steps.into_iter().filter(|line| line.contains(" ht:")).collect()
    }

    /// The jobs in the queue: id, state and name.
    pub fn jobs(&self) -> Vec<String> {
        self.lines("squeue", &["--noheader", "--format=%i %T %j"])
    }

    /// Allocates all nodes, for as long as the cluster runs; returns the id of the job.
    pub fn allocate(&self, options: &[&str]) -> String {
        let all = format!("--nodes={NODES}");
        let tasks = "--exclusive";
        let gpus = format!("--gres=gpu:{GPUS}");
        let mut args = vec!["--no-shell", "--no-kill", "--job-name=allocation", &all, tasks, &gpus];
        args.extend(options);
        let output = self.slurm("salloc", &args);
        let text = String::from_utf8_lossy(&output.stderr);
        let id = text.lines().find_map(|line| line.split_once("Granted job allocation ")).map(|(_, id)| id.trim());
        id.unwrap_or_else(|| panic!("no allocation: {text}")).to_owned()
    }

    /// Takes all nodes from the jobs in the partition `main` for `seconds`; returns after that.
    pub fn preempt(&self, seconds: u32) {
        let all = format!("--nodes={NODES}");
        let seconds = seconds.to_string();
        let args = ["--partition=urgent", &all, "--exclusive", "--job-name=urgent", "sleep", &seconds];
        let output = self.slurm("srun", &args);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Lets `command` run in the allocation `id`.
    pub fn inside(&self, id: &str, mut command: Command) -> Command {
        command.env("SLURM_CONF", self.config()).env("SLURM_JOB_ID", id);
        command
    }

    /// Lets `command` run outside of an allocation.
    pub fn outside(&self, mut command: Command) -> Command {
        command.env("SLURM_CONF", self.config());
        command
    }

    /// Runs a study in the allocation `id`, until hypertune ends.
    pub fn run(&self, id: &str, lab: &Lab, options: &str, words: &str) -> RunOutput {
        RunOutput::of(&mut self.inside(id, lab.command(&lab.run_line(options, words))))
    }

    /// Starts a study in the allocation `id`.
    pub fn start_study(&self, id: &str, lab: &Lab, options: &str, words: &str) -> Driver {
        Driver::start(&mut self.inside(id, lab.command(&lab.run_line(options, words))))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.controller.is_some() {
            self.slurm("scancel", &["--full", "--user=root"]);
            let start = Instant::now();
            while !self.jobs().is_empty() && start.elapsed() < Duration::from_secs(10) {
                sleep(Duration::from_millis(100));
            }
        }
        self.nodes.iter_mut().for_each(stop);
        stop(&mut self.controller);
        stop(&mut self.munged);
    }
}

fn stop(daemon: &mut Option<Child>) {
    let Some(mut daemon) = daemon.take() else { return };
    send_signal(daemon.id(), SIGTERM);
    let start = Instant::now();
    while daemon.try_wait().is_ok_and(|status| status.is_none()) {
        if start.elapsed() > Duration::from_secs(10) {
            daemon.kill().expect("a daemon can be killed");
        }
        sleep(Duration::from_millis(20));
    }
}

/// Why there can be no cluster.
fn obstacle() -> Option<String> {
    let is_installed = |program: &&str| {
        Command::new("sh")
            .args(["-c", "command -v \"$1\" >/dev/null", "sh", program])
            .status()
            .is_ok_and(|s| s.success())
    };
    if let Some(missing) = PROGRAMS.iter().find(|program| !is_installed(program)) {
        return Some(format!("there is no {missing} (Debian's packages slurm-wlm and munge)"));
    }
    (!is_root()).then(|| "only root can start the daemons of Slurm as they are installed".to_owned())
}

#[track_caller]
fn wait_for(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < START_LIMIT, "waited {START_LIMIT:?} for {what}");
        sleep(Duration::from_millis(50));
    }
}
