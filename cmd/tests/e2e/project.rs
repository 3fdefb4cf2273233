//! Projects: from the list to their settings, and to their end.

use crate::{api::web, browser::Window, server::Server, until};
use reqwest::Method;
use serde_json::json;

// DK-32
#[tokio::test]
async fn a_deleted_project_leaves_nothing_in_the_engine_but_its_data() {
    let (server, api) = Server::claimed().await;
    let engine = server.engine();
    let kept = api.project("Kept").await;
    kept.run(web("Other")).await;
    let other = engine.container_of("other").await;
    let [network] = &engine.networks().await[..] else { panic!("one environment, one network") };
    let project = api.project("Shop").await;
    let id = project.stage_service(web("Web")).await;
    let mount = json!({ "service": id, "path": "/data" });
    project.stage(&[json!({ "op": "create_volume", "name": "data", "mount": mount })]).await;
    project.apply("run").await;
    project.until_running(&id).await;
    assert_eq!((engine.networks().await.len(), engine.volumes().await.len()), (2, 1));

    let path = format!("projects/{}", project.id);
    let (status, body) = api.call(Method::DELETE, &path, None).await;

    assert_eq!(status.as_u16(), 204, "{body}");
    let (status, _) = api.call(Method::GET, &path, None).await;
    assert_eq!(status.as_u16(), 404);
    until("its containers and its network to be gone", async || {
        let is_gone = engine.containers_of("web").await.is_empty();
        (is_gone && engine.networks().await == [network.clone()]).then_some(())
    })
    .await;
    assert_eq!(engine.volumes().await.len(), 1, "data is never removed along with it");
    assert_eq!(engine.container_of("other").await, other, "another project is not touched");
}

// DK-32, DK-33, DK-34, W17, W19, W20, W84: the screens of projects.
#[tokio::test]
async fn a_person_makes_renames_and_deletes_a_project_in_the_browser() {
    let (server, api) = Server::claimed().await;
    let window = Window::open(&format!("{}/login", server.url)).await;
    window.sign_in().await;
    let projects = format!("{}/projects", server.url);

    window.read("main", "Create your first project").await;
    window.press("Create a project").await;
    window.press("Create project").await;
    window.read("[role=dialog], dialog", "Must not be empty").await;
    window.fill("#project-name", "Shop {1}").await;
    window.press("Create project").await;
    window.read("[role=dialog], dialog", "Must not contain any of { } $").await;
    window.fill("#project-name", "Shop").await;
    window.press("Create project").await;
    window.wait_for("[data-test=canvas-empty]").await;
    let path = window.path().await;

    // The list says when it was made, what is in it, and all of it however long it is.
    window.go(&projects).await;
    let card = format!("a[href=\"{path}\"]");
    for text in ["Shop", "created just now", "No services yet"] {
        window.read(&card, text).await;
    }
    for number in 0..60 {
        api.project(&format!("Project {number}")).await;
    }
    window.reload().await;
    window.read("main", "of 61").await;
    let cards = "document.querySelectorAll('main li a').length";
    while window.eval::<u32>(cards).await < 61 {
        let before: u32 = window.eval(cards).await;
        window.press("Load more").await;
        window.until("more of them", &format!("{cards} > {before}")).await;
    }
    window.wait_for(&card).await;
    window.fill("#projects-filter", "shop").await;
    window.until("the one", &format!("{cards} === 1")).await;
    // Who opens it is told so, by ear too.
    window.click(&card).await;
    window.wait_for("[data-test=canvas-empty]").await;
    let on_heading = "document.activeElement.matches('main h1') \
                      && document.activeElement.innerText === 'Shop'";
    window.until("the keyboard on the canvas's heading", on_heading).await;

    settings(&window, &format!("{}{path}", server.url)).await;

    // It is no slip of the hand: the name has to be typed.
    window.press("General").await;
    window.press("Delete the project").await;
    let deed = "[...document.querySelectorAll('button')]\
                .find(one => one.innerText.trim() === 'Delete Store for ever')";
    window.until("a button that waits", &format!("{deed}?.disabled")).await;
    window.fill("#confirm-name", "store").await;
    window.until("a button that still waits", &format!("{deed}.disabled")).await;
    window.fill("#confirm-name", "Store").await;
    window.press("Delete Store for ever").await;
    window.read("h1", "Projects").await;
    window.read("main", "of 60").await;
    window.wait_gone(&card).await;
    window.close().await;
}

/// General and Variables: what is changed there is staged, said to be, and can be applied.
async fn settings(window: &Window, canvas: &str) {
    window.go(&format!("{canvas}/settings")).await;
    window.wait_for("#tab-general[aria-selected=true]").await;
    window.fill("#rename", "Store").await;
    window.press("Stage name").await;
    window.read("body", "The new name is staged. It counts once it is applied.").await;
    window.read("main", "Shop → Store").await;
    window.read("main", "1 staged change waits in this project").await;
    let is_clean = "[...document.querySelectorAll('button')]\
                    .find(one => one.innerText.trim() === 'Stage name')?.disabled";
    window.until("nothing left to be staged", is_clean).await;

    window.press("Variables").await;
    window.wait_for("#tab-variables[aria-selected=true]").await;
    window.press("Add a variable").await;
    window.fill("#variable-key", "COLOUR").await;
    window.fill("#variable-value", "blue").await;
    window.press("Stage variable").await;
    window.read("main", "COLOUR").await;
    window.read("main", "2 staged changes wait in this project").await;

    window.press("Look and apply on the canvas").await;
    window.read("[data-test=change-count]", "2 changes").await;
    window.click("[data-test=apply] button").await;
    window.wait_gone("[data-test=change-bar]").await;
    window.go(&format!("{canvas}/settings/variables")).await;
    window.read("main", "COLOUR").await;
    window.press("General").await;
    window.until("the new name", "document.querySelector('#rename')?.value === 'Store'").await;
}
