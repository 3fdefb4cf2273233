//! Starts the web app.

use frontend::{app::App, view::page};

fn main() {
    yew::set_custom_panic_hook(Box::new(|panic| page::report_panic(&panic.to_string())));
    let place = page::element("app").expect("index.html has a place for the app");
    yew::Renderer::<App>::with_root(place).render();
}
