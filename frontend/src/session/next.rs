//! Where somebody wanted to go before they had to sign in.

use crate::{
    api::{Request, request::decoded},
    route::Route,
};

/// A page of the app, with its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    pub route: Route,
    pub query: String,
}

impl Next {
    /// The query of `/login` that keeps this page; empty when it is the usual one.
    #[must_use]
    pub fn kept(path: &str, query: &str) -> String {
        match path {
            "/" | "/login" | "/claim" | "/projects" if query.is_empty() => String::new(),
            _ => {
                let asked = Request::get("").query("next", &format!("{path}{query}"));
                asked.path.trim_start_matches("/api").to_owned()
            }
        }
    }

    /// The page that a query of `/login` keeps. Whatever it says, it is a page of this app.
    #[must_use]
    pub fn asked(query: &str) -> Self {
        let kept = query
            .trim_start_matches('?')
            .split('&')
            .find_map(|pair| pair.strip_prefix("next="))
            .map(|kept| decoded(&kept.replace('+', " ")))
            .unwrap_or_default();
        let (path, query) = kept.split_once('?').unwrap_or((&kept, ""));
        let route = match Route::recognize(path) {
            Route::Login | Route::Claim | Route::Home | Route::NotFound => {
                return Self { route: Route::Projects, query: String::new() };
            }
            route => route,
        };
        let query = if query.is_empty() { String::new() } else { format!("?{query}") };
        Self { route, query }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // DK-23
    #[test]
    fn the_page_asked_for_is_found_again_with_its_query() {
        let query = Next::kept("/projects/shop/services/web/logs", "?tail=5&stream=stderr");

        let next = Next::asked(&query);

        assert_eq!(
            next.route,
            Route::ServiceTab { project: "shop".into(), service: "web".into(), tab: "logs".into() }
        );
        assert_eq!(next.query, "?tail=5&stream=stderr");
    }

    #[test]
    fn nobody_is_sent_to_another_site() {
        for query in ["?next=https://evil.example/", "?next=//evil.example", "?next=%2F%2Fevil", ""]
        {
            assert_eq!(Next::asked(query).route, Route::Projects, "{query}");
        }
    }

    #[test]
    fn the_usual_page_needs_no_keeping() {
        assert_eq!(Next::kept("/projects", ""), "");
        assert_eq!(Next::kept("/projects/shop", ""), "?next=%2Fprojects%2Fshop");
    }
}
