//! A canvas with a thousand services.

use crate::{browser::Window, canvas_socket, server::Server, until};
use serde_json::{Value, json};

// DK-91: few cards are in the page however many there are, and a drag is written once.
#[tokio::test]
async fn of_a_thousand_cards_few_are_mounted_and_a_drag_is_one_write() {
    let (server, api) = Server::claimed().await;
    let project = api.project("Shop").await;
    for batch in 0..4 {
        let edits: Vec<Value> = (0..250)
            .map(|number| {
                let number = batch * 250 + number;
                let position = json!({ "x": number % 40 * 300, "y": number / 40 * 200 });
                json!({ "op": "create_service", "name": format!("s{number}"), "position": position })
            })
            .collect();
        project.stage(&edits).await;
        project.apply("more").await;
    }
    let moves = async || {
        let events = canvas_socket::events(&project).await;
        events.iter().filter(|event| event["event"] == "placed").count()
    };
    let before = moves().await;
    let window = Window::open(&format!("{}/login", server.url)).await;
    window.sign_in().await;
    window.go(&format!("{}/projects/{}", server.url, project.id)).await;
    window.wait_for(".canvas[data-mounted]").await;

    // From afar to near, there are never many.
    let mounted = "Number(document.querySelector('.canvas').dataset.mounted)";
    for _ in 0..8 {
        let count: u32 = window.eval(mounted).await;
        // The overview takes over at about 150 in view; the margin around it makes 222 of them.
        assert!(count <= 230, "{count} cards are mounted");
        window.press("Zoom in (+)").await;
    }
    window.until("cards in the page", &format!("{mounted} > 0")).await;
    let in_view = "(() => { for (const card of document.querySelectorAll('[data-test=card]')) { \
        const box = card.getBoundingClientRect(); \
        if (box.x > 250 && box.right < 1100 && box.y > 150 && box.bottom < 700) \
        return [box.x + box.width / 2, box.y + 20]; } return null; })()";
    window.until("a card to take", in_view).await;
    let [x, y]: [f64; 2] = window.eval(in_view).await;

    window.drag((x, y), (x + 90.0, y + 60.0)).await;

    until("the write", async || (moves().await > before).then_some(())).await;
    assert_eq!(moves().await, before + 1, "one drag is one write");
    window.close().await;
}
