//! Images: looked up, pulled, and pinned to exactly one.

use super::{Docker, connection::READ_TIMEOUT, failure::Failure};
use bollard::{models::CreateImageInfo, query_parameters::CreateImageOptionsBuilder};
use domain::{
    ImageRef, ProjectId, PullPolicy,
    image::full_repository,
    runtime::{PinnedImage, PullProgress, RuntimeError},
};
use futures::StreamExt;
use std::collections::HashMap;
use tokio::time::timeout;

/// An image as the engine has it.
struct Held {
    pinned: PinnedImage,
    /// Whether it came from a registry, as far as the engine can tell: one that keeps its images in
    /// containerd says so of all.
    is_pulled: bool,
}

impl Docker {
    pub(super) async fn provide_image(
        &self,
        project: ProjectId,
        image: &ImageRef,
        pull: PullPolicy,
        progress: &(dyn Fn(PullProgress) + Send + Sync),
    ) -> Result<PinnedImage, RuntimeError> {
        if pull != PullPolicy::Always
            && let Some(held) = self.held(image).await?
            && self.may_use(project, image, &held).await?
        {
            return Ok(held.pinned);
        }
        if pull == PullPolicy::Never {
            // The same whether it is another project's or not there: nobody learns what others have.
            return Err(RuntimeError::Image(format!(
                "the engine has no image {image} that this project may use (one that a registry gave \
                 to it, or that an admin shares), and this service's pull policy is `never`"
            )));
        }
        self.check_registry(image).await?;
        self.pull(image, progress).await?;
        let held = self.held(image).await?.ok_or_else(|| {
            RuntimeError::Image(format!("{image} was pulled, and then the engine did not have it"))
        })?;
        Ok(held.pinned)
    }

    /// Whether the project may use what the engine has, without its registry being asked: it is shared, or
    /// was given to this project before. Another project's private image may lie there as well.
    async fn may_use(
        &self,
        project: ProjectId,
        image: &ImageRef,
        held: &Held,
    ) -> Result<bool, RuntimeError> {
        let repository = image.full_repository();
        if !held.is_pulled || self.shared.has(&repository) {
            return Ok(true);
        }
        let asked = self.pulled.has(project, &repository, &held.pinned.id).await;
        asked.map_err(|error| RuntimeError::Storage(error.to_string()))
    }

    /// The image as the engine has it now. It is asked for by the full name, which it can read in one way
    /// only: it would take a short one for the beginning of an id as well.
    async fn held(&self, image: &ImageRef) -> Result<Option<Held>, RuntimeError> {
        let name = image.full_name();
        let found = self
            .connection
            .call("inspect an image", READ_TIMEOUT, |docker| async move {
                docker.inspect_image(&name).await
            })
            .await;
        let found = match found {
            Ok(found) => found,
            Err(failure) if failure.status() == Some(404) => return Ok(None),
            Err(failure) => return Err(failure.into()),
        };
        let repository = image.full_repository();
        let digest = found.repo_digests.unwrap_or_default().into_iter().find(|digest| {
            digest.split_once('@').is_some_and(|(name, _)| full_repository(name) == repository)
        });
        Ok(found.id.map(|id| Held {
            is_pulled: digest.is_some(),
            pinned: PinnedImage { reference: image.clone(), id, digest },
        }))
    }

    async fn pull(
        &self,
        image: &ImageRef,
        progress: &(dyn Fn(PullProgress) + Send + Sync),
    ) -> Result<(), RuntimeError> {
        let docker = self.connection.client().await?;
        let options = CreateImageOptionsBuilder::new()
            .from_image(&image.full_repository())
            .tag(image.digest().or(image.tag()).unwrap_or("latest"))
            .build();
        let mut news = docker.create_image(Some(options), None, None);
        let mut layers = Layers::default();
        loop {
            match timeout(self.pull_idle, news.next()).await {
                Ok(Some(Ok(news))) => {
                    if layers.add(news) {
                        progress(layers.sum());
                    }
                }
                Ok(Some(Err(error))) => {
                    return Err(refusal(image, self.connection.failure(error)));
                }
                Ok(None) => return Ok(()),
                Err(_) => {
                    // Who is silent, the registry or the engine? The engine can be asked.
                    self.connection
                        .call(
                            "pull an image",
                            READ_TIMEOUT,
                            |docker| async move { docker.ping().await },
                        )
                        .await?;
                    return Err(RuntimeError::Image(format!(
                        "the registry {} sent nothing of {image} for {} s; check the network of \
                         the engine's machine, then deploy again",
                        image.registry(),
                        self.pull_idle.as_secs()
                    )));
                }
            }
        }
    }
}

/// What the engine says of a pull that failed, as a sentence for the person who typed the image.
fn refusal(image: &ImageRef, failure: Failure) -> RuntimeError {
    let says = |words: &[&str]| words.iter().any(|words| failure.says(words));
    if let Failure::Error(error) = &failure {
        return error.clone();
    }
    let registry = image.registry();
    let sentence = if says(&["toomanyrequests", "too many requests", "rate limit", " 429"]) {
        format!("the registry {registry} allows no more pulls for now (429); try again later")
    } else if says(&["manifest unknown", "not found: manifest", "name unknown"]) {
        format!("there is no image {image} at the registry {registry}")
    } else if says(&["repository does not exist or may require"]) {
        format!(
            "the registry {registry} has no image {image}, or it is private: then it needs \
             credentials"
        )
    } else if says(&["unauthorized", "no basic auth", "denied", "401", "403", "forbidden"]) {
        format!("credentials refused by the registry {registry} for {image}")
    } else if says(&["no matching manifest", "does not match the specified platform"]) {
        format!("{image} is not built for this host's CPU")
    } else if says(&["no space left"]) {
        format!("the engine's disk is full, so {image} could not be unpacked")
    } else if says(&["http response to https"]) {
        format!("the registry {registry} cannot be trusted: it speaks no HTTPS")
    } else if says(&["x509", "certificate"]) {
        let why = if says(&["expired"]) {
            "its certificate has expired"
        } else if says(&["unknown authority", "self-signed", "self signed"]) {
            "nobody whom the engine's machine trusts has signed its certificate"
        } else if says(&["valid for", "doesn't contain", "not valid for any names"]) {
            "its certificate is for other names"
        } else {
            "its certificate is not accepted by the engine's machine"
        };
        format!("the registry {registry} cannot be trusted: {why}")
    } else if let Some((_, why)) = UNREACHED.iter().find(|(words, _)| failure.says(words)) {
        format!(
            "the registry {registry} cannot be reached: {why}; check its name and the network of \
             the engine's machine, then deploy again"
        )
    } else if says(&["not found"]) {
        format!("there is no image {image} at the registry {registry}")
    } else {
        format!(
            "{image} could not be pulled from the registry {registry}; the log of the engine says \
             why"
        )
    };
    RuntimeError::Image(sentence)
}

/// What the engine says of a registry that it did not reach, and what that means.
const UNREACHED: [(&str, &str); 14] = [
    ("no such host", "its name leads nowhere"),
    ("server misbehaving", "its name could not be looked up"),
    ("connection refused", "nobody listens there"),
    ("network is unreachable", "there is no way to it"),
    ("no route to host", "there is no way to it"),
    ("i/o timeout", "it does not answer in time"),
    ("client.timeout", "it does not answer in time"),
    ("request canceled", "it does not answer in time"),
    ("tls handshake", "it agrees on no encryption"),
    ("dial tcp", "no connection could be made"),
    ("eof", "it broke off"),
    ("502", "it is out of order (502)"),
    ("503", "it is out of order (503)"),
    ("504", "it is out of order (504)"),
];

/// How far each layer has come.
#[derive(Default)]
struct Layers(HashMap<String, PullProgress>);

impl Layers {
    /// Whether the sum has changed.
    fn add(&mut self, news: CreateImageInfo) -> bool {
        let (Some(layer), Some(status)) = (news.id, news.status) else { return false };
        match status.as_str() {
            "Downloading" => {
                let detail = news.progress_detail.unwrap_or_default();
                let bytes = |number: Option<i64>| {
                    number.and_then(|number| u64::try_from(number).ok()).unwrap_or_default()
                };
                let (received, total) = (bytes(detail.current), bytes(detail.total));
                let now = PullProgress { received, total: total.max(received) };
                self.0.insert(layer, now) != Some(now)
            }
            "Download complete" | "Pull complete" => match self.0.get_mut(&layer) {
                Some(seen) if seen.received != seen.total => {
                    seen.received = seen.total;
                    true
                }
                _ => false,
            },
            _ => false,
        }
    }

    fn sum(&self) -> PullProgress {
        self.0.values().fold(PullProgress::default(), |sum, layer| PullProgress {
            received: sum.received + layer.received,
            total: sum.total + layer.total,
        })
    }
}

#[cfg(test)]
mod tests;
