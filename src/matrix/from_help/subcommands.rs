//! The subcommands that a help text lists, in the forms of argparse, click and typer.

use super::options::without_frame;

/// The names of the subcommands, in order; empty if the program has none.
pub fn subcommands(help: &str) -> Vec<String> {
    let found = in_braces(help);
    if found.is_empty() { in_section(help) } else { found }
}

/// argparse: `positional arguments:`, then a line with `{train,eval}`, and in the usage `{train,eval} ...`. Without the dots they are the
/// values of a positional argument.
fn in_braces(help: &str) -> Vec<String> {
    let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let list = |line: &str| {
        let (names, _) = line.trim().strip_prefix('{')?.split_once('}')?;
        words.contains(&format!("{{{names}}} ...")).then_some(())?;
        let names: Vec<String> = names.split(',').map(|name| name.trim().to_owned()).collect();
        names.iter().all(|name| is_name(name)).then_some(names)
    };
    help.lines().find_map(list).unwrap_or_default()
}

/// click: `Commands:`, then a line for each; typer and rich-click: a box with this title.
fn in_section(help: &str) -> Vec<String> {
    let is_title = |line: &&str| {
        let title = line.trim_matches(|c: char| !c.is_alphabetic()).to_ascii_lowercase();
        title == "commands" || title == "subcommands"
    };
    let mut lines = help.lines().skip_while(|line| !is_title(line));
    lines.next();
    let rows = lines.map(without_frame).take_while(|line| line.starts_with(' ') && !line.trim().is_empty());
    let rows: Vec<String> = rows.collect();
    let indentation = |line: &str| line.len() - line.trim_start().len();
    // a line with more is the rest of the text before it
    let least = rows.iter().map(|line| indentation(line)).min().unwrap_or(0);
    let names = rows.iter().filter(|line| indentation(line) == least).filter_map(|line| line.split_whitespace().next());
    names.filter(|name| is_name(name)).map(str::to_owned).collect()
}

fn is_name(word: &str) -> bool {
    !word.is_empty()
        && word.starts_with(char::is_alphabetic)
        && word.chars().all(|c| c.is_alphanumeric() || "-_".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subcommands_are_listed_in_braces_or_below_a_title() {
        let argparse = "usage: t.py [-h] {train,eval} ...\n\npositional arguments:\n  {train,eval}\n    train       train a model\n\n\
                        options:\n  -h, --help  show this help message and exit\n";
        let click = "Usage: t.py [OPTIONS] COMMAND [ARGS]...\n\nOptions:\n  --help  Show this message and exit.\n\nCommands:\n  \
                     fit   Train a model, with\n        more text\n  eval  Evaluate it\n";
        let typer = "╭─ Options ─────────╮\n│ --help   Show it. │\n╰───────────────────╯\n╭─ Commands ────────╮\n│ fit    Train.     │\n\
                     │ check  Check.     │\n╰───────────────────╯\n";
        assert_eq!(subcommands(argparse), ["train", "eval"]);
        assert_eq!(subcommands(click), ["fit", "eval"]);
        assert_eq!(subcommands(typer), ["fit", "check"]);
        let positional = "usage: t.py [-h] {sgd,adam}\n\npositional arguments:\n  {sgd,adam}  the optimizer\n";
        assert!(subcommands(positional).is_empty());
        assert!(subcommands("usage: t.py [-h] [--lr LR]\n\noptions:\n  --opt {sgd,adam}\n").is_empty());
    }
}
