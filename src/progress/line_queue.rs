//! A bounded queue of lines for stderr: a reader that stops reading costs neither time nor memory.

use std::collections::VecDeque;

/// Progress lines are dropped once this many bytes are queued; four times the capacity of a Linux pipe (pipe(7)).
const PROGRESS_BYTES: usize = 256 << 10;
/// Messages are dropped once this many bytes are queued.
const MESSAGE_BYTES: usize = 1 << 20;
/// Largest size of a batch of lines, in bytes; a longer line is a batch by itself.
const BATCH_BYTES: usize = 16 << 10;

/// Which lines are dropped first if the queue is full.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Importance {
    /// Soon out of date; dropped first.
    Progress,
    /// Errors, warnings and notes.
    Message,
}

/// A queue of lines, first in, first out.
#[derive(Debug, Default)]
pub struct LineQueue {
    lines: VecDeque<String>,
    bytes: usize,
    dropped: u64,
}

impl LineQueue {
    /// An empty queue.
    pub const fn new() -> LineQueue {
        LineQueue { lines: VecDeque::new(), bytes: 0, dropped: 0 }
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Appends `text` and a newline, or drops it if the limit of its importance is exceeded. An empty queue accepts any text.
    pub fn push(&mut self, text: &str, importance: Importance) {
        let limit = match importance {
            Importance::Progress => PROGRESS_BYTES,
            Importance::Message => MESSAGE_BYTES,
        };
        if !self.lines.is_empty() && self.bytes + text.len() > limit {
            self.dropped += 1;
            return;
        }
        self.bytes += text.len() + 1;
        self.lines.push_back(format!("{text}\n"));
    }

    /// The next lines to write, with a note if lines were dropped since the last call; `None` if the queue is empty.
    pub fn take_batch(&mut self) -> Option<String> {
        let mut batch = self.lines.pop_front()?;
        while let Some(next) = self.lines.front()
            && batch.len() + next.len() <= BATCH_BYTES
        {
            batch.push_str(next);
            self.lines.pop_front();
        }
        self.bytes = self.bytes.saturating_sub(batch.len());
        if self.dropped > 0 {
            batch.push_str(&format!("note: {} lines dropped because stderr was not read fast enough\n", self.dropped));
            self.dropped = 0;
        }
        Some(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drained(queue: &mut LineQueue) -> Vec<String> {
        std::iter::from_fn(|| queue.take_batch())
            .flat_map(|b| b.lines().map(str::to_owned).collect::<Vec<_>>())
            .collect()
    }

    #[test]
    fn lines_keep_their_order() {
        let mut queue = LineQueue::new();
        (0..5_000).for_each(|i| queue.push(&i.to_string(), Importance::Progress));
        assert_eq!(drained(&mut queue), (0..5_000).map(|i| i.to_string()).collect::<Vec<_>>());
        assert!(queue.is_empty() && queue.bytes == 0);
    }

    #[test]
    fn progress_is_dropped_before_messages_and_the_number_is_noted() {
        let mut queue = LineQueue::new();
        let line = "x".repeat(1 << 10);
        (0..10_000).for_each(|_| queue.push(&line, Importance::Progress));
        assert!(queue.bytes <= PROGRESS_BYTES + line.len());
        queue.push("error: the disk is full", Importance::Message);
        let lines = drained(&mut queue);
        assert_eq!(lines.last().map(String::as_str), Some("error: the disk is full"));
        assert!(lines.iter().any(|l| l.starts_with("note: 97") && l.contains("lines dropped")), "{:?}", lines.last());
        (0..10_000).for_each(|_| queue.push(&line, Importance::Message));
        assert!(queue.bytes <= MESSAGE_BYTES + line.len());
    }

    #[test]
    fn an_empty_queue_accepts_any_text() {
        let mut queue = LineQueue::new();
        let report = "y".repeat(4 << 20);
        queue.push(&report, Importance::Message);
        assert_eq!(queue.take_batch().map(|b| b.len()), Some(report.len() + 1));
    }
}
