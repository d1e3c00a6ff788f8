//! The call, object, address or command that contains a name, such as `Namespace(loss=7)`: its numbers are not measured.

/// Bytes before a name that are looked at.
const WINDOW: usize = 512;
/// Parts of the names of types that hold results, and of those that hold settings.
const RESULTS: [&str; 17] = [
    "metric", "result", "score", "eval", "output", "stat", "report", "summary", "history", "log", "measure", "perform",
    "loss", "epoch", "record", "valid", "test",
];
const SETTINGS: [&str; 6] = ["config", "arg", "param", "setting", "option", "namespace"];

/// How a name is joined to its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Joint {
    /// `=`
    Equals,
    /// Anything else.
    Other,
}

/// Whether a name behind `before` is an argument, a setting, or a part of an address or a command.
pub fn is_setting(before: &[u8], joint: Joint) -> bool {
    let before = &before[before.len().saturating_sub(WINDOW)..];
    is_in_address(before) || is_in_command(before, joint) || is_argument(before, joint)
}

/// Whether the type or function `name`, as it is printed before its arguments, holds settings or anything else but results.
pub fn holds_settings(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| memchr::memmem::find(&name, part.as_bytes()).is_some());
    !has(&RESULTS) || has(&SETTINGS)
}

/// The name directly before the bracket at the end of `text`, such as `nn.Linear`; empty if there is none.
pub fn callee(text: &[u8]) -> &[u8] {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    let start = text.iter().rposition(|byte| !is_part(byte)).map_or(0, |at| at + 1);
    let name = &text[start..];
    if name.first().is_some_and(|first| first.is_ascii_alphabetic() || *first == b'_') { name } else { &[] }
}

fn is_in_address(before: &[u8]) -> bool {
    let start = before.iter().rposition(u8::is_ascii_whitespace).map_or(0, |at| at + 1);
    let word = &before[start..];
    matches!(word.last(), Some(b'?' | b'&' | b'$' | b'+' | b'~')) || memchr::memmem::find(word, b"://").is_some()
}

/// Whether `before` has the start of a command such as `python3 train.py`.
fn is_in_command(before: &[u8], joint: Joint) -> bool {
    let has = |part: &[u8]| memchr::memmem::find(before, part).is_some();
    joint == Joint::Equals && has(b"python") && (has(b".py ") || has(b" -m "))
}

fn is_argument(before: &[u8], joint: Joint) -> bool {
    let (mut depth, mut angles, mut braces, mut unclosed) = (0u32, 0u32, 0, 0);
    for (at, byte) in before.iter().enumerate().rev() {
        match byte {
            b'>' => angles += 1,
            b'<' if angles > 0 => angles -= 1,
            b')' | b']' | b'}' => depth += 1,
            b'(' | b'[' | b'{' if depth > 0 => depth -= 1,
            b'(' | b'{' | b'<' => {
                unclosed += 1;
                braces += u32::from(*byte == b'{');
                let is_innermost = unclosed == 1;
                if braces > 1 || opens_settings(&before[..at], &before[at + 1..], *byte, joint, is_innermost) {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

/// Whether the unclosed `bracket` between `before` and `inside` begins the arguments of something that holds settings.
fn opens_settings(before: &[u8], inside: &[u8], bracket: u8, joint: Joint, is_innermost: bool) -> bool {
    let (name, is_needed) = match bracket {
        b'(' => (callee(before), true),
        b'{' => (callee(before.trim_ascii_end()), is_innermost),
        _ => {
            let end = inside.iter().position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')));
            (callee(&inside[..end.unwrap_or(0)]), joint == Joint::Equals && is_innermost)
        }
    };
    let is_type = name.first().is_some_and(u8::is_ascii_uppercase) && name.iter().any(u8::is_ascii_lowercase);
    let may_hold = match bracket {
        b'(' => joint == Joint::Equals || (is_type && is_innermost),
        b'{' => is_type,
        _ => true,
    };
    is_needed && may_hold && !name.is_empty() && holds_settings(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(line: &str) -> bool {
        let (before, after) = line.split_once("loss").unwrap();
        is_setting(before.as_bytes(), if after.starts_with('=') { Joint::Equals } else { Joint::Other })
    }

    #[test]
    fn arguments_addresses_and_commands_are_settings() {
        for line in [
            "Namespace(loss=7, lr=1)",
            "Namespace(lr=1, loss=7)",
            "args: Namespace(a=Foo(x=1), loss=7)",
            "Config(loss=0.5)",
            "torch.optim.Adam(lr=0.1, loss=1)",
            "TrainingArguments(loss=1)",
            "MetricConfig(loss=1)",
            "Config { loss: 0.5 }",
            "Config{loss: 0.5}",
            "Config(loss: 0.5)",
            "<Config loss=7>",
            "https://host/?loss=0.9",
            "https://host/a;loss=0.9",
            "/api?run=1&loss=0.9",
            "+ python3 train.py loss=0.5",
            "$loss=1",
            "x {'a': 1, 'b': {'loss': 1}, 'c': 2} y",
        ] {
            assert!(is(line), "{line}");
        }
    }

    #[test]
    fn results_and_text_are_not() {
        for line in [
            "loss=1",
            "Result(loss=0.25)",
            "EvalMetrics(acc=1, loss=0.25)",
            "a.<locals>.Result(loss=0.25)",
            "Epoch 3 (loss=0.25)",
            "Epoch(3) loss=0.25",
            "OrderedDict({'loss': 1})",
            "[{'loss': 1}]",
            "Metrics { loss: 0.3 }",
            "1/3 [00:01<00:00, 95.2it/s, loss=0.5]",
            "train.py:12 loss=0.5",
            "a) loss=1",
            "__main__:<lambda>:289 - epoch 3 | loss=1",
            "Accuracy (top 1) 3, loss=1",
        ] {
            assert!(!is(line), "{line}");
        }
    }
}
