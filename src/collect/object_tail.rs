//! The last lines of stdout, which may be one pretty-printed object.

use super::lines::MAX_LINE;

/// Most line starts at which an object is tried.
const MAX_STARTS: usize = 64;

/// Lines from the first one that begins with a brace on, at most [`MAX_LINE`] bytes of them.
#[derive(Debug, Default)]
pub struct ObjectTail {
    lines: Vec<u8>,
}

impl ObjectTail {
    /// Stores a line.
    pub fn push(&mut self, line: &[u8]) {
        if self.lines.is_empty() && line.first() != Some(&b'{') {
            return;
        }
        if self.lines.len() + line.len() >= MAX_LINE {
            let half = self.lines.len() / 2;
            let cut = memchr::memchr(b'\n', &self.lines[half..]).map_or(self.lines.len(), |at| half + at + 1);
            self.lines.drain(..cut);
        }
        self.lines.extend_from_slice(line);
        self.lines.push(b'\n');
    }

    /// Forgets all lines.
    pub fn clear(&mut self) {
        self.lines = Vec::new();
    }

    /// Calls `take` with each end of the lines that begins with a brace, the shortest first, until it returns something.
    pub fn find<T>(&self, take: impl FnMut(&[u8]) -> Option<T>) -> Option<T> {
        let text = self.lines.trim_ascii_end();
        let begins = |at: &usize| text[*at] == b'{' && (*at == 0 || text[at - 1] == b'\n');
        (0..text.len()).rev().filter(begins).take(MAX_STARTS).map(|at| &text[at..]).find_map(take)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endless_unfinished_object_stays_bounded() {
        let mut tail = ObjectTail::default();
        for _ in 0..200_000 {
            tail.push(b"{ \"not\": \"closed\",");
        }
        assert!(tail.lines.len() <= MAX_LINE);
        tail.push(b"{");
        tail.push(b"}");
        assert_eq!(tail.find(|text| Some(text.to_vec())), Some(b"{\n}".to_vec()));
    }
}
