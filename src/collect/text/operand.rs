//! Names that are operands or parts of something else on their line, so that the number behind them is not theirs.

use super::enclosure::Joint;
use super::qualifying_words::is_total;

/// Whether a name behind `before` is an operand: `2 * loss = 0.6`, `1 - loss: 0.7`, `+ loss=0.5` (a command that a shell prints).
pub fn is_operand(before: &[u8], joint: Joint) -> bool {
    let text = before.trim_ascii_end();
    let Some((operator, left)) = text.split_last() else { return false };
    let left_text = left.trim_ascii_end();
    let ends_an_operand =
        left_text.last().is_some_and(|last| last.is_ascii_alphanumeric() || matches!(last, b')' | b']' | b'_'));
    match operator {
        b'*' => {
            let product = left.strip_suffix(b"*").unwrap_or(left);
            let is_apart = text.len() < before.len() && product.last() == Some(&b' ');
            let ends_word = product
                .trim_ascii_end()
                .last()
                .is_some_and(|last| last.is_ascii_alphanumeric() || matches!(last, b')' | b']' | b'_'));
            ends_word && (is_apart || product.len() == product.trim_ascii_end().len())
        }
        b'+' => {
            ends_an_operand
                || (left_text.iter().all(|byte| *byte == b'+') && joint == Joint::Equals && text.len() < before.len())
        }
        b'/' => left_text.last().is_some_and(u8::is_ascii_digit) && left_text.len() < left.len(),
        b'-' => is_one(left_text),
        _ => false,
    }
}

/// Whether `text` is the number 1 at the start of an expression, as in `1 - loss`. Other numbers before a dash count epochs.
fn is_one(text: &[u8]) -> bool {
    let one = [b"1.0".as_slice(), b"1.", b"1"].into_iter().find_map(|one| text.strip_suffix(one));
    one.is_some_and(|before| matches!(before.trim_ascii_end().last(), None | Some(b'(' | b'=' | b',' | b':')))
}

/// Whether a name behind `before` is in parentheses behind the number of a total: `total loss: 0.4 (loss: 0.1, reg: 0.3)`.
pub fn is_part_of_total(before: &[u8]) -> bool {
    let mut depth = 0u32;
    for (at, byte) in before.iter().enumerate().rev() {
        match byte {
            b')' => depth += 1,
            b'(' if depth > 0 => depth -= 1,
            b'(' => {
                let head = before[..at].trim_ascii_end();
                let words = head.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
                return head.last().is_some_and(u8::is_ascii_digit) && words.into_iter().any(is_total);
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_are_recognized() {
        for before in ["2 * ", "2*", "x ** ", "a + ", "1 - ", "x = 1.0 - ", "0.5 / ", "f(x) * "] {
            assert!(is_operand(before.as_bytes(), Joint::Other), "{before}");
        }
        for before in [
            "",
            "* ",
            "12/12 - ",
            "3ms/step - ",
            "Epoch 1 - ",
            "*** ",
            "a: 3 | ",
            "step 3 ** ",
            "+ ",
            "- ",
            "train / ",
            "2 - ",
        ] {
            let is_markdown = before == "step 3 ** ";
            assert_eq!(is_operand(before.as_bytes(), Joint::Other), is_markdown, "{before}");
        }
        assert!(is_operand(b"+ ", Joint::Equals) && is_operand(b"++ ", Joint::Equals));
    }

    #[test]
    fn parts_of_a_total_are_recognized() {
        assert!(is_part_of_total(b"total loss: 0.4 (cls loss: 0.3, reg "));
        for before in ["total loss: 0.4 (x) ", "loss: 0.4 (cls ", "Total (", "total: ", "a ("] {
            assert!(!is_part_of_total(before.as_bytes()), "{before}");
        }
    }
}
