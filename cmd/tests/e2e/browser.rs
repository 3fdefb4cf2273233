//! A real browser with one window, driven as a person would: by mouse, keys and eyes.

use crate::until;
use chromiumoxide::{
    Browser, BrowserConfig, Page,
    cdp::browser_protocol::{
        emulation::{
            MediaFeature, SetDeviceMetricsOverrideParams, SetEmulatedMediaParams,
            SetTouchEmulationEnabledParams,
        },
        input::{
            DispatchMouseEventParams, DispatchMouseEventType as Mouse, InsertTextParams,
            MouseButton,
        },
        network::{
            BlockPattern, EmulateNetworkConditionsByRuleParams as Line, EnableParams,
            EventWebSocketFrameReceived, EventWebSocketFrameSent, NetworkConditions,
            SetBlockedUrLsParams,
        },
        page::{CaptureScreenshotFormat, CaptureScreenshotParams, NavigateParams},
    },
    cdp::js_protocol::runtime::{
        ConsoleApiCalledType, EventConsoleApiCalled, EventExceptionThrown,
    },
    layout::Point,
};
use futures::StreamExt;
use serde::de::DeserializeOwned;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;
use tokio::task::JoinSet;

/// Looks of a screen that pictures are taken of.
const SIZES: [(&str, u32, u32); 2] = [("desktop", 1440, 900), ("phone", 390, 844)];

pub(crate) struct Window {
    browser: Browser,
    page: Page,
    listeners: JoinSet<()>,
    /// All that went over sockets, both ways.
    pub(crate) frames: Arc<Mutex<Vec<String>>>,
    /// Exceptions, and what the page wrote to the console as an error.
    pub(crate) errors: Arc<Mutex<Vec<String>>>,
    _profile: TempDir,
}

impl Window {
    /// A fresh browser at this address.
    pub(crate) async fn open(address: &str) -> Self {
        let window = Self::blank().await;
        window.go(address).await;
        window
    }

    /// A fresh browser with nothing in it.
    pub(crate) async fn blank() -> Self {
        #[expect(clippy::disallowed_methods, reason = "tests are told by the one who starts them")]
        let chromium =
            std::env::var("EASEL_TEST_CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
        let profile = tempfile::tempdir().expect("a folder");
        let config = BrowserConfig::builder()
            .chrome_executable(&chromium)
            .no_sandbox()
            .user_data_dir(profile.path())
            .window_size(1440, 900)
            .viewport(None)
            .args([
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--hide-scrollbars",
            ])
            .build()
            .expect("a configuration");
        let (browser, mut handler) = Browser::launch(config).await.unwrap_or_else(|error| {
            panic!("this test needs Chromium at {chromium} (EASEL_TEST_CHROMIUM): {error}")
        });
        let mut listeners = JoinSet::new();
        listeners.spawn(async move { while handler.next().await.is_some() {} });

        let page = browser.new_page("about:blank").await.expect("a page");
        page.execute(EnableParams::default()).await.expect("network events");
        let frames = Arc::new(Mutex::new(Vec::new()));
        let errors = Arc::new(Mutex::new(Vec::new()));
        let window = Self { browser, page, listeners, frames, errors, _profile: profile };
        let window = window.listening().await;
        window.size("desktop").await;
        window.theme("dark").await;
        window
    }

    async fn listening(mut self) -> Self {
        let mut received =
            self.page.event_listener::<EventWebSocketFrameReceived>().await.expect("frames");
        let kept = Arc::clone(&self.frames);
        self.listeners.spawn(async move {
            while let Some(frame) = received.next().await {
                kept.lock().expect("no listener panics").push(frame.response.payload_data.clone());
            }
        });
        let mut sent = self.page.event_listener::<EventWebSocketFrameSent>().await.expect("frames");
        let kept = Arc::clone(&self.frames);
        self.listeners.spawn(async move {
            while let Some(frame) = sent.next().await {
                kept.lock().expect("no listener panics").push(frame.response.payload_data.clone());
            }
        });
        let mut thrown = self.page.event_listener::<EventExceptionThrown>().await.expect("errors");
        let kept = Arc::clone(&self.errors);
        self.listeners.spawn(async move {
            while let Some(event) = thrown.next().await {
                kept.lock()
                    .expect("no listener panics")
                    .push(format!("{:?}", event.exception_details));
            }
        });
        let mut written =
            self.page.event_listener::<EventConsoleApiCalled>().await.expect("the console");
        let kept = Arc::clone(&self.errors);
        self.listeners.spawn(async move {
            while let Some(event) = written.next().await {
                let said = event.args.iter().filter_map(|part| part.value.clone());
                let said: Vec<String> = said.map(|part| part.to_string()).collect();
                if event.r#type == ConsoleApiCalledType::Error {
                    kept.lock().expect("no listener panics").push(said.join(" "));
                }
            }
        });
        self
    }

    /// Opens an address and waits for the page.
    pub(crate) async fn go(&self, address: &str) {
        self.page.goto(address).await.expect("a page");
        self.until("the app to stand", "document.querySelector('#app :is(main, [data-test], h1)')")
            .await;
    }

    /// Asks for an address, and waits for nothing.
    pub(crate) async fn ask(&self, address: &str) {
        self.page.execute(NavigateParams::new(address)).await.expect("a page");
    }

    /// A line that carries so many bytes a second, or as many as it can.
    pub(crate) async fn line(&self, speed: Option<u32>) {
        let speed = speed.map_or(-1.0, f64::from);
        let conditions = NetworkConditions::new("", 0.0, speed, speed);
        self.page.execute(Line::new(false, vec![conditions])).await.expect("a line");
    }

    /// Keeps back what has such an address, as something on the way may; nothing keeps back nothing.
    pub(crate) async fn keep_back(&self, address: Option<&str>) {
        let patterns = address.map(|address| BlockPattern::new(address, true));
        let blocked = SetBlockedUrLsParams::builder().url_patterns(patterns).build();
        self.page.execute(blocked).await.expect("a block");
    }

    /// Loads the page anew.
    pub(crate) async fn reload(&self) {
        self.page.reload().await.expect("a page");
    }

    /// Which path it shows.
    pub(crate) async fn path(&self) -> String {
        self.eval("location.pathname").await
    }

    /// `desktop` (1440 × 900) or `phone` (390 × 844).
    pub(crate) async fn size(&self, name: &str) {
        let (_, width, height) = SIZES.into_iter().find(|size| size.0 == name).expect("a size");
        let is_phone = name == "phone";
        let metrics =
            SetDeviceMetricsOverrideParams::new(i64::from(width), i64::from(height), 1.0, is_phone);
        self.page.execute(metrics).await.expect("a size");
        self.page.execute(SetTouchEmulationEnabledParams::new(is_phone)).await.expect("touch");
        // The page learns of it by and by: nobody may measure anything before.
        self.until("the size", &format!("innerWidth === {width}")).await;
        self.frame().await;
    }

    /// Two frames: one for the layout, one for what follows from it.
    async fn frame(&self) {
        let frames = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))";
        self.page.evaluate(frames).await.expect("a frame");
    }

    /// What the machine prefers: `dark` or `light`.
    pub(crate) async fn theme(&self, name: &str) {
        let features = [
            MediaFeature::new("prefers-color-scheme", name),
            // Nothing moves by itself, so that a picture shows an end and no middle.
            MediaFeature::new("prefers-reduced-motion", "reduce"),
        ];
        let media = SetEmulatedMediaParams::builder().features(features).build();
        self.page.execute(media).await.expect("a theme");
    }

    /// Whether an expression of the page is truthy by and by.
    pub(crate) async fn until(&self, what: &str, expression: &str) {
        let seen = until(what, async || {
            let script = format!("Boolean({expression})");
            let seen = self.page.evaluate(script).await.ok()?.into_value::<bool>().ok()?;
            seen.then_some(())
        });
        // A person who reads of the failure wants to see what the window showed.
        let limit = crate::DEADLINE - Duration::from_secs(5);
        if tokio::time::timeout(limit, seen).await.is_err() {
            self.shoot("failure").await;
            let text: String = self.eval("location + '\\n' + document.body.innerText").await;
            let errors = self.errors.lock().expect("no listener panics").join("\n");
            panic!(
                "waited in vain for {what} ({expression}); the window showed:\n{text}\n{errors}"
            );
        }
    }

    /// Waits until something is there that a person could see.
    pub(crate) async fn wait_for(&self, selector: &str) {
        let look = format!("document.querySelector({})?.getClientRects().length", quoted(selector));
        self.until(selector, &look).await;
    }

    /// Waits until something is gone.
    pub(crate) async fn wait_gone(&self, selector: &str) {
        let look = format!("!document.querySelector({})", quoted(selector));
        self.until(&format!("no {selector}"), &look).await;
    }

    /// Waits until something holds this text.
    pub(crate) async fn read(&self, selector: &str, text: &str) {
        let (selector, text) = (quoted(selector), quoted(text));
        let look = format!(
            "[...document.querySelectorAll({selector})].some(one => one.innerText.includes({text}))"
        );
        self.until(&format!("{text} in {selector}"), &look).await;
    }

    /// Clicks what is in the middle of the first of these that can be seen.
    pub(crate) async fn click(&self, selector: &str) {
        self.click_at(&format!("document.querySelector({})", quoted(selector))).await;
    }

    /// Clicks the button, link, tab or menu item of this name.
    pub(crate) async fn press(&self, name: &str) {
        let name = quoted(name);
        self.click_at(&format!(
            "[...document.querySelectorAll('button, a, [role=tab], [role=menuitem], summary')]\
             .findLast(one => one.getClientRects().length && !one.disabled && \
             (one.innerText.trim() === {name} || one.getAttribute('aria-label') === {name}))"
        ))
        .await;
    }

    async fn click_at(&self, element: &str) {
        let middle = format!(
            "(() => {{ const one = {element}; if (!one) return null; \
             one.scrollIntoView({{ block: 'nearest' }}); const box = one.getBoundingClientRect(); \
             return box.width && !one.disabled ? [box.x + box.width / 2, box.y + box.height / 2] : null; }})()"
        );
        self.until(&format!("{element} to click"), &middle).await;
        // What still moves would be missed: wait until it lies still.
        let mut place: Option<[f64; 2]> = None;
        let [x, y] = loop {
            self.frame().await;
            let now: Option<[f64; 2]> = self.eval(&middle).await;
            match now {
                Some(found) if now == place => break found,
                _ => place = now,
            }
        };
        self.page.click(Point::new(x, y)).await.expect("a click");
    }

    /// Writes into a field, in place of what it held.
    pub(crate) async fn fill(&self, selector: &str, text: &str) {
        self.wait_for(selector).await;
        let select = format!(
            "(() => {{ const one = document.querySelector({}); one.focus(); one.select(); }})()",
            quoted(selector)
        );
        self.page.evaluate(select).await.expect("a field");
        self.page.execute(InsertTextParams::new(text)).await.expect("typing");
    }

    /// Presses a key, such as `Escape` or `Enter`.
    pub(crate) async fn key(&self, key: &str) {
        self.page.find_element("body").await.expect("a body").press_key(key).await.expect("a key");
    }

    /// Drags from one place to another, in steps.
    pub(crate) async fn drag(&self, from: (f64, f64), to: (f64, f64)) {
        self.carry(from, to).await;
        self.put_down(to).await;
    }

    /// The first part of a drag: what is taken is still in the hand.
    pub(crate) async fn carry(&self, from: (f64, f64), to: (f64, f64)) {
        self.mouse(Mouse::MousePressed, from).await;
        for step in 1..=20 {
            let part = f64::from(step) / 20.0;
            let (x, y) = (from.0 + (to.0 - from.0) * part, from.1 + (to.1 - from.1) * part);
            self.mouse(Mouse::MouseMoved, (x, y)).await;
        }
    }

    /// The last part of a drag.
    pub(crate) async fn put_down(&self, at: (f64, f64)) {
        self.mouse(Mouse::MouseReleased, at).await;
    }

    async fn mouse(&self, kind: Mouse, (x, y): (f64, f64)) {
        let mut event = DispatchMouseEventParams::new(kind, x, y);
        event.button = Some(MouseButton::Left);
        event.buttons = Some(1);
        event.click_count = Some(1);
        self.page.execute(event).await.expect("a mouse");
    }

    /// Chooses from a list.
    pub(crate) async fn choose(&self, selector: &str, value: &str) {
        self.wait_for(selector).await;
        let choose = format!(
            "(() => {{ const one = document.querySelector({}); one.value = {}; \
             one.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()",
            quoted(selector),
            quoted(value)
        );
        self.page.evaluate(choose).await.expect("a list");
    }

    /// What an expression comes to once it has stopped changing from frame to frame.
    pub(crate) async fn still<T: DeserializeOwned + PartialEq>(&self, expression: &str) -> T {
        let mut last: Option<T> = None;
        loop {
            self.frame().await;
            let now: T = self.eval(expression).await;
            if last.as_ref() == Some(&now) {
                return now;
            }
            last = Some(now);
        }
    }

    /// What an expression of the page comes to.
    pub(crate) async fn eval<T: DeserializeOwned>(&self, expression: &str) -> T {
        self.page.evaluate(expression).await.expect("an answer").into_value().expect("a value")
    }

    /// Keeps pictures of what is shown: both sizes in dark and light.
    pub(crate) async fn screenshot(&self, name: &str) {
        for (size, _, _) in SIZES {
            self.size(size).await;
            for theme in ["dark", "light"] {
                self.theme(theme).await;
                self.frame().await;
                self.shoot(&format!("{name}-{size}-{theme}")).await;
            }
        }
        self.size("desktop").await;
        self.theme("dark").await;
    }

    /// Keeps a picture of what is shown at the moment.
    async fn shoot(&self, name: &str) {
        let folder = pictures();
        std::fs::create_dir_all(&folder).expect("a folder");
        let shot = CaptureScreenshotParams::builder().format(CaptureScreenshotFormat::Png).build();
        let picture = self.page.screenshot(shot).await.expect("a picture");
        std::fs::write(folder.join(format!("{name}.png")), picture).expect("a file");
    }

    /// Signs the first account in, on the page that asks for it.
    pub(crate) async fn sign_in(&self) {
        self.sign_in_as(crate::server::EMAIL, crate::server::PASSWORD).await;
    }

    /// Signs somebody in, on the page that asks for it.
    pub(crate) async fn sign_in_as(&self, email: &str, password: &str) {
        self.fill("#email", email).await;
        self.fill("#password", password).await;
        self.press("Sign in").await;
        self.read("h1", "Projects").await;
    }

    /// Closes the browser, whatever the page thought of it all.
    pub(crate) async fn end(mut self) {
        self.browser.close().await.expect("an end");
        let _ended_already = self.browser.wait().await;
        self.listeners.abort_all();
    }

    /// Nothing may have been thrown.
    pub(crate) async fn close(self) {
        let errors = self.errors.lock().expect("no listener panics").clone();
        self.end().await;
        assert!(errors.is_empty(), "the page threw: {errors:#?}");
    }
}

/// Where pictures are kept: `screenshots` beside what cargo builds.
fn pictures() -> PathBuf {
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_easel"));
    binary.ancestors().nth(2).expect("the target folder").join("screenshots")
}

/// Text as JavaScript writes it.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("text")
}
