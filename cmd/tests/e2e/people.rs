//! Several people at one project: who may what, and what each sees of the others.

use crate::{api::web, browser::Window, server::Server};
use serde_json::json;

const BOB: (&str, &str) = ("bob@example.org", "another long password");

/// Things that a window offers to do, and that somebody who only looks on must not be offered.
const OFFERED: &str = "[...document.querySelectorAll('button, [role=menuitem], a.button')]\
    .filter(one => one.getClientRects().length)\
    .map(one => one.innerText.trim() || one.getAttribute('aria-label') || '')\
    .filter(word => /^(Add|Apply|Delete|Remove|Redeploy|Edit|Stage|Discard|Undo|Save|Unmount|Keep)/.test(word))";

// DK-179, S17: a viewer reads everything but values and logs, and meets no button that leads
// nowhere.
#[tokio::test]
async fn who_only_looks_on_is_offered_nothing_that_he_may_not_do() {
    let (server, api) = Server::claimed().await;
    let project = api.project("Shop").await;
    let id = project.run(web("web")).await;
    let mount = json!({ "service": id, "path": "/data" });
    project.stage(&[json!({ "op": "create_volume", "name": "data", "mount": mount })]).await;
    let key = format!("service/{id}/variables/GREETING");
    project.stage(&[json!({ "op": "set_variable", "address": key, "value": "hello" })]).await;
    api.viewer(&project).await;
    let window = Window::open(&format!("{}/login", server.url)).await;
    window.sign_in_as(BOB.0, BOB.1).await;
    let canvas = format!("{}/projects/{}", server.url, project.id);

    window.go(&canvas).await;
    window.wait_for("[data-test=card][data-name=web]").await;
    window.wait_for("[data-test=looks-on]").await;
    window.read("[data-test=change-count]", "3 changes").await;
    window.screenshot("20-looks-on").await;
    nothing_offered(&window, "the canvas").await;
    window.key("a").await;
    window.key("Delete").await;
    window.wait_gone("[data-test=add-service]").await;

    window.press("Details").await;
    window.wait_for("[data-test=change-details]").await;
    nothing_offered(&window, "the details").await;
    window.wait_gone("[data-test=change-details] input").await;
    window.key("Escape").await;

    for (tab, sign) in [
        ("deployments", "[data-test=deployment]"),
        ("logs", "[data-test=tab-logs] .empty"),
        ("variables", ".variables .note"),
        ("settings", "[data-test=tab-settings] .note"),
    ] {
        window.go(&format!("{canvas}/services/web/{tab}")).await;
        window.wait_for(sign).await;
        nothing_offered(&window, tab).await;
        let fields = "document.querySelectorAll('[data-test=panel] :is(input, select, textarea):not(:disabled)').length";
        assert_eq!(window.eval::<u32>(fields).await, 0, "fields that can be written in: {tab}");
    }
    for (tab, sign) in [("general", "#rename"), ("variables", ".note"), ("members", "table")] {
        window.go(&format!("{canvas}/settings/{tab}")).await;
        window.wait_for(sign).await;
        nothing_offered(&window, tab).await;
    }
    window.close().await;
}

async fn nothing_offered(window: &Window, place: &str) {
    let offered: Vec<String> = window.eval(OFFERED).await;
    assert!(offered.is_empty(), "{place} offers {offered:?}");
}

// DK-91: what somebody else carries moves here too, before it is put down.
#[tokio::test]
async fn what_another_person_drags_moves_here_while_it_is_dragged() {
    let (server, api) = Server::claimed().await;
    let project = api.project("Shop").await;
    let place = json!({ "op": "create_service", "name": "web", "position": { "x": 0, "y": 0 } });
    let other = json!({ "op": "create_service", "name": "db", "position": { "x": 600, "y": 400 } });
    project.stage(&[place, other]).await;
    project.apply("two").await;
    api.editor(&project).await;
    let login = format!("{}/login", server.url);
    let canvas = format!("{}/projects/{}", server.url, project.id);
    let (ada, bob) = tokio::join!(Window::open(&login), Window::open(&login));
    ada.sign_in().await;
    bob.sign_in_as(BOB.0, BOB.1).await;
    for window in [&ada, &bob] {
        window.go(&canvas).await;
        window.wait_for("[data-test=card][data-name=web]").await;
    }
    let web = "document.querySelector('[data-test=card][data-name=web]').getBoundingClientRect()";
    let corner = format!("(() => {{ const box = {web}; return [box.x, box.y]; }})()");
    let [before, _]: [f64; 2] = bob.still(&corner).await;
    let [x, y]: [f64; 2] = ada.still(&corner).await;

    let to = (x + 180.0, y + 140.0);
    ada.carry((x + 60.0, y + 14.0), to).await;

    bob.until("the card on its way", &format!("{web}.x > {before} + 80")).await;
    ada.put_down(to).await;
    let after: [f64; 2] = ada.still(&corner).await;
    bob.until("the card where it was put", &format!("Math.abs({web}.x - {}) < 2", after[0])).await;
    bob.until("also from above", &format!("Math.abs({web}.y - {}) < 2", after[1])).await;
    bob.reload().await;
    bob.wait_for("[data-test=card][data-name=web]").await;
    ada.close().await;
    bob.close().await;
}

// DK-179: members come, change their role, and go; what an owner does shows at once.
#[tokio::test]
async fn a_member_is_added_made_an_editor_and_removed_in_the_browser() {
    let (server, api) = Server::claimed().await;
    let project = api.project("Shop").await;
    api.somebody().await;
    let window = Window::open(&format!("{}/login", server.url)).await;
    window.sign_in().await;
    window.go(&format!("{}/projects/{}/settings/members", server.url, project.id)).await;
    window.read("main", "1 member").await;

    window.press("Add somebody").await;
    window.fill("#member-email", "nobody@example.org").await;
    window.press("Add to the project").await;
    window.wait_for("[role=dialog] [role=alert]").await;
    window.fill("#member-email", BOB.0).await;
    window.choose("#member-role", "viewer").await;
    window.press("Add to the project").await;
    window.read("main", "2 members").await;
    window.read("table", "Bob").await;
    window.screenshot("21-members").await;

    window.choose("tr:has([aria-label='Remove Bob']) select", "editor").await;
    let role = async || {
        let members = api.get(&format!("projects/{}/members", project.id)).await;
        let members = members["data"].as_array().expect("a list").clone();
        let bob = members.into_iter().find(|it| it["user"]["email"] == BOB.0)?;
        bob["role"].as_str().map(str::to_owned)
    };
    crate::until("the new role", async || (role().await? == "editor").then_some(())).await;

    window.press("Remove Bob").await;
    window.press("Remove from the project").await;
    window.read("main", "1 member").await;
    assert_eq!(role().await, None);
    window.close().await;
}
