//! The last lines, and those of them that a filter lets through.

use std::collections::VecDeque;

use yew::AttrValue;

use super::ansi::{Span, spans};

/// Older lines are fetched from the server again.
pub const CAPACITY: usize = 5_000;
/// A longer line is cut.
const LONGEST: usize = 16 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Output,
    Error,
    /// What happened to the container itself: "container exited with code 137".
    Event,
}

/// One line, fit to be shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Milliseconds since the Unix epoch.
    pub at: i64,
    pub source: Source,
    /// The replica's short name.
    pub replica: Option<AttrValue>,
    pub spans: Vec<Span>,
}

impl Line {
    #[must_use]
    pub fn new(at: i64, source: Source, replica: Option<AttrValue>, raw: &str) -> Self {
        let mut end = raw.len().min(LONGEST);
        while !raw.is_char_boundary(end) {
            end -= 1;
        }
        Self { at, source, replica, spans: spans(raw[..end].trim_end_matches('\n')) }
    }

    /// The line's text, without colours.
    #[must_use]
    pub fn text(&self) -> String {
        self.spans.iter().map(|span| span.text.as_str()).collect()
    }
}

/// A buffer that forgets its oldest lines. Each line keeps its number for ever.
#[derive(Debug, Default)]
pub struct Ring {
    lines: VecDeque<Line>,
    /// The number of the oldest line that is left.
    first: u64,
    filter: String,
    matching: VecDeque<u64>,
}

impl Ring {
    pub fn push(&mut self, line: Line) {
        if self.lines.len() == CAPACITY {
            self.lines.pop_front();
            self.first += 1;
            if self.matching.front().is_some_and(|number| *number < self.first) {
                self.matching.pop_front();
            }
        }
        if !self.filter.is_empty() && matches(&line, &self.filter) {
            self.matching.push_back(self.next());
        }
        self.lines.push_back(line);
    }

    /// The number that the next line will have.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.first + self.lines.len() as u64
    }

    pub fn clear(&mut self) {
        self.first = self.next();
        self.lines.clear();
        self.matching.clear();
    }

    /// Lets only lines through that contain this, in letters large or small.
    pub fn set_filter(&mut self, filter: &str) {
        self.filter = filter.trim().to_lowercase();
        self.matching.clear();
        if !self.filter.is_empty() {
            let found = self.lines.iter().zip(self.first..);
            self.matching = found
                .filter(|(line, _)| matches(line, &self.filter))
                .map(|(_, number)| number)
                .collect();
        }
    }

    /// How many lines there are to see, of those with a number below `before`.
    #[must_use]
    pub fn count(&self, before: Option<u64>) -> usize {
        let before = before.unwrap_or(u64::MAX);
        if self.filter.is_empty() {
            let count = before.saturating_sub(self.first);
            usize::try_from(count).unwrap_or(usize::MAX).min(self.lines.len())
        } else {
            self.matching.partition_point(|number| *number < before)
        }
    }

    /// The lines to see from the `from`-th on, with their numbers.
    pub fn rows(&self, from: usize, count: usize) -> impl Iterator<Item = (u64, &Line)> {
        let is_filtered = !self.filter.is_empty();
        let end = self.count(None).min(from.saturating_add(count));
        (from..end).filter_map(move |row| {
            let number =
                if is_filtered { *self.matching.get(row)? } else { self.first + row as u64 };
            let line = self.lines.get(usize::try_from(number - self.first).ok()?)?;
            Some((number, line))
        })
    }

    /// The number of the first line to see.
    #[must_use]
    pub fn oldest(&self) -> u64 {
        if self.filter.is_empty() {
            self.first
        } else {
            self.matching.front().copied().unwrap_or(self.first)
        }
    }

    /// How many lines are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

fn matches(line: &Line, filter: &str) -> bool {
    line.text().to_lowercase().contains(filter)
        || line.replica.as_ref().is_some_and(|replica| replica.to_lowercase() == filter)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::*;

    fn line(text: &str) -> Line {
        Line::new(0, Source::Output, None, text)
    }

    fn seen(ring: &Ring) -> Vec<String> {
        ring.rows(0, usize::MAX).map(|(_, line)| line.text()).collect()
    }

    #[test]
    fn only_the_last_lines_are_kept_and_each_keeps_its_number() {
        let mut ring = Ring::default();

        for number in 0..CAPACITY + 10 {
            ring.push(line(&number.to_string()));
        }

        assert_eq!(ring.len(), CAPACITY);
        let (number, oldest) = ring.rows(0, 1).next().unwrap();
        assert_eq!((number, oldest.text().as_str()), (10, "10"));
    }

    #[test]
    fn a_filter_finds_what_is_there_and_what_comes() {
        let mut ring = Ring::default();
        ring.push(line("GET /health"));
        ring.push(line("error: no such table"));

        ring.set_filter("ERROR");
        ring.push(line("another Error"));
        ring.push(line("fine"));

        assert_eq!(seen(&ring), ["error: no such table", "another Error"]);
        ring.set_filter("");
        assert_eq!(ring.count(None), 4);
    }

    #[test]
    fn a_paused_view_counts_only_what_was_there() {
        let mut ring = Ring::default();
        ring.push(line("a"));
        let paused = ring.next();
        ring.push(line("b"));

        assert_eq!(ring.count(Some(paused)), 1);
        assert_eq!(ring.count(None), 2);
    }

    #[test]
    fn a_very_long_line_is_cut_between_letters() {
        let text = "ä".repeat(LONGEST);

        assert_eq!(line(&text).text().len(), LONGEST);
    }

    proptest! {
        #[test]
        fn filtering_as_lines_come_equals_filtering_at_the_end(
            texts in proptest::collection::vec("[ab]{0,3}", 0..60), clear in 0_usize..60
        ) {
            let (mut early, mut late) = (Ring::default(), Ring::default());
            early.set_filter("a");
            for (at, text) in texts.iter().enumerate() {
                if at == clear {
                    early.clear();
                    late.clear();
                }
                early.push(line(text));
                late.push(line(text));
            }
            late.set_filter("a");

            prop_assert_eq!(seen(&early), seen(&late));
        }
    }
}
