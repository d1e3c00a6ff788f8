//! Python's traceback at the end of a job's output: the sign of a crash that a pipe hides (`python3 train.py | tee log`).

/// The line that begins a traceback.
const HEADER: &str = "Traceback (most recent call last):";
/// Most lines of the message behind the exception's name.
const MAX_MESSAGE_LINES: usize = 4;

/// The last exception in `text`, such as `ValueError: lr`; `None` unless a traceback ends it.
pub fn at_end(text: &str) -> Option<&str> {
    let (_, traceback) = text.trim_end().rsplit_once(HEADER)?;
    let mut lines = traceback.lines().skip(1);
    let is_frame = |line: &str| line.starts_with("  ");
    let exception = lines.find(|line| !line.is_empty() && !is_frame(line))?;
    let name = exception.split(':').next().unwrap_or_default();
    let is_name = name.contains(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '<' | '>'));
    let has_frame = traceback.lines().any(|line| line.starts_with("  File "));
    (is_name && has_frame && lines.count() <= MAX_MESSAGE_LINES).then_some(exception)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_traceback_at_the_end_is_one() {
        let crash = "loss: 1\nTraceback (most recent call last):\n  File \"a.py\", line 1, in <module>\n    f()\nValueError: lr\n";
        assert_eq!(at_end(crash), Some("ValueError: lr"));
        assert_eq!(
            at_end(&crash.replace("ValueError: lr", "torch.cuda.OutOfMemoryError")),
            Some("torch.cuda.OutOfMemoryError")
        );
        assert_eq!(at_end(&format!("{crash}second line of the message\n")), Some("ValueError: lr"));
        assert_eq!(at_end(&format!("{crash}1\n2\n3\n4\n5: loss: 0.5\n")), None);
        let others =
            ["loss: 1", "", "Traceback (most recent call last):", "Traceback (most recent call last):\nno frames: 1"];
        assert!(others.iter().all(|text| at_end(text).is_none()));
    }
}
