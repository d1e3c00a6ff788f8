//! Finds the options in a help text.

use super::details::{self, Details};

/// Most options that are read.
const MAX_OPTIONS: usize = 500;

/// An option of a script.
#[derive(Clone, PartialEq, Debug)]
pub struct HelpOption {
    /// Its longest name, without dashes at the start.
    pub name: String,
    /// Whether it takes a value.
    pub takes_value: bool,
    /// How it is turned off, for a flag that can be.
    pub negation: Option<Negation>,
    /// Default, choices and bounds.
    pub details: Details,
}

/// How a flag is turned off.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Negation {
    /// By `--no-NAME`.
    NoFlag,
    /// By the value `false`, or `--noNAME`, as absl does.
    Value,
    /// By another option, with its dashes.
    Other(String),
}

/// The names, the placeholder of the value and the description of an option.
#[derive(Debug, Default)]
struct RawOption {
    names: Vec<String>,
    placeholder: String,
    help: String,
}

/// The options in `help`, in its order; options that every script has are left out.
pub fn options(help: &str) -> Vec<HelpOption> {
    let mut raw: Vec<RawOption> = Vec::new();
    let mut usage = String::new();
    let (mut is_open, mut in_usage) = (false, false);
    for line in help.lines() {
        let line = without_frame(line);
        let text = line.trim();
        in_usage = (in_usage && !text.is_empty()) || text.to_lowercase().starts_with("usage:");
        if in_usage {
            usage.push_str(text);
            usage.push(' ');
            continue;
        }
        match head(text) {
            Some(option) => {
                raw.push(option);
                is_open = true;
            }
            // a heading or a blank line ends the description
            None if !line.starts_with([' ', '\t']) && !text.is_empty() => is_open = false,
            None => {
                if let Some(option) = raw.last_mut().filter(|_| is_open) {
                    option.help.push(' ');
                    option.help.push_str(text);
                }
            }
        }
        if raw.len() >= MAX_OPTIONS {
            break;
        }
    }
    let required = required(&usage);
    let mut found: Vec<HelpOption> = Vec::new();
    for option in raw.into_iter().filter_map(|raw| finished(raw, &required)) {
        if !found.iter().any(|other| other.name == option.name) {
            found.push(option);
        }
    }
    found
}

/// The options in the usage that are not in brackets.
fn required(usage: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let mut found = Vec::new();
    for word in usage.split(' ') {
        if depth == 0 && word.starts_with('-') {
            found.push(word);
        }
        depth = (depth + word.matches(['[', '(']).count()).saturating_sub(word.matches([']', ')']).count());
    }
    found
}

/// The line without the frame that rich draws around a list of options, and without its mark for required ones.
pub(super) fn without_frame(line: &str) -> String {
    let is_frame = |c: char| ('\u{2500}'..='\u{257f}').contains(&c);
    if !line.contains(is_frame) {
        return line.to_owned();
    }
    // the frame's columns stay blank, so that the line is no heading
    let inner = line.trim().trim_matches(is_frame).trim().trim_start_matches('*').trim();
    format!(" {inner}")
}

/// The option that `text` begins, if it does.
fn head(text: &str) -> Option<RawOption> {
    if !text.starts_with('-') || text.starts_with("---") {
        return None;
    }
    let mut option = RawOption::default();
    let mut columns = text.split("  ").map(str::trim).filter(|column| !column.is_empty());
    let mut help = Vec::new();
    for column in columns.by_ref() {
        if column.starts_with('-') {
            read_names(column, &mut option);
        } else if option.placeholder.is_empty() && is_placeholder(column) {
            option.placeholder = column.to_owned();
        } else {
            help.push(column);
            break;
        }
    }
    help.extend(columns);
    option.help = format!("{} {}", option.help, help.join(" ")).trim().to_owned();
    (!option.names.is_empty()).then_some(option)
}

/// Reads `-b SIZE, --batch-size SIZE`, `--amp / --no-amp`, `--lr=LR` and `--lr: the learning rate`.
fn read_names(column: &str, option: &mut RawOption) {
    let mut rest = column;
    while rest.starts_with('-') {
        let is_name = |c: char| c.is_alphanumeric() || "-_.[]".contains(c);
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        option.names.push(rest[..end].to_owned());
        let after = &rest[end..];
        if let Some(help) = after.strip_prefix(':') {
            option.help = help.trim().to_owned();
            return;
        }
        let after = after.trim_start_matches('=').trim_start();
        // the next name, after the placeholder of this one
        let next = [", -", "/ -", "/-", ",-"].iter().filter_map(|mark| after.find(mark)).min();
        let (placeholder, next) = match next {
            Some(at) => (&after[..at], after[at..].trim_start_matches([',', '/', ' '])),
            None => (after, ""),
        };
        if option.placeholder.is_empty() {
            option.placeholder = placeholder.trim().to_owned();
        }
        rest = next;
    }
}

/// Whether a column is the placeholder of a value: `FLOAT`, `[a|b]`, `<int>`, `{a,b}`, but no sentence.
fn is_placeholder(column: &str) -> bool {
    let is_upper = |word: &str| word.chars().all(|c| c.is_uppercase() || c.is_numeric() || "_[].".contains(c));
    column.starts_with(['{', '<']) && !column.contains(">:")
        || column.starts_with('[') && column.contains('|')
        || (column.len() > 1 && column.split(' ').all(is_upper) && !column.starts_with('['))
}

/// The option, unless it is one that every script has.
fn finished(raw: RawOption, required: &[&str]) -> Option<HelpOption> {
    let is_negation = |name: &&String| name.starts_with("--no-");
    let positive = raw.names.iter().filter(|name| !is_negation(name) && name.starts_with("--"));
    let positive = positive.max_by_key(|name| name.len());
    // `--no-bias` alone is an option of its own.
    let longest = positive.or_else(|| raw.names.iter().max_by_key(|name| name.len()))?;
    let opposite = raw.names.iter().filter(|_| positive.is_some()).find(is_negation);
    let negation = match opposite {
        _ if longest.contains("[no]") => Some(Negation::Value),
        Some(opposite) if opposite.strip_prefix("--no-") == longest.strip_prefix("--") => Some(Negation::NoFlag),
        opposite => opposite.cloned().map(Negation::Other),
    };
    let name = longest.trim_start_matches('-').replace("[no]", "");
    let general = ["h", "help", "version", "helpfull", "helpshort", "helpxml", "install-completion", "show-completion"];
    if name.is_empty() || general.contains(&name.as_str()) {
        return None;
    }
    let mut details = details::read(&raw.placeholder, &raw.help);
    details.is_required |= raw.names.iter().any(|name| required.contains(&name.as_str()));
    let takes_value = negation.is_none() && (!raw.placeholder.is_empty() || details.shows_a_value());
    Some(HelpOption { name, takes_value, negation, details })
}
