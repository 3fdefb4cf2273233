//! What is staged, as a person sees it, takes it back and brings it back in the browser.

use crate::{browser::Window, server::Server};
use serde_json::{Value, json};

fn set(address: &str, content: &Value) -> Value {
    json!({ "op": "set", "address": address, "content": content })
}

fn variable(address: &str, value: &str) -> Value {
    json!({ "op": "set_variable", "address": address, "value": value })
}

fn clear(address: &str) -> Value {
    json!({ "op": "clear", "address": address })
}

/// The addresses of the changes that the details list, in order.
const LEFT: &str = "[...document.querySelectorAll('[data-test=change]')]\
    .map(one => one.dataset.address).sort()";

async fn counts(window: &Window, changes: &str) {
    window.read("[data-test=change-count]", changes).await;
}

// DK-41, DK-70, DK-75, DK-76, DK-77, DK-85, DK-86, DK-88
#[tokio::test]
async fn what_is_staged_is_seen_taken_back_and_brought_back() {
    let (server, api) = Server::claimed().await;
    let project = api.project("Shop").await;
    let plain = |name: &str| json!({ "name": name, "variables": { "A": { "value": "1" }, "B": { "value": "1" } } });
    let web = project.stage_service(plain("web")).await;
    let old = project.stage_service(plain("old")).await;
    project.apply("two").await;
    let window = Window::open(&format!("{}/login", server.url)).await;
    window.sign_in().await;
    window.go(&format!("{}/projects/{}", server.url, project.id)).await;
    window.wait_for("[data-test=card][data-name=web]").await;

    // A picture that can be had; one that cannot gives way to the image's mark.
    let icon: String = window.eval("document.querySelector('[rel=icon]').href").await;

    // What somebody else stages lies over the canvas at once.
    let at = |place: &str| format!("service/{web}/{place}");
    project
        .stage(&[
            set(&at("name"), &json!({ "name": "site" })),
            set(&at("icon"), &json!({ "icon": icon })),
            variable(&at("variables/A"), "2"),
            clear(&at("variables/B")),
            variable(&at("variables/C"), "1"),
            clear(&format!("service/{old}")),
        ])
        .await;
    counts(&window, "6 changes").await;
    window.wait_for("[data-test=card][data-name=site] .card--edited").await;
    window.wait_for(&format!("[data-test=card][data-name=site] img[src='{icon}']")).await;
    window.wait_for("[data-test=card][data-name=old] .card--removed").await;
    window.read("[data-test=card][data-name=site] .card-staged", "Edited").await;
    window.read("[data-test=card][data-name=old] .card-staged", "To delete").await;
    window.wait_gone("[data-test=card][data-name=web]").await;

    // In the panel, each variable says what is staged for it, and is taken back alone.
    window.click("[data-test=card][data-name=site]").await;
    window.click("[role=tab][id*=variables], [role=tab]:nth-of-type(3)").await;
    window.wait_for("[data-test=tab-variables]").await;
    window.read("[data-test=panel]", "site").await;
    for word in ["New", "Edited", "Deleted"] {
        window.read("[data-test=tab-variables] .variable-badges", word).await;
    }
    window.press("Discard the change of B").await;
    window.read(".toast--done", "Discarded").await;
    counts(&window, "5 changes").await;
    window.press("Restore").await;
    counts(&window, "6 changes").await;
    window.press("Discard the change of C").await;
    counts(&window, "5 changes").await;
    window.key("Escape").await;
    window.wait_gone("[data-test=panel]").await;

    // From before to after, and away one by one or together.
    window.press("Details").await;
    window.read("[data-test=change-details] del", "web").await;
    window.read("[data-test=change-details]", "site").await;
    let named =
        format!("[data-test=change][data-address='{}'] button[aria-label^=Discard]", at("name"));
    window.click(&named).await;
    window.read(".toast--done", "Discarded").await;
    counts(&window, "4 changes").await;
    window.wait_for("[data-test=card][data-name=web] .card--edited").await;
    let left: Vec<String> = window.eval(LEFT).await;
    let mut others = [at("icon"), at("variables/A"), at("variables/B"), format!("service/{old}")];
    others.sort();
    assert_eq!(left, others, "one went, the others stay");

    // An end is taken back alone too, and staged again.
    let end =
        format!("[data-test=change][data-address='service/{old}'] button[aria-label^=Discard]");
    window.click(&end).await;
    counts(&window, "3 changes").await;
    window.wait_gone("[data-test=card][data-name=old] .card-staged").await;
    window.wait_for("[data-test=card][data-name=web] .card--edited").await;
    project.stage(&[clear(&format!("service/{old}"))]).await;
    counts(&window, "4 changes").await;
    window.read("[data-test=card][data-name=old] .card-staged", "To delete").await;
    window.press("Discard all").await;
    window.press("Cancel").await;
    counts(&window, "4 changes").await;
    window.press("Discard all").await;
    window.press("Discard 4 changes").await;
    window.wait_gone("[data-test=change-bar]").await;
    window.wait_for("[data-test=card][data-name=web]").await;
    window.wait_for("[data-test=card][data-name=old]").await;
    window.wait_gone(".card--edited, .card--removed").await;
    window.read(".toast--done", "Discarded 4 changes").await;
    window.screenshot("24-discarded").await;
    let undo = "[...document.querySelectorAll('.toast')]\
                .find(one => one.innerText.includes('Discarded 4')).querySelector('.toast-action')";
    let _pressed: bool = window.eval(&format!("({undo}.click(), true)")).await;
    counts(&window, "4 changes").await;
    window.wait_for("[data-test=card][data-name=old] .card--removed").await;

    window.click("[data-test=apply] button").await;
    window.read(".toast--done", "Applied 4 changes as revision 2").await;
    window.wait_gone("[data-test=change-bar]").await;
    window.wait_gone("[data-test=card][data-name=old]").await;

    // What was only staged goes at once, and comes back whole.
    project.stage_service(plain("new")).await;
    window.click("[data-test=card][data-name=new]").await;
    window.press("Settings").await;
    window.click("[data-test=delete-service] button").await;
    window.wait_gone("[data-test=card][data-name=new]").await;
    window.wait_gone("[data-test=change-bar]").await;
    window.read(".toast--done", "new is discarded").await;
    let undo = "[...document.querySelectorAll('.toast')]\
                .find(one => one.innerText.includes('is discarded')).querySelector('.toast-action')";
    let _pressed: bool = window.eval(&format!("({undo}.click(), true)")).await;
    window.wait_for("[data-test=card][data-name=new] .card--new").await;
    counts(&window, "1 change").await;
    window.close().await;
}
