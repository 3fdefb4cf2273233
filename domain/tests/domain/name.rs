//! What people type: what is a name, a slug, an image, a port, a key, and what is not.

use domain::{
    Command, Email, IconUrl, ImageRef, Limits, Message, MountPath, Name, PortNumber, Replicas,
    Slug, VariableKey, access::IdempotencyKey, account::Password, layout::Position,
    readiness::HttpPath,
};
use proptest::prelude::*;

/// All that is refused, and all that is taken as it is.
pub(crate) fn table<T>(good: &[&str], bad: &[&str])
where
    T: for<'a> TryFrom<&'a str, Error = domain::name::Invalid> + ToString,
{
    for text in good {
        match T::try_from(text) {
            Ok(value) => assert_eq!(&value.to_string(), text),
            Err(rule) => panic!("{text:?} is good, but {rule}"),
        }
    }
    for text in bad {
        assert!(T::try_from(text).is_err(), "{text:?} is refused");
    }
}

#[test]
fn names() {
    let long = "ä".repeat(100);
    let longer = "ä".repeat(101);
    table::<Name>(
        &[
            "web",
            "My Shop",
            "ünï 🦀",
            "a.b/c:d",
            "<script>",
            "'; drop table",
            // A firefighter, a family, a heart on fire, a rainbow flag, a keycap, a flag.
            "\u{1f469}\u{200d}\u{1f692}",
            "\u{1f468}\u{1f3fd}\u{200d}\u{1f469}\u{1f3fb}\u{200d}\u{1f467}",
            "\u{2764}\u{fe0f}\u{200d}\u{1f525}",
            "\u{1f3f3}\u{fe0f}\u{200d}\u{1f308}",
            "1\u{fe0f}\u{20e3}",
            "\u{1f1eb}\u{1f1ee}",
            // Written from right to left, shaped by joiners where the script needs them.
            "متجر",
            "חנות shop",
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
            "店舗\u{3000}東京",
            &long,
        ],
        &[
            "",
            " ",
            "\t\n",
            "a\0b",
            "a\nb",
            "a\u{7f}b",
            "${{x}}",
            "a$b",
            "{",
            "}",
            "right\u{202e}left",
            "zero\u{200b}width",
            "\u{feff}bom",
            "tag\u{e0041}ged",
            "\u{1f3f4}\u{e0067}\u{e0062}\u{e007f}",
            "soft\u{ad}hyphen",
            "word\u{2060}joiner",
            "line\u{2028}separator",
            "left\u{200e}mark",
            "arabic\u{61c}mark",
            "isolate\u{2066}d",
            "hangul\u{3164}filler",
            "\u{2800}",
            "grapheme\u{34f}joiner",
            "variation\u{fe01}selector",
            "variation\u{e0100}selector",
            "styled\u{fe0f}letter",
            "join\u{200d}ed letters",
            "split\u{200c}letters",
            "\u{200d}\u{1f692}",
            "\u{1f469}\u{200d}",
            "\u{1f469}\u{200d}\u{200d}\u{1f692}",
            "1\u{200d}2",
            "annotation\u{fff9}",
            "music\u{1d173}",
            "nothing\u{ffff}",
            &longer,
        ],
    );
    assert_eq!(Name::try_from("  trimmed ").unwrap().as_str(), "trimmed");
    assert!(Name::try_from("ÄPFEL").unwrap().same_as(&Name::try_from("äpfel").unwrap()));
}

#[test]
fn slugs() {
    let long = "a".repeat(63);
    let longer = "a".repeat(64);
    table::<Slug>(
        &["a", "web", "web-2", "0", &long],
        &[
            "", "-a", "a-", "-", "Web", "a_b", "a.b", "ä", "a b", "shared", "a\0", "../x", "a\n",
            &longer,
        ],
    );
}

#[test]
fn a_name_that_programs_take_for_an_address_suggests_another() {
    for (name, slug) in [
        ("2048", "2048-1"),
        ("0x7f", "0x7f-1"),
        ("017", "017-1"),
        ("0x", "0x-1"),
        ("localhost", "localhost-1"),
        ("IP6 Loopback", "ip6-loopback-1"),
        ("0xg", "0xg"),
        ("2048 game", "2048-game"),
    ] {
        assert_eq!(Slug::suggest(name, "service").as_str(), slug, "{name}");
    }
}

#[test]
fn email_addresses() {
    table::<Email>(
        &["a@b", "ann.lee+x@example.com"],
        &["", "a", "@", "a@", "@b", "a@b@c", "a b@c", "a@b\nc", "a\0@b"],
    );
    assert_eq!(Email::try_from(" Ann@Example.COM ").unwrap().as_str(), "ann@example.com");
    assert!(Email::try_from(format!("{}@b", "a".repeat(253))).is_err());
}

/// DK-60.
#[test]
fn variable_keys() {
    let long = "K".repeat(255);
    let longer = "K".repeat(256);
    table::<VariableKey>(
        &["A", "_", "_a1", "PATH", "lower", "discovery.type", "Logging__Level", "A-B", "1A", &long],
        &["", "A B", "A=B", "A/B", "Ä", "A\0", "A\n", " A", "${A}", &longer],
    );
    for (key, is_identifier) in [("_a1", true), ("A.B", false), ("A-B", false), ("1A", false)] {
        assert_eq!(VariableKey::try_from(key).unwrap().is_identifier(), is_identifier, "{key}");
    }
}

#[test]
fn mount_paths() {
    table::<MountPath>(
        &["/data", "/var/lib/postgresql/data", "/a b", "/procedure", "/device/x"],
        &[
            "",
            "/",
            "//",
            "data",
            "./data",
            "/a/../b",
            "/a/./b",
            "/a//b",
            "/..",
            "/a:/b",
            "/a\0b",
            "/a\nb",
            "/proc",
            "/proc/self",
            "/sys",
            "/sys/x",
            "/dev",
            "/dev/sda",
            "C:\\x",
        ],
    );
    assert_eq!(MountPath::try_from("/data/").unwrap().as_str(), "/data");
    assert!(MountPath::try_from(format!("/{}", "a".repeat(255))).is_err());
}

/// DK-40.
#[test]
fn icon_addresses() {
    table::<IconUrl>(
        &["https://example.com/a.svg", "http://localhost:8080/x?y#z", "https://[::1]/a"],
        &[
            "",
            "example.com/a.svg",
            "//example.com/a",
            "javascript:alert(1)",
            "data:image/png,x",
            "https://",
            "https:///a",
            "https://:80/a",
            "https://user:pw@host/a",
            "ftp://host/a",
            "https://host/a b",
            "https://host/\n",
            "HTTPS:/x",
        ],
    );
    assert!(IconUrl::try_from(format!("https://host/{}", "a".repeat(2048))).is_err());
}

#[test]
fn messages() {
    let long = "ä".repeat(500);
    let longer = "ä".repeat(501);
    table::<Message>(&["", "why", "two\nlines", &long], &["a\0", "tab\tbed", "\u{202e}x", &longer]);
    assert_eq!(Message::try_from("a\r\nb ").unwrap().as_str(), "a\nb");
}

#[test]
fn readiness_paths() {
    table::<HttpPath>(
        &["/", "/health?deep=1"],
        &["", "health", "/a b", "/ä", "/a\r\nHost: x", "http://x/", "/\0"],
    );
}

#[test]
fn idempotency_keys() {
    let long = "k".repeat(255);
    let longer = "k".repeat(256);
    table::<IdempotencyKey>(&["a", "8e03978e-40d5", &long], &["", "a b", "ä", "a\n", &longer]);
}

#[test]
fn commands_are_lists_and_no_shell_reads_them() {
    let words = |line: &str| line.parse::<Command>().map(|command| command.arguments().to_vec());
    assert_eq!(words("serve --name 'a b' \"c d\"").unwrap(), ["serve", "--name", "a b", "c d"]);
    assert_eq!(words("echo $HOME `id` ; rm *").unwrap(), ["echo", "$HOME", "`id`", ";", "rm", "*"]);
    for bad in ["", "  ", "'open", "\"open", "''"] {
        assert!(bad.parse::<Command>().is_err(), "{bad:?} is refused");
    }
    assert!(Command::try_from(vec!["a".to_owned(), "b\0".to_owned()]).is_err());
    assert!(Command::try_from(vec!["a".to_owned(); 257]).is_err());
    assert!(Command::try_from(vec!["a".repeat(32 * 1024 + 1)]).is_err());
}

#[test]
fn ports() {
    let read = |text: &str| serde_json::from_str::<domain::Port>(text);
    assert_eq!(read(r#"{"number":80}"#).unwrap().number, PortNumber::new(80).unwrap());
    for bad in [
        r#"{"number":0}"#,
        r#"{"number":65536}"#,
        r#"{"number":-1}"#,
        r#"{"number":"80"}"#,
        r#"{"number":80.5}"#,
        r#"{"number":80,"protocol":"sctp"}"#,
        r#"{"number":80,"host":"x"}"#,
        r#"{}"#,
        "80",
    ] {
        assert!(read(bad).is_err(), "{bad} is refused");
    }
}

#[test]
fn sizes() {
    assert!(Replicas::try_from(100).is_ok() && Replicas::try_from(101).is_err());
    assert!(Limits::new(Some(6), Some(10), Some(2)).is_ok());
    for (memory, cpu, shares) in [
        (Some(5), None, None),
        (Some(1024 * 1024 + 1), None, None),
        (None, Some(9), None),
        (None, Some(1_000_001), None),
        (None, None, Some(1)),
        (None, None, Some(262_145)),
    ] {
        assert!(Limits::new(memory, cpu, shares).is_err());
    }
    assert!(serde_json::from_str::<Limits>(r#"{"memory":64}"#).is_err(), "unknown words too");
    for (x, y) in [(f64::NAN, 0.0), (0.0, f64::INFINITY), (1_000_001.0, 0.0)] {
        assert!(Position::new(x, y).is_err());
    }
    assert_eq!(Position::new(1.4, -1.6).unwrap(), Position { x: 1, y: -2 });
}

/// All of a password counts.
#[test]
fn passwords() {
    let password = |text: String| Password::try_from(domain::Secret::new(text));
    assert!(password("12345678".to_owned()).is_ok());
    assert!(password("ä".repeat(36)).is_ok());
    for bad in ["1234567".to_owned(), "ä".repeat(37), "a".repeat(73), "1234567\08".to_owned()] {
        assert!(password(bad).is_err());
    }
}

crate::fixture::properties! {
    /// Serde goes through the same door.
    #[test]
    fn json_and_people_are_held_to_the_same_rules(text in ".{0,80}") {
        let json = serde_json::to_string(&text).unwrap();
        prop_assert_eq!(
            serde_json::from_str::<Name>(&json).ok(), Name::try_from(text.as_str()).ok()
        );
        prop_assert_eq!(
            serde_json::from_str::<Slug>(&json).ok(), Slug::try_from(text.as_str()).ok()
        );
        prop_assert_eq!(
            serde_json::from_str::<ImageRef>(&json).ok(), ImageRef::try_from(text.as_str()).ok()
        );
        prop_assert_eq!(
            serde_json::from_str::<VariableKey>(&json).ok(),
            VariableKey::try_from(text.as_str()).ok()
        );
        prop_assert_eq!(
            serde_json::from_str::<MountPath>(&json).ok(), MountPath::try_from(text.as_str()).ok()
        );
    }

    /// A suggestion is always a slug, also with a suffix.
    #[test]
    fn every_name_suggests_a_slug(text in ".{0,120}") {
        let slug = Slug::suggest(&text, "service");
        prop_assert!(Slug::try_from(slug.as_str()).is_ok(), "{}", slug);
        prop_assert!(slug.is_host_name(), "{}", slug);
        prop_assert!(slug.as_str().len() <= 42);
        let longer = slug.with_suffix("0a1b2c");
        prop_assert!(Slug::try_from(longer.as_str()).is_ok(), "{}", longer);
    }

    #[test]
    fn a_command_line_is_read_back(words in prop::collection::vec("[^\0]{0,12}", 1..6)) {
        if let Ok(command) = Command::try_from(words) {
            prop_assert_eq!(command.to_string().parse::<Command>().unwrap(), command);
        }
    }
}
