//! A registry for the tests that pull: they start it themselves, here it is only made sure of.

use anyhow::Result;

use crate::{debian, process};

/// Makes sure that there is one.
pub(crate) fn ensure() -> Result<()> {
    if process::find("docker-registry").is_some() {
        return Ok(());
    }
    debian::ensure(&["docker-registry"], "pull images in tests")
}
