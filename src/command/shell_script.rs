//! Recognizes a script that is given to a shell with `-c` and does not use the arguments after it.

use std::path::Path;

const SHELLS: [&str; 6] = ["sh", "bash", "dash", "zsh", "ksh", "ash"];

/// The position in `command` of the script of `sh -c SCRIPT`, if the script uses none of the arguments that follow it.
pub fn script_without_arguments(command: &[String]) -> Option<usize> {
    let program = Path::new(command.first()?).file_name()?.to_str()?;
    if !SHELLS.contains(&program) {
        return None;
    }
    let is_option = |word: &String| word.starts_with(['-', '+']);
    let options = command[1..].iter().take_while(|word| is_option(word)).count();
    let takes_script = command[1..=options].iter().any(|word| !word.starts_with("--") && word.contains('c'));
    let at = options + 1;
    let script = command.get(at).filter(|_| takes_script)?;
    (!uses_arguments(script)).then_some(at)
}

/// Whether `script` has a positional parameter: `$1`, `"$@"`, `${2:-x}`, `$#`, or `$0`, which is the first argument after the script.
/// A script that reads arguments in another way, or the variable with all parameters, counts as one that uses them.
fn uses_arguments(script: &str) -> bool {
    let is_positional = |rest: &str| {
        rest.trim_start_matches(['{', '#', '!']).starts_with(|c: char| c.is_ascii_digit() || "@*".contains(c))
    };
    let has_parameter = script.match_indices('$').any(|(at, _)| {
        let rest = &script[at + 1..];
        rest.starts_with('#') || is_positional(rest)
    });
    // `for x; do` loops over the arguments.
    has_parameter || ["shift", "getopts", "for ", "HYPERTUNE_PARAMS"].iter().any(|word| script.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_without_positional_parameters_is_found() {
        let of = |command: &[&str]| {
            script_without_arguments(&command.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(of(&["sh", "-c", "python3 train.py"]), Some(2));
        assert_eq!(of(&["/bin/bash", "-e", "-c", "cd x && python3 train.py $HOME"]), Some(3));
        assert_eq!(of(&["bash", "-ec", "x", "name"]), Some(2));
        for script in [
            "t \"$@\"",
            "t $1",
            "t ${1}",
            "t ${2:-x}",
            "t $*",
            "t $0",
            "echo $#",
            "t $HYPERTUNE_PARAMS",
            "while shift; do :; done",
        ] {
            assert_eq!(of(&["sh", "-c", script]), None, "{script}");
        }
        assert_eq!(of(&["sh", "t.sh"]), None);
        assert_eq!(of(&["python3", "-c", "print()"]), None);
        assert_eq!(of(&["sh", "-c"]), None);
        assert_eq!(of(&["sh"]), None);
        assert_eq!(of(&[]), None);
    }
}
