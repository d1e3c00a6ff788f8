//! Numbers as programs print them for people.
//!
//! What counts: `0.25`, `.5`, `5.`, `-1e-3`, `nan`, `inf` and `infinity` in any case with a sign, thousands separated by commas
//! (`1,234.5`), and a number in a wrapper that Python libraries print around scalars (`np.float64(0.25)`, `tensor(0.25, …)`). Of a
//! percentage the number before the sign counts, of a fraction (`97/100`) its numerator. Julia's `0.5f0` is a number of 32 bits. What
//! does not: a number that belongs to something longer, such as `12ms`, `0x1f`, `1.2.3`, `10:30`, `2026-01-01`, `1.5×10^3`, a comma
//! that does not separate thousands (`0,5`, `1.234,5`), and other notations of groups (`1 234`, `1'234`, `1_000`).

use super::number_end::{ends_here, is_first_group};

/// What Python libraries print around a scalar. The number is the first argument.
const WRAPPERS: [&str; 16] = [
    "np.float64(",
    "np.float32(",
    "np.float16(",
    "np.int64(",
    "np.int32(",
    "numpy.float64(",
    "numpy.float32(",
    "tensor(",
    "torch.tensor(",
    "array(",
    "Array(",
    "DeviceArray(",
    "tf.Tensor(",
    "Decimal(",
    "float(",
    "mpf(",
];
/// How TensorFlow prints a scalar in an eager tensor; the number follows `numpy=`.
const EAGER_TENSOR: &[u8] = b"<tf.Tensor:";
const EAGER_VALUE: &[u8] = b"numpy=";

/// The number at the start of `text`, in quotes or a wrapper or neither; `None` if there is none, or if it belongs to something
/// longer.
pub fn leading(text: &[u8]) -> Option<f64> {
    leading_and_rest(text).map(|(number, _)| number)
}

/// The same, with what follows the number.
pub fn leading_and_rest(text: &[u8]) -> Option<(f64, &[u8])> {
    let text = text.strip_prefix(b"'").or_else(|| text.strip_prefix(b"\"")).unwrap_or(text);
    let text = inside_wrapper(text);
    let (number, length) = parse(text)?;
    let (digits, rest) = text.split_at(length);
    (ends_here(rest) && !is_first_group(digits, rest)).then_some((number, rest))
}

/// Whether `text` begins with a digit, a sign and the decimal point aside: it is a number, if maybe in a notation that is not read.
pub fn begins(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"'").or_else(|| text.strip_prefix(b"\"")).unwrap_or(text);
    let signed = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
    signed.strip_prefix(b".").unwrap_or(signed).first().is_some_and(u8::is_ascii_digit)
}

/// The number that `text` is as a whole, a per cent sign and white space aside.
pub fn whole(text: &str) -> Option<f64> {
    let text = text.trim();
    let text = text.strip_suffix('%').unwrap_or(text).trim_end();
    let (number, length) = parse(text.as_bytes())?;
    (length == text.len()).then_some(number)
}

/// The text inside a wrapper at the start of `text`; `text` itself if there is none.
fn inside_wrapper(text: &[u8]) -> &[u8] {
    if !text.first().is_some_and(|first| first.is_ascii_alphabetic() || *first == b'<') {
        return text;
    }
    if let Some(rest) = text.strip_prefix(EAGER_TENSOR) {
        return memchr::memmem::find(rest, EAGER_VALUE).map_or(text, |at| &rest[at + EAGER_VALUE.len()..]);
    }
    let inside = WRAPPERS.iter().find_map(|wrapper| text.strip_prefix(wrapper.as_bytes()));
    inside.map_or(text, |inside| inside.strip_prefix(b"'").unwrap_or(inside))
}

/// A number at the start of `text`, and its bytes.
pub fn parse(text: &[u8]) -> Option<(f64, usize)> {
    let sign = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let unsigned = &text[sign..];
    let first = unsigned.first()?;
    let (number, length) = match first {
        b'0'..=b'9' | b'.' => decimal(unsigned)?,
        b'i' | b'I' | b'n' | b'N' => word(unsigned)?,
        _ => return None,
    };
    Some((if text[0] == b'-' { -number } else { number }, sign + length))
}

fn word(text: &[u8]) -> Option<(f64, usize)> {
    const WORDS: [(&[u8], f64); 3] = [(b"infinity", f64::INFINITY), (b"inf", f64::INFINITY), (b"nan", f64::NAN)];
    let is = |word: &[u8]| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    WORDS.into_iter().find(|(word, _)| is(word)).map(|(word, number)| (number, word.len()))
}

fn decimal(text: &[u8]) -> Option<(f64, usize)> {
    let mut end = digits(text);
    let thousands = thousands(&text[end..]).filter(|_| (1..=3).contains(&end) && text[0] != b'0');
    let separated = thousands.is_some();
    end += thousands.unwrap_or(0);
    if text.get(end) == Some(&b'.') {
        let fraction = digits(&text[end + 1..]);
        if end == 0 && fraction == 0 {
            return None;
        }
        end += 1 + fraction;
    }
    if text.get(end) == Some(&b',') && text.get(end + 1).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let single = text[..end].contains(&b'.') && text.get(end) == Some(&b'f') && exponent(&text[end..]) > 0;
    end += exponent(&text[end..]);
    let plain = std::str::from_utf8(&text[..end]).ok()?;
    let number = match (separated, single) {
        (true, _) => plain.replace(',', "").parse(),
        (_, true) => plain.replace('f', "e").parse(),
        _ => plain.parse(),
    };
    Some((number.ok()?, end))
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Bytes of the groups `,ddd` at the start of `text`, if it begins with such groups only.
fn thousands(text: &[u8]) -> Option<usize> {
    let mut end = 0;
    while text.get(end) == Some(&b',') {
        match digits(&text[end + 1..]) {
            3 => end += 4,
            0 => break,
            _ => return None,
        }
    }
    (end > 0).then_some(end)
}

fn exponent(text: &[u8]) -> usize {
    if !matches!(text.first(), Some(b'e' | b'E' | b'f')) {
        return 0;
    }
    let sign = usize::from(matches!(text.get(1), Some(b'+' | b'-')));
    match digits(&text[1 + sign..]) {
        0 => 0,
        digits => 1 + sign + digits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_all_forms() {
        let forms = [
            ("0.25", 0.25),
            (".5", 0.5),
            ("5.", 5.0),
            ("-7.5e-05", -7.5e-5),
            ("1E0", 1.0),
            ("+3", 3.0),
            ("-inf", f64::NEG_INFINITY),
            ("Infinity", f64::INFINITY),
            ("1,234", 1234.0),
            ("1,234,567.5", 1_234_567.5),
            ("97.5%", 97.5),
            ("97/100", 97.0),
            ("0.63+0.01", 0.63),
            ("0.5, 3", 0.5),
            ("0.5,acc=1", 0.5),
            ("3,acc=1", 3.0),
            ("'0.5'", 0.5),
            ("np.float64(0.5)", 0.5),
            ("tensor(0.5, grad_fn=<NllLossBackward0>)", 0.5),
            ("Decimal('0.125')", 0.125),
            ("<tf.Tensor: shape=(), dtype=float32, numpy=0.5>", 0.5),
            ("0.5-acc", 0.5),
            ("0.5.", 0.5),
            ("0.5f0", 0.5),
            ("1.5f-5,", 1.5e-5),
            ("NaN32", f64::NAN),
            ("1,234.5 x", 1234.5),
            ("3/10", 3.0),
            ("0.5/acc=1", 0.5),
            ("50%", 50.0),
            ("0.5 123", 0.5),
            ("1 23", 1.0),
            ("1 100%", 1.0),
            ("12 x", 12.0),
            ("0.5*", 0.5),
            ("0.5 * x", 0.5),
            ("0.5±0.1", 0.5),
        ];
        for (text, number) in forms {
            let found = leading(text.as_bytes());
            assert!(found == Some(number) || (number.is_nan() && found.is_some_and(f64::is_nan)), "{text}: {found:?}");
        }
        assert!(leading(b"nan").unwrap().is_nan() && leading(b"-NaN ").unwrap().is_nan());
    }

    #[test]
    fn parts_of_something_longer_are_no_numbers() {
        let others = [
            "",
            "x",
            ".",
            "-",
            "12ms",
            "0x1f",
            "1.2.3",
            "10:30",
            "2026-01-01",
            "0,5",
            "1,23",
            "1,2345",
            "01,234",
            "1_000",
            "5µs",
            "infer",
            "nano",
            "None",
            "tensor([0.5])",
            "1e5x",
            "v1",
            "1.234,5",
            "1.234.567,8",
            "0.5,0.7",
            "1 234.5",
            "1 234",
            "-12 345 678",
            "1'234.5",
            "1’234",
            "1\u{202f}234",
            "5e",
            "5e+",
            "0.5f",
            "12f3",
            "12:30:01",
            "3/10/2026",
            "0.5/s",
            "0.5/model.pt",
            "0.25.ckpt",
            "0.9&run=1",
            "1.5×10^3",
            "1.5 × 10",
            "1.5 x 10^3",
            "1.5*10^3",
            "2**10",
            "2^10",
            "1·5",
        ];
        for text in others {
            assert_eq!(leading(text.as_bytes()), None, "{text}");
        }
        assert!(others[1..].iter().filter(|text| begins(text.as_bytes())).count() > 30);
    }

    #[test]
    fn a_text_is_a_number_as_a_whole_or_not_at_all() {
        assert_eq!([whole(" 0.5 "), whole("97.5 %"), whole("1,000")], [Some(0.5), Some(97.5), Some(1000.0)]);
        assert_eq!([whole("0.5 s"), whole("adam"), whole("")], [None, None, None]);
    }
}
