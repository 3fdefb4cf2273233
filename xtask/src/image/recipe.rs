//! What is in each test image.

use anyhow::Result;
use sha2::{Digest, Sha256};

use crate::rootfs::{self, Rootfs};

/// One image: what fills it, and how it starts.
#[derive(Debug)]
pub(super) struct Recipe {
    pub(super) image: &'static str,
    content: Content,
    /// In the words of a Dockerfile.
    pub(super) settings: &'static [&'static str],
}

#[derive(Debug)]
enum Content {
    /// One static program with all its names.
    Busybox,
    /// Packages upon the smallest Debian, and a script that starts them.
    Debian { packages: &'static [&'static str], entrypoint: &'static str },
}

pub(super) const ALL: &[Recipe] = &[
    Recipe {
        image: "easel-test/busybox:1",
        content: Content::Busybox,
        settings: &["ENV PATH=/bin", r#"CMD ["sh"]"#],
    },
    Recipe {
        image: "easel-test/nginx:1",
        content: Content::Debian {
            packages: &["nginx-light"],
            entrypoint: include_str!("../../images/nginx-entrypoint"),
        },
        settings: &[r#"ENTRYPOINT ["/entrypoint"]"#, r#"CMD ["nginx"]"#, "EXPOSE 80"],
    },
    Recipe {
        image: "easel-test/redis:7",
        content: Content::Debian {
            packages: &["redis-server", "redis-tools"],
            entrypoint: include_str!("../../images/redis-entrypoint"),
        },
        settings: &[
            r#"ENTRYPOINT ["/entrypoint"]"#,
            r#"CMD ["redis-server"]"#,
            "WORKDIR /data",
            "EXPOSE 6379",
        ],
    },
    Recipe {
        image: "easel-test/postgres:15",
        content: Content::Debian {
            packages: &["postgresql-15"],
            entrypoint: include_str!("../../images/postgres-entrypoint"),
        },
        settings: &[
            "ENV PATH=/usr/lib/postgresql/15/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "ENV PGDATA=/var/lib/postgresql/data",
            "ENV LANG=C.UTF-8",
            r#"ENTRYPOINT ["/entrypoint"]"#,
            r#"CMD ["postgres"]"#,
            "EXPOSE 5432",
        ],
    },
];

impl Recipe {
    /// Changes with anything that makes the image another one.
    pub(super) fn hash(&self) -> String {
        let text = format!("{self:?} {}", rootfs::recipe());
        hex::encode(&Sha256::digest(text)[..8])
    }

    pub(super) fn file_name(&self) -> String {
        self.image.replace(['/', ':'], "-")
    }

    pub(super) fn fill(&self, root: &Rootfs) -> Result<()> {
        match self.content {
            Content::Busybox => root.busybox(),
            Content::Debian { packages, entrypoint } => {
                root.debian()?;
                root.install(packages)?;
                root.write("entrypoint", entrypoint, 0o755)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_recipes_share_a_hash_or_a_name() {
        let mut seen: Vec<_> = ALL.iter().flat_map(|it| [it.hash(), it.file_name()]).collect();
        seen.sort();
        seen.dedup();

        assert_eq!(seen.len(), ALL.len() * 2);
    }
}
