//! An order in which each function stands beside those most like it: what compresses a file looks back, and
//! what is near costs it less.

/// How many bytes make a word of a function's body.
const WORD: usize = 4;
const SAMPLES: usize = 64;

/// What is kept of a body: two of them agree in about as many places as the bodies share words.
/// MinHash, after Broder, "On the resemblance and containment of documents" (1997).
type Sketch = [u16; SAMPLES];

/// Which body comes first, second, …: after each the one most like it, of those that are left.
pub(super) fn by_likeness(bodies: &[&[u8]]) -> Vec<u32> {
    let multipliers = multipliers();
    let mut left: Vec<(u32, Sketch)> =
        (0..).zip(bodies.iter().map(|body| sketch(body, &multipliers))).collect();
    let mut order = Vec::with_capacity(left.len());
    let mut last = 0;
    while !left.is_empty() {
        let (place, sketch) = left.swap_remove(last);
        order.push(place);
        let likeness = |(place, other): &(u32, Sketch)| (agreement(&sketch, other), !place);
        last = (0..left.len()).max_by_key(|at| likeness(&left[*at])).unwrap_or_default();
    }
    order
}

fn agreement(one: &Sketch, other: &Sketch) -> u16 {
    one.iter().zip(other).map(|(one, other)| u16::from(one == other)).sum()
}

/// For each way of shuffling all words, which word of the body comes first.
fn sketch(body: &[u8], multipliers: &[u64; SAMPLES]) -> Sketch {
    let mut least = [u64::MAX; SAMPLES];
    for word in body.windows(WORD.min(body.len().max(1))) {
        let word = word.iter().fold(0_u64, |sum, byte| sum * 257 + u64::from(*byte));
        for (least, multiplier) in least.iter_mut().zip(multipliers) {
            *least = (*least).min(word.wrapping_mul(*multiplier) >> 20);
        }
    }
    // As many bits as tell words apart well enough.
    least.map(|least| (least & 0xffff) as u16)
}

/// Odd numbers without a pattern, the same each time: SplitMix64 (Steele, Lea, Flood, 2014).
fn multipliers() -> [u64; SAMPLES] {
    let mut state = 0_u64;
    std::array::from_fn(|_| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) | 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_stands_beside_like() {
        let one = b"a function that adds numbers and calls another one";
        let other = b"nothing of the kind, 0123456789, 9876543210, blocks";
        let bodies: [&[u8]; 5] = [
            one,
            other,
            b"a function that adds numbers and calls somebody else",
            b"",
            b"nothing of the kind, 0123456789, 9876543210, loops",
        ];

        let order = by_likeness(&bodies);

        let at = |body: u32| order.iter().position(|it| *it == body).unwrap();
        assert_eq!(at(0).abs_diff(at(2)), 1, "{order:?}");
        assert_eq!(at(1).abs_diff(at(4)), 1, "{order:?}");
        let mut all = order.clone();
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2, 3, 4], "each comes once");
    }

    #[test]
    fn nothing_has_an_order_too() {
        assert!(by_likeness(&[]).is_empty());
    }
}
