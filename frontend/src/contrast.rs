//! The promise of the colours, kept by a test: every text can be read, in both themes.

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    const TOKENS: &str = include_str!("../styles/01-tokens.css");
    /// WCAG 2.2, AA, for text of any size.
    const MIN_CONTRAST: f64 = 4.5;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Theme {
        Light,
        Dark,
    }

    /// Each token's red, green and blue, where it is a plain colour.
    fn colours(theme: Theme) -> HashMap<&'static str, [u8; 3]> {
        let mut colours = HashMap::new();
        for line in TOKENS.lines() {
            let Some((name, value)) =
                line.trim().strip_prefix("--").and_then(|it| it.split_once(':'))
            else {
                continue;
            };
            let value = value.trim().trim_end_matches(';');
            let pair = value.strip_prefix("light-dark(").and_then(|it| it.strip_suffix(')'));
            let value = match (pair.and_then(|it| it.split_once(", ")), theme) {
                (Some((light, _)), Theme::Light) => light,
                (Some((_, dark)), Theme::Dark) => dark,
                (None, _) => value,
            };
            if let Some(hex) = value.strip_prefix('#')
                && let Ok(number) = u32::from_str_radix(hex, 16)
            {
                let [_, red, green, blue] = number.to_be_bytes();
                colours.insert(name, [red, green, blue]);
            }
        }
        colours
    }

    fn luminance(colour: [u8; 3]) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(colour[0]) + 0.7152 * linear(colour[1]) + 0.0722 * linear(colour[2])
    }

    fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// Every text and what it may stand on.
    fn pairs() -> Vec<(String, String)> {
        let pair = |text: &str, ground: &str| (text.to_owned(), ground.to_owned());
        let mut pairs = Vec::new();
        for ground in ["ground", "surface", "raised"] {
            for text in
                ["ink", "muted", "faint", "accent", "live", "staged", "fail", "info", "violet"]
            {
                pairs.push(pair(text, ground));
            }
        }
        for colour in ["accent", "live", "staged", "fail", "info"] {
            let wash = format!("wash-{colour}");
            pairs.push(pair(colour, &wash));
            pairs.push(pair("ink", &wash));
        }
        for text in ["ink", "muted", "accent", "fail"] {
            pairs.push(pair(text, "hover"));
        }
        pairs.push(pair("on-accent", "accent"));
        pairs.push(pair("on-fail", "fail"));
        pairs.extend((0..8).map(|n| pair("on-person", &format!("person-{n}"))));
        pairs
    }

    #[test]
    fn every_text_can_be_read_in_both_themes() {
        let mut faults = Vec::new();
        for theme in [Theme::Light, Theme::Dark] {
            let colours = colours(theme);
            for (text, ground) in pairs() {
                let ratio = contrast(colours[text.as_str()], colours[ground.as_str()]);
                if ratio < MIN_CONTRAST {
                    faults.push(format!("{theme:?}: {text} on {ground} has {ratio:.2}"));
                }
            }
        }

        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    #[test]
    fn components_use_no_raw_colour() {
        let sheets = [
            include_str!("../styles/02-base.css"),
            include_str!("../styles/03-components.css"),
            include_str!("../styles/10-canvas.css"),
            include_str!("../styles/11-card.css"),
            include_str!("../styles/21-map.css"),
            include_str!("../styles/22-panel.css"),
        ];
        for sheet in sheets {
            let raw = sheet
                .split('#')
                .skip(1)
                .find(|rest| rest.bytes().take_while(u8::is_ascii_hexdigit).count() >= 3);
            assert_eq!(raw.map(|rest| rest.lines().next()), None);
            assert!(!sheet.contains("rgb("));
        }
    }
}
