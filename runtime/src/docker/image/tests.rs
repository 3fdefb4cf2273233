use super::*;
use bollard::models::ProgressDetail;

fn image(text: &str) -> ImageRef {
    ImageRef::try_from(text).unwrap()
}

fn sentence(image_text: &str, words: &str) -> String {
    match refusal(&image(image_text), Failure::Stream(words.to_owned())) {
        RuntimeError::Image(sentence) => sentence,
        other => panic!("not the image's fault: {other:?}"),
    }
}

#[test]
fn each_refusal_of_a_registry_is_told_as_what_it_is() {
    let cases = [
        (
            "manifest for nginx:nope not found: manifest unknown: manifest unknown",
            "there is no image ghcr.io/team/app:v2 at the registry ghcr.io",
        ),
        (
            "pull access denied for x, repository does not exist or may require 'docker login': denied",
            "has no image ghcr.io/team/app:v2, or it is private",
        ),
        ("unauthorized: authentication required", "credentials refused by the registry ghcr.io"),
        (
            "error parsing HTTP 403 response body: unexpected end of JSON input",
            "credentials refused by the registry ghcr.io",
        ),
        (
            "toomanyrequests: You have reached your pull rate limit.",
            "allows no more pulls for now (429)",
        ),
        (
            "Get https://ghcr.io/v2/: dial tcp: lookup ghcr.io: no such host",
            "the registry ghcr.io cannot be reached: its name leads nowhere; check its name and the \
             network of the engine's machine, then deploy again",
        ),
        (
            "no matching manifest for linux/amd64 in the manifest list entries",
            "is not built for this host's CPU",
        ),
        ("write /var/lib/docker/tmp: no space left on device", "the engine's disk is full"),
        (
            "Get https://ghcr.io/v2/: x509: certificate signed by unknown authority",
            "cannot be trusted",
        ),
        ("something new", "could not be pulled from the registry ghcr.io; the log"),
    ];

    for (words, expected) in cases {
        let told = sentence("ghcr.io/team/app:v2", words);
        assert!(told.contains(expected), "{words}\n  was told as: {told}");
    }
}

// S33: what a registry answers is not passed on, or an image would be a way to read what listens
// where only the engine's machine reaches.
#[test]
fn nothing_that_a_registry_says_is_repeated() {
    for words in [
        "CANARY",
        "Get https://ghcr.io/v2/: dial tcp 10.0.0.7:443: connect: connection refused CANARY",
        "error parsing HTTP 400 response body: invalid character: CANARY",
        "x509: certificate is valid for CANARY, not ghcr.io",
        "http: server gave HTTP response to HTTPS client CANARY",
        "received unexpected HTTP status: 500 CANARY",
        "malformed HTTP response \"SSH-2.0-CANARY\"",
        "unauthorized: CANARY",
        "not found CANARY",
        "EOF CANARY",
    ] {
        let told = sentence("ghcr.io/team/app:v2", words);
        assert!(!told.contains("CANARY") && !told.contains("10.0.0.7"), "{told}");
    }
}

#[test]
fn an_engine_that_goes_away_during_a_pull_is_not_the_images_fault() {
    let gone = RuntimeError::Unreachable("no socket".to_owned());

    assert_eq!(refusal(&image("nginx"), Failure::Error(gone.clone())), gone);
}

#[test]
fn progress_is_the_sum_of_all_layers_and_never_counts_twice() {
    let news = |id: &str, status: &str, current: i64| CreateImageInfo {
        id: Some(id.to_owned()),
        status: Some(status.to_owned()),
        progress_detail: Some(ProgressDetail { current: Some(current), total: Some(100) }),
        ..CreateImageInfo::default()
    };
    let mut layers = Layers::default();

    assert!(layers.add(news("a", "Downloading", 10)));
    assert!(layers.add(news("b", "Downloading", 30)));
    assert!(!layers.add(news("b", "Downloading", 30)));
    assert_eq!(layers.sum(), PullProgress { received: 40, total: 200 });

    assert!(layers.add(news("a", "Download complete", 0)));
    assert!(!layers.add(news("a", "Extracting", 50)));
    assert!(!layers.add(news("a", "Pull complete", 0)));
    assert_eq!(layers.sum(), PullProgress { received: 130, total: 200 });
}
