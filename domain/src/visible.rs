//! What of a text nobody would see: characters that hide, reorder or pass for nothing.
//!
//! By Unicode's classes, not by a list of known ones. What joins emoji, and what shapes letters of scripts
//! that need it, is let through where it does that.

use unicode_properties::{GeneralCategory, UnicodeEmoji as _, UnicodeGeneralCategory as _};

const ZERO_WIDTH_NON_JOINER: char = '\u{200c}';
const ZERO_WIDTH_JOINER: char = '\u{200d}';
const EMOJI_STYLE: char = '\u{fe0f}';
const KEYCAP: char = '\u{20e3}';

/// Whether all of it can be seen: no control, format or tag characters, no line separators, no blanks that
/// pass for letters.
#[must_use]
pub fn is_visible(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    (0..letters.len()).all(|at| match letters[at] {
        ZERO_WIDTH_JOINER => joins_emoji(&letters, at) || shapes_letters(&letters, at),
        ZERO_WIDTH_NON_JOINER => shapes_letters(&letters, at),
        EMOJI_STYLE => follows_emoji(&letters, at) || letters.get(at + 1) == Some(&KEYCAP),
        letter => !is_hidden(letter),
    })
}

/// Whether a character is never seen by itself.
#[must_use]
pub fn is_hidden(letter: char) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator};
    let class = letter.general_category();
    matches!(class, Control | Format | LineSeparator | ParagraphSeparator) || is_blank(letter)
}

/// Letters, marks and symbols that are drawn as nothing: Unicode's default ignorable characters that are
/// of no class of their own, and the blank Braille pattern.
const fn is_blank(letter: char) -> bool {
    matches!(letter,
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{2065}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fff8}' | '\u{e0000}'..='\u{e0fff}')
        || letter as u32 & 0xfffe == 0xfffe
}

/// Whether a joiner stands between two emoji: 👩 and 🚒.
fn joins_emoji(letters: &[char], at: usize) -> bool {
    let next = letters.get(at + 1).copied().is_some_and(is_picture);
    next && (follows_emoji(letters, at) || is_styled(letters, at))
}

/// Whether an emoji, perhaps with a colour of skin, stands before.
fn follows_emoji(letters: &[char], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).map(|at| letters[at]);
    match before(1) {
        Some('\u{1f3fb}'..='\u{1f3ff}') => before(2).is_some_and(is_picture),
        Some(letter) => is_picture(letter),
        None => false,
    }
}

/// Whether an emoji stands before that was asked to be one.
fn is_styled(letters: &[char], at: usize) -> bool {
    at > 0 && letters[at - 1] == EMOJI_STYLE && follows_emoji(letters, at - 1)
}

fn is_picture(letter: char) -> bool {
    letter.is_emoji_char() && !letter.is_ascii()
}

/// Whether the letters around need it to be written as they should: of Arabic ones both, of Indic scripts
/// after the sign that takes a vowel away.
fn shapes_letters(letters: &[char], at: usize) -> bool {
    let is_arabic = |letter: &char| {
        matches!(letter, '\u{620}'..='\u{64a}' | '\u{66e}'..='\u{6d3}' | '\u{6d5}' | '\u{6fa}'..='\u{6ff}'
            | '\u{710}'..='\u{72f}' | '\u{750}'..='\u{77f}' | '\u{8a0}'..='\u{8c7}')
    };
    let is_virama = |letter: &char| {
        matches!(
            letter,
            '\u{94d}'
                | '\u{9cd}'
                | '\u{a4d}'
                | '\u{acd}'
                | '\u{b4d}'
                | '\u{bcd}'
                | '\u{c4d}'
                | '\u{ccd}'
                | '\u{d4d}'
                | '\u{dca}'
                | '\u{1039}'
                | '\u{17d2}'
        )
    };
    let (before, after) = (at.checked_sub(1).map(|at| letters[at]), letters.get(at + 1));
    let is_between = before.as_ref().is_some_and(is_arabic) && after.is_some_and(is_arabic);
    is_between || before.as_ref().is_some_and(is_virama)
}
