//! What each slot has of its own: a number, and devices where they are asked for.

use std::collections::HashSet;
use std::env;
use std::ffi::OsString;
use std::io::Read;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::launch::process::pidfd::{ends_within, pidfd};
use crate::launch::process::syscalls::{Pid, never_block, without_ctrl_z};
use crate::types::ids::MAX_SLOTS;

/// The variables that hide other slots' devices from a job: CUDA, ROCm, oneAPI.
const DEVICE_VARIABLES: [&str; 3] = ["CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ZE_AFFINITY_MASK"];

/// How long `nvidia-smi` may take. It lists the devices of one machine: less than a pipe holds.
const SMI_PATIENCE: Duration = Duration::from_secs(30);

/// `--gpus`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Gpus {
    /// Jobs see whatever the driver sees.
    #[default]
    None,
    /// Those that CUDA_VISIBLE_DEVICES names, else those that nvidia-smi lists.
    Auto,
    /// These: indices or unique names.
    Listed(Vec<String>),
}

/// `--gpus-per-job` and `--jobs-per-gpu`; both at least 1, and at most one of them above it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sharing {
    /// Devices of one job.
    pub gpus_per_job: u32,
    /// Jobs on one device.
    pub jobs_per_gpu: u32,
}

impl Default for Sharing {
    fn default() -> Self {
        Sharing { gpus_per_job: 1, jobs_per_gpu: 1 }
    }
}

/// The variables of the jobs of one slot.
pub type SlotEnvironment = Vec<(&'static str, OsString)>;

/// One environment per slot. With devices their number follows from these, `wanted` (`--concurrency`) can only lower it; without,
/// it is `wanted`. Errs with a sentence that says what to change.
pub fn slots(gpus: &Gpus, sharing: Sharing, wanted: Option<u32>, default: u32) -> Result<Vec<SlotEnvironment>, String> {
    let devices = match gpus {
        Gpus::None => return Ok((0..wanted.unwrap_or(default).clamp(1, MAX_SLOTS)).map(numbered).collect()),
        Gpus::Auto => {
            let found = found_devices()?;
            if found.is_empty() {
                return Ok((0..wanted.unwrap_or(default).clamp(1, MAX_SLOTS)).map(numbered).collect());
            }
            found
        }
        Gpus::Listed(devices) => devices.clone(),
    };
    let wanted = wanted.map_or(usize::MAX, |wanted| wanted.max(1) as usize);
    let assigned = share(&devices, sharing, wanted)?;
    let with_devices = |(slot, devices): (u32, String)| {
        let mut environment = numbered(slot);
        environment.extend(DEVICE_VARIABLES.map(|name| (name, OsString::from(&devices))));
        environment
    };
    Ok((0..).zip(assigned).map(with_devices).collect())
}

/// The devices of each slot, as the variables spell them, for `wanted` slots at most.
fn share(devices: &[String], sharing: Sharing, wanted: usize) -> Result<Vec<String>, String> {
    let Sharing { gpus_per_job, jobs_per_gpu } = sharing;
    let mut seen = HashSet::new();
    if let Some(twice) = devices.iter().find(|device| !seen.insert(*device)) {
        return Err(format!("--gpus names {twice} twice"));
    }
    let per_job = (gpus_per_job as usize).max(1);
    let slots = (devices.len() / per_job).saturating_mul(jobs_per_gpu as usize).min(wanted);
    if slots > MAX_SLOTS as usize {
        let (devices, most) = (devices.len(), MAX_SLOTS);
        return Err(format!(
            "{devices} devices with --jobs-per-gpu {jobs_per_gpu} are more than {most} jobs at once; limit them with -j {most}"
        ));
    }
    match (gpus_per_job, jobs_per_gpu) {
        (0, _) | (_, 0) => Err("--gpus-per-job and --jobs-per-gpu must be at least 1".into()),
        (2.., 2..) => Err("--gpus-per-job and --jobs-per-gpu cannot both be above 1".into()),
        (per_job, 1) => {
            let slots: Vec<String> =
                devices.chunks_exact(per_job as usize).take(slots).map(|chunk| chunk.join(",")).collect();
            if slots.is_empty() {
                return Err(format!("--gpus-per-job {per_job} needs that many devices, there are {}", devices.len()));
            }
            Ok(slots)
        }
        // Round by round, so that the first jobs spread over all devices.
        _ => Ok(devices.iter().cycle().take(slots).cloned().collect()),
    }
}

fn numbered(slot: u32) -> SlotEnvironment {
    vec![("HYPERTUNE_SLOT", OsString::from(slot.to_string()))]
}

fn found_devices() -> Result<Vec<String>, String> {
    if let Ok(visible) = env::var("CUDA_VISIBLE_DEVICES") {
        return Ok(visible_of(&visible));
    }
    let mut question = Command::new("nvidia-smi");
    question.args(["--query-gpu=index", "--format=csv,noheader"]);
    let answer = output_within(question, SMI_PATIENCE)?;
    Ok(answer.map(|answer| listed(answer.lines())).unwrap_or_default())
}

/// What a program prints that ends well in time. `None` if it cannot be started or fails.
fn output_within(mut command: Command, patience: Duration) -> Result<Option<String>, String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let Ok(mut child) = without_ctrl_z(|| command.spawn()) else { return Ok(None) };
    let number = i32::try_from(child.id()).ok().and_then(Pid::new);
    let ended = number.and_then(|pid| pidfd(pid).ok());
    if !ended.is_some_and(|ended| ends_within(ended.as_fd(), patience)) {
        let _ = child.kill();
        let name = command.get_program().to_string_lossy().into_owned();
        let seconds = patience.as_secs_f64();
        return Err(format!("{name} has not ended after {seconds} s; list the devices instead, as in --gpus 0,1"));
    }
    let mut printed = Vec::new();
    if let Some(mut stdout) = child.stdout.take() {
        // A process that it started may hold the pipe open: what is in it now is all.
        let _ = never_block(stdout.as_fd()).and_then(|()| stdout.read_to_end(&mut printed));
    }
    let succeeded = child.wait().is_ok_and(|status| status.success());
    Ok(succeeded.then(|| String::from_utf8_lossy(&printed).into_owned()))
}

/// What CUDA sees with this value: everything before the first entry that is no device, such as -1.
fn visible_of(variable: &str) -> Vec<String> {
    listed(variable.split(',').take_while(|device| !device.trim().starts_with('-')))
}

fn listed<'a>(devices: impl Iterator<Item = &'a str>) -> Vec<String> {
    devices.map(str::trim).filter(|device| !device.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(devices: &[&str]) -> Gpus {
        Gpus::Listed(devices.iter().map(|d| (*d).to_owned()).collect())
    }

    fn devices(gpus: &Gpus, gpus_per_job: u32, jobs_per_gpu: u32, wanted: Option<u32>) -> Result<Vec<String>, String> {
        let slots = slots(gpus, Sharing { gpus_per_job, jobs_per_gpu }, wanted, 3)?;
        let shown = |environment: &SlotEnvironment| {
            let values: Vec<String> = environment.iter().map(|(_, v)| v.to_string_lossy().into_owned()).collect();
            values.join(" ")
        };
        Ok(slots.iter().map(shown).collect())
    }

    #[test]
    fn without_devices_every_slot_has_its_number() {
        assert_eq!(devices(&Gpus::None, 1, 1, None).unwrap(), ["0", "1", "2"]);
        assert_eq!(devices(&Gpus::None, 1, 1, Some(1)).unwrap(), ["0"]);
    }

    #[test]
    fn concurrency_follows_from_the_devices() {
        assert_eq!(devices(&listing(&["0", "3"]), 1, 1, None).unwrap(), ["0 0 0 0", "1 3 3 3"]);
        assert_eq!(devices(&listing(&["0", "1", "3"]), 2, 1, None).unwrap(), ["0 0,1 0,1 0,1"]);
        assert_eq!(devices(&listing(&["0", "3"]), 1, 2, Some(3)).unwrap(), ["0 0 0 0", "1 3 3 3", "2 0 0 0"]);
    }

    #[test]
    fn hidden_devices_are_not_found() {
        assert_eq!(visible_of("2, GPU-a1"), ["2", "GPU-a1"]);
        assert_eq!(visible_of("-1"), [""; 0]);
        assert_eq!(visible_of("0,-1,1"), ["0"]);
    }

    #[test]
    fn a_program_that_does_not_end_is_an_error_and_one_that_fails_is_none() {
        let run = |script: &str, patience| {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", script]);
            output_within(command, patience)
        };
        let minute = Duration::from_secs(60);
        assert_eq!(run("echo 0", minute), Ok(Some("0\n".to_owned())));
        assert_eq!(run("echo 0; exit 1", minute), Ok(None));
        let late = run("exec sleep 600", Duration::from_millis(20)).unwrap_err();
        assert!(late.contains("has not ended after 0.02 s"), "{late}");
        assert_eq!(output_within(Command::new("/nowhere/at/all"), minute), Ok(None));
    }

    #[test]
    fn what_cannot_be_shared_is_said() {
        assert!(devices(&listing(&["0"]), 2, 1, None).unwrap_err().contains("needs that many devices"));
        assert!(devices(&listing(&["0", "0"]), 1, 1, None).unwrap_err().contains("twice"));
        assert!(devices(&listing(&["0"]), 2, 2, None).unwrap_err().contains("both"));
        assert!(devices(&listing(&["0"]), 0, 1, None).unwrap_err().contains("at least 1"));
    }

    #[test]
    fn slots_are_bounded_before_they_are_laid_out() {
        let most = MAX_SLOTS;
        assert_eq!(devices(&listing(&["0"]), 1, most, None).unwrap().len(), 1_024);
        assert_eq!(devices(&listing(&["0", "1"]), 1, u32::MAX, Some(most)).unwrap().len(), 1_024);
        assert_eq!(devices(&listing(&["0"]), 1, u32::MAX, Some(1)).unwrap(), ["0 0 0 0"]);
        assert!(devices(&listing(&["0"]), 1, u32::MAX, None).unwrap_err().contains("more than 1024 jobs at once"));
        assert_eq!(slots(&Gpus::None, Sharing::default(), None, u32::MAX).unwrap().len(), 1_024);
        let numbers: Vec<String> = (0..50_000).map(|n| n.to_string()).collect();
        let many: Vec<&str> = numbers.iter().map(String::as_str).collect();
        assert!(devices(&listing(&many), 1, 1, None).unwrap_err().contains("50000 devices"));
        assert_eq!(devices(&listing(&many), 50_000, 1, None).unwrap().len(), 1);
    }
}
