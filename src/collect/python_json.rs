//! Python's `json.dumps` writes NaN and the infinities as bare words, which are not JSON.

use std::borrow::Cow;

/// Quotes `NaN`, `Infinity` and `-Infinity` outside of strings. Borrows `text` if there are none.
pub fn python_numbers_quoted(text: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Vec::new();
    let (mut copied, mut at, mut in_string) = (0, 0, false);
    while at < text.len() {
        match text[at] {
            b'\\' if in_string => at += 1,
            b'"' => in_string = !in_string,
            b'N' | b'I' | b'-' if !in_string => {
                if let Some(word) = word_at(&text[at..]) {
                    out.extend_from_slice(&text[copied..at]);
                    out.push(b'"');
                    out.extend_from_slice(word);
                    out.push(b'"');
                    at += word.len();
                    copied = at;
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.extend_from_slice(&text[copied..]);
    Cow::Owned(out)
}

fn word_at(text: &[u8]) -> Option<&'static [u8]> {
    const WORDS: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];
    WORDS.into_iter().find(|word| text.starts_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bare_words_are_quoted() {
        let quoted = |text: &str| String::from_utf8(python_numbers_quoted(text.as_bytes()).into_owned()).unwrap();
        assert_eq!(
            quoted(r#"{"a": NaN, "b": [-Infinity,Infinity]}"#),
            r#"{"a": "NaN", "b": ["-Infinity","Infinity"]}"#
        );
        assert_eq!(quoted(r#"{"NaN": "a \" NaN", "b": -1}"#), r#"{"NaN": "a \" NaN", "b": -1}"#);
        assert!(matches!(python_numbers_quoted(b"{\"a\": -1}"), Cow::Borrowed(_)));
    }
}
