//! The devices that `nvidia-smi` lists, and their memory.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::launch::process::bounded::output_within;

/// How long `nvidia-smi` may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The same for a question that is asked again and again.
const QUERY_TIMEOUT: Duration = Duration::from_secs(5);

/// `nvidia-smi` does not exit.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[error("{program} has not ended after {seconds} s; list the devices with --gpus 0,1, or use --gpus none")]
pub struct HangingError {
    program: String,
    /// The time it had.
    seconds: f64,
}

/// The devices in the form of CUDA_VISIBLE_DEVICES; empty if there is no `nvidia-smi` or if it fails.
///
/// # Errors
/// It does not exit within 30 s.
pub fn devices() -> Result<Vec<String>, HangingError> {
    let mut command = Command::new("nvidia-smi");
    command.arg("-L");
    Ok(stdout_within(command, TIMEOUT)?.map(|output| listed(&output)).unwrap_or_default())
}

/// The memory of a process on one GPU.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ProcessMemory {
    /// Its number, as the driver of the GPU sees it: in a container it may be another one.
    pub pid: i32,
    /// In bytes.
    pub bytes: u64,
}

/// The processes with memory on a GPU, one entry for each process and GPU; empty if `nvidia-smi` fails.
///
/// # Errors
/// It does not exit within 5 s.
pub fn memory_of_processes() -> Result<Vec<ProcessMemory>, HangingError> {
    let output = query("--query-compute-apps=pid,used_memory")?;
    Ok(output.lines().filter_map(process_memory).collect())
}

/// The memory in use on all GPUs together, bytes; 0 if `nvidia-smi` fails.
///
/// # Errors
/// It does not exit within 5 s.
pub fn used_memory() -> Result<u64, HangingError> {
    let output = query("--query-gpu=memory.used")?;
    Ok(output.lines().filter_map(mebibytes).sum())
}

/// The lines that `nvidia-smi` prints for a query, without a heading and units.
fn query(query: &str) -> Result<String, HangingError> {
    let mut command = Command::new("nvidia-smi");
    command.args([query, "--format=csv,noheader,nounits"]);
    Ok(stdout_within(command, QUERY_TIMEOUT)?.unwrap_or_default())
}

/// A line like `4711, 1024`. The memory is `[N/A]` where the driver does not report it.
fn process_memory(line: &str) -> Option<ProcessMemory> {
    let (pid, memory) = line.split_once(',')?;
    Some(ProcessMemory { pid: pid.trim().parse().ok()?, bytes: mebibytes(memory)? })
}

/// A number of mebibytes, in bytes.
fn mebibytes(text: &str) -> Option<u64> {
    text.trim().parse::<u64>().ok()?.checked_mul(1 << 20)
}

/// The devices in the output of `nvidia-smi -L`: the indices of GPUs, and the identifiers of the parts of a GPU that is partitioned
/// (MIG), which is not used as a whole.
fn listed(output: &str) -> Vec<String> {
    let mut devices: Vec<String> = Vec::new();
    let mut is_whole = false;
    for line in output.lines() {
        if let Some(index) = index(line) {
            devices.push(index.to_owned());
            is_whole = true;
        } else if let Some(part) = part(line) {
            if is_whole {
                devices.pop();
            }
            devices.push(part.to_owned());
            is_whole = false;
        }
    }
    devices
}

/// The index in a line like `GPU 0: NVIDIA A100 (UUID: GPU-5d…)`, or in a line that is nothing else.
fn index(line: &str) -> Option<&str> {
    let line = line.trim_end();
    let index = line.strip_prefix("GPU ").and_then(|rest| rest.split_once(':')).map_or(line, |(index, _)| index);
    (!index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit())).then_some(index)
}

/// The identifier in a line like `  MIG 1g.5gb Device 0: (UUID: MIG-c7…)`.
fn part(line: &str) -> Option<&str> {
    let (_, id) = line.trim().strip_prefix("MIG ")?.split_once("UUID: ")?;
    id.strip_suffix(')')
}

/// The stdout of a program that succeeds; `None` if it cannot be run or fails.
///
/// # Errors
/// The program runs for longer than `timeout`; it is killed.
fn stdout_within(mut command: Command, timeout: Duration) -> Result<Option<String>, HangingError> {
    match output_within(command.stdin(Stdio::null()), timeout) {
        Ok(Some(output)) => Ok(output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())),
        Ok(None) => {
            let program = command.get_program().to_string_lossy().into_owned();
            Err(HangingError { program, seconds: timeout.as_secs_f64() })
        }
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpus_and_the_parts_of_partitioned_ones_are_devices() {
        let output = "GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-5d5ba0d6)\n\
            GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-c7)\n  MIG 1g.5gb      Device  0: (UUID: MIG-a)\n  \
            MIG 1g.5gb      Device  1: (UUID: MIG-b)\nGPU 2: NVIDIA A100 (UUID: GPU-d8)\n";
        assert_eq!(listed(output), ["0", "MIG-a", "MIG-b", "2"]);
        assert_eq!(listed("0\n1\n"), ["0", "1"]);
        assert_eq!(listed("No devices were found\n"), [""; 0]);
    }

    #[test]
    fn memory_is_in_mebibytes() {
        assert_eq!(process_memory("4711, 1024"), Some(ProcessMemory { pid: 4711, bytes: 1 << 30 }));
        assert_eq!(process_memory("4711, [N/A]"), None);
        assert_eq!(process_memory("No running processes found"), None);
        assert_eq!(mebibytes(" 3 "), Some(3 << 20));
    }

    #[test]
    fn a_program_that_hangs_is_an_error_and_one_that_fails_prints_none() {
        let run = |script: &str, timeout| {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", script]);
            stdout_within(command, timeout)
        };
        let minute = Duration::from_secs(60);
        assert_eq!(run("echo 0", minute), Ok(Some("0\n".to_owned())));
        assert_eq!(run("echo 0; exit 1", minute), Ok(None));
        let error = run("exec sleep 600", Duration::from_millis(20)).unwrap_err().to_string();
        assert!(error.contains("has not ended after 0.02 s"), "{error}");
        assert_eq!(stdout_within(Command::new("/nowhere/at/all"), minute), Ok(None));
    }
}
