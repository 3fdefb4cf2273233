//! Who may call what: every route × every kind of caller (S17).

use crate::{app::TestApp, client::Client};
use axum::body::Body;
use domain::access::KeyScope;
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
    /// An owner's key that holds nothing but this.
    OwnersKey(KeyScope),
    /// An admin's key that may all but administer: of a project that the admin is no member of it
    /// knows nothing.
    AdminsKey,
    /// An admin's key that may administer, and nothing else.
    AdministeringKey,
    KeyOfAnotherProject,
}

impl CallerKind {
    fn is_key(self) -> bool {
        let persons = [Self::Outsider, Self::Viewer, Self::Editor, Self::Owner, Self::Admin];
        self != Self::Anonymous && !persons.contains(&self)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    In,
    Unauthorized,
    Forbidden,
    Hidden,
}

/// One line for every route: what it requires, and which scope of an API key (`-`: no key will do). A
/// route that is missing here fails the test.
const TABLE: &str = "
GET    /health                                                  Public        -
GET    /ready                                                   Public        -
GET    /auth/register                                           Public        -
POST   /auth/register                                           Public        -
POST   /auth/login                                              Public        -
POST   /auth/refresh                                            Public        -
POST   /auth/logout                                             Person        -
GET    /auth/me                                                 Known         read
GET    /auth/sessions                                           Person        -
DELETE /auth/sessions/{session}                                 Person        -
GET    /users                                                   Admin         admin
POST   /users                                                   AdminInPerson -
GET    /users/{user}                                            Admin         admin
GET    /api-keys                                                Person        -
POST   /api-keys                                                Person        -
DELETE /api-keys/{key}                                          Person        -
GET    /audit                                                   Admin         admin
GET    /audit/verification                                      Admin         admin
GET    /system/status                                           Admin         admin
GET    /system/about                                            Admin         admin
GET    /openapi.json                                            Known         read
GET    /docs                                                    Known         read
GET    /projects                                                Known         read
POST   /projects                                                Make          write
GET    /projects/{project}                                      Read          read
PATCH  /projects/{project}                                      Stage         stage
DELETE /projects/{project}                                      Manage        admin
GET    /projects/{project}/environments                         Read          read
GET    /projects/{project}/members                              Read          read
POST   /projects/{project}/members                              Manage        admin
PUT    /projects/{project}/members/{user}                       Manage        admin
DELETE /projects/{project}/members/{user}                       Manage        admin
GET    /projects/{project}/audit                                Manage        admin
GET    E/canvas                                                 Read          read
GET    E/canvas/ws                                              Read          read
PUT    E/layout                                                 Stage         stage
GET    E/services                                               Read          read
POST   E/services                                               Deploy        deploy
GET    E/services/{service}                                     Read          read
PATCH  E/services/{service}                                     Stage         stage
DELETE E/services/{service}                                     Stage         stage
GET    E/services/{service}/deployments                         Read          read
POST   E/services/{service}/deployments                         Deploy        deploy
GET    E/services/{service}/deployments/{deployment}            Read          read
POST   E/services/{service}/deployments/{deployment}/cancel     Deploy        deploy
GET    E/services/{service}/deployments/{deployment}/logs       Logs          logs
POST   E/services/{service}/redeploy                            Deploy        deploy
GET    E/services/{service}/containers                          Read          read
GET    E/services/{service}/history                             Read          read
GET    E/services/{service}/logs                                Logs          logs
GET    E/env-vars                                               Read          read
POST   E/env-vars                                               Stage         stage
PATCH  E/env-vars/{key}                                         Stage         stage
DELETE E/env-vars/{key}                                         Stage         stage
POST   E/env-vars/{key}/reveal                                  Reveal        write
GET    E/groups/{group}/env-vars                                Read          read
POST   E/groups/{group}/env-vars                                Stage         stage
PATCH  E/groups/{group}/env-vars/{key}                          Stage         stage
DELETE E/groups/{group}/env-vars/{key}                          Stage         stage
POST   E/groups/{group}/env-vars/{key}/reveal                   Reveal        write
GET    E/services/{service}/env-vars                            Read          read
POST   E/services/{service}/env-vars                            Stage         stage
PATCH  E/services/{service}/env-vars/{key}                      Stage         stage
DELETE E/services/{service}/env-vars/{key}                      Stage         stage
POST   E/services/{service}/env-vars/{key}/reveal               Reveal        write
POST   E/pending-services/{service}/env-vars                    Stage         stage
POST   E/reveal                                                 Reveal        write
GET    E/groups                                                 Read          read
POST   E/groups                                                 Stage         stage
PATCH  E/groups/{group}                                         Stage         stage
DELETE E/groups/{group}                                         Stage         stage
GET    E/volumes                                                Read          read
POST   E/volumes                                                Stage         stage
PATCH  E/volumes/{volume}                                       Stage         stage
DELETE E/volumes/{volume}                                       Stage         stage
PUT    E/services/{service}/mounts/{volume}                     Stage         stage
DELETE E/services/{service}/mounts/{volume}                     Stage         stage
GET    E/pending-changes                                        Read          read
POST   E/pending-changes                                        Stage         stage
DELETE E/pending-changes                                        Stage         stage
DELETE E/pending-changes/{change}                               Stage         stage
POST   E/pending-changes/discard                                Stage         stage
POST   E/pending-changes/restore                                Stage         stage
POST   E/pending-changes/{change}/settle                        Stage         stage
POST   E/pending-changes/preview                                Read          read
POST   E/deploy                                                 Deploy        deploy
GET    E/revisions                                              Read          read
GET    E/revisions/{number}                                     Read          read
";

/// What a line of the table says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rule {
    requirement: Requirement,
    scope: Option<KeyScope>,
}

fn table() -> BTreeMap<(String, String), Rule> {
    let mut table = BTreeMap::new();
    for line in TABLE.trim().lines() {
        let [method, path, requirement, scope] = line.split_whitespace().collect::<Vec<_>>()[..]
        else {
            panic!("four words a line: {line}");
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
        let scope = (scope != "-").then(|| scope.parse().expect("a scope"));
        let paths = match path.strip_prefix("E/") {
            Some(rest) => vec![
                format!("/api/projects/{{project}}/{rest}"),
                format!("/api/projects/{{project}}/environments/{{environment}}/{rest}"),
            ],
            None => vec![format!("/api{path}")],
        };
        for path in paths {
            let twice = table.insert((method.to_owned(), path), Rule { requirement, scope });
            assert_eq!(twice, None, "{line} stands there twice");
        }
    }
    table
}

/// What each caller may expect of each door.
fn expected(rule: Rule, who: CallerKind) -> Outcome {
    use CallerKind::{
        Admin, AdministeringKey, AdminsKey, Anonymous, Editor, KeyOfAnotherProject, Outsider,
        Owner, OwnersKey, Viewer,
    };
    use Outcome::{Forbidden, Hidden, In, Unauthorized};
    let has_scope = match who {
        OwnersKey(only) => rule.scope == Some(only),
        AdminsKey => rule.scope != Some(KeyScope::Admin),
        AdministeringKey => rule.scope == Some(KeyScope::Admin),
        _ => true,
    };
    let by_scope = if has_scope { In } else { Forbidden };
    match (rule.requirement, who) {
        (Requirement::Public, _) => In,
        (_, Anonymous) => Unauthorized,
        (Requirement::Person | Requirement::AdminInPerson, who) if who.is_key() => Unauthorized,
        (Requirement::Person, _) => In,
        (Requirement::Known, _) => by_scope,
        (Requirement::Make, KeyOfAnotherProject) => Forbidden,
        (Requirement::Make, _) => by_scope,
        (Requirement::Admin, Admin | AdministeringKey) | (Requirement::AdminInPerson, Admin) => In,
        (Requirement::Admin | Requirement::AdminInPerson, _) => Forbidden,
        (_, Outsider | KeyOfAnotherProject | AdminsKey) => Hidden,
        (_, Admin | Owner) => In,
        (_, OwnersKey(_) | AdministeringKey) => by_scope,
        (Requirement::Read, Viewer | Editor) => In,
        (
            Requirement::Logs | Requirement::Stage | Requirement::Deploy | Requirement::Reveal,
            Editor,
        ) => In,
        (_, Viewer | Editor) => Forbidden,
    }
}

/// Everybody who knocks, and a project of the owner's, to which the admin does not belong.
async fn callers(app: &TestApp) -> (BTreeMap<CallerKind, Client>, String) {
    let other = app.project("Other").await;
    let owner = app.member("Owner").await;
    let project = owned_project(&owner, "Shop").await;
    let mut callers = BTreeMap::from([
        (CallerKind::Anonymous, app.anonymous()),
        (CallerKind::Owner, owner.clone()),
        (CallerKind::Admin, app.sign_in("admin@example.org").await),
    ]);
    for who in [CallerKind::Outsider, CallerKind::Viewer, CallerKind::Editor] {
        let name = format!("{who:?}");
        callers.insert(who, app.member(&name).await);
    }
    join(app, &project).await;
    let key = async |owner: &Client, scopes: &[KeyScope], project: Option<&str>| {
        let body = json!({ "description": "key", "scopes": scopes, "project": project });
        app.key(owner, body).await
    };
    for scope in KeyScope::ALL {
        callers.insert(CallerKind::OwnersKey(*scope), key(&owner, &[*scope], None).await);
    }
    let plain: Vec<_> = KeyScope::ALL.iter().copied().filter(|it| *it != KeyScope::Admin).collect();
    callers.insert(CallerKind::AdminsKey, key(&app.admin, &plain, None).await);
    let administer = key(&app.admin, &[KeyScope::Admin], None).await;
    callers.insert(CallerKind::AdministeringKey, administer);
    let bound = key(&app.admin, KeyScope::ALL, Some(&other)).await;
    callers.insert(CallerKind::KeyOfAnotherProject, bound);
    (callers, project)
}

async fn owned_project(owner: &Client, name: &str) -> String {
    let made = owner.post("/projects", json!({ "name": name })).await;
    assert_eq!(made.status, 201, "{}", made.raw);
    made.text("/id")
}

async fn join(app: &TestApp, project: &str) {
    for role in ["viewer", "editor"] {
        app.add(project, &format!("{role}@example.org"), role).await;
    }
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
    let (mut cast_now, project) = callers(&app).await;
    let document = app.admin.get("/openapi.json").await;
    let mut table = table();

    let mut wrong = Vec::new();
    for (path, methods) in document.body["paths"].as_object().expect("paths") {
        for method in methods.as_object().expect("methods").keys() {
            let method = method.to_uppercase();
            let Some(rule) = table.remove(&(method.clone(), path.clone())) else {
                wrong.push(format!("{method} {path} is not in the table"));
                continue;
            };
            // These end what the next question needs.
            let is_final = path.ends_with("/logout")
                || (method == "DELETE" && path == "/api/projects/{project}");
            for who in cast_now.keys().copied().collect::<Vec<_>>() {
                let mut project = project.clone();
                if is_final {
                    project = owned_project(&cast_now[&CallerKind::Owner], "Brief").await;
                    join(&app, &project).await;
                }
                let client = &cast_now[&who];
                let (outcome, raw) = call(client, &method, &fill(path, &project)).await;
                let expected = match expected(rule, who) {
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
