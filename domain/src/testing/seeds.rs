//! Which stories of chance are told: some always, and some that nobody has heard before.

use super::Rng;
use std::{
    hash::{BuildHasher, RandomState},
    ops::Range,
};

/// The variable that names the seeds to tell instead, as `first..last`.
const ASKED: &str = "EASEL_TEST_SEEDS";

/// The variable with a fresh seed that somebody has printed already.
const FRESH: &str = "EASEL_TEST_FRESH_SEED";

/// So many seeds that are always the same, and so many fresh ones, which are printed;
/// `EASEL_TEST_SEEDS=first..last` tells these instead.
#[must_use]
pub fn seeds(always: u64, fresh: u64) -> Vec<u64> {
    if let Some(asked) = asked() {
        return asked.collect();
    }
    let first = fresh_seed();
    (0..always).chain(first..first + fresh).collect()
}

/// A seed that nobody has chosen, which is printed; the first one of `EASEL_TEST_SEEDS` if that is set.
#[must_use]
pub fn fresh_seed() -> u64 {
    if let Some(asked) = asked() {
        return asked.start;
    }
    if let Some(printed) = variable(FRESH).and_then(|seed| seed.parse().ok()) {
        return printed;
    }
    let chance = RandomState::new().hash_one(0);
    // Small enough to be read out, and none of those that are always told.
    let seed = 1_000_000 + Rng::new(chance).below(1_000_000_000);
    eprintln!("fresh seeds: tell them again with {ASKED}={seed}..{}", seed + 100);
    seed
}

fn asked() -> Option<Range<u64>> {
    let told = variable(ASKED)?;
    let range = told
        .split_once("..")
        .and_then(|(first, last)| Some(first.trim().parse().ok()?..last.trim().parse().ok()?));
    Some(range.unwrap_or_else(|| panic!("{ASKED} must be first..last, and is {told}")))
}

fn variable(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "tests are told by the one who starts them")]
    std::env::var(name).ok()
}
