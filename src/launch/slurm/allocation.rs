//! The nodes of the driver's allocation, as `scontrol show job --details` lists them.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::hostlist;
use super::options::{SlurmOptions, megabytes};
use super::query::{QueryError, query};
use crate::types::ids::MAX_SLOTS;

/// How long the first query is repeated while the controller does not answer.
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_secs(2);

/// The nodes of a job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeAllocation {
    id: String,
    groups: Vec<NodeGroup>,
}

/// Nodes with the same share of the job.
#[derive(Clone, PartialEq, Eq, Debug)]
struct NodeGroup {
    nodes: Vec<String>,
    cpus: u32,
    /// Megabytes; `None` if memory is not allocated.
    memory: Option<u64>,
    /// Types with their numbers.
    gpus: Vec<(String, u32)>,
}

/// Whether an allocation can run jobs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AllocationState {
    Running,
    /// It has ended, or is about to.
    Over,
    /// Slurm does not answer.
    Unknown,
}

/// The state of the allocation `id`.
pub fn state(id: &str) -> AllocationState {
    match query("squeue", &["--noheader", "--jobs", id, "--format=%T"]) {
        Ok(text) if text.lines().any(|line| line.trim() == "RUNNING") => AllocationState::Running,
        Ok(_) => AllocationState::Over,
        Err(QueryError::Failed { message, .. }) if message.contains("Invalid job id") => AllocationState::Over,
        Err(_) => AllocationState::Unknown,
    }
}

impl NodeAllocation {
    /// Asks for the allocation `id`.
    pub fn query(id: &str) -> Result<NodeAllocation, QueryError> {
        query("scontrol", &["show", "job", "--details", "--oneliner", id]).map(|text| NodeAllocation::parse(id, &text))
    }

    /// As [`NodeAllocation::query`], repeated while Slurm does not answer.
    pub fn query_patiently(id: &str) -> Result<NodeAllocation, String> {
        let start = Instant::now();
        loop {
            match NodeAllocation::query(id) {
                Ok(allocation) => return Ok(allocation),
                Err(QueryError::Failed { message, .. }) if message.contains("Invalid job id") => {
                    return Err(format!("SLURM_JOB_ID names the job {id}, which does not exist (any more)"));
                }
                Err(error) if start.elapsed() >= PATIENCE => return Err(error.to_string()),
                Err(_) => sleep(PAUSE),
            }
        }
    }

    fn parse(id: &str, text: &str) -> NodeAllocation {
        let mut groups: Vec<NodeGroup> = Vec::new();
        for (name, value) in text.split_whitespace().filter_map(|word| word.split_once('=')) {
            match (name, groups.last_mut()) {
                ("Nodes", _) => {
                    let nodes = hostlist::expand(value);
                    groups.push(NodeGroup { nodes, cpus: 0, memory: None, gpus: Vec::new() });
                }
                ("CPU_IDs", Some(group)) => group.cpus = count(value),
                ("Mem", Some(group)) => group.memory = value.parse().ok().filter(|memory| *memory > 0),
                ("GRES", Some(group)) => group.gpus = gpus(value),
                _ => {}
            }
        }
        groups.retain(|group| group.cpus > 0);
        NodeAllocation { id: id.to_owned(), groups }
    }

    /// The names of all nodes.
    pub fn nodes(&self) -> Vec<String> {
        self.groups.iter().flat_map(|group| group.nodes.iter().cloned()).collect()
    }

    /// The number of jobs that fit at once.
    ///
    /// # Errors
    /// None fits; the message says what the nodes have.
    pub fn slots(&self, options: &SlurmOptions) -> Result<u32, String> {
        let slots =
            self.groups.iter().map(|group| group.slots(options).saturating_mul(group.nodes.len() as u64)).sum::<u64>();
        if slots > 0 {
            return Ok(u32::try_from(slots).unwrap_or(u32::MAX).min(MAX_SLOTS));
        }
        let nodes: Vec<String> = self.groups.iter().map(NodeGroup::describe).collect();
        let nodes = if nodes.is_empty() { "no nodes".to_owned() } else { nodes.join(", ") };
        Err(format!("no job fits into the allocation {}, which has {nodes}; ask for less per job", self.id))
    }
}

impl NodeGroup {
    /// The number of jobs that fit on one of the nodes.
    fn slots(&self, options: &SlurmOptions) -> u64 {
        let by_cpus = u64::from(self.cpus / options.cpus());
        let by_gpus = options.gpus().map(|(count, kind)| {
            let is_wanted = |have: &str| kind.is_none_or(|kind| kind == have);
            let have: u32 = self.gpus.iter().filter(|(have, _)| is_wanted(have)).map(|(_, count)| count).sum();
            u64::from(have / count.max(1))
        });
        let wanted = options.mem.as_deref().and_then(megabytes).filter(|wanted| *wanted > 0);
        let by_memory = self.memory.zip(wanted).map(|(have, wanted)| have / wanted);
        by_cpus.min(by_gpus.unwrap_or(u64::MAX)).min(by_memory.unwrap_or(u64::MAX))
    }

    fn describe(&self) -> String {
        let gpus: u32 = self.gpus.iter().map(|(_, count)| count).sum();
        let memory = self.memory.map(|memory| format!(", {memory} MB")).unwrap_or_default();
        let nodes = if self.nodes.len() == 1 { "1 node".to_owned() } else { format!("{} nodes", self.nodes.len()) };
        format!("{nodes} with {} processors, {gpus} GPUs{memory}", self.cpus)
    }
}

/// The number of processors in `0-3,8`.
fn count(ids: &str) -> u32 {
    let ranges = ids.split(',').filter_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(last.parse::<u32>().ok()?.checked_sub(first.parse().ok()?)?.saturating_add(1))
    });
    ranges.fold(0, u32::saturating_add)
}

/// The GPUs in `gpu:a100:2(IDX:0-1),gpu:v100:1(IDX:2)`; the type is empty if the cluster has none.
fn gpus(text: &str) -> Vec<(String, u32)> {
    let mut outside = String::new();
    let mut depth = 0_u32;
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            c if depth == 0 => outside.push(c),
            _ => {}
        }
    }
    let entries = outside.split(',').filter_map(|entry| {
        let mut parts = entry.strip_prefix("gpu:")?.rsplitn(2, ':');
        let count = parts.next()?.parse().ok()?;
        Some((parts.next().unwrap_or_default().to_owned(), count))
    });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const DETAILS: &str = "JobId=3 JobName=interactive JobState=RUNNING NodeList=n[1-4] NumNodes=4 NumCPUs=14 JOB_GRES=gpu:8 \
        Nodes=n[1-3] CPU_IDs=0-3 Mem=0 GRES=gpu:2(IDX:0-1) Nodes=n4 CPU_IDs=0-1 Mem=0 GRES=gpu:2(IDX:0-1) MinCPUsNode=1";

    fn slots(details: &str, options: Value) -> Result<u32, String> {
        let args = options.as_object().unwrap().iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        NodeAllocation::parse("3", details).slots(&SlurmOptions::read(&args).unwrap())
    }

    #[test]
    fn as_many_jobs_run_at_once_as_fit_on_each_node() {
        assert_eq!(NodeAllocation::parse("3", DETAILS).nodes(), ["n1", "n2", "n3", "n4"]);
        assert_eq!(slots(DETAILS, json!({})), Ok(14));
        assert_eq!(slots(DETAILS, json!({"cpus": 3})), Ok(3), "none fits on the last node");
        assert_eq!(slots(DETAILS, json!({"gpus": 1})), Ok(8));
        assert_eq!(slots(DETAILS, json!({"gpus": 2, "cpus": 2})), Ok(4));
        assert_eq!(slots(DETAILS, json!({"mem": "100G"})), Ok(14), "memory is not allocated");
        assert_eq!(slots(&DETAILS.replace("Mem=0", "Mem=4000"), json!({"mem": "1500M"})), Ok(8));
    }

    #[test]
    fn typed_gpus_count_only_those_of_their_type() {
        let typed = DETAILS.replace("gpu:2(IDX:0-1)", "gpu:a100:2(IDX:0,2),gpu:v100:1(IDX:1)");
        assert_eq!(slots(&typed, json!({"gpus": "v100:1"})), Ok(4));
        assert_eq!(slots(&typed, json!({"gpus": 1})), Ok(11), "the last node has two processors");
    }

    #[test]
    fn a_job_that_fits_nowhere_is_an_error_with_what_there_is() {
        let error = slots(DETAILS, json!({"cpus": 9})).unwrap_err();
        assert!(error.contains("3 nodes with 4 processors, 2 GPUs, 1 node with 2 processors, 2 GPUs"), "{error}");
        assert!(slots("", json!({})).unwrap_err().contains("no nodes"));
    }
}
