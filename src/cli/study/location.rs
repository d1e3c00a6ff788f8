//! Finds the working directory of a resumed study (where it was started, or where its project was moved to), and the folder of a study
//! for which none is given.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use anyhow::anyhow;

use crate::cli::args::study::StudyArgs;
use crate::cli::error::CliError;
use crate::command::template::is_template;
use crate::journal::record::Header;

/// The working directory for the study in `folder`: the recorded directory if it still has this study, else the directory at the same
/// relative path from the study's folder if it has the matrix file, else the first of the two that exists.
pub fn directory(header: &Header, folder: &Path) -> Result<PathBuf, CliError> {
    let recorded = PathBuf::from(&header.directory);
    if !recorded.is_absolute() {
        return Ok(std::env::current_dir()?);
    }
    let folder = std::path::absolute(folder)?;
    let study = match header.study.is_empty() {
        true => recorded.join(folder.file_name().unwrap_or_default()),
        false => recorded.join(&header.study),
    };
    if is_same(&study, &folder)? {
        return Ok(recorded);
    }
    let path = relative(&normal(&study), &normal(&recorded));
    let resolved = fs::canonicalize(&folder)?;
    let moved: Vec<PathBuf> = [&folder, &resolved].map(|folder| normal(&folder.join(&path))).into();
    let has_matrix = |directory: &&PathBuf| directory.join(&header.matrix_path).is_file();
    let found = moved.iter().find(has_matrix).or_else(|| [&recorded].into_iter().chain(&moved).find(|d| d.is_dir()));
    found.cloned().ok_or_else(|| {
        CliError::usage(anyhow!("the study was started in {}, which no longer exists", recorded.display()))
            .hint("move it back, or run the original command line in the directory of its program")
    })
}

fn is_same(one: &Path, other: &Path) -> io::Result<bool> {
    let other = fs::metadata(other)?;
    Ok(fs::metadata(one).is_ok_and(|one| (one.dev(), one.ino()) == (other.dev(), other.ino())))
}

/// An absolute path without `.` and `..`, resolved lexically.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(normal.pop()),
            other => normal.push(other),
        }
    }
    normal
}

/// The relative path from one normal absolute path to another.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let common = from.components().zip(to.components()).take_while(|(from, to)| from == to).count();
    let up = from.components().skip(common).map(|_| Component::ParentDir);
    up.chain(to.components().skip(common)).collect()
}

/// The stem of the matrix file or, without one, of the script, with `.study`, in the current directory.
pub fn default_folder(args: &StudyArgs) -> PathBuf {
    let named = args.matrix.as_deref().unwrap_or_else(|| script(&args.command));
    let mut name = named.file_stem().unwrap_or("hypertune".as_ref()).to_owned();
    name.push(".study");
    PathBuf::from(name)
}

/// The first argument that is a file, or the module after `-m`, or else the program.
fn script(command: &[String]) -> &Path {
    let is_script = |word: &&String| Path::new(word).extension().is_some() && Path::new(word).is_file();
    let module = || command.iter().skip_while(|word| *word != "-m").nth(1);
    let program = || command.first().filter(|program| !is_template(program));
    let found = command.iter().skip(1).find(is_script).or_else(module).or_else(program);
    Path::new(found.map_or("hypertune", String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths() {
        let path = |from: &str, to: &str| relative(Path::new(from), Path::new(to)).display().to_string();
        assert_eq!(path("/home/p/out/s", "/home/p"), "../..");
        assert_eq!(path("/disk/s", "/home/p"), "../../home/p");
        assert_eq!(path("/p", "/p"), "");
        assert_eq!(normal(Path::new("/a/./b/../c/")), Path::new("/a/c"));
    }

    #[test]
    fn the_folder_is_named_after_the_matrix_file_or_the_script() {
        let folder = |matrix: Option<&str>, command: &[&str]| {
            let (matrix, command) =
                (matrix.map(PathBuf::from), command.iter().map(|word| (*word).to_owned()).collect());
            default_folder(&StudyArgs { matrix, command, ..StudyArgs::default() })
        };
        assert_eq!(folder(Some("a/b/lr.search.yaml"), &["./train"]), Path::new("lr.search.study"));
        assert_eq!(folder(None, &["bin/train", "--x"]), Path::new("train.study"));
        assert_eq!(folder(None, &["python3", "-m", "pkg.train"]), Path::new("pkg.study"));
        assert_eq!(folder(None, &["sh", "Cargo.toml"]), Path::new("Cargo.study"));
        assert_eq!(folder(None, &[]), Path::new("hypertune.study"));
    }
}
