//! The name that was perhaps meant.

use strsim::levenshtein;

/// The known name that differs least from a wrong one, if it is near enough to be what was meant.
pub(crate) fn nearest<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_lowercase().replace('-', "_");
    let (steps, name) = known
        .map(|name| (levenshtein(&wrong, &name.to_lowercase()), name))
        .min_by_key(|(steps, _)| *steps)?;
    (steps <= (wrong.chars().count() / 2).clamp(1, 3)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_far_from_everything_is_nothing() {
        assert_eq!(nearest("colour", ["addr", "log_level"].into_iter()), None);
        assert_eq!(nearest("Log-Levels", ["addr", "log_level"].into_iter()), Some("log_level"));
    }
}
