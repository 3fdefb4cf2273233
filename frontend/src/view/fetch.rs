//! Requests, as the browser sends them: to where the page came from, with its cookie.

use std::{cell::Cell, rc::Rc};

use gloo::timers::callback::Timeout;
use js_sys::Promise;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Headers, RequestCache, RequestCredentials, RequestInit, Response};

use crate::{
    api::{Answer, Lost, Method, Request, Transport},
    view::{early, random},
};

/// The browser's own way to send requests.
#[derive(Clone, Copy, Debug)]
pub struct Browser;

impl Transport for Browser {
    async fn send(&self, request: &Request) -> Result<Answer, Lost> {
        let is_late = Rc::new(Cell::new(false));
        let controller = AbortController::new().map_err(|_| Lost::Network)?;
        let timer = Timeout::new(request.timeout, {
            let (controller, is_late) = (controller.clone(), is_late.clone());
            move || {
                is_late.set(true);
                controller.abort();
            }
        });
        let answer = carry(request, &controller).await;
        drop(timer);
        answer.map_err(|_| if is_late.get() { Lost::Time } else { Lost::Network })
    }

    async fn wait(&self, milliseconds: u32) {
        let promise = Promise::new(&mut |resolve, _| {
            Timeout::new(milliseconds, move || {
                let _ = resolve.call0(&JsValue::NULL);
            })
            .forget();
        });
        // It is never rejected.
        let _ = JsFuture::from(promise).await;
    }

    fn mint(&self) -> String {
        random::hex(16)
    }
}

async fn carry(request: &Request, controller: &AbortController) -> Result<Answer, JsValue> {
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    if request.method == Method::Get
        && let Some(answer) = early::take(&window, &request.path)
        && let Ok(response) = JsFuture::from(answer).await
        && let Ok(response) = response.dyn_into::<Response>()
        // What was refused then may be granted now.
        && response.ok()
    {
        return read(&response).await;
    }
    let headers = Headers::new()?;
    headers.set("accept", "application/json")?;
    if request.body.is_some() {
        headers.set("content-type", "application/json")?;
    }
    if let Some(key) = &request.key {
        headers.set("idempotency-key", key)?;
    }
    let options = RequestInit::new();
    options.set_method(request.method.name());
    options.set_headers(&headers);
    options.set_credentials(RequestCredentials::SameOrigin);
    options.set_cache(RequestCache::NoStore);
    options.set_signal(Some(&controller.signal()));
    if let Some(body) = &request.body {
        options.set_body(&JsValue::from_str(body));
    }
    let response = JsFuture::from(window.fetch_with_str_and_init(&request.path, &options)).await?;
    read(&response.dyn_into()?).await
}

async fn read(response: &Response) -> Result<Answer, JsValue> {
    let body = JsFuture::from(response.text()?).await?;
    Ok(Answer {
        status: response.status(),
        body: body.as_string().unwrap_or_default(),
        request: response.headers().get("x-request-id").ok().flatten(),
    })
}
