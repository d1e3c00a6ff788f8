//! Tuners by reference: `org/name:version` is the executable `org/name` in a folder of tuners.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::program::{LocateError, locate_in};

/// Environment variable with folders of tuners, separated by colons.
pub const FOLDERS_VARIABLE: &str = "HYPERTUNE_TUNERS";
/// The folder of tuners next to a matrix file.
const LOCAL_FOLDER: &str = "tuners";

/// A reference to a tuner.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HubRef {
    /// `org/name`: a path below a folder of tuners.
    pub path: String,
    /// The part after the colon; passed to the tuner.
    pub version: Option<String>,
}

/// Why a tuner cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum TunerNotFoundError {
    /// No folder has an executable of that name; this file has the name.
    #[error("the tuner {} is not executable", .0.display())]
    NotExecutable(PathBuf),
    /// All folders that were searched, in order.
    #[error("there is no tuner `{path}`")]
    Missing { path: String, folders: Vec<PathBuf> },
}

impl HubRef {
    /// Parses `org/name` or `org/name:version`; `None` for anything else, and for a path that leaves the folder.
    pub fn parse(text: &str) -> Option<HubRef> {
        let (path, version) = text.split_once(':').map_or((text, None), |(path, version)| (path, Some(version)));
        let plain = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains(['\0', '\\']);
        let good = path.split('/').all(plain) && version != Some("");
        good.then(|| HubRef { path: path.to_owned(), version: version.map(str::to_owned) })
    }

    /// Searches the folders of HYPERTUNE_TUNERS, then `tuners` in `beside`, the folder of the matrix file.
    pub fn find(&self, beside: &Path) -> Result<PathBuf, TunerNotFoundError> {
        self.find_in(env::var_os(FOLDERS_VARIABLE).as_deref(), beside)
    }

    /// [`HubRef::find`] with `listed` for HYPERTUNE_TUNERS.
    pub fn find_in(&self, listed: Option<&OsStr>, beside: &Path) -> Result<PathBuf, TunerNotFoundError> {
        let listed = listed.into_iter().flat_map(env::split_paths).filter(|folder| !folder.as_os_str().is_empty());
        let folders: Vec<PathBuf> = listed.chain([beside.join(LOCAL_FOLDER)]).collect();
        let mut not_executable = None;
        for folder in &folders {
            // The joined path contains a slash, so PATH is never searched.
            match locate_in(&folder.join(&self.path).to_string_lossy(), None) {
                Ok(found) => return Ok(found),
                Err(LocateError::NotExecutable(path)) => not_executable = not_executable.or(Some(path)),
                // Starting it reports the error.
                Err(LocateError::Interpreter { script: path, .. } | LocateError::Unknown { path, .. }) => {
                    return Ok(path);
                }
                Err(
                    LocateError::NoSuchFile(_)
                    | LocateError::Directory(_)
                    | LocateError::NotInPath(_)
                    | LocateError::NoPath(_),
                ) => {}
            }
        }
        let missing = || TunerNotFoundError::Missing { path: self.path.clone(), folders };
        Err(not_executable.map_or_else(missing, TunerNotFoundError::NotExecutable))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_reference_is_a_path_and_a_version() {
        let parsed = |text| HubRef::parse(text).map(|r| (r.path, r.version));
        assert_eq!(parsed("acme/evolve:1.2"), Some(("acme/evolve".into(), Some("1.2".into()))));
        assert_eq!(parsed("acme/evolve"), Some(("acme/evolve".into(), None)));
        for bad in ["", "/etc/passwd", "../evolve", "acme/../../x", "acme/", "acme/evolve:", ":1"] {
            assert_eq!(parsed(bad), None, "{bad}");
        }
    }

    #[test]
    fn listed_folders_come_before_the_one_beside_the_matrix() {
        let root = tempfile::tempdir().unwrap();
        let tuner = |folder: &str, mode| {
            let path = root.path().join(folder).join("acme/evolve");
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "#!/bin/sh\n").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            path
        };
        let [first, second] = ["first", "second"].map(|name| root.path().join(name));
        let listed = env::join_paths([&first, &second]).unwrap();
        let reference = HubRef::parse("acme/evolve:1").unwrap();
        let find = || reference.find_in(Some(&listed), root.path());
        let folders = vec![first.clone(), second.clone(), root.path().join("tuners")];
        assert_eq!(find(), Err(TunerNotFoundError::Missing { path: "acme/evolve".into(), folders }));
        let plain = tuner("first", 0o644);
        assert_eq!(find(), Err(TunerNotFoundError::NotExecutable(plain)));
        let beside = tuner("tuners", 0o755);
        assert_eq!(find(), Ok(beside));
        let listed_one = tuner("second", 0o755);
        assert_eq!(find(), Ok(listed_one));
    }
}
