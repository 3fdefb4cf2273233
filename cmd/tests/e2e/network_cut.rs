//! A browser whose network is gone for a minute, in the middle of an apply.

use crate::{api::web, browser::Window, server::Server};
use std::{sync::Arc, time::Duration};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

/// How long the network is gone.
const GONE: Duration = Duration::from_secs(60);

/// Passes connections on to a server, as long as the wire is whole.
struct Wire {
    url: String,
    is_whole: Arc<watch::Sender<bool>>,
    _tasks: JoinSet<()>,
}

impl Wire {
    async fn to(server: &Server) -> Self {
        let target = server.url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let is_whole = Arc::new(watch::Sender::new(true));
        let told = Arc::clone(&is_whole);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(pass(near, target.clone(), told.subscribe()));
            }
        });
        Self { url, is_whole, _tasks: tasks }
    }

    fn cut(&self) {
        self.is_whole.send_replace(false);
    }

    fn mend(&self) {
        self.is_whole.send_replace(true);
    }
}

/// Carries one connection until it ends or the wire is cut.
async fn pass(mut near: TcpStream, target: String, mut whole: watch::Receiver<bool>) {
    if !*whole.borrow() {
        return;
    }
    let Ok(mut far) = TcpStream::connect(target).await else { return };
    tokio::select! {
        _ = copy_bidirectional(&mut near, &mut far) => (),
        _ = whole.wait_for(|is_whole| !is_whole) => (),
    }
}

/// What the canvas shows: each card with its status and place, and the waiting changes.
const SHOWN: &str = "JSON.stringify([[...document.querySelectorAll('[data-test=card]')]\
    .map(card => [card.dataset.name, card.dataset.status]).sort(), \
    document.querySelector('[data-test=change-count]')?.innerText ?? ''])";

// F95, DK-82, DK-87: the canvas after the gap is what a fresh load shows.
#[tokio::test]
async fn a_canvas_cut_off_for_a_minute_amid_an_apply_shows_what_a_fresh_load_shows() {
    let (server, api) = Server::claimed().await;
    let project = api.project("Shop").await;
    let steady = project.run(web("steady")).await;
    let wire = Wire::to(&server).await;
    let window = Window::open(&format!("{}/login", wire.url)).await;
    window.sign_in().await;
    window.go(&format!("{}/projects/{}", wire.url, project.id)).await;
    window.wait_for("[data-test=card][data-name=steady][data-status=Running]").await;

    // Two services come and one goes, while nobody hears of it.
    project.stage_service(web("first")).await;
    project.stage_service(web("second")).await;
    window.read("[data-test=change-count]", "2 changes").await;
    let (applied, ()) = tokio::join!(project.apply("in the middle"), async { wire.cut() });
    assert_eq!(applied["applied_count"], 2);
    window.wait_for("[data-test=connection]").await;
    project
        .stage(&[serde_json::json!({ "op": "clear", "address": format!("service/{steady}") })])
        .await;
    project.apply("while it is cut off").await;
    project.stage_service(web("third")).await;
    tokio::time::sleep(GONE).await;
    wire.mend();

    window.wait_for("[data-test=card][data-name=first][data-status=Running]").await;
    window.wait_for("[data-test=card][data-name=second][data-status=Running]").await;
    window.wait_for("[data-test=card][data-name=third]").await;
    window.wait_gone("[data-test=card][data-name=steady]").await;
    let after_gap: String = window.eval(SHOWN).await;
    window.reload().await;
    window.wait_for("[data-test=card][data-name=first][data-status=Running]").await;
    window.wait_for("[data-test=change-count]").await;
    let fresh: String = window.eval(SHOWN).await;
    assert_eq!(after_gap, fresh);
    window.end().await;
}
