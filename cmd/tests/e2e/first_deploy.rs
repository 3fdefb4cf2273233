//! The main job in a real browser: from a fresh instance to a running service and back.

use crate::{
    api::Api,
    browser::Window,
    secret,
    server::{EMAIL, PASSWORD, Server},
    until,
};
use serde_json::json;

const SECRET: &str = "planted-in-the-browser-5e0d7b";

// DK-33, DK-34, DK-35, DK-42, DK-69, DK-70, DK-71, DK-72, DK-85, DK-86, DK-87, DK-88, DK-125,
// DK-159, DK-169, DK-180: what a person sees and does, with pictures of it.
#[tokio::test]
async fn a_person_brings_a_service_to_life_in_the_browser() {
    let mut server = Server::start().await;
    let engine = server.engine();
    let claim = server.claim.clone().expect("a claim token");
    let window = Window::open(&format!("{}/claim#{claim}", server.url)).await;

    claim_the_instance(&window).await;
    make_a_project(&window).await;
    stage_a_service(&window).await;
    apply_with_a_message(&window).await;
    let container = engine.container_of("web").await;
    look_around(&window).await;
    change_a_variable(&window).await;
    until("a container with the new value", async || {
        let running = engine.containers_of("web").await;
        let fresh = running.iter().filter_map(|one| one.id.clone()).find(|id| *id != container)?;
        // A candidate may be gone again before it is asked.
        let said = engine.try_exec(&fresh, &["sh", "-c", "echo $GREETING"]).await.ok()?;
        (said.trim() == SECRET).then_some(())
    })
    .await;
    let frames = window.frames.lock().expect("no listener panics").join("\n");
    assert!(frames.contains("GREETING"), "there is something to search");
    assert!(!frames.contains(SECRET), "a secret went over the socket");
    let watching = bystander(&server, &window).await;
    assert!(!watching.contains(SECRET), "a secret was shown to somebody else");

    // The container dies by a stranger's hand, and is back.
    let victim = engine.container_of("web").await;
    engine.kill(&victim).await;
    window.wait_for("[data-test=card][data-name=web][data-status=Running]").await;
    engine.container_of("web").await;

    delete_the_service(&window).await;
    until("an engine without it", async || {
        engine.containers_of("web").await.is_empty().then_some(())
    })
    .await;
    window.close().await;

    server.stop().await;
    assert!(server.log().contains("listening"), "there is something to search");
    secret::look("the log", server.log().as_bytes(), &[SECRET]);
    secret::look_through(&server.data(), &[SECRET]);
}

/// Whether the keyboard is on the page's heading, and it reads so.
fn on_heading(text: &str) -> String {
    format!(
        "document.activeElement.matches('main h1') && document.activeElement.innerText === '{text}'"
    )
}

async fn claim_the_instance(window: &Window) {
    window.wait_for("#email").await;
    window.screenshot("01-claim").await;
    window.fill("#name", "Ada Lovelace").await;
    window.fill("#email", EMAIL).await;
    window.fill("#password", PASSWORD).await;
    window.press("Create account and sign in").await;
}

async fn make_a_project(window: &Window) {
    window.read("h1", "Projects").await;
    window.until("the keyboard on the heading", &on_heading("Projects")).await;
    window.screenshot("02-no-projects").await;
    window.press("Create a project").await;
    window.fill("#project-name", "Shop").await;
    window.press("Create project").await;
    window.wait_for("[data-test=canvas-empty]").await;
    // What a screen reader is told of each page: where one has come to.
    window.until("the keyboard on the canvas's heading", &on_heading("Shop")).await;
    window.screenshot("03-empty-canvas").await;
}

async fn stage_a_service(window: &Window) {
    window.press("Add a service").await;
    window.fill("#add-image", "Not An Image").await;
    window.press("Stage service").await;
    window.read("[data-test=add-service]", "Must be an image such as").await;
    window.screenshot("04-add-service").await;
    window.fill("#add-image", "easel-test/busybox:1").await;
    window.fill("#add-name", "web").await;
    window.fill("#add-ports", "8080").await;
    window.fill("#add-variables", "GREETING=hello").await;
    window.click("[data-test=add-service] summary").await;
    window
        .fill(
            "#add-command",
            "sh -c 'echo it listens; echo \"not well\" >&2; exec httpd -f -v -p 8080 -h /www'",
        )
        .await;
    // The icon is a picture of the person's choice. That it can be had keeps it: one that cannot gives
    // way to the image's mark.
    window.fill("#add-icon", "picture.svg").await;
    window.press("Stage service").await;
    window.read("[data-test=add-service]", "Must be an absolute http or https address").await;
    window.screenshot("04-add-icon").await;
    let icon: String = window.eval("document.querySelector('[rel=icon]').href").await;
    window.fill("#add-icon", &icon).await;
    window.press("Stage service").await;
    window.wait_for("[data-test=card][data-name=web] .card--new").await;
    let picture =
        format!("document.querySelector(`[data-test=card] .card-icon img[src='{icon}']`)");
    window
        .until("the chosen picture", &format!("{picture}?.complete && {picture}.naturalWidth"))
        .await;
    window.read("[data-test=change-count]", "1 change").await;
    window.screenshot("05-staged").await;
}

async fn apply_with_a_message(window: &Window) {
    window.press("Details").await;
    window.wait_for("[data-test=change-details]").await;
    window.read("[data-test=change-details]", "web").await;
    window.screenshot("06-details").await;
    window.fill("#apply-message", "The first service").await;
    window.press("Apply 1 change").await;
    window.wait_for("[data-test=card][data-name=web][data-status=Running]").await;
    window.wait_gone("[data-test=change-bar]").await;
    window.screenshot("07-live").await;
}

async fn look_around(window: &Window) {
    window.click("[data-test=card][data-name=web]").await;
    window.wait_for("[data-test=panel]").await;
    window.press("Deployments").await;
    window.wait_for("[data-test=deployment][data-state=live]").await;
    window.read("[data-test=deployment]", "The first service").await;
    window.screenshot("08-deployments").await;
    window.press("Logs").await;
    window.read("[data-test=logs]", "it listens").await;
    window.read("[data-test=logs]", "not well").await;
    window.screenshot("09-logs").await;
    window.press("Settings").await;
    window.wait_for("[data-test=delete-service]").await;
    window.screenshot("10-settings").await;
}

async fn change_a_variable(window: &Window) {
    window.click("[role=tab][id*=variables], [role=tab]:nth-of-type(3)").await;
    window.wait_for("[data-test=tab-variables]").await;
    window.screenshot("11-variables").await;
    let value = "[data-test=tab-variables] .secret";
    window.wait_for(&format!("{value} .secret-dots")).await;
    window.wait_gone(&format!("{value} .secret-text")).await;
    window.press("Show GREETING").await;
    window.read(&format!("{value} .secret-text"), "hello").await;
    window.press("Hide GREETING").await;
    window.wait_for(&format!("{value} .secret-dots")).await;
    window.wait_gone(&format!("{value} .secret-text")).await;
    window.press("Edit GREETING").await;
    window.fill("#variable-value", SECRET).await;
    window.press("Stage value").await;
    window.read("[data-test=change-count]", "1 change").await;
    let shown: String = window.eval("document.body.innerText").await;
    assert!(shown.contains("GREETING"), "there is something to search");
    assert!(!shown.contains(SECRET), "a value is shown without having been asked for");
    window.screenshot("12-variable-staged").await;
    // Nor do the details hold it, before somebody asks.
    window.press("Details").await;
    window.read("[data-test=change-details]", "GREETING").await;
    let page = "document.documentElement.outerHTML";
    let whole: String = window.eval(page).await;
    assert!(whole.contains("GREETING"), "there is something to search");
    assert!(!whole.contains(SECRET), "the details give a value away");
    let frames = window.frames.lock().expect("no listener panics").join("\n");
    assert!(frames.contains("GREETING"), "there is something to search");
    assert!(!frames.contains(SECRET), "a secret went over the socket");
    window.press("Show the values").await;
    window.read("[data-test=change-details] del", "hello").await;
    window.read("[data-test=change-details] ins", SECRET).await;
    window.press("Hide the values").await;
    window.read("[data-test=change-details] ins", "••••••").await;
    let whole: String = window.eval(page).await;
    assert!(!whole.contains(SECRET), "a value stays after it was hidden");
    window.key("Escape").await;
    window.wait_gone("[data-test=change-details]").await;
    window.wait_for("[data-test=tab-variables]").await;
    window.key("Escape").await;
    window.wait_gone("[data-test=panel]").await;
    window.click("[data-test=apply] button").await;
    window.wait_gone("[data-test=change-bar]").await;
}

/// All that somebody with a look at the project is told of it.
async fn bystander(server: &Server, window: &Window) -> String {
    let tokens = Api { http: reqwest::Client::new(), url: server.url.clone(), key: String::new() };
    let login = json!({ "email": EMAIL, "password": PASSWORD });
    let signed_in = tokens.post("auth/login", &login).await;
    let key = signed_in["access_token"].as_str().expect("a token").to_owned();
    let api = Api { key, ..tokens };
    let projects = api.get("projects").await;
    let id = projects["data"][0]["id"].as_str().expect("a project").to_owned();
    let project = crate::api::Project { api: &api, id };
    let viewer = api.viewer(&project).await;
    let mut told = String::new();
    for path in ["canvas", "pending-changes", "services", "revisions", "revisions/2", "env-vars"] {
        told.push_str(&viewer.get(&project.path(path)).await.to_string());
    }
    told.push_str(&window.path().await);
    told
}

async fn delete_the_service(window: &Window) {
    window.click("[data-test=card][data-name=web]").await;
    window.press("Settings").await;
    window.click("[data-test=delete-service] button").await;
    window.read("[data-test=change-count]", "1 change").await;
    window.screenshot("13-removed").await;
    window.click("[data-test=apply] button").await;
    window.wait_for("[data-test=canvas-empty]").await;
}
