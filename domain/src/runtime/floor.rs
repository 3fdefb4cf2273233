//! The oldest parts of an engine that keep what runs in them in its bounds.

/// A version as three numbers, and the number of a release candidate if it is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct PartVersion(u32, u32, u32, u32);

impl PartVersion {
    /// Reads `1.1.5+ds1-1+deb12u1`, `v1.3.3`, `1.4.0-rc.2`. What a distribution adds says nothing.
    fn read(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches('v');
        let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
        let (numbers, rest) = text.split_at(end.unwrap_or(text.len()));
        let mut numbers = numbers.split('.').map(|number| number.parse().ok());
        let (major, minor) = (numbers.next()??, numbers.next()??);
        let patch = numbers.next().flatten().unwrap_or_default();
        let candidate = rest
            .strip_prefix("-rc")
            .or_else(|| rest.strip_prefix("~rc"))
            .map(|rest| rest.trim_start_matches('.'))
            .map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>())
            .and_then(|number| number.parse().ok());
        Some(Self(major, minor, patch, candidate.unwrap_or(u32::MAX)))
    }
}

/// What there is to say of an engine's parts, given by name and version: a sentence for each that is known
/// to let containers out.
#[must_use]
pub fn below_the_floor<'a>(parts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    parts
        .into_iter()
        .filter(|(name, _)| *name == "runc")
        .filter_map(|(_, version)| runc(version, PartVersion::read(version)?))
        .collect()
}

fn runc(text: &str, version: PartVersion) -> Option<String> {
    let is_mended = match version {
        PartVersion(1, 2, patch, _) => patch >= 8,
        PartVersion(1, 3, patch, _) => patch >= 3,
        later => later >= PartVersion(1, 4, 0, 3),
    };
    if is_mended {
        return None;
    }
    let older = if version < PartVersion(1, 1, 12, 0) { "CVE-2024-21626, " } else { "" };
    Some(format!(
        "its runc {text} lets a hostile container out ({older}CVE-2025-31133, CVE-2025-52565, \
         CVE-2025-52881); use 1.2.8, 1.3.3 or a later one, or make sure that your distribution's has \
         these mended"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    // S47
    #[test]
    fn a_runc_that_lets_containers_out_is_named_with_what_it_lacks() {
        for old in [
            "1.0.0",
            "1.1.5+ds1-1+deb12u1",
            "1.1.11",
            "1.1.15",
            "1.2.7",
            "v1.2.0",
            "1.3.2",
            "1.4.0-rc.2",
            "1.4.0-rc2",
        ] {
            let told = below_the_floor([("runc", old)]);
            assert!(told.len() == 1 && told[0].contains("CVE-2025-31133"), "{old}: {told:?}");
            let is_ancient =
                old.starts_with("1.0") || ["1.1.5+ds1-1+deb12u1", "1.1.11"].contains(&old);
            assert_eq!(told[0].contains("CVE-2024-21626"), is_ancient, "{old}");
        }
        for new in
            ["1.2.8", "1.2.9", "1.3.3", "v1.3.4+ds1", "1.4.0-rc.3", "1.4.0", "1.5.1", "2.0", ""]
        {
            assert_eq!(below_the_floor([("runc", new)]), [] as [String; 0], "{new}");
        }
        assert_eq!(below_the_floor([("containerd", "1.0.0")]), [] as [String; 0]);
    }
}
