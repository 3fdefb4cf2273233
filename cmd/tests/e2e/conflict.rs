//! What keeps changes from being applied, and how a person gets out of it in the browser.

use crate::{api::web, browser::Window, server::Server, until};
use serde_json::json;

// DK-89: two change one value; both are shown, and a choice settles it.
#[tokio::test]
async fn a_conflict_shows_both_values_and_a_choice_settles_it() {
    let (server, api) = Server::claimed().await;
    let project = api.project("Shop").await;
    let id = project.run(web("web")).await;
    let replicas = |count: u16| {
        let address = format!("service/{id}/replicas");
        json!({ "op": "set", "address": address, "content": { "replicas": count } })
    };
    let deploy = async |count: u16| {
        let path = project.path(&format!("services/{id}/deployments"));
        let image = json!({ "image": "easel-test/busybox:1", "replicas": count });
        api.post(&path, &image).await;
    };
    let window = Window::open(&format!("{}/login", server.url)).await;
    window.sign_in().await;
    window.go(&format!("{}/projects/{}", server.url, project.id)).await;

    project.stage(&[replicas(3)]).await;
    window.read("[data-test=change-count]", "1 change").await;
    deploy(2).await;
    window.press("Details").await;
    window.read("[data-test=conflict]", "Staged by Ada").await;
    window.read("[data-test=conflict]", "Applied meanwhile").await;
    window.screenshot("22-conflict").await;
    window.press("Keep the staged one").await;
    window.wait_gone("[data-test=conflict]").await;
    window.press("Apply 1 change").await;
    window.wait_gone("[data-test=change-bar]").await;
    let count = async || project.service(&id).await["replicas"].as_u64();
    until("the staged number", async || (count().await == Some(3)).then_some(())).await;

    // The other way round, nothing is left to be applied.
    project.stage(&[replicas(5)]).await;
    window.read("[data-test=change-count]", "1 change").await;
    deploy(1).await;
    window.press("Details").await;
    window.press("Keep the applied one").await;
    window.wait_gone("[data-test=change-bar]").await;
    assert_eq!(count().await, Some(1));
    window.close().await;
}

// DK-72, RW-69: a broken reference is named, and one press leads to where it is mended.
#[tokio::test]
async fn a_broken_reference_leads_to_where_it_is_mended() {
    let (server, api) = Server::claimed().await;
    let project = api.project("Shop").await;
    let id = project.stage_service(json!({ "name": "web" })).await;
    project.apply("a service").await;
    let mail = format!("service/{id}/variables/MAIL");
    let broken = "smtp://${{mailer.HOST}}";
    project.stage(&[json!({ "op": "set_variable", "address": mail, "value": broken })]).await;
    let window = Window::open(&format!("{}/login", server.url)).await;
    window.sign_in().await;
    window.go(&format!("{}/projects/{}", server.url, project.id)).await;

    window.read(".change-bar-problem", "1 problem").await;
    window.click(".change-bar-problem").await;
    window.read("[data-test=problem]", "there is no service called mailer").await;
    let apply = "document.querySelector('[data-test=apply-chosen] button').disabled";
    window.until("an apply that waits", apply).await;
    let within = "document.querySelector('[role=dialog]').contains(document.activeElement)";
    window.until("the keyboard in the dialog", within).await;
    window.screenshot("23-problems").await;
    window.press("Open variables").await;
    window.wait_for("[data-test=tab-variables]").await;
    window.wait_gone("[data-test=change-details]").await;
    window.press("Edit MAIL").await;
    window.read(".remark--warning", "${{mailer.HOST}} does not exist yet").await;
    window.read(".remark--warning", "It can be staged, but not applied").await;
    window.fill("#variable-value", "smtp://mail.example.org").await;
    window.wait_gone(".remark--warning").await;
    window.press("Stage value").await;

    window.wait_gone(".change-bar-problem").await;
    window.click("[data-test=apply] button").await;
    window.wait_gone("[data-test=change-bar]").await;
    // What Easel itself provides is there to be read.
    window.click("[data-test=provided] summary").await;
    window.read("[data-test=provided]", "EASEL_PRIVATE_DOMAIN").await;
    window.screenshot("24-provided").await;
    window.close().await;
}

// DK-85: an apply whose way to the server is cut says so, and all that was staged is still there.
#[tokio::test]
async fn an_apply_that_fails_says_so_and_loses_nothing() {
    const CUT: &str = "window.whole = window.fetch; window.fetch = (request, ...rest) => \
        (request.url ?? request).endsWith('/deploy') ? Promise.reject(new TypeError('cut')) \
        : window.whole.call(window, request, ...rest); true";
    let (server, api) = Server::claimed().await;
    let project = api.project("Shop").await;
    let id = project.stage_service(json!({ "name": "web" })).await;
    project.apply("a service").await;
    let bob = api.editor(&project).await;
    let set = |field: &str, content: serde_json::Value| {
        let address = format!("service/{id}/{field}");
        json!({ "edits": [{ "op": "set", "address": address, "content": content }] })
    };
    let stage = project.path("pending-changes");
    api.post(&stage, &set("name", json!({ "name": "site" }))).await;
    bob.post(&stage, &set("replicas", json!({ "replicas": 2 }))).await;
    let window = Window::open(&format!("{}/login", server.url)).await;
    window.sign_in().await;
    window.go(&format!("{}/projects/{}", server.url, project.id)).await;
    window.read("[data-test=change-count]", "2 changes").await;
    for author in ["Ada", "Bob"] {
        window.wait_for(&format!("[data-test=change-bar] .avatar[title={author}]")).await;
    }

    let _: bool = window.eval(CUT).await;
    window.click("[data-test=apply] button").await;

    window.read("[data-test=change-bar] [role=alert]", "Easel does not answer").await;
    window.read("[data-test=change-count]", "2 changes").await;
    window.wait_for("[data-test=card][data-name=site] .card--edited").await;
    let pending = api.get(&stage).await;
    assert_eq!(pending["total_count"], 2, "{pending:#}");
    window.screenshot("28-apply-failed").await;

    // Whose each is stands beside it.
    window.press("Details").await;
    for (field, author) in [("name", "Ada"), ("replicas", "Bob")] {
        let row = format!("[data-test=change][data-address='service/{id}/{field}']");
        window.wait_for(&format!("{row} .change-who .avatar[title={author}]")).await;
        let authors = format!("document.querySelectorAll(`{row} .change-who .avatar`).length");
        assert_eq!(window.eval::<u32>(&authors).await, 1, "{field}");
    }
    window.press("Apply 2 changes").await;
    window.read("[data-test=change-details] [role=alert]", "Easel does not answer").await;
    let _: bool = window.eval("window.fetch = window.whole; true").await;
    window.press("Apply 2 changes").await;
    window.read(".toast--done", "Applied 2 changes as revision 2").await;
    window.wait_gone("[data-test=change-bar]").await;
    let applied = project.service(&id).await;
    assert_eq!((&applied["name"], &applied["replicas"]), (&json!("site"), &json!(2)));
    window.close().await;
}

// What is refused is found without looking for it, and what sends it again stays in sight.
#[tokio::test]
async fn the_keyboard_goes_to_the_field_that_was_refused() {
    let (server, api) = Server::claimed().await;
    let project = api.project("Shop").await;
    let window = Window::open(&format!("{}/login", server.url)).await;
    window.sign_in().await;
    window.size("phone").await;
    window.go(&format!("{}/projects/{}", server.url, project.id)).await;
    let on = |id: &str| format!("document.activeElement.id === '{id}'");

    window.press("Add a service").await;
    window.fill("#add-image", "easel-test/nginx:1").await;
    window.fill("#add-ports", "http").await;
    window.press("Stage service").await;
    window.until("the keyboard on the ports", &on("add-ports")).await;
    window.fill("#add-ports", "80").await;
    window.click(".dialog summary").await;
    window.fill("#add-command", "\"").await;
    window.click(".dialog summary").await;
    window.press("Stage service").await;

    window.until("the keyboard on the command, unfolded", &on("add-command")).await;
    let in_sight = "document.querySelector('.dialog [type=submit]').getBoundingClientRect().bottom \
        <= innerHeight";
    window.until("the button in sight", in_sight).await;
    window.close().await;
}
