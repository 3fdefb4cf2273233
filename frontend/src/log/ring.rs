//! The last lines, and those of them that a filter lets through.

use std::collections::VecDeque;

use super::row::Row;

/// Older lines are fetched from the server again.
pub const CAPACITY: usize = 5_000;

/// A buffer that forgets its oldest lines. Each line keeps its number for ever.
#[derive(Debug, Default)]
pub struct Ring {
    rows: VecDeque<Row>,
    /// The number of the oldest line that is left.
    first: u64,
    filter: String,
    matching: VecDeque<u64>,
}

impl Ring {
    pub fn push(&mut self, row: Row) {
        if self.rows.len() == CAPACITY {
            self.rows.pop_front();
            self.first += 1;
            if self.matching.front().is_some_and(|number| *number < self.first) {
                self.matching.pop_front();
            }
        }
        if !self.filter.is_empty() && matches(&row, &self.filter) {
            self.matching.push_back(self.next());
        }
        self.rows.push_back(row);
    }

    /// The number that the next line will have.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.first + self.rows.len() as u64
    }

    pub fn clear(&mut self) {
        self.first = self.next();
        self.rows.clear();
        self.matching.clear();
    }

    /// Lets only lines through that contain this, in letters large or small.
    pub fn set_filter(&mut self, filter: &str) {
        self.filter = filter.trim().to_lowercase();
        self.matching.clear();
        if !self.filter.is_empty() {
            let found = self.rows.iter().zip(self.first..);
            self.matching = found
                .filter(|(row, _)| matches(row, &self.filter))
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
            usize::try_from(count).unwrap_or(usize::MAX).min(self.rows.len())
        } else {
            self.matching.partition_point(|number| *number < before)
        }
    }

    /// The lines to see from the `from`-th on, with their numbers.
    pub fn rows(&self, from: usize, count: usize) -> impl Iterator<Item = (u64, &Row)> {
        let is_filtered = !self.filter.is_empty();
        let end = self.count(None).min(from.saturating_add(count));
        (from..end).filter_map(move |row| {
            let number =
                if is_filtered { *self.matching.get(row)? } else { self.first + row as u64 };
            let row = self.rows.get(usize::try_from(number - self.first).ok()?)?;
            Some((number, row))
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
        self.rows.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

fn matches(row: &Row, filter: &str) -> bool {
    row.text().to_lowercase().contains(filter) || row.replica().to_lowercase() == filter
}

#[cfg(test)]
mod tests {
    use domain::runtime::{LogStream, MAX_LOG_LINE};
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::*;

    fn line(text: &str) -> Row {
        crate::log::tests::line(LogStream::Stdout, text)
    }

    fn seen(ring: &Ring) -> Vec<String> {
        ring.rows(0, usize::MAX).map(|(_, row)| row.text()).collect()
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
        let longest = MAX_LOG_LINE;
        let text = "ä".repeat(longest);

        assert_eq!(line(&text).text().len(), longest);
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
