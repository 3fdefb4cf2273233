//! Images that an admin shares with all projects.

use domain::{Invalid, image::ImageRef};
use std::str::FromStr;

/// Repositories whose images every project may use as the engine has them, without their registry being
/// asked. Images that came from no registry need not be named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedImages(Vec<SharedImage>);

/// One repository, or all below a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SharedImage {
    /// `registry/name`, in full.
    Repository(String),
    /// `registry/folder/`, in full.
    Folder(String),
}

impl SharedImages {
    /// Whether this repository, by its full name, is shared.
    #[must_use]
    pub fn has(&self, repository: &str) -> bool {
        self.0.iter().any(|shared| match shared {
            SharedImage::Repository(name) => name == repository,
            SharedImage::Folder(folder) => repository.starts_with(folder.as_str()),
        })
    }
}

impl FromIterator<SharedImage> for SharedImages {
    fn from_iter<T: IntoIterator<Item = SharedImage>>(shared: T) -> Self {
        Self(shared.into_iter().collect())
    }
}

impl FromStr for SharedImage {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong = || {
            Invalid::new(
                "must be the name of an image without tag and digest, such as `team/base`, or \
                 `registry.example.org/base/*` for all that lie there",
            )
        };
        let text = text.trim();
        // A folder is as well formed as the images in it.
        let (name, is_folder) = match text.strip_suffix("/*") {
            Some(folder) => (format!("{folder}/x"), true),
            None => (text.to_owned(), false),
        };
        let image = ImageRef::try_from(name.as_str()).map_err(|_| wrong())?;
        if image.repository() != name {
            return Err(wrong());
        }
        let full = image.full_repository();
        Ok(match full.strip_suffix('x') {
            Some(folder) if is_folder => Self::Folder(folder.to_owned()),
            _ => Self::Repository(full),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_image_is_a_repository_or_all_below_a_folder() {
        let shared: SharedImages = ["postgres", "team/*", "reg.example.org:5000/base/*"]
            .into_iter()
            .map(|text| text.parse().unwrap())
            .collect();

        for name in
            ["docker.io/library/postgres", "docker.io/team/a/b", "reg.example.org:5000/base/x"]
        {
            assert!(shared.has(name), "{name}");
        }
        for name in [
            "docker.io/library/postgres2",
            "docker.io/other/postgres",
            "docker.io/teams/a",
            "reg.example.org/base/x",
            "reg.example.org:5000/basement",
        ] {
            assert!(!shared.has(name), "{name}");
        }
        for wrong in ["", "*", "/*", "postgres:15", "a@sha256:00", "A/*", "team/**", "abc*"] {
            assert!(wrong.parse::<SharedImage>().is_err(), "{wrong}");
        }
    }
}
