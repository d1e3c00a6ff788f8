//! The devices and environment variables of each slot.

use std::collections::HashSet;
use std::env;
use std::ffi::OsString;
use std::io::Read;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::launch::process::pidfd::{ends_within, pidfd};
use crate::launch::process::syscalls::{Pid, set_nonblocking, without_ctrl_z};
use crate::types::ids::MAX_SLOTS;

/// The variables that restrict a job to some devices: CUDA, ROCm, oneAPI.
const DEVICE_VARIABLES: [&str; 3] = ["CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ZE_AFFINITY_MASK"];

/// How long `nvidia-smi` may take. It prints one short line per device, less than a pipe holds, so it needs no reader until it exits.
const SMI_TIMEOUT: Duration = Duration::from_secs(30);

/// `--gpus`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Gpus {
    /// Jobs inherit the driver's environment.
    #[default]
    None,
    /// The devices in CUDA_VISIBLE_DEVICES, or those that nvidia-smi lists.
    Auto,
    /// Indices or unique names of devices.
    Listed(Vec<String>),
}

/// `--gpus-per-job` and `--jobs-per-gpu`; both at least 1, and at most one of them above 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sharing {
    /// Devices per job.
    pub gpus_per_job: u32,
    /// Jobs per device.
    pub jobs_per_gpu: u32,
}

impl Default for Sharing {
    fn default() -> Self {
        Sharing { gpus_per_job: 1, jobs_per_gpu: 1 }
    }
}

/// Environment variables for the jobs of one slot.
pub type SlotEnvironment = Vec<(&'static str, OsString)>;

/// Why devices cannot be assigned to slots.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum GpuError {
    /// A device was listed twice.
    #[error("--gpus names {0} twice")]
    Duplicate(String),
    /// More slots than [`MAX_SLOTS`].
    #[error(
        "{devices} devices with --jobs-per-gpu {jobs_per_gpu} are more than {MAX_SLOTS} jobs at once; limit them with -j {MAX_SLOTS}"
    )]
    TooManySlots {
        /// Number of devices.
        devices: usize,
        /// Jobs per device.
        jobs_per_gpu: u32,
    },
    /// A share of zero.
    #[error("--gpus-per-job and --jobs-per-gpu must be at least 1")]
    Zero,
    /// Both shares are above 1.
    #[error("--gpus-per-job and --jobs-per-gpu cannot both be above 1")]
    BothAboveOne,
    /// Fewer devices than one job needs.
    #[error("--gpus-per-job {gpus_per_job} needs that many devices, there are {devices}")]
    TooFewDevices {
        /// Devices per job.
        gpus_per_job: u32,
        /// Number of devices.
        devices: usize,
    },
    /// `nvidia-smi` does not exit.
    #[error("{program} has not ended after {seconds} s; list the devices instead, as in --gpus 0,1")]
    Hanging {
        /// The program that lists devices.
        program: String,
        /// The time it had.
        seconds: f64,
    },
}

/// One environment per slot. Without devices there are `concurrency` (`-j`) slots, or `default`. With devices their number follows
/// from the devices; `concurrency` only lowers it.
pub fn slots(
    gpus: &Gpus,
    sharing: Sharing,
    concurrency: Option<u32>,
    default: u32,
) -> Result<Vec<SlotEnvironment>, GpuError> {
    let devices = match gpus {
        Gpus::None => Vec::new(),
        Gpus::Auto => visible_devices()?,
        Gpus::Listed(devices) => devices.clone(),
    };
    if devices.is_empty() && !matches!(gpus, Gpus::Listed(_)) {
        let count = concurrency.unwrap_or(default).clamp(1, MAX_SLOTS);
        return Ok((0..count).map(slot_number).collect());
    }
    let limit = concurrency.map_or(usize::MAX, |concurrency| concurrency.max(1) as usize);
    let assigned = assign(&devices, sharing, limit)?;
    let with_devices = |(slot, devices): (u32, String)| {
        let mut environment = slot_number(slot);
        environment.extend(DEVICE_VARIABLES.map(|name| (name, OsString::from(&devices))));
        environment
    };
    Ok((0..).zip(assigned).map(with_devices).collect())
}

/// The devices of each slot in the form of [`DEVICE_VARIABLES`], for at most `limit` slots.
fn assign(devices: &[String], sharing: Sharing, limit: usize) -> Result<Vec<String>, GpuError> {
    let Sharing { gpus_per_job, jobs_per_gpu } = sharing;
    let mut unique = HashSet::new();
    if let Some(duplicate) = devices.iter().find(|device| !unique.insert(*device)) {
        return Err(GpuError::Duplicate(duplicate.clone()));
    }
    let per_job = (gpus_per_job as usize).max(1);
    let slots = (devices.len() / per_job).saturating_mul(jobs_per_gpu as usize).min(limit);
    if slots > MAX_SLOTS as usize {
        return Err(GpuError::TooManySlots { devices: devices.len(), jobs_per_gpu });
    }
    match (gpus_per_job, jobs_per_gpu) {
        (0, _) | (_, 0) => Err(GpuError::Zero),
        (2.., 2..) => Err(GpuError::BothAboveOne),
        (_, 1) => {
            let slots: Vec<String> = devices.chunks_exact(per_job).take(slots).map(|chunk| chunk.join(",")).collect();
            if slots.is_empty() {
                return Err(GpuError::TooFewDevices { gpus_per_job, devices: devices.len() });
            }
            Ok(slots)
        }
        // Round-robin, so that the first jobs use all devices.
        _ => Ok(devices.iter().cycle().take(slots).cloned().collect()),
    }
}

fn slot_number(slot: u32) -> SlotEnvironment {
    vec![("HYPERTUNE_SLOT", OsString::from(slot.to_string()))]
}

fn visible_devices() -> Result<Vec<String>, GpuError> {
    if let Ok(visible) = env::var("CUDA_VISIBLE_DEVICES") {
        return Ok(cuda_devices(&visible));
    }
    let mut command = Command::new("nvidia-smi");
    command.args(["--query-gpu=index", "--format=csv,noheader"]);
    let output = output_within(command, SMI_TIMEOUT)?;
    Ok(output.map(|output| device_names(output.lines())).unwrap_or_default())
}

/// The stdout of a program that succeeds; `None` if it cannot be started or fails.
///
/// # Errors
/// The program runs for longer than `timeout`; it is killed.
fn output_within(mut command: Command, timeout: Duration) -> Result<Option<String>, GpuError> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let Ok(mut child) = without_ctrl_z(|| command.spawn()) else { return Ok(None) };
    let pid = i32::try_from(child.id()).ok().and_then(Pid::new);
    let pidfd = pid.and_then(|pid| pidfd(pid).ok());
    if !pidfd.is_some_and(|pidfd| ends_within(pidfd.as_fd(), timeout)) {
        let _ = child.kill();
        let program = command.get_program().to_string_lossy().into_owned();
        return Err(GpuError::Hanging { program, seconds: timeout.as_secs_f64() });
    }
    let mut output = Vec::new();
    if let Some(mut stdout) = child.stdout.take() {
        // A grandchild may hold the pipe open: read only what is in it now.
        let _ = set_nonblocking(stdout.as_fd()).and_then(|()| stdout.read_to_end(&mut output));
    }
    let succeeded = child.wait().is_ok_and(|status| status.success());
    Ok(succeeded.then(|| String::from_utf8_lossy(&output).into_owned()))
}

/// The devices in a value of CUDA_VISIBLE_DEVICES. CUDA ignores everything from the first invalid entry, such as -1.
fn cuda_devices(variable: &str) -> Vec<String> {
    device_names(variable.split(',').take_while(|device| !device.trim().starts_with('-')))
}

fn device_names<'a>(devices: impl Iterator<Item = &'a str>) -> Vec<String> {
    devices.map(str::trim).filter(|device| !device.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(devices: &[&str]) -> Gpus {
        Gpus::Listed(devices.iter().map(|d| (*d).to_owned()).collect())
    }

    fn devices(
        gpus: &Gpus,
        gpus_per_job: u32,
        jobs_per_gpu: u32,
        concurrency: Option<u32>,
    ) -> Result<Vec<String>, String> {
        let slots = slots(gpus, Sharing { gpus_per_job, jobs_per_gpu }, concurrency, 3).map_err(|e| e.to_string())?;
        let values = |environment: &SlotEnvironment| {
            let values: Vec<String> = environment.iter().map(|(_, v)| v.to_string_lossy().into_owned()).collect();
            values.join(" ")
        };
        Ok(slots.iter().map(values).collect())
    }

    #[test]
    fn without_devices_every_slot_has_a_number() {
        assert_eq!(devices(&Gpus::None, 1, 1, None).unwrap(), ["0", "1", "2"]);
        assert_eq!(devices(&Gpus::None, 1, 1, Some(1)).unwrap(), ["0"]);
    }

    #[test]
    fn concurrency_follows_from_the_devices() {
        assert_eq!(devices(&listed(&["0", "3"]), 1, 1, None).unwrap(), ["0 0 0 0", "1 3 3 3"]);
        assert_eq!(devices(&listed(&["0", "1", "3"]), 2, 1, None).unwrap(), ["0 0,1 0,1 0,1"]);
        assert_eq!(devices(&listed(&["0", "3"]), 1, 2, Some(3)).unwrap(), ["0 0 0 0", "1 3 3 3", "2 0 0 0"]);
    }

    #[test]
    fn devices_after_an_invalid_one_are_ignored() {
        assert_eq!(cuda_devices("2, GPU-a1"), ["2", "GPU-a1"]);
        assert_eq!(cuda_devices("-1"), [""; 0]);
        assert_eq!(cuda_devices("0,-1,1"), ["0"]);
    }

    #[test]
    fn a_program_that_hangs_is_an_error_and_one_that_fails_prints_none() {
        let run = |script: &str, timeout| {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", script]);
            output_within(command, timeout)
        };
        let minute = Duration::from_secs(60);
        assert_eq!(run("echo 0", minute), Ok(Some("0\n".to_owned())));
        assert_eq!(run("echo 0; exit 1", minute), Ok(None));
        let error = run("exec sleep 600", Duration::from_millis(20)).unwrap_err().to_string();
        assert!(error.contains("has not ended after 0.02 s"), "{error}");
        assert_eq!(output_within(Command::new("/nowhere/at/all"), minute), Ok(None));
    }

    #[test]
    fn invalid_shares_are_errors() {
        assert!(devices(&listed(&["0"]), 2, 1, None).unwrap_err().contains("needs that many devices"));
        assert!(devices(&listed(&["0", "0"]), 1, 1, None).unwrap_err().contains("twice"));
        assert!(devices(&listed(&["0"]), 2, 2, None).unwrap_err().contains("both"));
        assert!(devices(&listed(&["0"]), 0, 1, None).unwrap_err().contains("at least 1"));
    }

    #[test]
    fn the_number_of_slots_is_limited_before_they_are_allocated() {
        let most = MAX_SLOTS;
        assert_eq!(devices(&listed(&["0"]), 1, most, None).unwrap().len(), 1_024);
        assert_eq!(devices(&listed(&["0", "1"]), 1, u32::MAX, Some(most)).unwrap().len(), 1_024);
        assert_eq!(devices(&listed(&["0"]), 1, u32::MAX, Some(1)).unwrap(), ["0 0 0 0"]);
        assert!(devices(&listed(&["0"]), 1, u32::MAX, None).unwrap_err().contains("more than 1024 jobs at once"));
        assert_eq!(slots(&Gpus::None, Sharing::default(), None, u32::MAX).unwrap().len(), 1_024);
        let numbers: Vec<String> = (0..50_000).map(|n| n.to_string()).collect();
        let many: Vec<&str> = numbers.iter().map(String::as_str).collect();
        assert!(devices(&listed(&many), 1, 1, None).unwrap_err().contains("50000 devices"));
        assert_eq!(devices(&listed(&many), 50_000, 1, None).unwrap().len(), 1);
    }
}
