//! The working directory of a job, and the paths of its command that are relative to the driver's.

use std::path::{self, Path};

/// `text` as an absolute path; a relative one is relative to `base`.
pub fn absolute(base: &Path, text: &str) -> String {
    let joined = base.join(text);
    // Fails for an empty path only.
    path::absolute(&joined).unwrap_or(joined).to_string_lossy().into_owned()
}

/// Makes the paths in `argv` absolute that are relative to `base`: the program's if it has a slash, and those of existing files, as an
/// argument or after its first `=`. A folder counts if it is written with a slash: `data` may be any word.
pub fn make_paths_absolute(argv: &mut [String], base: &Path) {
    for (index, argument) in argv.iter_mut().enumerate() {
        if index == 0 {
            if argument.contains('/') {
                *argument = absolute(base, argument);
            }
        } else if is_relative_file(argument, base) {
            *argument = absolute(base, argument);
        } else if let Some((name, value)) = argument.split_once('=')
            && is_relative_file(value, base)
        {
            *argument = format!("{name}={}", absolute(base, value));
        }
    }
}

fn is_relative_file(text: &str, base: &Path) -> bool {
    if text.is_empty() || text.starts_with(['-', '/']) {
        return false;
    }
    base.join(text).metadata().is_ok_and(|found| !found.is_dir() || text.contains('/'))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn paths_of_existing_files_become_absolute() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path();
        for name in ["data/deep", "conf"] {
            fs::create_dir_all(base.join(name)).unwrap();
        }
        for name in ["train.py", "data/x.csv", "a b", "python3"] {
            fs::write(base.join(name), "").unwrap();
        }
        let after = |word: &str| {
            let mut argv = vec!["python3".to_owned(), word.to_owned()];
            make_paths_absolute(&mut argv, base);
            assert_eq!(argv[0], "python3");
            argv.remove(1).replace(&base.display().to_string(), "BASE")
        };
        let changed =
            ["train.py", "--data=data/x.csv", "data.path=./data/x.csv", "a b", "data/deep", "conf/", "--d=data/"];
        insta::assert_snapshot!(changed.map(after).join("\n"), @"
        BASE/train.py
        --data=BASE/data/x.csv
        data.path=BASE/data/x.csv
        BASE/a b
        BASE/data/deep
        BASE/conf/
        --d=BASE/data/
        ");
        for kept in
            ["conf", "--data=conf", "new/out.csv", "--out=new", "--train.py", "", "=", "--x=", ".", "/", "a=b=train.py"]
        {
            assert_eq!(after(kept), kept);
        }
        let mut program = vec!["./bin/../train.sh".to_owned()];
        make_paths_absolute(&mut program, base);
        assert_eq!(program[0], base.join("bin/../train.sh").display().to_string());
    }
}
