//! The configuration of a test cluster.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use crate::cluster::{GPUS, NODES};

/// The first of `NODES` + 1 free ports.
pub fn free_ports() -> u16 {
    let count = NODES as u16 + 1;
    let first = 20_000 + (std::process::id() % 300) as u16 * 100;
    let is_free = |port: &u16| (*port..*port + count).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok());
    // Tests of one process start at different ports, so that they do not find the same ones free.
    static NEXT: std::sync::atomic::AtomicU16 = std::sync::atomic::AtomicU16::new(0);
    let offset = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed) * count;
    (first + offset..first + 10_000).step_by(count.into()).find(is_free).expect("free ports")
}

/// The text of slurm.conf for nodes with `cpus` processors each, with ports from `port` on.
pub fn slurm_conf(folder: &Path, port: u16, cpus: usize) -> String {
    let hostname = fs::read_to_string("/proc/sys/kernel/hostname").expect("a host name");
    let (host, folder) = (hostname.trim().split('.').next().unwrap_or("localhost"), folder.display());
    // Megabytes.
    let memory = 500 * cpus;
    let (first, last) = (port + 1, port + NODES as u16);
    format!(
        "ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort={port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,bf_interval=1,sched_min_interval=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=6
SlurmctldTimeout=10
MessageTimeout=10
KillWait=2
MinJobAge=300
InactiveLimit=0
GresTypes=gpu
NodeName=n[1-{NODES}] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{first}-{last}] CPUs={cpus} RealMemory={memory} Gres=gpu:{GPUS} State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE DefMemPerCPU=100 State=UP PriorityTier=1
PartitionName=urgent Nodes=ALL MaxTime=INFINITE DefMemPerCPU=100 State=UP PriorityTier=10 PreemptMode=OFF
"
    )
}
