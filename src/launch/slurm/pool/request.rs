//! The option `allocation`: how many allocations the driver keeps, and how long each lasts.

use std::time::Duration;

use jiff::SignedDuration;
use serde::{Serialize, Serializer};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// The shortest time limit of Slurm.
const SHORTEST: Duration = Duration::from_secs(MINUTE);
/// Most allocations: no user has more in a queue, and each has a job of Slurm.
const MOST: u32 = 1000;

/// A value of `allocation`: `4x8h`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AllocationRequest {
    /// Most allocations at once.
    pub count: u32,
    /// Time limit of each.
    pub time: Duration,
    text: String,
}

impl AllocationRequest {
    /// Parses `NxTIME`; `None` if that is not a number of allocations with a time limit of a minute or more.
    pub fn parse(text: &str) -> Option<AllocationRequest> {
        let (count, time) = text.trim().split_once(['x', 'X'])?;
        let count: u32 = count.trim().parse().ok()?;
        let time = time.trim();
        let span = || Duration::try_from(time.parse::<SignedDuration>().ok()?).ok();
        let time = slurm_time(time).or_else(span).filter(|time| *time >= SHORTEST)?;
        (1..=MOST).contains(&count).then(|| AllocationRequest { count, time, text: text.trim().to_owned() })
    }

    /// The value of `--time`, in minutes.
    pub fn minutes(&self) -> u64 {
        self.time.as_secs().div_ceil(MINUTE)
    }
}

impl Serialize for AllocationRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// A time as Slurm writes and reads it (sbatch(1), `--time`): minutes, `M:S`, `H:M:S`, `D-H`, `D-H:M`, `D-H:M:S`.
pub fn slurm_time(text: &str) -> Option<Duration> {
    let text = text.trim();
    let (days, rest) = text.split_once('-').map_or((None, text), |(days, rest)| (Some(days), rest));
    let numbers: Vec<u64> = rest.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let units: &[u64] = match (days, numbers.len()) {
        (Some(_), 1..=3) | (None, 3) => &[HOUR, MINUTE, 1],
        (None, 1..=2) => &[MINUTE, 1],
        _ => return None,
    };
    let days: u64 = days.map_or(Some(0), |days| days.parse().ok())?;
    let parts = numbers.iter().zip(units).map(|(number, unit)| number.checked_mul(*unit));
    parts.chain([days.checked_mul(DAY)]).try_fold(0_u64, |sum, part| sum.checked_add(part?)).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_a_number_of_allocations_and_their_time() {
        let parse = |text| AllocationRequest::parse(text).map(|request| (request.count, request.minutes()));
        assert_eq!(parse("4x8h"), Some((4, 480)));
        assert_eq!(parse("1x1h30m"), Some((1, 90)));
        assert_eq!(["2x90", "2x1:00:30", "2x1-0"].map(parse), [Some((2, 90)), Some((2, 61)), Some((2, 1440))]);
        for text in ["", "4", "x8h", "0x8h", "4x", "4x30s", "4x0", "-1x8h", "4x8y", "2000x1h"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn times_of_slurm_have_minutes_or_days() {
        let times = ["59:30", "2:00:00", "1-02:03:04", "3", "2-1:30"].map(|text| slurm_time(text).unwrap().as_secs());
        assert_eq!(times, [3570, 7200, 93_784, 180, 178_200]);
        for text in ["UNLIMITED", "", "1:2:3:4", "1-", "x", "99999999999999999999-0", "18446744073709551615-0"] {
            assert_eq!(slurm_time(text), None, "{text}");
        }
    }
}
