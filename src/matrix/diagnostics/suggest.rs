//! Names as files write them: both spellings folded, shown safely, and the nearest one that exists.

use indexmap::IndexSet;

/// `max_iterations` as `maxIterations`; what holds no underscore stays as it is.
pub fn camel(name: &str) -> String {
    let mut parts = name.split('_').filter(|part| !part.is_empty());
    let mut folded = parts.next().unwrap_or(name).to_owned();
    for part in parts {
        let mut letters = part.chars();
        folded.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        folded.push_str(letters.as_str());
    }
    folded
}

/// Text from a file inside a message: in backticks, control characters escaped, cut after 60 characters.
pub fn quoted(text: &str) -> String {
    let shown: String = text.chars().take(60).flat_map(|c| c.escape_debug()).collect();
    let shown = shown.replace("\\'", "'").replace("\\\"", "\"");
    let more = if text.chars().nth(60).is_some() { "…" } else { "" };
    format!("`{shown}{more}`")
}

/// The name nearest to what was written, if one is near: at most a third of its letters differ.
pub fn nearest<'n>(written: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    if written.chars().count() > 60 {
        return None;
    }
    let lower = written.to_lowercase();
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= (name.chars().count().max(written.chars().count()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// The name that `written` is a slip of: so near that what stands beside it can be checked as if it had been written.
pub fn slip<'n>(written: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let name = nearest(written, names)?;
    let letters = name.chars().count();
    (strsim::damerau_levenshtein(&written.to_lowercase(), &name.to_lowercase()) <= (letters / 6).max(1)).then_some(name)
}

/// "did you mean" with the nearest name, else the names there are.
pub fn suggestion<'n>(written: &str, names: impl IntoIterator<Item = &'n str> + Clone) -> Option<String> {
    if let Some(name) = nearest(written, names.clone()) {
        return Some(format!("did you mean `{name}`?"));
    }
    let distinct: IndexSet<&str> = names.into_iter().take(40).collect();
    let all: Vec<String> = distinct.into_iter().map(|name| format!("`{name}`")).collect();
    (!all.is_empty()).then(|| format!("it may be {}", all.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_near() {
        let names = ["maxIterations", "eta", "metric"];
        assert_eq!(nearest("maxIteration", names), Some("maxIterations"));
        assert_eq!(nearest("max_iterations", names), Some("maxIterations"));
        assert_eq!(nearest("zzz", names), None);
        assert_eq!(suggestion("zzz", names).as_deref(), Some("it may be `maxIterations`, `eta`, `metric`"));
    }

    #[test]
    fn a_slip_is_nearer_than_near() {
        assert_eq!(slip("hyperbnad", ["hyperband"]), Some("hyperband"));
        assert_eq!(slip("failure_earlystoping", ["failure_early_stopping"]), Some("failure_early_stopping"));
        assert_eq!((nearest("mean", ["median"]), slip("mean", ["median"])), (Some("median"), None));
    }

    #[test]
    fn both_spellings_fold() {
        assert_eq!(camel("max_iterations"), "maxIterations");
        assert_eq!(camel("maxIterations"), "maxIterations");
        assert_eq!(camel("_"), "_");
        assert_eq!(camel("early_stopping"), "earlyStopping");
    }
}
