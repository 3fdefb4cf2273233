//! The name that was perhaps meant.

/// The known name that differs least from a wrong one, if it is near enough to be what was meant.
pub(super) fn nearest<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_lowercase().replace('-', "_");
    let (steps, name) = known
        .map(|name| (distance(&wrong, &name.to_lowercase()), name))
        .min_by_key(|(steps, _)| *steps)?;
    (steps <= (wrong.chars().count() / 2).clamp(1, 3)).then_some(name)
}

/// How many letters must be added, taken away or replaced to make one word of the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for (row, letter) in from.chars().enumerate() {
        let mut corner = std::mem::replace(&mut above[0], row + 1);
        for (column, other) in to.iter().enumerate() {
            let replaced = corner + usize::from(letter != *other);
            corner = above[column + 1];
            above[column + 1] = replaced.min(corner + 1).min(above[column] + 1);
        }
    }
    above[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_as_far_apart_as_letters_differ() {
        for (from, to, steps) in
            [("", "", 0), ("a", "", 1), ("addr", "adress", 4), ("kitten", "sitting", 3)]
        {
            assert_eq!(distance(from, to), steps, "{from} {to}");
            assert_eq!(distance(to, from), steps, "{to} {from}");
        }
    }

    #[test]
    fn what_is_far_from_everything_is_nothing() {
        assert_eq!(nearest("colour", ["addr", "log_level"].into_iter()), None);
        assert_eq!(nearest("Log-Levels", ["addr", "log_level"].into_iter()), Some("log_level"));
    }
}
