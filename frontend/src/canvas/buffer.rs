//! Text for the DOM, written into one reused allocation: it is written in each frame for all that moves,
//! and `core::fmt` is slower.

/// A growing text that is cleared and written again each frame.
#[derive(Debug, Default)]
pub struct Buffer(String);

impl Buffer {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn clear(&mut self) -> &mut Self {
        self.0.clear();
        self
    }

    pub fn text(&mut self, text: &str) -> &mut Self {
        self.0.push_str(text);
        self
    }

    /// The number, rounded.
    #[expect(clippy::cast_possible_truncation, reason = "the map ends long before i64 does")]
    pub fn whole(&mut self, number: f64) -> &mut Self {
        self.integer(number.round() as i64);
        self
    }

    /// The number with four decimals, for scales.
    #[expect(clippy::cast_possible_truncation, reason = "scales lie between 0 and 16")]
    pub fn fine(&mut self, number: f64) -> &mut Self {
        let scaled = (number * 10_000.0).round() as i64;
        if scaled < 0 {
            self.0.push('-');
        }
        let scaled = scaled.abs();
        self.integer(scaled / 10_000);
        self.0.push('.');
        let rest = scaled % 10_000;
        for place in [1_000, 100, 10, 1] {
            self.digit(rest / place % 10);
        }
        self
    }

    fn integer(&mut self, number: i64) {
        if number < 0 {
            self.0.push('-');
        }
        let number = number.unsigned_abs();
        let mut place = 1_u64;
        while number / place >= 10 {
            place *= 10;
        }
        while place > 0 {
            self.digit((number / place % 10).cast_signed());
            place /= 10;
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "callers pass 0 to 9"
    )]
    fn digit(&mut self, digit: i64) {
        self.0.push((b'0' + digit as u8) as char);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn numbers_read_as_css_does() {
        let mut buffer = Buffer::default();

        buffer.whole(-0.4).text(" ").whole(1_204.5).text(" ").fine(0.05).text(" ").fine(-1.25);

        assert_eq!(buffer.as_str(), "0 1205 0.0500 -1.2500");
    }

    proptest! {
        #[test]
        fn every_whole_number_is_written_as_it_is(number in -10_000_000_i32..10_000_000) {
            let mut buffer = Buffer::default();

            buffer.whole(f64::from(number));

            prop_assert_eq!(buffer.as_str(), number.to_string());
        }
    }
}
