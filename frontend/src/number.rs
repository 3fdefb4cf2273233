//! Numbers as people write them. What `core` reads and prints floats with are tables that weigh more than
//! a screen does, so only whole numbers are read and printed here.

/// The number with this many decimals, rounded.
#[must_use]
pub fn decimal(number: f64, decimals: u32) -> String {
    let scale = 10_i64.pow(decimals);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "what is shown is far from the ends of i64"
    )]
    let scaled = (number * scale as f64).round() as i64;
    let sign = if scaled < 0 { "-" } else { "" };
    let (whole, rest) = (scaled.abs() / scale, scaled.abs() % scale);
    match decimals {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{rest:0width$}", width = decimals as usize),
    }
}

/// Thousandths as one writes them: `500` is `0.5`.
#[must_use]
pub fn thousandths(count: u32) -> String {
    let text = format!("{}.{:03}", count / 1_000, count % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Reads a number with a point or a comma as thousandths, rounded: `0,5` is `500`. `None` for what is no
/// number, for less than nothing, and for more than a million.
#[must_use]
pub fn read_thousandths(text: &str) -> Option<u32> {
    let (whole, rest) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|it| it.is_ascii_digit());
    if !is_number(whole) || !is_number(rest) || (whole.is_empty() && rest.is_empty()) {
        return None;
    }
    let whole: u32 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let digits = rest.bytes().chain(*b"0000").take(4);
    let tenths = digits.fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    let count = whole.checked_mul(1_000)?.checked_add((tenths + 5) / 10)?;
    (count <= 1_000_000_000).then_some(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_are_printed_as_core_prints_them(tenths in -100_000_i32..100_000, decimals in 0..3_u32) {
            // Away from halves, about which the two may disagree.
            let number = f64::from(tenths) / 10.0 + 0.012_3;

            let expected = format!("{number:.*}", decimals as usize);

            prop_assert_eq!(decimal(number, decimals), expected.replace("-0.00", "0.00"));
        }

        #[test]
        fn thousandths_come_back_as_they_were(count in 0..1_000_000_000_u32) {
            prop_assert_eq!(read_thousandths(&thousandths(count)), Some(count));
        }
    }

    #[test]
    fn cores_are_read_as_people_write_them() {
        assert_eq!(thousandths(1_500), "1.5");
        assert_eq!(thousandths(2_000), "2");
        for (text, count) in
            [("0.5", 500), ("0,25", 250), (".5", 500), ("2.", 2_000), ("1.0006", 1_001)]
        {
            assert_eq!(read_thousandths(text), Some(count), "{text}");
        }
        for text in ["", ".", "one", "-1", "1e3", "0.5.5", "1 000", "99999999999", "NaN", "1000001"]
        {
            assert_eq!(read_thousandths(text), None, "{text}");
        }
    }
}
