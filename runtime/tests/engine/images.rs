//! Images: those that are there, whose they are, and pulls that go wrong.

use crate::{
    fixture::EngineFixture,
    loopback::Registry,
    proxy::{Fault, Proxy},
};
use domain::{
    ImageRef, PullPolicy,
    network::Pool,
    outbound::OutboundAnswer,
    runtime::{PullProgress, Runtime, RuntimeError},
    testing::FakeOutbound,
};
use std::{net::IpAddr, sync::Mutex, time::Duration};

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
        let pinned = fixture
            .docker
            .ensure_image(fixture.project, &fixture.image.reference, pull, &|_| ())
            .await
            .unwrap();

        assert!(pinned.id.starts_with("sha256:"));
        assert_eq!(pinned, fixture.image);
        assert_eq!(pinned.digest, None, "it came from no registry");
    }
}

// What people type is a name. An engine reads some names in several ways: as a name, as an id, as the
// beginning of one, with or without its algorithm.
#[tokio::test]
async fn no_text_leads_to_an_image_by_its_id() {
    let fixture = EngineFixture::without_network().await;
    let id = &fixture.image.id;
    let hex = id.strip_prefix("sha256:").expect("an id");
    let (short, long) = (&hex[..12], &hex[..63]);

    for text in [
        id.clone(),
        hex.to_owned(),
        long.to_owned(),
        short.to_owned(),
        hex[..4].to_owned(),
        format!("sha256:{short}"),
        format!("sha256:{}", &hex[..4]),
        format!("{short}:latest"),
        format!("{hex}:latest"),
        format!("library/{short}"),
        format!("docker.io/{short}"),
        format!("docker.io/library/{hex}"),
        format!("docker.io/library/sha256:{short}"),
        format!("easel-test-nothing@{id}"),
        format!("{}@{id}", fixture.image.reference.repository()),
        format!("{short}@{id}"),
        id.to_uppercase(),
    ] {
        let Ok(image) = ImageRef::try_from(text.as_str()) else { continue };
        let look = fixture.docker.ensure_image(fixture.project, &image, PullPolicy::Never, &|_| ());
        let refused = look.await;
        assert!(matches!(refused, Err(RuntimeError::Image(_))), "{text}: {refused:?}");
    }
}

// An engine gives what it has to whoever knows the name.
#[tokio::test]
async fn what_a_registry_gave_one_project_is_not_for_all_because_the_engine_has_it() {
    let fixture = EngineFixture::without_network().await;
    let mut registry = Registry::start(&fixture.raw);
    let name = image(&registry.push(fixture.image.reference.as_str(), "team/private", "1").await);
    let get = async |project, name: &ImageRef, pull| {
        fixture.docker.ensure_image(project, name, pull, &|_| ()).await
    };
    let elsewhere = fixture.rows.add_environment();
    let stranger = fixture.rows.tables().environments[&elsewhere];

    let its = get(fixture.project, &name, PullPolicy::Missing).await.unwrap();
    fixture.pulled.add(fixture.project, &its);
    // A public one is anybody's: the registry says so.
    get(stranger, &name, PullPolicy::Missing).await.unwrap();
    // From now on it gives nothing to anybody.
    registry.kill();

    let digest = image(its.digest.as_deref().expect("it came from a registry"));
    for name in [&name, &digest] {
        for pull in [PullPolicy::Missing, PullPolicy::Never] {
            let used = get(fixture.project, name, pull).await.unwrap();
            assert_eq!(used.id, its.id);
            let refused = get(stranger, name, pull).await;
            assert!(matches!(refused, Err(RuntimeError::Image(_))), "{name} {pull}: {refused:?}");
        }
        assert!(matches!(
            get(stranger, name, PullPolicy::Always).await,
            Err(RuntimeError::Image(_))
        ));
    }
    let shared = format!("{}/team/*", registry.address).parse().unwrap();
    let sharing =
        fixture.adapter(Pool::default()).with_shared_images([shared].into_iter().collect());
    let used = sharing.ensure_image(stranger, &name, PullPolicy::Never, &|_| ()).await.unwrap();
    assert_eq!(used.id, its.id, "an admin has shared it");
}

#[tokio::test]
async fn an_image_that_is_missing_and_may_not_be_pulled_is_refused() {
    let fixture = EngineFixture::without_network().await;

    let refused = fixture
        .docker
        .ensure_image(fixture.project, &image("easel-test/nowhere:1"), PullPolicy::Never, &|_| ())
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
        .ensure_image(
            fixture.project,
            &image("127.0.0.1:9/team/app:1"),
            PullPolicy::Missing,
            &|_| (),
        )
        .await
        .unwrap_err();

    assert!(matches!(refused, RuntimeError::Image(_)));
    let told = refused.to_string();
    assert!(told.contains("registry 127.0.0.1:9 cannot be reached"), "{told}");
    assert!(told.ends_with("network of the engine's machine, then deploy again"), "{told}");
}

// S33: the engine's machine reaches more than the internet does.
#[tokio::test]
async fn the_engine_is_not_told_to_ask_what_only_its_machine_reaches() {
    let proxy = Proxy::new().await;
    let fixture = EngineFixture::at(&proxy.address()).await;
    let answer = |realm: &str| OutboundAnswer {
        status: 401,
        challenges: vec![format!("Bearer realm=\"{realm}\",service=\"x\"")],
        body: Vec::new(),
    };
    let leads = |name: &str, to: &[&str]| {
        let addresses = to.iter().map(|text| text.parse::<IpAddr>().expect("an address"));
        (name.to_owned(), addresses.collect::<Vec<_>>())
    };
    let docker = fixture.behind(FakeOutbound {
        names: [
            leads("private.example", &["10.0.0.5"]),
            leads("mixed.example", &["8.8.8.8", "192.168.0.1"]),
            leads("realm.example", &["8.8.8.8"]),
            leads("odd.example", &["8.8.8.8"]),
            leads("localhost", &["127.0.0.1", "::1"]),
        ]
        .into(),
        answers: [
            ("https://realm.example/v2/".to_owned(), answer("http://169.254.169.254/latest/")),
            ("https://odd.example/v2/".to_owned(), answer("file:///etc/passwd")),
        ]
        .into(),
        ..FakeOutbound::default()
    });

    for host in [
        "127.0.0.1:5000",
        "10.0.0.5",
        "100.64.0.1",
        "169.254.169.254",
        "192.168.0.1:5000",
        "[::1]:5000",
        "[::ffff:10.0.0.5]:5000",
        "localhost:5000",
        "localhost",
        "2130706433:5000",
        "127.1:5000",
        "0x7f.1",
        "private.example",
        "mixed.example:443",
        "realm.example",
        "odd.example",
        "nowhere.example",
    ] {
        let name = image(&format!("{host}/team/app:1"));
        let refused =
            docker.ensure_image(fixture.project, &name, PullPolicy::Always, &|_| ()).await;
        let Err(RuntimeError::Image(sentence)) = refused else { panic!("{host}: {refused:?}") };
        assert!(sentence.contains(host), "{host}: {sentence}");
    }

    let told = proxy.requests().into_iter().filter(|line| line.contains("/images/create"));
    assert_eq!(told.count(), 0, "the engine was told to ask nobody");
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
        .ensure_image(
            fixture.project,
            &image("ghcr.io/team/app:1"),
            PullPolicy::Always,
            &|progress| {
                seen.lock().unwrap().push(progress);
            },
        )
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
            .ensure_image(
                fixture.project,
                &image("ghcr.io/team/app:1"),
                PullPolicy::Always,
                &|_| (),
            )
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
