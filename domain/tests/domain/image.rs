//! What is the name of an image, and what is not.

use crate::name::table;
use domain::ImageRef;
use proptest::prelude::*;

#[test]
fn images() {
    let digest = format!("app@sha256:{}", "0a".repeat(32));
    let short = format!("app@sha256:{}", "0a".repeat(31));
    let upper = format!("app@sha256:{}", "0A".repeat(32));
    let both = format!("app:1@sha256:{}", "0a".repeat(32));
    let sha512 = format!("app@sha512:{}", "0a".repeat(64));
    let weak = format!("app@sha512:{}", "0a".repeat(32));
    let id = "0a".repeat(32);
    let full_id = format!("sha256:{id}");
    let tag = format!("app:{}", "t".repeat(128));
    let long_tag = format!("app:{}", "t".repeat(129));
    let long = "a".repeat(513);
    table::<ImageRef>(
        &[
            "nginx",
            "nginx:1.27",
            "library/nginx",
            "ghcr.io/team/app:v2",
            "localhost/app",
            "localhost:5000/app:x",
            "127.0.0.1:5000/a/b/c",
            "my_app",
            "a__b",
            "a-b",
            "a--b",
            "a.b-c_d",
            "abcdef012345",
            "[::1]:5000/app",
            "[2001:db8::1]/app",
            &digest,
            &both,
            &sha512,
            &tag,
        ],
        &[
            "",
            " ",
            "-rm",
            "a._b",
            "a_-b",
            "a.-b",
            "a___b",
            "a-",
            "_a",
            "ä/b",
            "Team/app",
            "reg.io/Team/app",
            "reg_istry.io/app",
            "reg..io/app",
            "reg.io:/app",
            "reg.io:+5/app",
            "[::1/app",
            "[]:5000/app",
            "[::1]x/app",
            "sha256:abcdef012345",
            "sha512:ab",
            &id,
            &full_id,
            &weak,
            "--privileged",
            "Nginx",
            "nginx:",
            "nginx:-x",
            "nginx:a b",
            "a//b",
            "/a",
            "a/",
            ":tag",
            "@sha256:x",
            "a..b",
            "nginx@",
            "app@md5:00",
            "reg.io:99999/app",
            "reg.io:0/app",
            "app;rm",
            "app\nx",
            "app\0",
            "a b",
            "$(x)",
            "http://a/b",
            &short,
            &upper,
            &long_tag,
            &long,
        ],
    );
}

#[test]
fn an_image_is_taken_apart() {
    let image = ImageRef::try_from("localhost:5000/team/app:v2").unwrap();
    assert_eq!(image.repository(), "localhost:5000/team/app");
    assert_eq!((image.tag(), image.digest()), (Some("v2"), None));
    let image = ImageRef::try_from("localhost:5000/app").unwrap();
    assert_eq!((image.repository(), image.tag()), ("localhost:5000/app", Some("latest")));
    let pinned = format!("app@sha256:{}", "00".repeat(32));
    let image = ImageRef::try_from(pinned.as_str()).unwrap();
    assert_eq!((image.repository(), image.tag()), ("app", None));
    assert_eq!(image.digest(), pinned.strip_prefix("app@"));
}

#[test]
fn an_image_has_one_full_name_however_it_is_typed() {
    let digest = format!("sha256:{}", "00".repeat(32));
    let pinned = format!("docker.io/library/app@{digest}");
    let cases = [
        ("app".to_owned(), "docker.io/library/app:latest"),
        ("app:1".to_owned(), "docker.io/library/app:1"),
        ("docker.io/app:1".to_owned(), "docker.io/library/app:1"),
        ("index.docker.io/library/app:1".to_owned(), "docker.io/library/app:1"),
        ("team/app".to_owned(), "docker.io/team/app:latest"),
        ("localhost/app".to_owned(), "localhost/app:latest"),
        ("reg.io:5000/a/b".to_owned(), "reg.io:5000/a/b:latest"),
        ("abcdef012345".to_owned(), "docker.io/library/abcdef012345:latest"),
        (format!("app:1@{digest}"), &pinned),
    ];

    for (text, full) in cases {
        let image = ImageRef::try_from(text.as_str()).unwrap();
        assert_eq!(image.full_name(), full);
        assert_eq!(ImageRef::try_from(full).unwrap().full_name(), full, "it is its own full name");
    }
    let registry = |text| ImageRef::try_from(text).unwrap().registry().to_owned();
    assert_eq!(registry("app"), "docker.io");
    assert_eq!(registry("index.docker.io/app"), "index.docker.io");
    assert_eq!(registry("reg.io:5000/app"), "reg.io:5000");
}

/// Where ours is stricter than the grammar, on purpose.
fn is_refused_on_purpose(text: &str, theirs: &oci_spec::distribution::Reference) -> bool {
    let first = text.split('/').next().unwrap_or_default();
    let port = theirs.registry().rsplit_once(':').map(|(_, port)| port);
    // It looks like an id.
    text.starts_with("sha")
        // Some engines read it as a folder, and refuse it, others as a registry.
        || first.bytes().any(|byte| byte.is_ascii_uppercase())
        // No host is called so.
        || first.contains('_')
        // No host has such an address.
        || text.starts_with('[')
        || port.is_some_and(|port| port.parse::<u16>().is_err() || port.parse() == Ok(0_u16))
}

proptest! {
    /// Ours is measured by another one that is well kept: what we take is what they take, and taken apart
    /// alike.
    #[test]
    fn images_are_read_by_the_grammar_of_the_distribution_project(
        text in "[a-c0-1A._:/@-]{1,14}|([a-b]{1,2}[._/-]{1,3}){1,3}[a-b](:[a-b.-]{1,3})?|\
                 ([a-b.:]{1,5}/)?[a-b]{1,2}(:[a-b]{1,2})?(@sha(256|384|512):0{64})?"
    ) {
        let ours = ImageRef::try_from(text.as_str());
        let theirs = text.parse::<oci_spec::distribution::Reference>();
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => {
                let name = format!("{}/{}", theirs.registry(), theirs.repository());
                prop_assert_eq!(ours.full_repository(), name);
                prop_assert_eq!(ours.tag(), theirs.tag());
                prop_assert_eq!(ours.digest(), theirs.digest());
            }
            (Err(_), Ok(theirs)) => {
                prop_assert!(is_refused_on_purpose(&text, &theirs), "{text} is an image: {theirs}");
            }
            (Ok(_), Err(error)) => prop_assert!(false, "{text} is no image: {error}"),
            (Err(_), Err(_)) => (),
        }
    }
}
