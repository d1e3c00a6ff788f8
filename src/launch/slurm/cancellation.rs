//! What Slurm knows about a job that somebody cancelled.

use super::query::query;

/// That the job or step `id` was cancelled, and by whom, if Slurm's accounting is in use and knows it.
pub fn cancelled(id: Option<&str>) -> String {
    let user = id.and_then(|id| {
        let answer = query("sacct", &["--noheader", "--parsable2", "--jobs", id, "--format=JobID,State"]);
        user(&answer.ok()?, id)
    });
    match user {
        Some(user) => format!("cancelled in Slurm by user {user}, not by hypertune"),
        None => "cancelled in Slurm (scancel), not by hypertune".to_owned(),
    }
}

/// The number of the user in the row of `id`, as in `7.1|CANCELLED by 1000`.
fn user(rows: &str, id: &str) -> Option<u32> {
    let state = rows.lines().find_map(|row| row.trim().split_once('|').filter(|(of, _)| *of == id))?.1;
    state.strip_prefix("CANCELLED by ")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_is_that_of_the_row_with_the_id() {
        let rows = "7|CANCELLED by 1000\n7.0|COMPLETED\n7.1|CANCELLED by 0\n7.2|CANCELLED\n";
        let users = ["7", "7.0", "7.1", "7.2", "8"].map(|id| user(rows, id));
        assert_eq!(users, [Some(1000), None, Some(0), None, None]);
        assert_eq!(cancelled(None), "cancelled in Slurm (scancel), not by hypertune");
    }
}
