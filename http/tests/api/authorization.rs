//! Who may call what: every route × every kind of caller (S17).

use crate::{app::TestApp, client::Client};
use axum::body::Body;
use serde_json::json;
use std::collections::BTreeMap;

/// What a route asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Requirement {
    Public,
    Known,
    Make,
    Person,
    Admin,
    AdminInPerson,
    Read,
    Logs,
    Stage,
    Deploy,
    Reveal,
    Manage,
}

/// Who knocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum CallerKind {
    Anonymous,
    Outsider,
    Viewer,
    Editor,
    Owner,
    Admin,
    ReadOnlyKey,
    KeyOfAnotherProject,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    In,
    Unauthorized,
    Forbidden,
    Hidden,
}

/// One line for every route. A route that is missing here fails the test.
const TABLE: &str = "
GET    /health                                                  Public
GET    /ready                                                   Public
GET    /auth/register                                           Public
POST   /auth/register                                           Public
POST   /auth/login                                              Public
POST   /auth/refresh                                            Public
POST   /auth/logout                                             Person
GET    /auth/me                                                 Known
GET    /auth/sessions                                           Person
DELETE /auth/sessions/{session}                                 Person
GET    /users                                                   Admin
POST   /users                                                   AdminInPerson
GET    /users/{user}                                            Admin
GET    /api-keys                                                Person
POST   /api-keys                                                Person
DELETE /api-keys/{key}                                          Person
GET    /audit                                                   Admin
GET    /system/status                                           Admin
GET    /system/about                                            Admin
GET    /openapi.json                                            Known
GET    /docs                                                    Known
GET    /projects                                                Known
POST   /projects                                                Make
GET    /projects/{project}                                      Read
PATCH  /projects/{project}                                      Stage
DELETE /projects/{project}                                      Manage
GET    /projects/{project}/environments                         Read
GET    /projects/{project}/members                              Read
POST   /projects/{project}/members                              Manage
PUT    /projects/{project}/members/{user}                       Manage
DELETE /projects/{project}/members/{user}                       Manage
GET    /projects/{project}/audit                                Manage
GET    E/canvas                                                 Read
GET    E/canvas/ws                                              Read
PUT    E/layout                                                 Stage
GET    E/services                                               Read
POST   E/services                                               Deploy
GET    E/services/{service}                                     Read
PATCH  E/services/{service}                                     Stage
DELETE E/services/{service}                                     Stage
GET    E/services/{service}/deployments                         Read
POST   E/services/{service}/deployments                         Deploy
GET    E/services/{service}/deployments/{deployment}            Read
POST   E/services/{service}/deployments/{deployment}/cancel     Deploy
GET    E/services/{service}/deployments/{deployment}/logs       Logs
POST   E/services/{service}/redeploy                            Deploy
GET    E/services/{service}/containers                          Read
GET    E/services/{service}/history                             Read
GET    E/services/{service}/logs                                Logs
GET    E/env-vars                                               Read
POST   E/env-vars                                               Stage
PATCH  E/env-vars/{key}                                         Stage
DELETE E/env-vars/{key}                                         Stage
POST   E/env-vars/{key}/reveal                                  Reveal
GET    E/groups/{group}/env-vars                                Read
POST   E/groups/{group}/env-vars                                Stage
PATCH  E/groups/{group}/env-vars/{key}                          Stage
DELETE E/groups/{group}/env-vars/{key}                          Stage
POST   E/groups/{group}/env-vars/{key}/reveal                   Reveal
GET    E/services/{service}/env-vars                            Read
POST   E/services/{service}/env-vars                            Stage
PATCH  E/services/{service}/env-vars/{key}                      Stage
DELETE E/services/{service}/env-vars/{key}                      Stage
POST   E/services/{service}/env-vars/{key}/reveal               Reveal
POST   E/pending-services/{service}/env-vars                    Stage
POST   E/reveal                                                 Reveal
GET    E/groups                                                 Read
POST   E/groups                                                 Stage
PATCH  E/groups/{group}                                         Stage
DELETE E/groups/{group}                                         Stage
GET    E/volumes                                                Read
POST   E/volumes                                                Stage
PATCH  E/volumes/{volume}                                       Stage
DELETE E/volumes/{volume}                                       Stage
PUT    E/services/{service}/mounts/{volume}                     Stage
DELETE E/services/{service}/mounts/{volume}                     Stage
GET    E/pending-changes                                        Read
POST   E/pending-changes                                        Stage
DELETE E/pending-changes                                        Stage
DELETE E/pending-changes/{change}                               Stage
POST   E/pending-changes/discard                                Stage
POST   E/pending-changes/restore                                Stage
POST   E/pending-changes/{change}/settle                        Stage
POST   E/pending-changes/preview                                Read
POST   E/deploy                                                 Deploy
GET    E/revisions                                              Read
GET    E/revisions/{number}                                     Read
";

fn table() -> BTreeMap<(String, String), Requirement> {
    let mut table = BTreeMap::new();
    for line in TABLE.trim().lines() {
        let [method, path, requirement] = line.split_whitespace().collect::<Vec<_>>()[..] else {
            panic!("three words a line: {line}");
        };
        let requirement = [
            Requirement::Public,
            Requirement::Known,
            Requirement::Make,
            Requirement::Person,
            Requirement::Admin,
            Requirement::AdminInPerson,
            Requirement::Read,
            Requirement::Logs,
            Requirement::Stage,
            Requirement::Deploy,
            Requirement::Reveal,
            Requirement::Manage,
        ]
        .into_iter()
        .find(|known| format!("{known:?}") == requirement)
        .expect("a known door");
        let paths = match path.strip_prefix("E/") {
            Some(rest) => vec![
                format!("/api/projects/{{project}}/{rest}"),
                format!("/api/projects/{{project}}/environments/{{environment}}/{rest}"),
            ],
            None => vec![format!("/api{path}")],
        };
        for path in paths {
            let twice = table.insert((method.to_owned(), path), requirement);
            assert_eq!(twice, None, "{line} stands there twice");
        }
    }
    table
}

/// What each caller may expect of each door.
fn expected(requirement: Requirement, who: CallerKind) -> Outcome {
    use CallerKind::{
        Admin, Anonymous, Editor, KeyOfAnotherProject, Outsider, Owner, ReadOnlyKey, Viewer,
    };
    use Outcome::{Forbidden, Hidden, In, Unauthorized};
    let is_key = matches!(who, ReadOnlyKey | KeyOfAnotherProject);
    match (requirement, who) {
        (Requirement::Public, _) => In,
        (_, Anonymous) => Unauthorized,
        (Requirement::Known, _) => In,
        (Requirement::Make, _) => {
            if is_key {
                Forbidden
            } else {
                In
            }
        }
        (Requirement::Person, _) => {
            if is_key {
                Unauthorized
            } else {
                In
            }
        }
        (Requirement::Admin, Admin) | (Requirement::AdminInPerson, Admin) => In,
        (Requirement::Admin, _) => Forbidden,
        (Requirement::AdminInPerson, _) => {
            if is_key {
                Unauthorized
            } else {
                Forbidden
            }
        }
        (_, Outsider | KeyOfAnotherProject) => Hidden,
        (_, Admin | Owner) => In,
        (Requirement::Read, Viewer | Editor | ReadOnlyKey) => In,
        (Requirement::Logs, Editor | ReadOnlyKey) => In,
        (Requirement::Stage | Requirement::Deploy | Requirement::Reveal, Editor) => In,
        (_, Viewer | Editor | ReadOnlyKey) => Forbidden,
    }
}

async fn callers(app: &TestApp, project: &str) -> BTreeMap<CallerKind, Client> {
    let other = app.project("Other").await;
    let mut callers = BTreeMap::from([(CallerKind::Anonymous, app.anonymous())]);
    for (who, role) in [
        (CallerKind::Outsider, None),
        (CallerKind::Viewer, Some("viewer")),
        (CallerKind::Editor, Some("editor")),
        (CallerKind::Owner, Some("owner")),
    ] {
        let name = format!("{who:?}");
        callers.insert(who, app.member(&name).await);
        if let Some(role) = role {
            app.add(project, &format!("{}@example.org", name.to_lowercase()), role).await;
        }
    }
    let read = json!({ "description": "read", "scopes": ["read"] });
    callers.insert(CallerKind::ReadOnlyKey, app.key(&app.admin, read).await);
    let all = ["read", "stage", "deploy", "write", "admin"];
    let bound = json!({ "description": "bound", "scopes": all, "project": other });
    callers.insert(CallerKind::KeyOfAnotherProject, app.key(&app.admin, bound).await);
    callers.insert(CallerKind::Admin, app.sign_in("admin@example.org").await);
    callers
}

fn fill(path: &str, project: &str) -> String {
    path.split('/')
        .map(|part| match part {
            "{project}" => project,
            "{environment}" => "production",
            "{key}" if !path.contains("/api-keys/") => "KEY",
            "{number}" => "1",
            part if part.starts_with('{') => "01890000-0000-7000-8000-0000000000ff",
            part => part,
        })
        .collect::<Vec<_>>()
        .join("/")
}

async fn call(client: &Client, method: &str, path: &str) -> (Outcome, String) {
    let (kind, body) = match method {
        "GET" | "DELETE" => (None, Body::empty()),
        _ => (Some("application/json"), Body::from("{}")),
    };
    let reply = client.call(method, path, kind, body).await;
    let outcome = match reply.status {
        401 => Outcome::Unauthorized,
        403 => Outcome::Forbidden,
        404 if reply.raw.contains("this project does not exist") => Outcome::Hidden,
        500.. if reply.status != 503 => panic!("{method} {path}: {}", reply.raw),
        _ => Outcome::In,
    };
    (outcome, reply.raw)
}

// S17, S18, S24, DK-19
#[tokio::test]
async fn every_route_lets_in_exactly_whom_it_should() {
    let app = TestApp::new().await;
    let project = app.project("Shop").await;
    let mut cast_now = callers(&app, &project).await;
    let document = app.admin.get("/openapi.json").await;
    let mut table = table();

    let mut wrong = Vec::new();
    for (path, methods) in document.body["paths"].as_object().expect("paths") {
        for method in methods.as_object().expect("methods").keys() {
            let method = method.to_uppercase();
            let Some(requirement) = table.remove(&(method.clone(), path.clone())) else {
                wrong.push(format!("{method} {path} is not in the table"));
                continue;
            };
            // These end what the next question needs.
            let is_final = path.ends_with("/logout")
                || (method == "DELETE" && path == "/api/projects/{project}");
            for who in cast_now.keys().copied().collect::<Vec<_>>() {
                let project = if is_final { app.project("Brief").await } else { project.clone() };
                if is_final {
                    for (name, role) in
                        [("viewer", "viewer"), ("editor", "editor"), ("owner", "owner")]
                    {
                        app.add(&project, &format!("{name}@example.org"), role).await;
                    }
                }
                let client = &cast_now[&who];
                let (outcome, raw) = call(client, &method, &fill(path, &project)).await;
                let expected = match expected(requirement, who) {
                    // The claim is open to all and needs its token.
                    Outcome::In if path == "/api/auth/refresh" || path == "/api/auth/login" => {
                        continue;
                    }
                    expected => expected,
                };
                if outcome != expected {
                    wrong.push(format!(
                        "{method} {path} {who:?}: {outcome:?} is not {expected:?}: {raw}"
                    ));
                }
                if path.ends_with("/logout") && outcome == Outcome::In {
                    let email = format!("{who:?}@example.org").to_lowercase();
                    cast_now.insert(who, app.sign_in(&email).await);
                }
            }
        }
    }

    wrong.extend(table.keys().map(|(method, path)| format!("{method} {path} does not exist")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

// S73: what describes the inside is not for strangers.
#[tokio::test]
async fn strangers_learn_nothing_of_the_inside() {
    let app = TestApp::new().await;

    for path in ["/openapi.json", "/docs", "/system/status", "/users", "/audit"] {
        assert_eq!(app.anonymous().get(path).await.status, 401, "{path}");
    }
}

/// The list of routes: a change of the API is a visible change of this file.
#[tokio::test]
async fn the_document_lists_every_route() {
    let app = TestApp::new().await;

    let document = app.admin.get("/openapi.json").await;

    let mut routes = String::new();
    for (path, methods) in document.body["paths"].as_object().expect("paths") {
        if path.contains("/environments/{environment}/") {
            continue;
        }
        for (method, operation) in methods.as_object().expect("methods") {
            let body = operation.pointer("/requestBody/content/application~1json/schema/$ref");
            let body = body.and_then(|name| name.as_str()).unwrap_or_default();
            let body = body.rsplit('/').next().unwrap_or_default();
            let answers: Vec<_> =
                operation["responses"].as_object().expect("answers").keys().collect();
            assert!(operation["summary"].is_string(), "{method} {path} has no summary");
            routes += &format!("{} {path} {body} {answers:?}\n", method.to_uppercase());
        }
    }
    insta::assert_snapshot!(routes);
    let ids: Vec<_> = (document.body["paths"].as_object().expect("paths").values())
        .flat_map(|methods| methods.as_object().expect("methods").values())
        .map(|operation| operation["operationId"].to_string())
        .collect();
    let mut unique = ids.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), ids.len(), "each operation has a name of its own");
}

#[tokio::test]
async fn the_document_can_be_read_as_a_page() {
    let app = TestApp::new().await;

    let page = app.admin.get("/docs").await;
    let style = app.admin.get("/docs/style.css").await;

    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.raw.contains("/api/projects/{project}/services"));
    assert!(!page.raw.contains("<script") && !page.raw.contains("style="));
    assert!(page.header("content-security-policy").contains("style-src 'self'"));
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
}
