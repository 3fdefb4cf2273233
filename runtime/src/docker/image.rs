//! Images: looked up, pulled, and pinned to exactly one.

use super::{Docker, connection::READ_TIMEOUT, failure::Failure};
use bollard::{models::CreateImageInfo, query_parameters::CreateImageOptionsBuilder};
use domain::{
    ImageRef, PullPolicy,
    runtime::{PinnedImage, PullProgress, RuntimeError},
};
use futures::StreamExt;
use std::collections::HashMap;
use tokio::time::timeout;

impl Docker {
    pub(super) async fn provide_image(
        &self,
        image: &ImageRef,
        pull: PullPolicy,
        progress: &(dyn Fn(PullProgress) + Send + Sync),
    ) -> Result<PinnedImage, RuntimeError> {
        if pull != PullPolicy::Always
            && let Some(pinned) = self.pinned(image).await?
        {
            return Ok(pinned);
        }
        if pull == PullPolicy::Never {
            return Err(RuntimeError::Image(format!(
                "the engine has no image {image}, and this service's pull policy is `never`"
            )));
        }
        self.pull(image, progress).await?;
        self.pinned(image).await?.ok_or_else(|| {
            RuntimeError::Image(format!("{image} was pulled, and then the engine did not have it"))
        })
    }

    /// The image as the engine has it now.
    async fn pinned(&self, image: &ImageRef) -> Result<Option<PinnedImage>, RuntimeError> {
        let found = self
            .connection
            .call("inspect an image", READ_TIMEOUT, |docker| async move {
                docker.inspect_image(image.as_str()).await
            })
            .await;
        let found = match found {
            Ok(found) => found,
            Err(failure) if failure.status() == Some(404) => return Ok(None),
            Err(failure) => return Err(failure.into()),
        };
        let repository = familiar(image.repository());
        let digest = found.repo_digests.unwrap_or_default().into_iter().find(|digest| {
            digest.split_once('@').is_some_and(|(name, _)| familiar(name) == repository)
        });
        Ok(found.id.map(|id| PinnedImage { reference: image.clone(), id, digest }))
    }

    async fn pull(
        &self,
        image: &ImageRef,
        progress: &(dyn Fn(PullProgress) + Send + Sync),
    ) -> Result<(), RuntimeError> {
        let docker = self.connection.client().await?;
        let options = CreateImageOptionsBuilder::new()
            .from_image(image.repository())
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
                        registry(image),
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
    let message = match &failure {
        Failure::Answer { message, .. } | Failure::Stream(message) => message,
        Failure::Error(error) => return error.clone(),
    };
    let registry = registry(image);
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
    } else if says(&["x509", "certificate", "http response to https"]) {
        format!("the registry {registry} cannot be trusted: {message}")
    } else if says(&[
        "no such host",
        "dial tcp",
        "i/o timeout",
        "connection refused",
        "client.timeout",
        "request canceled",
        "tls handshake",
        "network is unreachable",
        "server misbehaving",
        "eof",
        "502",
        "503",
        "504",
    ]) {
        format!(
            "the registry {registry} cannot be reached ({message}); check its name and the network \
             of the engine's machine, then deploy again"
        )
    } else if says(&["not found"]) {
        format!("there is no image {image} at the registry {registry}")
    } else {
        format!("{image} could not be pulled: {message}")
    };
    RuntimeError::Image(sentence)
}

/// The registry that an image comes from.
fn registry(image: &ImageRef) -> &str {
    match image.repository().split_once('/') {
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => first,
        _ => "docker.io",
    }
}

/// A repository's name as the engine shows it.
fn familiar(repository: &str) -> &str {
    let name = repository
        .strip_prefix("docker.io/")
        .or_else(|| repository.strip_prefix("index.docker.io/"))
        .unwrap_or(repository);
    name.strip_prefix("library/").unwrap_or(name)
}

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
