//! Secrets are where they are used, and nowhere else.

use crate::{
    api::{Api, web},
    canvas_socket,
    cli::Cli,
    server::{EMAIL, PASSWORD, Server},
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
    let mut given = signed_in(&api).await;
    given.extend([api.key.clone(), viewer.key.clone()]);
    let given: Vec<&str> = given.iter().map(String::as_str).collect();
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
    for event in canvas_socket::events(&project).await {
        told.push_str(&event.to_string());
    }
    told.push_str(&typed.out);
    told.push_str(&cli.run(&["changes", "--details"]).await);
    told.push_str(&cli.run(&["services", "show", "web", "--json"]).await);
    assert!(told.contains("SEALED") && told.contains("STAGED"), "there is something to search");
    look("answers and frames", told.as_bytes(), &given);

    let somebody = Api { key: String::new(), ..api.at(&server.url) };
    let (status, body) = somebody.call(reqwest::Method::GET, &project.path("canvas"), None).await;
    assert_eq!(status.as_u16(), 401, "{body}");

    let mut is_server_seen = false;
    for process in std::fs::read_dir("/proc").expect("/proc").flatten() {
        let arguments = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        is_server_seen |= holds(&arguments, &server.data().display().to_string());
        look(&format!("{}", process.path().display()), &arguments, &given);
    }
    assert!(is_server_seen, "there is something to search");

    // Also once everything has been written out.
    look_through(&server.data(), &given);
    server.stop().await;
    look_through(&server.data(), &given);
    assert!(server.log().contains("listening"), "there is something to search");
    look("the log", server.log().as_bytes(), &given);
}

/// What people who sign in are given, each of it used once: access and refresh tokens, also those
/// that others were traded for, and the value of a browser's cookie.
async fn signed_in(api: &Api) -> Vec<String> {
    let mut login = json!({ "email": EMAIL, "password": PASSWORD });
    let first = api.post("auth/login", &login).await;
    let refresh = json!({ "refresh_token": first["refresh_token"] });
    let second = api.post("auth/refresh", &refresh).await;

    login["kind"] = json!("browser");
    let to = |path: &str| format!("{}/api/auth/{path}", api.url);
    let sent = api.http.post(to("login")).header("origin", &api.url).json(&login).send();
    let answer = sent.await.expect("an answer");
    let cookie = answer.headers()["set-cookie"].to_str().expect("text").to_owned();
    let pair = cookie.split(';').next().expect("a cookie");
    let me = api.http.get(to("me")).header("cookie", pair).send().await.expect("an answer");
    assert!(me.status().is_success(), "the cookie opens the door: {}", me.status());

    let tokens = [&first, &second].into_iter().flat_map(|pair| {
        ["access_token", "refresh_token"].map(|name| pair[name].as_str().expect("a token"))
    });
    let (_, cookie) = pair.split_once('=').expect("a value");
    let given: Vec<&str> = tokens.chain([cookie]).collect();
    let key = second["access_token"].as_str().expect("a token").to_owned();
    let sessions = Api { key, ..api.at(&api.url) }.get("auth/sessions").await.to_string();
    assert!(sessions.contains("browser"), "there is something to search: {sessions}");
    look("the list of sessions", sessions.as_bytes(), &given);
    given.into_iter().map(str::to_owned).collect()
}

pub(crate) fn look(place: &str, bytes: &[u8], more: &[&str]) {
    for secret in [PLAIN, SEALED, STAGED, PASSWORD].iter().chain(more) {
        assert!(!holds(bytes, secret), "a secret lies in {place}");
    }
}

/// The same in all files of the data directory, in which the first account's address lies.
pub(crate) fn look_through(data: &Path, more: &[&str]) {
    let mut is_something_there = false;
    let found = std::fs::read_dir(data).expect("a folder").flatten().map(|entry| entry.path());
    for file in found.filter(|path| path.is_file()) {
        let bytes = std::fs::read(&file).expect("a file");
        is_something_there |= holds(&bytes, EMAIL);
        look(&file.display().to_string(), &bytes, more);
    }
    assert!(is_something_there, "there is something to search");
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}
