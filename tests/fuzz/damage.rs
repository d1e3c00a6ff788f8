//! Damages valid input: bytes, numbers and words, lines.

use proptest::prelude::*;

/// One change. Positions are fractions of the length, so that they fit input of any length.
#[derive(Clone, Debug)]
pub enum Damage {
    Replace(f64, u8),
    Insert(f64, Vec<u8>),
    Delete(f64, usize),
    Repeat(f64, usize, f64),
    Number(f64, usize),
    Word(f64, usize),
    DropLine(f64),
    CopyLine(f64, f64),
    SwapLines(f64, f64),
    Cut(f64),
}

/// Replacements of numbers.
const NUMBERS: [&str; 22] = [
    "0",
    "-1",
    "1",
    "2",
    "0.5",
    "1e-320",
    "1e308",
    "1e309",
    "-1e308",
    ".inf",
    "-.inf",
    ".nan",
    "NaN",
    "null",
    "true",
    "\"3\"",
    "4294967295",
    "4294967296",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "[1, 2]",
];

/// A few changes.
pub fn damage() -> impl Strategy<Value = Vec<Damage>> {
    let at = || 0.0..1.0f64;
    let one = prop_oneof![
        (at(), any::<u8>()).prop_map(|(a, b)| Damage::Replace(a, b)),
        (at(), prop::collection::vec(any::<u8>(), 1..9)).prop_map(|(a, b)| Damage::Insert(a, b)),
        (at(), 1..60usize).prop_map(|(a, n)| Damage::Delete(a, n)),
        (at(), 1..200usize, at()).prop_map(|(a, n, b)| Damage::Repeat(a, n, b)),
        (at(), 0..NUMBERS.len()).prop_map(|(a, n)| Damage::Number(a, n)),
        (at(), 0..NUMBERS.len()).prop_map(|(a, n)| Damage::Number(a, n)),
        (at(), any::<usize>()).prop_map(|(a, n)| Damage::Word(a, n)),
        at().prop_map(Damage::DropLine),
        (at(), at()).prop_map(|(a, b)| Damage::CopyLine(a, b)),
        (at(), at()).prop_map(|(a, b)| Damage::SwapLines(a, b)),
        at().prop_map(Damage::Cut),
    ];
    prop::collection::vec(one, 1..6)
}

/// `bytes` after all changes; words are replaced with one of `words`.
pub fn damaged(bytes: &[u8], damage: &[Damage], words: &[&str]) -> Vec<u8> {
    damage.iter().fold(bytes.to_vec(), |bytes, act| apply(bytes, act, words))
}

fn place(share: f64, length: usize) -> usize {
    ((share * length as f64) as usize).min(length.saturating_sub(1))
}

fn apply(mut bytes: Vec<u8>, act: &Damage, words: &[&str]) -> Vec<u8> {
    if bytes.is_empty() {
        return bytes;
    }
    let at = |share: f64| place(share, bytes.len());
    match act {
        Damage::Replace(a, byte) => {
            let at = at(*a);
            bytes[at] = *byte;
        }
        Damage::Insert(a, more) => drop(bytes.splice(at(*a)..at(*a), more.iter().copied())),
        Damage::Delete(a, count) => drop(bytes.drain(at(*a)..(at(*a) + count).min(bytes.len()))),
        Damage::Repeat(a, count, b) => {
            let piece = bytes[at(*a)..(at(*a) + count).min(bytes.len())].to_vec();
            let to = at(*b);
            bytes.splice(to..to, piece);
        }
        Damage::Number(a, n) => return replace_run(bytes, *a, |b| b.is_ascii_digit() || b == b'.', NUMBERS[*n]),
        Damage::Word(a, n) => {
            return replace_run(bytes, *a, |b| b.is_ascii_alphabetic() || b == b'_', words[n % words.len()]);
        }
        Damage::Cut(a) => bytes.truncate(at(*a)),
        Damage::DropLine(a) => return lines(&bytes, |lines| drop(lines.remove(place(*a, lines.len())))),
        Damage::CopyLine(a, b) => {
            return lines(&bytes, |lines| lines.insert(place(*b, lines.len()), lines[place(*a, lines.len())].clone()));
        }
        Damage::SwapLines(a, b) => {
            return lines(&bytes, |lines| {
                let count = lines.len();
                lines.swap(place(*a, count), place(*b, count));
            });
        }
    }
    bytes
}

/// The first run of bytes that `belongs` at or after the place becomes `text`.
fn replace_run(mut bytes: Vec<u8>, share: f64, belongs: fn(u8) -> bool, text: &str) -> Vec<u8> {
    let from = place(share, bytes.len());
    if let Some(start) = bytes[from..].iter().position(|b| belongs(*b)).map(|at| from + at) {
        let length = bytes[start..].iter().take_while(|b| belongs(**b)).count();
        bytes.splice(start..start + length, text.bytes());
    }
    bytes
}

fn lines(bytes: &[u8], change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
    change(&mut lines);
    lines.concat()
}
