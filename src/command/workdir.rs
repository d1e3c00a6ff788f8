//! The working directory of a job, and the paths of its command that are relative to the driver's.

use std::path::{self, Path};

use super::template::scanner::tag_ranges;

/// `text` as an absolute path; a relative one is relative to `base`.
pub fn absolute(base: &Path, text: &str) -> String {
    let joined = base.join(text);
    // Fails for an empty path only.
    path::absolute(&joined).unwrap_or(joined).to_string_lossy().into_owned()
}

/// `program` as an absolute path if it has a slash; without one it is found in PATH.
pub fn absolute_program(base: &Path, program: &str) -> String {
    if program.contains('/') { absolute(base, program) } else { program.to_owned() }
}

/// Makes the path in `word` absolute if it is relative to `base` and the path of an existing file: all of the word, or what follows its
/// first `=`. A folder counts if it is written with a slash: `data` may be any word.
///
/// `element` is the element of the command that rendered to `word`. Only what the user wrote as text is a path: in a template the part
/// before its first tag must have a slash (`data/{{ name }}.csv`, `./{{ file }}`), or the path must follow its last tag. The value of a
/// parameter may be the name of a file by chance.
pub fn make_paths_absolute(word: &mut String, element: &str, base: &Path) {
    let (before, after) = literal_ends(element);
    let has_directory = |text: &str| before.len() == element.len() || text.contains('/');
    let value = || {
        let (name, value) = word.split_once('=')?;
        let is_text = match before.split_once('=') {
            Some((_, text)) => has_directory(text),
            None => after.split_once('=').is_some_and(|(_, text)| text == value),
        };
        (is_text && is_relative_file(value, base)).then(|| format!("{name}={}", absolute(base, value)))
    };
    if has_directory(before) && is_relative_file(word, base) {
        *word = absolute(base, word);
    } else if let Some(changed) = value() {
        *word = changed;
    }
}

/// The text before the first tag of a template and after its last one; all of it twice if it has none.
fn literal_ends(element: &str) -> (&str, &str) {
    let tags = tag_ranges(element);
    let start = tags.first().map_or(element.len(), |tag| tag.start);
    (&element[..start], &element[tags.last().map_or(0, |tag| tag.end)..])
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

    /// A folder with files, and what a word of a command that rendered from an element becomes.
    fn changed(words: &[(&str, &str)]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path();
        for name in ["data/deep", "conf"] {
            fs::create_dir_all(base.join(name)).unwrap();
        }
        for name in ["train.py", "data/x.csv", "a b", "sgd"] {
            fs::write(base.join(name), "").unwrap();
        }
        let after = |(element, word): &(&str, &str)| {
            let mut word = (*word).to_owned();
            make_paths_absolute(&mut word, element, base);
            word.replace(&base.display().to_string(), "BASE")
        };
        words.iter().map(after).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn paths_of_existing_files_become_absolute() {
        let of = |words: &[&str]| changed(&words.iter().map(|word| (*word, *word)).collect::<Vec<_>>());
        let found = of(&[
            "train.py",
            "--data=data/x.csv",
            "--data=./sgd",
            "data.path=./data/x.csv",
            "a b",
            "data/deep",
            "conf/",
            "--d=data/",
        ]);
        insta::assert_snapshot!(found, @"
        BASE/train.py
        --data=BASE/data/x.csv
        --data=BASE/sgd
        data.path=BASE/data/x.csv
        BASE/a b
        BASE/data/deep
        BASE/conf/
        --d=BASE/data/
        ");
        let kept = [
            "conf",
            "--data=conf",
            "new/out.csv",
            "--out=new",
            "--train.py",
            "",
            "=",
            "--x=",
            ".",
            "/",
            "a=b=train.py",
        ];
        assert_eq!(of(&kept), kept.join("\n"));
    }

    #[test]
    fn a_program_with_a_slash_becomes_absolute() {
        assert_eq!(absolute_program(Path::new("/base"), "./bin/../train.sh"), "/base/bin/../train.sh");
        assert_eq!(absolute_program(Path::new("/base"), "python3"), "python3");
    }

    #[test]
    fn a_value_stays_unless_the_text_before_it_names_a_folder() {
        let found = changed(&[
            ("data/{{ opt }}.csv", "data/x.csv"),
            ("--data=data/{{ opt }}.csv", "--data=data/x.csv"),
            ("./{{ opt }}", "./sgd"),
            ("--m=./{% if a %}sgd{% endif %}", "--m=./sgd"),
            ("{{ name }}=data/x.csv", "k=data/x.csv"),
        ]);
        insta::assert_snapshot!(found, @"
        BASE/data/x.csv
        --data=BASE/data/x.csv
        BASE/sgd
        --m=BASE/sgd
        k=BASE/data/x.csv
        ");
        for (element, word) in [
            ("{{ opt }}", "sgd"),
            ("{{ opt }}", "data/x.csv"),
            ("--m={{ opt }}", "--m=sgd"),
            ("m={{ opt }}", "m=data/x.csv"),
            ("s{{ opt }}", "sgd"),
            ("{{ opt }}gd", "sgd"),
            ("{{ both }}", "--m=sgd"),
            ("{{ opt }}/x.csv", "data/x.csv"),
            ("data/{{ opt }}", "data/new"),
            ("{{ name }}={{ opt }}", "m=sgd"),
        ] {
            assert_eq!(changed(&[(element, word)]), word, "{element}");
        }
    }
}
