//! Watches the GPU memory of the jobs while they run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::launch::orphans::mark::JOB_VARIABLE;
use crate::launch::orphans::process_table::ProcessTable;
use crate::launch::process::syscalls::Pid;
use crate::report::doctor::GpuUse;
use crate::run::process::nvidia_smi;

/// Pause between two calls of `nvidia-smi`.
const PAUSE: Duration = Duration::from_millis(200);
/// Growth of the memory in use below which it may be another program's, bytes. A CUDA context takes more.
const MIN_GROWTH: u64 = 64 << 20;

/// Calls `nvidia-smi` again and again until it is stopped.
#[derive(Debug)]
pub struct GpuMonitor {
    is_stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<GpuUse>>,
    /// The result without a thread.
    without: GpuUse,
}

impl GpuMonitor {
    /// A monitor that reports `result` and watches nothing.
    pub fn none(result: GpuUse) -> GpuMonitor {
        GpuMonitor { is_stopped: Arc::default(), thread: None, without: result }
    }

    /// Starts to watch; nothing is watched if `nvidia-smi` lists no GPU.
    pub fn start() -> GpuMonitor {
        match nvidia_smi::devices() {
            Ok(devices) if devices.is_empty() => return GpuMonitor::none(GpuUse::NoGpu),
            Ok(_) => {}
            Err(_) => return GpuMonitor::none(GpuUse::NotObserved),
        }
        let before = nvidia_smi::used_memory().unwrap_or_default();
        let is_stopped = Arc::new(AtomicBool::new(false));
        let stop = is_stopped.clone();
        let thread = thread::Builder::new().name("nvidia-smi".into()).spawn(move || watch(&stop, before));
        GpuMonitor { is_stopped, thread: thread.ok(), without: GpuUse::NotObserved }
    }

    /// Ends the watch; what it saw.
    pub fn stop(mut self) -> GpuUse {
        self.join()
    }

    fn join(&mut self) -> GpuUse {
        self.is_stopped.store(true, Ordering::Relaxed);
        let Some(thread) = self.thread.take() else { return self.without };
        thread.thread().unpark();
        thread.join().unwrap_or(GpuUse::NotObserved)
    }
}

impl Drop for GpuMonitor {
    fn drop(&mut self) {
        self.join();
    }
}

fn watch(is_stopped: &AtomicBool, before: u64) -> GpuUse {
    let (mut by_processes, mut most, mut has_seen_jobs) = (0, 0, false);
    while !is_stopped.load(Ordering::Relaxed) {
        let jobs = processes_of_jobs();
        let Ok(processes) = nvidia_smi::memory_of_processes() else { break };
        let own = processes.iter().filter(|process| jobs.contains(&process.pid)).map(|process| process.bytes).sum();
        by_processes = u64::max(by_processes, own);
        let Ok(used) = nvidia_smi::used_memory() else { break };
        most = most.max(used);
        has_seen_jobs |= !jobs.is_empty();
        thread::park_timeout(PAUSE);
    }
    let growth = most.saturating_sub(before);
    match (by_processes, has_seen_jobs) {
        (0, false) => GpuUse::NotObserved,
        (0, true) if growth >= MIN_GROWTH => GpuUse::InTotal { bytes: growth },
        (0, true) => GpuUse::Unused,
        (bytes, _) => GpuUse::ByProcesses { bytes },
    }
}

/// The processes of jobs below this process.
fn processes_of_jobs() -> Vec<i32> {
    let table = ProcessTable::default();
    let own = i32::try_from(std::process::id()).ok().and_then(Pid::new);
    let is_of_job = |pid: &Pid| {
        let is_below = table.ancestors(*pid).into_iter().any(|ancestor| Some(ancestor) == own);
        is_below && table.environment(*pid).is_some_and(|environment| environment.get(JOB_VARIABLE).is_some())
    };
    table.pids().into_iter().filter(is_of_job).map(Pid::number).collect()
}
