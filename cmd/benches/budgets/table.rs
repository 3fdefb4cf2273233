//! What was measured, as a table.

use std::fmt;

/// One thing that was measured.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) ours: String,
    pub(crate) floor: String,
    pub(crate) ratio: Option<f64>,
    pub(crate) bar: Bar,
}

/// What it should come to.
#[derive(Clone, Debug)]
pub(crate) enum Bar {
    /// Nothing is asked.
    None,
    /// This is asked, and it holds or not.
    Asked { text: String, holds: bool },
}

/// Everything that was measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    about: String,
    rows: Vec<Row>,
    notes: Vec<String>,
}

impl Bar {
    /// At most so many times the floor.
    pub(crate) fn ratio(ratio: f64, most: f64) -> Self {
        Self::Asked { text: format!("≤ {most} ×"), holds: ratio <= most }
    }
}

impl Table {
    /// Where it was measured.
    pub(crate) fn about(&mut self, text: String) {
        self.about = text;
    }

    pub(crate) fn add(&mut self, row: Row) {
        eprintln!("{row}");
        self.rows.push(row);
    }

    /// What one must know to read the table.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }
}

impl fmt::Display for Row {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ratio = self.ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2} ×"));
        let (bar, holds) = match &self.bar {
            Bar::None => ("–", "–"),
            Bar::Asked { text, holds: true } => (text.as_str(), "yes"),
            Bar::Asked { text, holds: false } => (text.as_str(), "**no**"),
        };
        let Self { what, ours, floor, .. } = self;
        write!(out, "| {what} | {ours} | {floor} | {ratio} | {bar} | {holds} |")
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}\n", self.about)?;
        writeln!(out, "| what | ours | floor | ratio | bar | holds |")?;
        writeln!(out, "|---|---|---|---|---|---|")?;
        for row in &self.rows {
            writeln!(out, "{row}")?;
        }
        if !self.notes.is_empty() {
            writeln!(out)?;
        }
        for note in &self.notes {
            writeln!(out, "- {note}")?;
        }
        Ok(())
    }
}
