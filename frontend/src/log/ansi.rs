//! What a program writes for a terminal, made fit for a page: colours stay, all other power goes.

/// A colour of the sixteen that terminals have had for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour(pub u8);

/// A stretch of text in one colour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub text: String,
    pub colour: Option<Colour>,
}

/// The text's coloured stretches. Every other sequence, control character, and every character that
/// is invisible or turns the direction of the text is dropped. Of what a carriage return overwrites,
/// the last version stays.
#[must_use]
pub fn spans(raw: &str) -> Vec<Span> {
    let mut painter = Painter::default();
    let mut rest = raw.chars();
    while let Some(letter) = rest.next() {
        match letter {
            '\u{1b}' => match rest.next() {
                Some('[') => painter.control_sequence(&mut rest),
                // Strings for the terminal: titles, links, pictures.
                Some(']' | 'P' | 'X' | '^' | '_') => skip_string(&mut rest),
                Some('(' | ')' | '*' | '+' | '#' | '%') => {
                    rest.next();
                }
                Some(_) | None => (),
            },
            '\u{9b}' => painter.control_sequence(&mut rest),
            '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}' => skip_string(&mut rest),
            '\r' => painter.is_overwriting = true,
            '\t' => painter.write_all("    "),
            _ if is_unseen(letter) => (),
            _ => painter.write(letter),
        }
    }
    painter.finish()
}

/// Whether a character would change a line without being seen in it.
fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            // Zero width, direction, separators, fillers, annotations.
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

fn skip_string(rest: &mut std::str::Chars<'_>) {
    while let Some(letter) = rest.next() {
        match letter {
            '\u{7}' | '\u{9c}' => return,
            '\u{1b}' => {
                rest.next();
                return;
            }
            _ => (),
        }
    }
}

#[derive(Default)]
struct Painter {
    spans: Vec<Span>,
    current: String,
    colour: Option<Colour>,
    is_bright: bool,
    is_overwriting: bool,
}

impl Painter {
    fn write(&mut self, letter: char) {
        if std::mem::take(&mut self.is_overwriting) {
            self.spans.clear();
            self.current.clear();
        }
        self.current.push(letter);
    }

    fn write_all(&mut self, text: &str) {
        for letter in text.chars() {
            self.write(letter);
        }
    }

    fn control_sequence(&mut self, rest: &mut std::str::Chars<'_>) {
        let mut parameters = String::new();
        for letter in rest.by_ref() {
            match letter {
                '\u{40}'..='\u{7e}' => {
                    if letter == 'm' {
                        self.paint(&parameters);
                    }
                    return;
                }
                _ if parameters.len() < 64 => parameters.push(letter),
                _ => (),
            }
        }
    }

    fn paint(&mut self, parameters: &str) {
        let mut numbers = parameters.split([';', ':']).map(|it| it.parse::<u16>().unwrap_or(0));
        let mut colour = self.colour;
        while let Some(number) = numbers.next() {
            match number {
                0 => {
                    colour = None;
                    self.is_bright = false;
                }
                1 => self.is_bright = true,
                22 => self.is_bright = false,
                30..=37 => colour = Some(Colour(low(number - 30))),
                90..=97 => colour = Some(Colour(low(number - 90 + 8))),
                39 => colour = None,
                38 => colour = extended(&mut numbers).or(colour),
                // The ground's colour is dropped, and with it its own parameters.
                48 | 58 => {
                    extended(&mut numbers);
                }
                _ => (),
            }
        }
        if self.is_bright
            && let Some(Colour(dark @ 0..8)) = colour
        {
            colour = Some(Colour(dark + 8));
        }
        if colour != self.colour {
            self.cut();
            self.colour = colour;
        }
    }

    fn cut(&mut self) {
        if !self.current.is_empty() {
            let text = std::mem::take(&mut self.current);
            self.spans.push(Span { text, colour: self.colour });
        }
    }

    fn finish(mut self) -> Vec<Span> {
        self.cut();
        self.spans
    }
}

/// One of 256 colours, or of millions: the nearest of the sixteen.
fn extended(numbers: &mut impl Iterator<Item = u16>) -> Option<Colour> {
    match numbers.next()? {
        5 => match numbers.next()? {
            basic @ 0..16 => Some(Colour(low(basic))),
            cube @ 16..232 => {
                let cube = cube - 16;
                let level = |part: u16| part * 51;
                Some(nearest(level(cube / 36), level(cube / 6 % 6), level(cube % 6)))
            }
            grey @ 232..256 => {
                let level = (grey - 232) * 10 + 8;
                Some(nearest(level, level, level))
            }
            _ => None,
        },
        2 => {
            let (red, green) = (numbers.next()?, numbers.next()?);
            Some(nearest(red.min(255), green.min(255), numbers.next()?.min(255)))
        }
        _ => None,
    }
}

fn nearest(red: u16, green: u16, blue: u16) -> Colour {
    let brightest = red.max(green).max(blue);
    let has = |part: u16| u16::from(part * 2 > brightest);
    let hue = has(red) | has(green) << 1 | has(blue) << 2;
    Colour(low(match brightest {
        0..64 => 0,
        64..128 if hue == 7 => 8,
        64..192 => hue,
        _ => hue + 8,
    }))
}

fn low(number: u16) -> u8 {
    u8::try_from(number & 15).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::*;

    fn plain(raw: &str) -> String {
        spans(raw).into_iter().map(|span| span.text).collect()
    }

    #[test]
    fn colours_stay() {
        let span =
            |text: &str, colour: Option<u8>| Span { text: text.into(), colour: colour.map(Colour) };

        assert_eq!(
            spans("a \u{1b}[31mred\u{1b}[0m \u{1b}[1;32mok\u{1b}[m b"),
            [
                span("a ", None),
                span("red", Some(1)),
                span(" ", None),
                span("ok", Some(10)),
                span(" b", None)
            ]
        );
        assert_eq!(spans("\u{1b}[38;5;196mx"), [span("x", Some(9))]);
        assert_eq!(spans("\u{1b}[48;2;1;2;3;34mx"), [span("x", Some(4))]);
    }

    #[test]
    fn nothing_else_of_a_terminal_stays() {
        assert_eq!(plain("\u{1b}[2J\u{1b}[Hhome\u{1b}[?25l"), "home");
        assert_eq!(plain("\u{1b}]0;title\u{7}x\u{1b}]8;;http://evil\u{1b}\\y"), "xy");
        assert_eq!(plain("\u{1b}Pq pixels \u{1b}\\z\u{7}\u{8}"), "z");
        assert_eq!(plain("10 %\r50 %\r100 %\r"), "100 %");
    }

    #[test]
    fn what_is_unseen_cannot_disguise_a_line() {
        assert_eq!(plain("a\u{202e}b\u{2066}c\u{200b}d\u{feff}e\u{e0041}"), "abcde");
    }

    proptest! {
        #[test]
        fn no_control_character_comes_through(raw in "[\\x00-\\x20\u{1b}\u{9b}\u{202e}\\[\\]a-z0-9;m]{0,80}") {
            prop_assert!(plain(&raw).chars().all(|letter| !is_unseen(letter)));
        }
    }
}
