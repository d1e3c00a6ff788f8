//! Names in messages: spelling, quoting and suggestions.

use indexmap::IndexSet;

/// Converts `max_iterations` to `maxIterations`; a name without underscores is unchanged.
pub fn camel_case(name: &str) -> String {
    let mut parts = name.split('_').filter(|part| !part.is_empty());
    let mut camel = parts.next().unwrap_or(name).to_owned();
    for part in parts {
        let mut letters = part.chars();
        camel.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

/// Quotes user text for a message: in backticks, with control characters escaped, cut after 60 characters.
pub fn quoted(text: &str) -> String {
    let shown: String = text.chars().take(60).flat_map(|c| c.escape_debug()).collect();
    let shown = shown.replace("\\'", "'").replace("\\\"", "\"");
    let more = if text.chars().nth(60).is_some() { "…" } else { "" };
    format!("`{shown}{more}`")
}

/// The name most similar to `written`, if at most a third of the letters, and not all, differ (Damerau–Levenshtein distance).
pub fn nearest<'n>(written: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    if written.chars().count() > 60 {
        return None;
    }
    let lower = written.to_lowercase();
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), name))
        .filter(|(distance, name)| {
            let letters = name.chars().count().max(written.chars().count());
            *distance <= (letters / 3).max(1) && *distance < letters.max(1)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// The name of which `written` is most likely a typo: at most a sixth of the letters differ. Reading can then continue with it.
pub fn typo_of<'n>(written: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let name = nearest(written, names)?;
    let letters = name.chars().count();
    (strsim::damerau_levenshtein(&written.to_lowercase(), &name.to_lowercase()) <= (letters / 6).max(1)).then_some(name)
}

/// A hint with the most similar name, or with all names if none is similar.
pub fn suggestion<'n>(written: &str, names: impl IntoIterator<Item = &'n str> + Clone) -> Option<String> {
    if let Some(name) = nearest(written, names.clone()) {
        return Some(format!("did you mean `{name}`?"));
    }
    let distinct: IndexSet<&str> = names.into_iter().take(40).collect();
    let all: Vec<String> = distinct.into_iter().map(|name| format!("`{name}`")).collect();
    let expected = if all.len() == 1 { "expected" } else { "expected one of" };
    (!all.is_empty()).then(|| format!("{expected} {}", all.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_similar_name_is_suggested() {
        let names = ["maxIterations", "eta", "metric"];
        assert_eq!(nearest("maxIteration", names), Some("maxIterations"));
        assert_eq!(nearest("max_iterations", names), Some("maxIterations"));
        assert_eq!(nearest("zzz", names), None);
        assert_eq!((nearest("x", ["a", "b"]), nearest("X", ["a", "x"])), (None, Some("x")));
        assert_eq!(suggestion("zzz", names).as_deref(), Some("expected one of `maxIterations`, `eta`, `metric`"));
    }

    #[test]
    fn a_typo_is_closer_than_a_similar_name() {
        assert_eq!(typo_of("hyperbnad", ["hyperband"]), Some("hyperband"));
        assert_eq!(typo_of("failure_earlystoping", ["failure_early_stopping"]), Some("failure_early_stopping"));
        assert_eq!((nearest("mean", ["median"]), typo_of("mean", ["median"])), (Some("median"), None));
    }

    #[test]
    fn snake_case_becomes_camel_case() {
        assert_eq!(camel_case("max_iterations"), "maxIterations");
        assert_eq!(camel_case("maxIterations"), "maxIterations");
        assert_eq!(camel_case("_"), "_");
        assert_eq!(camel_case("early_stopping"), "earlyStopping");
    }
}
