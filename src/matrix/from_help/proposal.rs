//! Puts the proposals for all options of a help text together.

use super::options::{HelpOption, Negation, options};
use super::rules;

/// What is proposed from a help text.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ProposedOptions {
    /// The parameters.
    pub params: Vec<HelpProposal>,
    /// The value of `--resource`, and where it is from.
    pub resource: Option<HelpProposal>,
    /// The other options.
    pub others: Vec<OtherOption>,
}

/// An option for which nothing is proposed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OtherOption {
    /// Its name without dashes.
    pub name: String,
    /// A line about it.
    pub line: String,
}

/// A proposal and where it is from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HelpProposal {
    /// The name of the parameter or the resource.
    pub name: String,
    /// `lr=loguniform(1e-4, 1e-2)`, in the notation of the command line.
    pub notation: String,
    /// `from --lr, default 0.001`.
    pub origin: String,
}

/// The proposals for the options in `help`.
pub fn propose(help: &str) -> ProposedOptions {
    let found = options(help);
    let resource = rules::resource(&found);
    let resource_name = resource.as_ref().map(|(option, _)| option.name.clone());
    let mut proposed = ProposedOptions {
        resource: resource.map(|(option, notation)| HelpProposal {
            name: option.name.clone(),
            notation,
            origin: origin(option),
        }),
        ..ProposedOptions::default()
    };
    for option in found.iter().filter(|option| Some(&option.name) != resource_name.as_ref()) {
        // names with other characters cannot be written on a command line without quotes
        let is_simple = option.name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
        match rules::values(option).filter(|_| option.takes_value && is_simple) {
            Some(values) => proposed.params.push(HelpProposal {
                name: option.name.clone(),
                notation: format!("{}={values}", option.name),
                origin: origin(option),
            }),
            None => proposed.others.push(OtherOption { name: option.name.clone(), line: other(option) }),
        }
    }
    proposed
}

/// Where a proposal is from.
fn origin(option: &HelpOption) -> String {
    let default = option.details.default.as_ref().map(|text| format!(", default {text}")).unwrap_or_default();
    format!("from --{}{default}", option.name)
}

/// A line about an option that is not proposed.
fn other(option: &HelpOption) -> String {
    let details = &option.details;
    let mut words = vec![format!("--{}", option.name)];
    if !option.takes_value {
        words.push(match &option.negation {
            None => "a flag; to try it: {kind: choice, value: [true, false], arg: flag}".to_owned(),
            Some(Negation::NoFlag) => {
                "a flag; to try it: {kind: choice, value: [true, false], arg: no-flag}".to_owned()
            }
            // `--amp=false`
            Some(Negation::Value) => "a flag; to try it: {kind: choice, value: [true, false]}".to_owned(),
            Some(Negation::Other(name)) => format!("a flag; {name} is its opposite"),
        });
    } else if details.choices.len() > 1 {
        words.push(format!("one of {}", details.choices.join(", ")));
    } else if details.is_list {
        let example = details.default.as_deref().and_then(items).unwrap_or_else(|| "…".to_owned());
        let arg = if details.is_repeated { "repeat" } else { "words" };
        words.push(format!("several values; to try it: {{kind: choice, value: [[{example}]], arg: {arg}}}"));
    }
    words.extend(details.default.as_ref().map(|text| format!("default {text}")));
    words.extend(details.is_required.then(|| "required: give it in the command".to_owned()));
    match words.as_slice() {
        [name] => name.clone(),
        words => format!("{}: {}", words[0], words[1..].join("; ")),
    }
}

/// The items of a default of several values, written as `8, 8`, `[8, 8]` or `8 8`.
fn items(default: &str) -> Option<String> {
    let inner = default.trim_matches(['[', ']', '(', ')']);
    let items: Vec<&str> = inner.split([',', ' ']).map(str::trim).filter(|item| !item.is_empty()).collect();
    let is_plain = |item: &&str| item.chars().all(|c| c.is_alphanumeric() || "+-._".contains(c));
    (!items.is_empty() && items.iter().all(is_plain)).then(|| items.join(", "))
}
