//! All launchers. A new one needs a file in this folder and a line here.

use std::sync::Arc;

use super::error::LaunchError;
use super::launcher::Launcher;
use super::local::Local;
use super::std_process::StdProcess;

/// The environment variable that names the launcher.
pub const LAUNCHER_VARIABLE: &str = "HYPERTUNE_LAUNCHER";

/// Constructors of all launchers. The first is the default.
const LAUNCHERS: [fn() -> Arc<dyn Launcher>; 2] = [|| Arc::new(Local::default()), || Arc::new(StdProcess::default())];

/// The default launcher.
pub fn default() -> Arc<dyn Launcher> {
    LAUNCHERS[0]()
}

/// The launcher `name`.
///
/// # Errors
/// No launcher has this name; the message lists the names.
pub fn named(name: &str) -> Result<Arc<dyn Launcher>, LaunchError> {
    let launchers = || LAUNCHERS.iter().map(|launcher| launcher());
    launchers().find(|launcher| launcher.name() == name).ok_or_else(|| LaunchError::Unknown {
        name: name.to_owned(),
        variable: LAUNCHER_VARIABLE,
        known: launchers().map(|launcher| launcher.name()).collect::<Vec<_>>().join(", "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_launcher_is_found_by_its_name_and_an_unknown_name_is_an_error_that_lists_them() {
        for name in ["local", "std"] {
            assert_eq!(named(name).unwrap().name(), name);
        }
        assert_eq!(default().name(), "local");
        let error = named("slrum").unwrap_err().to_string();
        assert_eq!(error, "unknown launcher `slrum` in HYPERTUNE_LAUNCHER; known launchers: local, std");
    }
}
