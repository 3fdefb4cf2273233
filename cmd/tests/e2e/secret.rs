//! Secrets are where they are used, and nowhere else.

use crate::{
    api::{Api, web},
    cli::Cli,
    server::{PASSWORD, Server},
    watch,
};
use serde_json::json;
use std::path::Path;

const PLAIN: &str = "planted-secret-7f3a9c";
const SEALED: &str = "planted-sealed-1b8e44";
const STAGED: &str = "planted-staged-c05d12";

// DK-7, DK-19, DK-180
#[tokio::test]
async fn planted_secrets_are_found_nowhere() {
    let (mut server, api) = Server::claimed().await;
    let engine = server.engine();
    let project = api.project("Shop").await;
    let mut service = web("Web");
    service["variables"] = json!({
        "PLAIN": { "value": PLAIN }, "SEALED": { "value": SEALED, "sealed": true },
    });
    let id = project.run(service).await;
    let cli = Cli::new();
    cli.login(&server.url).await;
    cli.run(&["projects", "use", "Shop"]).await;
    let typed = cli.type_in(&["stage", "var", "set", "-s", "web", "STAGED"], STAGED).await;
    assert_eq!(typed.code, 0, "{typed:#?}");
    let container = engine.container_of("web").await;
    assert_eq!(
        engine.exec(&container, &["sh", "-c", "echo $PLAIN"]).await.trim(),
        PLAIN,
        "it works"
    );

    let viewer = api.viewer(&project).await;
    let deployment = &project.deployments(&id).await[0];
    let deployment = deployment["id"].as_str().expect("an id");
    let mut told = String::new();
    for caller in [&api, &viewer] {
        for path in [
            "pending-changes",
            "canvas",
            "services",
            &format!("services/{id}"),
            "revisions",
            "revisions/1",
            &format!("services/{id}/deployments"),
            &format!("services/{id}/deployments/{deployment}"),
            &format!("services/{id}/containers"),
            &format!("services/{id}/env-vars"),
            "env-vars",
        ] {
            told.push_str(&caller.get(&project.path(path)).await.to_string());
        }
    }
    told.push_str(&api.get("audit").await.to_string());
    let (status, body) = viewer.call(reqwest::Method::GET, "users", None).await;
    assert_eq!(status.as_u16(), 403, "{body}");
    let address = format!("service/{id}/variables/SEALED");
    for (caller, address) in [(&viewer, address.replace("SEALED", "PLAIN")), (&api, address)] {
        let reveal = json!({ "address": address });
        let path = project.path("reveal");
        let (status, body) = caller.call(reqwest::Method::POST, &path, Some(&reveal)).await;
        assert_eq!(status.as_u16(), 403, "{body}");
        told.push_str(&body.to_string());
    }
    for event in watch::events(&project).await {
        told.push_str(&event.to_string());
    }
    told.push_str(&typed.out);
    told.push_str(&cli.run(&["changes", "--details"]).await);
    told.push_str(&cli.run(&["services", "show", "web", "--json"]).await);
    look("answers and frames", told.as_bytes(), &[]);

    let somebody = Api { key: String::new(), ..api.at(&server.url) };
    let (status, body) = somebody.call(reqwest::Method::GET, &project.path("canvas"), None).await;
    assert_eq!(status.as_u16(), 401, "{body}");

    for process in std::fs::read_dir("/proc").expect("/proc").flatten() {
        let arguments = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        look(&format!("{}", process.path().display()), &arguments, &[]);
    }

    // Also once everything has been written out.
    for file in files(&server.data()) {
        let bytes = std::fs::read(&file).expect("a file");
        look(&file.display().to_string(), &bytes, &[&api.key, &viewer.key]);
    }
    server.stop().await;
    for file in files(&server.data()) {
        let bytes = std::fs::read(&file).expect("a file");
        look(&file.display().to_string(), &bytes, &[&api.key, &viewer.key]);
    }
    look("the log", server.log().as_bytes(), &[&api.key, &viewer.key]);
}

pub(crate) fn look(place: &str, bytes: &[u8], more: &[&str]) {
    for secret in [PLAIN, SEALED, STAGED, PASSWORD].iter().chain(more) {
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "a secret lies in {place}");
    }
}

pub(crate) fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let found = std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    found.filter(|path| path.is_file()).collect()
}
