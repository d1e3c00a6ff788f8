//! Refuses a umask with which hypertune could not use its own files.

use std::fs;

use anyhow::anyhow;

use crate::cli::error::CliError;

/// Permissions of the owner.
const OWNER: u32 = 0o700;

/// Checks that the owner of a new file may read and write it.
///
/// # Errors
/// The umask takes a permission of the owner away, and the user is not root, who needs none.
pub fn check() -> Result<(), CliError> {
    // Unknown without /proc.
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    match unusable_umask(&status) {
        Some(umask) => Err(CliError::usage(anyhow!(
            "the umask is {umask:04o}, which takes permissions for new files away from their owner"
        ))
        .hint("set another one (umask 022), then run the same command line again")),
        None => Ok(()),
    }
}

/// The umask in the text of `/proc/PID/status`, if it is not usable.
fn unusable_umask(status: &str) -> Option<u32> {
    let fields = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::split_whitespace);
    let umask = u32::from_str_radix(fields("Umask:")?.next()?, 8).ok()?;
    // Real, effective, saved and file system user.
    let is_root = fields("Uid:")?.nth(3) == Some("0");
    (umask & OWNER != 0 && !is_root).then_some(umask)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_umask_for_the_owner_is_refused_unless_the_user_is_root() {
        let of = |umask: &str, user: &str| unusable_umask(&format!("Umask:\t{umask}\nUid:\t{user}\n"));
        assert_eq!(of("0777", "1000\t1000\t1000\t1000"), Some(0o777));
        assert_eq!(of("0277", "0\t1000\t0\t1000"), Some(0o277));
        assert_eq!(of("0077", "1000\t1000\t1000\t1000"), None);
        assert_eq!(of("0777", "0\t0\t0\t0"), None);
        assert_eq!(unusable_umask(""), None);
    }
}
