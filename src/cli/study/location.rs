//! Where a study's commands run when it is resumed: where it was begun, or where its project was moved since.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use anyhow::anyhow;

use crate::cli::error::CliError;
use crate::journal::record::Header;

/// The directory for the study in `folder`. The recorded one counts if it holds this study; otherwise the directory that is to the
/// study's folder as the recorded one was, if the matrix file is there; otherwise either of them that exists.
pub fn directory(header: &Header, folder: &Path) -> Result<PathBuf, CliError> {
    let begun = PathBuf::from(&header.directory);
    if !begun.is_absolute() {
        return Ok(std::env::current_dir()?);
    }
    let folder = std::path::absolute(folder)?;
    let study = match header.study.is_empty() {
        true => begun.join(folder.file_name().unwrap_or_default()),
        false => begun.join(&header.study),
    };
    if is_same(&study, &folder)? {
        return Ok(begun);
    }
    let way = relative(&normal(&study), &normal(&begun));
    let resolved = fs::canonicalize(&folder)?;
    let moved: Vec<PathBuf> = [&folder, &resolved].map(|folder| normal(&folder.join(&way))).into();
    let has_matrix = |directory: &&PathBuf| directory.join(&header.matrix_path).is_file();
    let found = moved.iter().find(has_matrix).or_else(|| [&begun].into_iter().chain(&moved).find(|d| d.is_dir()));
    found.cloned().ok_or_else(|| {
        CliError::usage(anyhow!("the study was begun in {}, which is not there any more", begun.display()))
            .hint("move it back, or run the study's first command line again where its program is")
    })
}

fn is_same(one: &Path, other: &Path) -> io::Result<bool> {
    let other = fs::metadata(other)?;
    Ok(fs::metadata(one).is_ok_and(|one| (one.dev(), one.ino()) == (other.dev(), other.ino())))
}

/// An absolute path without `.` and `..`, by its text alone.
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

/// The way from one normal absolute path to another.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let common = from.components().zip(to.components()).take_while(|(from, to)| from == to).count();
    let up = from.components().skip(common).map(|_| Component::ParentDir);
    up.chain(to.components().skip(common)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_between_paths() {
        let way = |from: &str, to: &str| relative(Path::new(from), Path::new(to)).display().to_string();
        assert_eq!(way("/home/p/out/s", "/home/p"), "../..");
        assert_eq!(way("/disk/s", "/home/p"), "../../home/p");
        assert_eq!(way("/p", "/p"), "");
        assert_eq!(normal(Path::new("/a/./b/../c/")), Path::new("/a/c"));
    }
}
