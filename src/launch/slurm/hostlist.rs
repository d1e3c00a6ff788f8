//! Slurm's short form of lists of nodes: `n[1-3,07],login`.

/// Most names that a list is expanded to, more than any cluster has nodes.
const MAX_NAMES: usize = 100_000;

/// The names in `list`. Text outside of ranges is kept.
pub fn expand(list: &str) -> Vec<String> {
    let mut names = Vec::new();
    for item in split(list) {
        for name in expand_item(item) {
            if names.len() >= MAX_NAMES {
                return names;
            }
            names.push(name);
        }
    }
    names
}

/// Splits at commas outside of brackets.
fn split(list: &str) -> Vec<&str> {
    let (mut items, mut depth, mut start) = (Vec::new(), 0_i32, 0);
    for (at, c) in list.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            ',' if depth <= 0 => {
                items.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    items.push(&list[start..]);
    items.retain(|item| !item.is_empty());
    items
}

fn expand_item(item: &str) -> Vec<String> {
    let Some((prefix, (inside, rest))) =
        item.split_once('[').and_then(|(prefix, rest)| Some((prefix, rest.split_once(']')?)))
    else {
        return vec![item.to_owned()];
    };
    let suffixes = expand_item(rest);
    let numbers = inside.split(',').flat_map(range);
    let names = numbers.flat_map(|number| suffixes.iter().map(move |suffix| format!("{prefix}{number}{suffix}")));
    names.take(MAX_NAMES).collect()
}

/// The numbers of `1-3` or `07-12`, with the same number of digits.
fn range(text: &str) -> Vec<String> {
    let bounds = text
        .split_once('-')
        .and_then(|(first, last)| Some((first, first.parse::<u64>().ok()?, last.parse::<u64>().ok()?)));
    match bounds {
        Some((written, first, last)) => {
            (first..=last).take(MAX_NAMES).map(|number| format!("{number:0width$}", width = written.len())).collect()
        }
        None => vec![text.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_single_names_are_expanded() {
        assert_eq!(expand("n[1-3,07],login"), ["n1", "n2", "n3", "n07", "login"]);
        assert_eq!(expand("r[1-2]n[08-10]").join(" "), "r1n08 r1n09 r1n10 r2n08 r2n09 r2n10");
        assert_eq!(expand("").len(), 0);
        assert_eq!(expand("odd[1-"), ["odd[1-"]);
    }

    #[test]
    fn a_huge_range_is_bounded() {
        assert!(expand("n[1-99999999999]").len() <= MAX_NAMES);
        assert!(expand("n[1-9999]m[1-9999]k[1-9999]").len() <= MAX_NAMES);
    }
}
