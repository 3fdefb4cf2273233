//! `docs/coverage.md`: which acceptance rows are met, and by which tests.
//!
//! The comment above a test names the rows that it shows (`/// DK-31, W17.`). This reads them all
//! and writes the table anew; states and remarks of rows are kept as they stand in the file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

const FILE: &str = "docs/coverage.md";
const HEAD: &str = "\
# What is covered by tests

One line for each acceptance row of the specifications: the tests that show it, its state, and a remark
where the design decides otherwise than the row or a part comes later. Tests name their rows in the comment
above them; `cargo xtask coverage` writes this table from them, and a test fails when it is out of date.
States and remarks are written here by hand: `met`, `part` (shown in part, the rest comes later), `open`.
A test that names a row makes it `part` and never `met`: that a row is met is for somebody to judge.

| id | state | tests | remark |
|---|---|---|---|
";

/// The rows of the specifications: the letters of their ids, and the last number.
const ROWS: [(&str, u32); 11] = [
    ("DK", 188),
    ("F", 102),
    ("GD", 52),
    ("I", 14),
    ("P", 14),
    ("PL", 72),
    ("RH", 55),
    ("RW", 182),
    ("S", 74),
    ("SL", 81),
    ("ZD", 18),
];

/// One row of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Row {
    state: String,
    tests: BTreeSet<String>,
    remark: String,
}

/// Writes the table anew.
pub(crate) fn write(root: &Path) -> Result<()> {
    fs::write(root.join(FILE), render(root)?).with_context(|| format!("write {FILE}"))
}

/// Fails when the table says anything else than the tests do.
pub(crate) fn check(root: &Path) -> Result<()> {
    if fs::read_to_string(root.join(FILE)).with_context(|| format!("read {FILE}"))? == render(root)?
    {
        Ok(())
    } else {
        bail!("{FILE} is out of date: run `cargo xtask coverage` and look at what changed")
    }
}

fn render(root: &Path) -> Result<String> {
    let mut rows = read(&fs::read_to_string(root.join(FILE)).unwrap_or_default());
    for file in sources(root)? {
        let text = fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))?;
        let path = file.strip_prefix(root).unwrap_or(&file).display().to_string();
        for (test, ids) in tests_in(&text, is_all_tests(&path)) {
            for id in ids {
                let Some(row) = rows.get_mut(&key(&id)) else {
                    bail!("{path}::{test} names {id}, which is no row of a specification");
                };
                row.tests.insert(format!("{path}::{test}"));
            }
        }
    }
    let mut out = HEAD.to_owned();
    for (key, row) in &rows {
        let tests: Vec<String> = row.tests.iter().map(|test| format!("`{test}`")).collect();
        let (id, state) = (id(key), state(row));
        out.push_str(&format!("| {id} | {state} | {} | {} |\n", tests.join(" "), row.remark));
    }
    Ok(out)
}

/// What is written by hand, as far as the tests allow it.
fn state(row: &Row) -> &str {
    match (row.state.as_str(), row.tests.is_empty()) {
        ("" | "met" | "part", true) => "open",
        ("" | "open", false) => "part",
        (state, _) => state,
    }
}

type Rows = BTreeMap<(String, u32), Row>;

/// Every row of the specifications, with the state and the remark that the file has of it. Their
/// tests are read from the code.
fn read(table: &str) -> Rows {
    let mut rows: Rows = ROWS
        .into_iter()
        .flat_map(|(letters, last)| {
            (1..=last).map(move |number| ((letters.to_owned(), number), Row::default()))
        })
        .collect();
    for line in table.lines() {
        let cells: Vec<&str> = match line.strip_prefix("| ") {
            Some(cells) => cells.split(" | ").collect(),
            None => continue,
        };
        if let [id, state, _, remark] = cells[..]
            && let Some(found) = ids(id).first()
            && let Some(row) = rows.get_mut(&key(found))
        {
            state.clone_into(&mut row.state);
            row.remark = remark.trim_end_matches('|').trim().to_owned();
        }
    }
    rows
}

/// `DK-31` as something that sorts.
fn key(id: &str) -> (String, u32) {
    let letters: String = id.chars().take_while(char::is_ascii_alphabetic).collect();
    let number = id[letters.len()..].trim_start_matches('-').parse().unwrap_or_default();
    (letters, number)
}

/// A row's id, written as its specification writes it.
fn id((letters, number): &(String, u32)) -> String {
    match letters.as_str() {
        "F" | "P" | "S" => format!("{letters}{number:02}"),
        "I" => format!("{letters}{number}"),
        _ => format!("{letters}-{number}"),
    }
}

/// The rows that a comment names: `DK-31`, `RW-4`, `F28`, `S01`, `I2`. Weak points (`W17`) are part
/// of rows and have none of their own.
fn ids(comment: &str) -> Vec<String> {
    comment
        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-')
        .filter(|word| {
            let letters = word.bytes().take_while(u8::is_ascii_uppercase).count();
            let (prefix, rest) = word.split_at(letters);
            let number = match prefix {
                "DK" | "RW" | "SL" | "RH" | "PL" | "GD" | "ZD" => rest.strip_prefix('-'),
                "F" | "I" | "P" | "S" => Some(rest),
                _ => None,
            };
            number.is_some_and(|number| {
                !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
            })
        })
        .map(str::to_owned)
        .collect()
}

/// Whether every function of a file counts as a test: test binaries and contracts.
fn is_all_tests(path: &str) -> bool {
    path.contains("/tests/") || path.contains("testing/contract") || path.ends_with("/tests.rs")
}

/// Tests of a file with the rows that the comments above them name.
fn tests_in(text: &str, all: bool) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    let mut named: Vec<String> = Vec::new();
    let mut is_test = all;
    for line in text.lines().map(str::trim) {
        if let Some(comment) = line.strip_prefix("//") {
            named.extend(ids(comment));
        } else if line.starts_with("#[") {
            is_test |= line.contains("test]") || line.contains("test(");
        } else {
            if let Some(name) = function(line)
                && is_test
                && !named.is_empty()
            {
                found.push((name, std::mem::take(&mut named)));
            }
            named.clear();
            is_test = all;
        }
    }
    found
}

/// The name of the function that a line begins.
fn function(line: &str) -> Option<String> {
    let rest = line.strip_prefix("pub ").unwrap_or(line);
    let rest = rest.strip_prefix("async ").unwrap_or(rest).strip_prefix("fn ")?;
    Some(rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next()?.to_owned())
}

/// All Rust files of the workspace.
fn sources(root: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = vec![root.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("read {}", folder.display()))? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                folders.push(path);
            } else if name.ends_with(".rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_above_a_test_names_its_rows() {
        let text = "/// DK-31, W17: renames wait. See F28.\n#[tokio::test]\nasync fn waits() {\n}\n\n// DK-2\nfn no_test() {}\n";

        let found = tests_in(text, false);

        assert_eq!(found, [("waits".to_owned(), vec!["DK-31".to_owned(), "F28".to_owned()])]);
    }

    #[test]
    fn states_and_remarks_outlive_a_rewrite() {
        let rows = read("| DK-8 | later | `x::y` | accounts |\n");

        let row = &rows[&("DK".to_owned(), 8)];

        assert_eq!((row.state.as_str(), row.remark.as_str()), ("later", "accounts"));
        assert!(row.tests.is_empty());
    }

    #[test]
    fn every_row_is_listed_whether_or_not_a_test_names_it() {
        let rows = read("");

        assert_eq!(rows.len(), 852);
        assert_eq!(state(&rows[&("SL".to_owned(), 81)]), "open");
        assert_eq!(id(&("S".to_owned(), 4)), "S04");
        assert_eq!(id(&("ZD".to_owned(), 4)), "ZD-4");
    }

    #[test]
    fn a_test_makes_a_row_part_and_only_a_person_makes_it_met() {
        let row = |written: &str, tests: &[&str]| Row {
            state: written.to_owned(),
            tests: tests.iter().map(|&test| test.to_owned()).collect(),
            remark: String::new(),
        };

        assert_eq!(state(&row("open", &["x::y"])), "part");
        assert_eq!(state(&row("", &["x::y"])), "part");
        assert_eq!(state(&row("met", &["x::y"])), "met");
        assert_eq!(state(&row("met", &[])), "open");
        assert_eq!(state(&row("part", &[])), "open");
    }
}
