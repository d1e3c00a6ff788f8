//! Variables that jobs get unless something else sets them.

use std::env;
use std::ffi::OsString;
use std::num::NonZero;
use std::thread;

/// The variables that limit the threads of OpenMP, Intel MKL, OpenBLAS and NumExpr. Each of these libraries starts a thread per
/// processor by default, in every job.
const THREAD_VARIABLES: [&str; 4] =
    ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"];

/// Python writes what is printed at once; into a pipe it would otherwise write blocks of 8 KiB, too late for early stopping.
const UNBUFFERED: &str = "PYTHONUNBUFFERED";

/// `--threads`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Threads {
    /// The processors, divided by the jobs that run at once.
    #[default]
    Auto,
    /// Jobs inherit the driver's environment.
    None,
    /// So many for each job.
    Count(NonZero<u32>),
}

/// Name and value of each variable that the driver's own environment does not set. `jobs` run at once.
pub fn default_variables(threads: Threads, jobs: u32) -> Vec<(&'static str, OsString)> {
    let is_unset = |variable: &(&'static str, OsString)| env::var_os(variable.0).is_none();
    all_variables(threads, processors(), jobs).into_iter().filter(is_unset).collect()
}

/// The processors that this process may use, by its affinity and its control group; 1 if the system does not report them.
pub fn processors() -> u32 {
    thread::available_parallelism().map_or(1, NonZero::get).try_into().unwrap_or(u32::MAX)
}

fn all_variables(threads: Threads, processors: u32, jobs: u32) -> Vec<(&'static str, OsString)> {
    let count = match threads {
        Threads::Auto => Some((processors / jobs.max(1)).max(1)),
        Threads::None => None,
        Threads::Count(count) => Some(count.get()),
    };
    let of_threads = count.into_iter().flat_map(|count| {
        let text = OsString::from(count.to_string());
        THREAD_VARIABLES.map(|name| (name, text.clone()))
    });
    [(UNBUFFERED, OsString::from("1"))].into_iter().chain(of_threads).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_are_shared_among_the_jobs() {
        let threads = |threads, jobs| {
            let all = all_variables(threads, 8, jobs);
            assert_eq!(all[0], (UNBUFFERED, "1".into()));
            let values: Vec<String> = all[1..].iter().map(|(_, value)| value.to_string_lossy().into_owned()).collect();
            assert!(values.is_empty() || (values.len() == 4 && values.iter().all(|value| *value == values[0])));
            values.into_iter().next()
        };
        let auto = [1, 3, 8, 100].map(|jobs| threads(Threads::Auto, jobs).unwrap());
        assert_eq!(auto, ["8", "2", "1", "1"]);
        assert_eq!(threads(Threads::None, 1), None);
        assert_eq!(threads(Threads::Count(NonZero::new(3).unwrap()), 8).unwrap(), "3");
    }
}
