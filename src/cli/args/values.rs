//! Values of options that several subcommands have.

use clap::builder::{PossibleValuesParser, TypedValueParser};

/// The heading of options that define a study.
pub(crate) const STUDY: &str = "Study";

/// Parses one of a few words. clap's `ValueEnum` adds a help line per word, which turns every `--help` into its long form.
pub(crate) fn one_of<T: Copy + Send + Sync + 'static, const N: usize>(
    words: [(&'static str, T); N],
) -> impl TypedValueParser<Value = T> {
    let value_of = move |word: String| words.into_iter().find(|(name, _)| *name == word).map(|(_, value)| value);
    PossibleValuesParser::new(words.map(|(name, _)| name)).try_map(move |word| value_of(word).ok_or("unknown value"))
}

/// An output format.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FormatArg {
    Text,
    Json,
}

pub(crate) const FORMATS: [(&str, FormatArg); 2] = [("text", FormatArg::Text), ("json", FormatArg::Json)];
