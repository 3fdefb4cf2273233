//! Registries, before an engine is told to ask them.
//!
//! People type their names, and the engine asks from a machine that reaches more than they do. So a registry is
//! looked at first, through the door for such hosts: where its name leads, where it redirects, and where it
//! sends for tokens. What cannot be held: the engine looks the name up once more, and follows on its own where
//! a registry sends it for the layers. What it is answered there reaches nobody: see [`refusal`].
//!
//! [`refusal`]: super::image

use super::Docker;
use domain::{
    ImageRef,
    outbound::{OutboundAnswer, OutboundError},
    runtime::RuntimeError,
};

/// Engines ask it whatever anybody types, and nobody else answers for it.
const TRUSTED: [&str; 3] = ["docker.io", "index.docker.io", "registry-1.docker.io"];

impl Docker {
    /// Whether an image's registry may be asked.
    pub(super) async fn check_registry(&self, image: &ImageRef) -> Result<(), RuntimeError> {
        let registry = image.registry();
        if TRUSTED.contains(&registry) {
            return Ok(());
        }
        let home = format!("https://{registry}/v2/");
        let refused = |error| refused(registry, &error);
        if self.outbound.trusts(&home) {
            return Ok(());
        }
        self.outbound.admit(&home).await.map_err(refused)?;
        match self.outbound.get(&home, 0).await {
            Ok(answer) => {
                for realm in realms(&answer) {
                    self.outbound.admit(realm).await.map_err(refused)?;
                }
                Ok(())
            }
            Err(error @ (OutboundError::Refused { .. } | OutboundError::Invalid(_))) => {
                Err(refused(error))
            }
            // The engine may have another way to it; if not, it says so.
            Err(
                OutboundError::Unknown(_) | OutboundError::Silent(_) | OutboundError::Redirects(_),
            ) => Ok(()),
        }
    }
}

/// Where a registry sends for tokens: `Bearer realm="https://…",service="…"`.
fn realms(answer: &OutboundAnswer) -> impl Iterator<Item = &str> {
    answer
        .challenges
        .iter()
        .filter_map(|challenge| {
            let at = challenge.to_ascii_lowercase().find("realm=")?;
            let value = challenge.get(at + "realm=".len()..)?;
            match value.strip_prefix('"') {
                Some(quoted) => quoted.split('"').next(),
                None => value.split([',', ' ']).next(),
            }
        })
        // What is no address at all is the name of a basic login: the engine never asks there.
        .filter(|realm| realm.contains("//"))
}

fn refused(registry: &str, error: &OutboundError) -> RuntimeError {
    RuntimeError::Image(match error {
        OutboundError::Refused { .. } => {
            format!("the registry {registry} may not be asked: {error} (--allow-registry)")
        }
        OutboundError::Invalid(_) => {
            format!("the registry {registry} is, or sends to, no address that can be asked")
        }
        OutboundError::Unknown(_) => format!(
            "the registry {registry} cannot be reached: its name, or where it sends for tokens, leads \
             nowhere; check it, or ask an admin to allow it if only the engine's machine knows it \
             (--allow-registry)"
        ),
        OutboundError::Silent(_) | OutboundError::Redirects(_) => {
            format!("the registry {registry} cannot be reached; try again later")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_that_a_registry_sends_to_for_tokens_are_read() {
        let answer = |challenges: &[&str]| OutboundAnswer {
            challenges: challenges.iter().map(|&it| it.to_owned()).collect(),
            ..OutboundAnswer::default()
        };
        let read = |challenges: &[&str]| -> Vec<String> {
            realms(&answer(challenges)).map(str::to_owned).collect()
        };

        assert_eq!(
            read(&["Bearer realm=\"https://auth.io/token\",service=\"x\""]),
            ["https://auth.io/token"]
        );
        assert_eq!(
            read(&[
                "Bearer service=\"x\", REALM=http://10.0.0.1/t,scope=y",
                "Basic realm=\"Registry\""
            ]),
            ["http://10.0.0.1/t"]
        );
        assert_eq!(read(&["Negotiate", "realm="]), [] as [&str; 0]);
    }
}
