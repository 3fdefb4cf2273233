use yew::{ServerRenderer, prelude::*};

use super::*;

fn card_content() -> CardContent {
    CardContent {
        name: "web".into(),
        icon: CardIcon::Mark(brand("nginx:1.29")),
        source: "nginx:1.29".into(),
        source_icon: None,
        status: Status::Failed,
        word: "Crashed".into(),
        reason: Some("It exited with code 137, five times in a row.".into()),
        since: None,
        rollout: None,
        replicas: vec![Status::Live, Status::Failed],
        volumes: vec!["content".into()],
        address: Some("shop.example.org".into()),
        host: "web".into(),
        staged: CardChange::Edited,
    }
}

#[component]
fn Example() -> Html {
    html! { <ServiceCard card_content={card_content()} /> }
}

#[tokio::test]
async fn a_card_says_what_runs_how_it_is_and_what_waits() {
    let html = ServerRenderer::<Example>::new().hydratable(false).render().await;

    for claim in [
        "nginx:1.29",
        "Crashed",
        "Edited",
        "card--edited",
        "1 of 2 replicas running",
        "content",
        "It exited with code 137",
    ] {
        assert!(html.contains(claim), "{claim} is missing");
    }
    assert!(!html.contains("style="));
}

#[component]
fn Healthy() -> Html {
    html! { <ServiceCard card_content={CardContent { status: Status::Live, reason: None, ..card_content() }} /> }
}

#[tokio::test]
async fn a_card_leads_to_where_a_service_is_reached_unless_it_fails() {
    let failed = ServerRenderer::<Example>::new().hydratable(false).render().await;
    let healthy = ServerRenderer::<Healthy>::new().hydratable(false).render().await;

    assert!(!failed.contains("https://shop.example.org"));
    assert!(healthy.contains("https://shop.example.org"));
}
