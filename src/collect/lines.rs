//! Splits chunks of bytes into lines, in bounded memory.

/// Bytes of the longest line; longer ones are dropped.
pub const MAX_LINE: usize = 1 << 20;

/// Splits a stream into lines. A line that is contained in one chunk is not copied.
#[derive(Debug, Default)]
pub struct LineSplitter {
    partial: Vec<u8>,
    overlong: bool,
}

impl LineSplitter {
    /// Calls `line` for every line that is completed by `chunk`, without its newline.
    pub fn push(&mut self, chunk: &[u8], mut line: impl FnMut(&[u8])) {
        let mut rest = chunk;
        while let Some(at) = memchr(rest) {
            let (head, tail) = rest.split_at(at);
            if self.partial.is_empty() && !self.overlong {
                line(head);
            } else {
                self.hold(head);
                self.end(&mut line);
            }
            rest = &tail[1..];
        }
        self.hold(rest);
    }

    /// Ends the stream: calls `line` for a last line without a newline.
    pub fn finish(&mut self, mut line: impl FnMut(&[u8])) {
        if !self.partial.is_empty() || self.overlong {
            self.end(&mut line);
        }
    }

    fn hold(&mut self, bytes: &[u8]) {
        if self.overlong || self.partial.len() + bytes.len() > MAX_LINE {
            self.overlong = true;
            self.partial = Vec::new();
        } else {
            self.partial.extend_from_slice(bytes);
        }
    }

    fn end(&mut self, line: &mut impl FnMut(&[u8])) {
        if !self.overlong {
            line(&self.partial);
        }
        self.overlong = false;
        self.partial.clear();
    }
}

fn memchr(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|b| *b == b'\n')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn chunks_do_not_matter(text in "[ab\n]{0,40}", cuts in proptest::collection::vec(0usize..40, 0..5)) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(text.len())).chain([0, text.len()]).collect();
            cuts.sort_unstable();
            let (mut splitter, mut lines) = (LineSplitter::default(), Vec::new());
            for pair in cuts.windows(2) {
                splitter.push(&text.as_bytes()[pair[0]..pair[1]], |l| lines.push(l.to_vec()));
            }
            splitter.finish(|l| lines.push(l.to_vec()));
            let wanted: Vec<Vec<u8>> = text.split_terminator('\n').map(|l| l.as_bytes().to_vec()).collect();
            prop_assert_eq!(lines, wanted);
        }
    }

    #[test]
    fn an_overlong_line_is_dropped_and_the_next_is_kept() {
        let (mut splitter, mut lines) = (LineSplitter::default(), Vec::new());
        for _ in 0..3 {
            splitter.push(&vec![b'x'; MAX_LINE / 2], |l| lines.push(l.len()));
        }
        assert!(splitter.partial.capacity() <= 2 * MAX_LINE);
        splitter.push(b"\nyes\n", |l| lines.push(l.len()));
        assert_eq!(lines, [3]);
    }
}
