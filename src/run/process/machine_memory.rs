//! The memory of this machine.

use std::fs;

/// The memory that processes here may use, bytes: that of the machine, or the limit of the control group at the root if that is
/// less. `None` if neither is known.
pub fn total() -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| of_meminfo(&text));
    let group = fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    [machine, group].into_iter().flatten().min()
}

/// `MemTotal` of proc_meminfo(5), which is in units of 1,024 bytes.
fn of_meminfo(text: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    value.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_read_in_bytes() {
        assert_eq!(of_meminfo("MemTotal:       16336624 kB\nMemFree: 1 kB\n"), Some(16_728_702_976));
        assert_eq!(of_meminfo("MemFree: 1 kB\n"), None);
        assert!(total().is_some_and(|bytes| bytes > 1 << 20));
    }
}
