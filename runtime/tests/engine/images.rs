//! Images: those that are there, and pulls that go wrong.

use crate::{
    fixture::EngineFixture,
    proxy::{Fault, Proxy},
};
use domain::{
    ImageRef, PullPolicy,
    network::Pool,
    runtime::{PullProgress, Runtime, RuntimeError},
};
use std::{sync::Mutex, time::Duration};

fn image(text: &str) -> ImageRef {
    ImageRef::try_from(text).expect("a reference")
}

/// What the engine would answer, a line of JSON each.
fn news(lines: &[&str]) -> Fault {
    let body: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    Fault::Answer(format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    ))
}

#[tokio::test]
async fn an_image_that_is_there_is_pinned_without_a_registry() {
    let fixture = EngineFixture::without_network().await;

    for pull in [PullPolicy::Missing, PullPolicy::Never] {
        let pinned =
            fixture.docker.ensure_image(&fixture.image.reference, pull, &|_| ()).await.unwrap();

        assert!(pinned.id.starts_with("sha256:"));
        assert_eq!(pinned, fixture.image);
        assert_eq!(pinned.digest, None, "it came from no registry");
    }
}

#[tokio::test]
async fn an_image_that_is_missing_and_may_not_be_pulled_is_refused() {
    let fixture = EngineFixture::without_network().await;

    let refused = fixture
        .docker
        .ensure_image(&image("easel-test/nowhere:1"), PullPolicy::Never, &|_| ())
        .await
        .unwrap_err();

    assert!(matches!(refused, RuntimeError::Image(_)));
    assert!(refused.to_string().contains("`never`"), "{refused}");
}

#[tokio::test]
async fn a_registry_that_is_not_there_is_named() {
    let fixture = EngineFixture::without_network().await;

    // Nobody listens on this port of the engine's own machine.
    let refused = fixture
        .docker
        .ensure_image(&image("127.0.0.1:9/team/app:1"), PullPolicy::Missing, &|_| ())
        .await
        .unwrap_err();

    assert!(matches!(refused, RuntimeError::Image(_)));
    let told = refused.to_string();
    assert!(told.contains("registry 127.0.0.1:9 cannot be reached"), "{told}");
    assert!(told.ends_with("network of the engine's machine, then deploy again"), "{told}");
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_pull_is_not_swallowed() {
    let proxy = Proxy::new().await;
    let fixture = EngineFixture::at(&proxy.address()).await;
    proxy.set(
        "/images/create",
        news(&[
            r#"{"status":"Pulling from team/app","id":"1"}"#,
            r#"{"status":"Downloading","progressDetail":{"current":10,"total":100},"id":"a"}"#,
            r#"{"status":"Downloading","progressDetail":{"current":60,"total":100},"id":"a"}"#,
            r#"{"errorDetail":{"message":"unauthorized: authentication required"},"error":"unauthorized: authentication required"}"#,
        ]),
    );
    let seen = Mutex::new(Vec::new());

    let refused = fixture
        .docker
        .ensure_image(&image("ghcr.io/team/app:1"), PullPolicy::Always, &|progress| {
            seen.lock().unwrap().push(progress);
        })
        .await
        .unwrap_err();

    assert_eq!(
        refused,
        RuntimeError::Image(
            "credentials refused by the registry ghcr.io for ghcr.io/team/app:1".to_owned()
        )
    );
    assert_eq!(
        *seen.lock().unwrap(),
        [PullProgress { received: 10, total: 100 }, PullProgress { received: 60, total: 100 }]
    );
    let asked = proxy.requests().into_iter().find(|line| line.contains("/images/create")).unwrap();
    assert!(asked.contains("fromImage=ghcr.io%2Fteam%2Fapp") && asked.contains("tag=1"), "{asked}");
}

#[tokio::test]
async fn an_image_that_was_removed_after_it_was_pinned_is_told_as_such() {
    let fixture = EngineFixture::new().await;
    let mut spec = fixture.replica("web", &["true"]);
    spec.image.id = format!("sha256:{}", "0".repeat(64));

    let refused = fixture.docker.create(&spec).await.unwrap_err();

    assert!(matches!(refused, RuntimeError::Image(_)), "{refused:?}");
}

// F31
#[tokio::test]
async fn a_pull_without_a_sign_of_life_ends_and_says_who_was_silent() {
    let proxy = Proxy::new().await;
    let mut fixture = EngineFixture::at(&proxy.address()).await;
    fixture.docker = fixture.adapter(Pool::default()).with_pull_idle(Duration::from_millis(200));
    let pull = async || {
        fixture
            .docker
            .ensure_image(&image("ghcr.io/team/app:1"), PullPolicy::Always, &|_| ())
            .await
            .unwrap_err()
    };

    proxy.set("/images/create", Fault::Hang);
    let registry = pull().await;
    proxy.set("/_ping", Fault::Hang);
    let engine = pull().await;

    assert!(registry.to_string().contains("the registry ghcr.io sent nothing"), "{registry}");
    assert!(matches!(engine, RuntimeError::Timeout(_)), "{engine:?}");
}
