//! Splits chunks of bytes into lines, in bounded memory.

/// Bytes of the longest line; of longer ones only the length is reported.
pub const MAX_LINE: usize = 1 << 20;

/// What ends a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LineEnds {
    /// `\n`.
    #[default]
    Newline,
    /// `\n`, `\r` and `\r\n`: a progress bar that is drawn again and again is a line each time.
    NewlineOrReturn,
}

/// A line, without what ended it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Line<'l> {
    /// All of it.
    Whole(&'l [u8]),
    /// One that is longer than [`MAX_LINE`]; its bytes.
    TooLong(u64),
}

/// Splits a stream into lines. A line that is contained in one chunk is not copied.
#[derive(Debug, Default)]
pub struct LineSplitter {
    ends: LineEnds,
    partial: Vec<u8>,
    /// Bytes of the current line, once it is too long.
    overlong: Option<u64>,
    /// Whether `\r` ended the last line, so that `\n` directly after it belongs to the same end.
    is_after_return: bool,
}

impl LineSplitter {
    /// Splits at `ends`.
    pub fn new(ends: LineEnds) -> LineSplitter {
        LineSplitter { ends, ..LineSplitter::default() }
    }

    /// Calls `line` for every line that is completed by `chunk`.
    pub fn push(&mut self, chunk: &[u8], mut line: impl FnMut(Line<'_>)) {
        let mut rest = chunk;
        loop {
            if self.is_after_return && !rest.is_empty() {
                self.is_after_return = false;
                rest = rest.strip_prefix(b"\n").unwrap_or(rest);
            }
            let Some(at) = self.next_end(rest) else { break };
            let (head, tail) = rest.split_at(at);
            if self.partial.is_empty() && self.overlong.is_none() && head.len() <= MAX_LINE {
                line(Line::Whole(head));
            } else {
                self.hold(head);
                self.end(&mut line);
            }
            self.is_after_return = tail[0] == b'\r';
            rest = &tail[1..];
        }
        self.hold(rest);
    }

    /// Ends the stream: calls `line` for a last line that nothing ended.
    pub fn finish(&mut self, mut line: impl FnMut(Line<'_>)) {
        if !self.partial.is_empty() || self.overlong.is_some() {
            self.end(&mut line);
        }
    }

    fn next_end(&self, bytes: &[u8]) -> Option<usize> {
        match self.ends {
            LineEnds::Newline => memchr::memchr(b'\n', bytes),
            LineEnds::NewlineOrReturn => memchr::memchr2(b'\n', b'\r', bytes),
        }
    }

    fn hold(&mut self, bytes: &[u8]) {
        let length = (self.partial.len() + bytes.len()) as u64;
        match &mut self.overlong {
            Some(overlong) => *overlong += bytes.len() as u64,
            None if length > MAX_LINE as u64 => {
                self.overlong = Some(length);
                self.partial = Vec::new();
            }
            None => self.partial.extend_from_slice(bytes),
        }
    }

    fn end(&mut self, line: &mut impl FnMut(Line<'_>)) {
        line(match self.overlong.take() {
            Some(bytes) => Line::TooLong(bytes),
            None => Line::Whole(&self.partial),
        });
        self.partial.clear();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(line: Line<'_>) -> Vec<u8> {
        match line {
            Line::Whole(line) => line.to_vec(),
            Line::TooLong(bytes) => format!("{bytes} bytes").into_bytes(),
        }
    }

    proptest! {
        #[test]
        fn chunks_do_not_matter(text in "[ab\n\r]{0,40}", cuts in proptest::collection::vec(0usize..40, 0..5)) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(text.len())).chain([0, text.len()]).collect();
            cuts.sort_unstable();
            let kinds: [(LineEnds, &[char]); 2] = [(LineEnds::Newline, &['\n']), (LineEnds::NewlineOrReturn, &['\n', '\r'])];
            for (ends, at) in kinds {
                let (mut splitter, mut lines) = (LineSplitter::new(ends), Vec::new());
                for pair in cuts.windows(2) {
                    splitter.push(&text.as_bytes()[pair[0]..pair[1]], |l| lines.push(whole(l)));
                }
                splitter.finish(|l| lines.push(whole(l)));
                let text = if at.contains(&'\r') { text.replace("\r\n", "\n") } else { text.clone() };
                let wanted: Vec<Vec<u8>> = text.split_terminator(at).map(|l| l.as_bytes().to_vec()).collect();
                prop_assert_eq!(lines, wanted);
            }
        }
    }

    #[test]
    fn a_return_with_a_newline_is_one_end() {
        let (mut splitter, mut lines) = (LineSplitter::new(LineEnds::NewlineOrReturn), Vec::new());
        for chunk in ["a,b\r\n1,2\r", "\n", "\n3,4\r\r\n"] {
            splitter.push(chunk.as_bytes(), |l| lines.push(whole(l)));
        }
        assert_eq!(lines, ["a,b", "1,2", "", "3,4", ""].map(|line| line.as_bytes().to_vec()));
    }

    #[test]
    fn of_an_overlong_line_the_length_is_reported_and_the_next_is_kept() {
        let (mut splitter, mut lines) = (LineSplitter::default(), Vec::new());
        for _ in 0..3 {
            splitter.push(&vec![b'x'; MAX_LINE / 2], |l| lines.push(whole(l)));
        }
        assert!(splitter.partial.capacity() <= 2 * MAX_LINE);
        splitter.push(b"\nyes\n", |l| lines.push(whole(l)));
        let long = [vec![b'x'; MAX_LINE + 1], b"\n".to_vec()].concat();
        splitter.push(&long, |l| lines.push(whole(l)));
        assert_eq!(lines.concat(), format!("{} bytesyes{} bytes", 3 * (MAX_LINE / 2), MAX_LINE + 1).into_bytes());
    }
}
