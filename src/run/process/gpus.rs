//! The devices and environment variables of each slot.

use std::collections::HashSet;
use std::env;
use std::ffi::OsString;

use super::nvidia_smi::{self, HangingError};
use crate::launch::devices::DEVICE_VARIABLES;
use crate::types::ids::MAX_SLOTS;

/// `--gpus`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Gpus {
    /// Jobs inherit the driver's environment.
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
    #[error(transparent)]
    Hanging(#[from] HangingError),
}

/// The slots of a session.
#[derive(Clone, PartialEq, Debug)]
pub struct Slots {
    /// One for each slot.
    pub environments: Vec<SlotEnvironment>,
    /// What the user did not ask for.
    pub note: Option<String>,
}

/// The slots of a session. Without devices there are `concurrency` (`-j`) slots, or `default`. With devices their number follows from
/// the devices; `concurrency` only lowers it. Without `gpus`, devices are used where `nvidia-smi` lists some.
pub fn slots(gpus: Option<&Gpus>, sharing: Sharing, concurrency: Option<u32>, default: u32) -> Result<Slots, GpuError> {
    let (devices, note) = match gpus {
        None => detected_devices(),
        Some(Gpus::None) => (Vec::new(), None),
        Some(Gpus::Auto) => (visible_devices().map_or_else(nvidia_smi::devices, Ok)?, None),
        Some(Gpus::Listed(devices)) => (devices.clone(), None),
    };
    if devices.is_empty() && !matches!(gpus, Some(Gpus::Listed(_))) {
        let count = concurrency.unwrap_or(default).clamp(1, MAX_SLOTS);
        return Ok(Slots { environments: (0..count).map(slot_number).collect(), note });
    }
    let environments = with_devices(&devices, sharing, concurrency)?;
    let note =
        note.or_else(|| gpus.is_none().then(|| detected_note(&devices, sharing, environments.len(), concurrency)));
    Ok(Slots { environments, note })
}

fn with_devices(
    devices: &[String],
    sharing: Sharing,
    concurrency: Option<u32>,
) -> Result<Vec<SlotEnvironment>, GpuError> {
    let limit = concurrency.map_or(usize::MAX, |concurrency| concurrency.max(1) as usize);
    let environment = |(slot, devices): (u32, String)| {
        let mut environment = slot_number(slot);
        environment.extend(DEVICE_VARIABLES.map(|name| (name, OsString::from(&devices))));
        environment
    };
    Ok((0..).zip(assign(devices, sharing, limit)?).map(environment).collect())
}

/// What is done with the `devices` that were detected, and how to turn it off.
fn detected_note(devices: &[String], sharing: Sharing, slots: usize, concurrency: Option<u32>) -> String {
    let found = if devices.len() == 1 { "1 GPU".to_owned() } else { format!("{} GPUs", devices.len()) };
    let share = match sharing {
        Sharing { gpus_per_job: 2.., .. } => format!("{} of them", sharing.gpus_per_job),
        Sharing { jobs_per_gpu: 2.., .. } => format!("one, which {} jobs share", sharing.jobs_per_gpu),
        _ => "one".to_owned(),
    };
    let fewer = concurrency.filter(|wanted| *wanted as usize > slots);
    let fewer = fewer.map(|wanted| format!(" instead of {wanted}")).unwrap_or_default();
    let at_once = if slots == 1 { "1 job runs".to_owned() } else { format!("{slots} jobs run") };
    format!(
        "nvidia-smi lists {found}: each job gets {share}, and {at_once} at once{fewer}; to turn this off, use --gpus none; \
         to let jobs share a GPU, --jobs-per-gpu N"
    )
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

/// The devices in the driver's CUDA_VISIBLE_DEVICES.
fn visible_devices() -> Option<Vec<String>> {
    env::var("CUDA_VISIBLE_DEVICES").ok().map(|visible| cuda_devices(&visible))
}

/// The devices that jobs get without `--gpus`, with a note where there are any. Where `nvidia-smi` lists none, CUDA_VISIBLE_DEVICES is
/// left as it is.
fn detected_devices() -> (Vec<String>, Option<String>) {
    match nvidia_smi::devices() {
        Ok(listed) if listed.is_empty() => (listed, None),
        Ok(listed) => (visible_devices().unwrap_or(listed), None),
        Err(error) => (Vec::new(), Some(format!("{error}; all jobs share the devices of this machine"))),
    }
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
        let slots = slots(Some(gpus), Sharing { gpus_per_job, jobs_per_gpu }, concurrency, 3);
        let slots = slots.map_err(|e| e.to_string())?.environments;
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
    fn the_note_says_what_is_done_and_how_to_turn_it_off() {
        let devices = ["0".to_owned(), "1".to_owned()];
        let note = |sharing, slots, concurrency| detected_note(&devices, sharing, slots, concurrency);
        let found = note(Sharing::default(), 2, Some(8));
        assert!(
            found.starts_with("nvidia-smi lists 2 GPUs: each job gets one, and 2 jobs run at once instead of 8;"),
            "{found}"
        );
        assert!(found.contains("use --gpus none"), "{found}");
        let found = note(Sharing { gpus_per_job: 2, jobs_per_gpu: 1 }, 1, None);
        assert!(found.contains("each job gets 2 of them, and 1 job runs at once;"), "{found}");
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
        assert_eq!(slots(Some(&Gpus::None), Sharing::default(), None, u32::MAX).unwrap().environments.len(), 1_024);
        let numbers: Vec<String> = (0..50_000).map(|n| n.to_string()).collect();
        let many: Vec<&str> = numbers.iter().map(String::as_str).collect();
        assert!(devices(&listed(&many), 1, 1, None).unwrap_err().contains("50000 devices"));
        assert_eq!(devices(&listed(&many), 50_000, 1, None).unwrap().len(), 1);
    }
}
