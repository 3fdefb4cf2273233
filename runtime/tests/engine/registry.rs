//! Images from a registry, as it is in the world: digests, moved tags, and registries that go away.

use crate::{fixture::EngineFixture, loopback::Registry};
use bollard::{body_full, query_parameters::CreateImageOptionsBuilder};
use domain::{
    ImageRef, PullPolicy,
    network::Pool,
    runtime::{PinnedImage, Runtime, RuntimeError},
};
use futures::StreamExt;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::AbortHandle,
};

async fn ensure(
    fixture: &EngineFixture,
    image: &str,
    pull: PullPolicy,
) -> Result<PinnedImage, RuntimeError> {
    let image = ImageRef::try_from(image).expect("a reference");
    let given = fixture.docker.ensure_image(fixture.project, &image, pull, &|_| ()).await?;
    // As the reconciler does.
    fixture.pulled.add(fixture.project, &given);
    Ok(given)
}

/// An image with a layer of its own, of this size and hard to compress.
async fn unlike_any_other(fixture: &EngineFixture, size: usize) -> String {
    let mut state = fixture.instance.as_uuid().as_u128() as u64 | 1;
    let content: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    })
    .flatten()
    .take(size)
    .collect();
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o644);
    header.set_size(content.len() as u64);
    archive.append_data(&mut header, "noise", &content[..]).expect("an entry");
    let archive = archive.into_inner().expect("an archive");
    let name = format!("easel-test-runtime/{}", fixture.instance.short());
    let options = CreateImageOptionsBuilder::new().from_src("-").repo(&name).tag("noise").build();
    let news = fixture.raw.create_image(Some(options), Some(body_full(archive.into())), None);
    for news in news.collect::<Vec<_>>().await {
        news.expect("an image");
    }
    format!("{name}:noise")
}

// F71, W28: a deployment is pinned to a digest; a tag that moves changes nothing of it.
#[tokio::test]
async fn an_image_of_a_registry_is_pinned_by_its_digest() {
    let fixture = EngineFixture::new().await;
    let registry = Registry::start(&fixture.raw);
    let image = registry.push(fixture.image.reference.as_str(), "team/app", "1").await;

    let first = ensure(&fixture, &image, PullPolicy::Missing).await.unwrap();
    let noise = unlike_any_other(&fixture, 1000).await;
    registry.push(&noise, "team/app", "1").await;
    registry.forget(&noise).await;
    // The name was taken away from the engine with the push: it has to ask again.
    let second = ensure(&fixture, &image, PullPolicy::Missing).await.unwrap();
    registry.forget(&image).await;
    let digest = first.digest.clone().expect("it came from a registry");
    let again = ensure(&fixture, &digest, PullPolicy::Missing).await.unwrap();
    let kept = ensure(&fixture, &digest, PullPolicy::Never).await.unwrap();

    assert!(digest.starts_with(&format!("{}/team/app@sha256:", registry.address)), "{digest}");
    assert_eq!(first.id, fixture.image.id, "the very image that was pushed");
    assert_ne!((&second.id, &second.digest), (&first.id, &first.digest), "the tag has moved");
    assert_eq!((&again.id, again.digest.as_ref()), (&first.id, Some(&digest)));
    assert_eq!(kept.id, first.id);
    let mut spec = fixture.replica("web", &["cat", "/www/index.html"]);
    spec.image = first;
    assert_eq!(fixture.output_of(&spec).await, "hello");
}

// W28: `always` asks the registry although the engine has the name.
#[tokio::test]
async fn a_tag_that_moved_is_followed_only_when_asked_to() {
    let fixture = EngineFixture::without_network().await;
    let registry = Registry::start(&fixture.raw);
    let noise = unlike_any_other(&fixture, 1000).await;
    let image = registry.push(fixture.image.reference.as_str(), "team/app", "1").await;
    let first = ensure(&fixture, &image, PullPolicy::Missing).await.unwrap();
    // By another name of the same registry, so that the engine keeps what it has.
    let (host, port) = registry.address.split_once(':').expect("a port");
    assert_eq!(host, "127.0.0.1");
    let other = format!("localhost:{port}/team/app");
    let options = bollard::query_parameters::TagImageOptionsBuilder::new().repo(&other).tag("1");
    fixture.raw.tag_image(&noise, Some(options.build())).await.unwrap();
    let options = bollard::query_parameters::PushImageOptionsBuilder::new().tag("1").build();
    for news in fixture.raw.push_image(&other, Some(options), None).collect::<Vec<_>>().await {
        news.unwrap();
    }

    let missing = ensure(&fixture, &image, PullPolicy::Missing).await.unwrap();
    let always = ensure(&fixture, &image, PullPolicy::Always).await.unwrap();
    for name in [noise, format!("{other}:1")] {
        registry.forget(&name).await;
    }

    assert_eq!(missing, first);
    assert_ne!(always.digest, first.digest);
    assert!(always.digest.is_some());
}

#[tokio::test]
async fn a_tag_or_repository_that_is_not_there_is_named() {
    let fixture = EngineFixture::without_network().await;
    let registry = Registry::start(&fixture.raw);
    let image = registry.push(fixture.image.reference.as_str(), "team/app", "1").await;
    let address = &registry.address;

    for wrong in [image.replace(":1", ":2"), format!("{address}/team/nothing:1")] {
        let refused = ensure(&fixture, &wrong, PullPolicy::Missing).await.unwrap_err();
        let sentence = format!("there is no image {wrong} at the registry {address}");
        assert_eq!(refused, RuntimeError::Image(sentence));
    }
    let unknown = format!("{address}/team/app@sha256:{}", "0".repeat(64));
    let refused = ensure(&fixture, &unknown, PullPolicy::Missing).await.unwrap_err();
    assert!(refused.to_string().contains(&unknown), "{refused}");
}

/// A way to a registry that comes to a halt, or breaks, after so many bytes.
struct LimitedRoute {
    address: String,
    listening: AbortHandle,
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    Halt,
    Break,
}

impl LimitedRoute {
    async fn to(registry: &Registry, bytes: usize, end: End) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let (far, left) = (registry.address.clone(), Arc::new(AtomicUsize::new(bytes)));
        let listening = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                if end == End::Break && left.load(Ordering::SeqCst) == 0 {
                    // As a machine that is down.
                    return;
                }
                tokio::spawn(pass(near, far.clone(), left.clone(), end));
            }
        });
        Self { address, listening: listening.abort_handle() }
    }
}

impl Drop for LimitedRoute {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn pass(near: TcpStream, far: String, left: Arc<AtomicUsize>, end: End) {
    let Ok(far) = TcpStream::connect(far).await else { return };
    let ((mut near_in, mut near_out), (mut far_in, mut far_out)) =
        (near.into_split(), far.into_split());
    let asking = tokio::spawn(async move { tokio::io::copy(&mut near_in, &mut far_out).await });
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(count) = far_in.read(&mut bytes).await {
        let before = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
            Some(left.saturating_sub(count))
        });
        if before.is_ok_and(|before| before < count) {
            if end == End::Halt {
                std::future::pending::<()>().await;
            }
            break;
        }
        if count == 0 || near_out.write_all(&bytes[..count]).await.is_err() {
            break;
        }
    }
    asking.abort();
}

// F70: a registry that falls silent in the middle of a layer.
#[tokio::test]
async fn a_registry_that_falls_silent_in_the_middle_is_named() {
    let mut fixture = EngineFixture::without_network().await;
    let registry = Registry::start(&fixture.raw);
    let noise = unlike_any_other(&fixture, 4_000_000).await;
    registry.push(&noise, "team/noise", "1").await;
    registry.forget(&noise).await;
    fixture.docker = fixture.adapter(Pool::default()).with_pull_idle(Duration::from_secs(2));

    let way = LimitedRoute::to(&registry, 1_000_000, End::Halt).await;
    let image = format!("{}/team/noise:1", way.address);
    let refused = ensure(&fixture, &image, PullPolicy::Missing).await.unwrap_err();

    let sentence = format!(
        "the registry {} sent nothing of {image} for 2 s; check the network of the engine's \
         machine, then deploy again",
        way.address
    );
    assert_eq!(refused, RuntimeError::Image(sentence));
    // From where it answers, it can still be had.
    let image = format!("{}/team/noise:1", registry.address);
    ensure(&fixture, &image, PullPolicy::Missing).await.unwrap();
}

// F70, W27: a registry that is gone in the middle of a layer. The engine itself tries five times,
// with ever longer pauses, before it says so.
#[tokio::test]
async fn a_registry_that_is_gone_in_the_middle_is_named() {
    let fixture = EngineFixture::without_network().await;
    let registry = Registry::start(&fixture.raw);
    let noise = unlike_any_other(&fixture, 4_000_000).await;
    registry.push(&noise, "team/noise", "1").await;
    registry.forget(&noise).await;

    let way = LimitedRoute::to(&registry, 1_000_000, End::Break).await;
    let image = format!("{}/team/noise:1", way.address);
    let refused = ensure(&fixture, &image, PullPolicy::Missing).await.unwrap_err();

    let told = refused.to_string();
    let sentence = format!("the registry {} cannot be reached", way.address);
    assert!(matches!(refused, RuntimeError::Image(_)), "{refused:?}");
    assert!(told.starts_with(&sentence), "{told}");
}
