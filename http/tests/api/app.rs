//! The whole API over one world.

use crate::{client::Client, rows::Rows, scripted_engine::ScriptedEngine};
use async_trait::async_trait;
use axum::Router;
use domain::{
    Clock, Ids, Secret,
    host::{Host, HostFacts},
    rollout::{
        EngineHealth, Fence, Reconciler, ReconcilerStatus, Rollouts, ServiceKey, ServiceView, Step,
    },
    runtime::{ReplicaHandle, Runtime},
    testing::{ManualClock, SeededIds, SimEngine, TestBus},
    *,
};
use http::{App, ClaimToken, Config};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio_util::sync::CancellationToken;

/// What the console printed.
pub(crate) const CLAIM: &str = "claim-me";
/// Everybody's password.
pub(crate) const PASSWORD: &str = "correct horse";

/// An API, the world behind it, and handles to move both.
pub(crate) struct TestApp {
    pub(crate) router: Router,
    pub(crate) ports: App,
    pub(crate) config: Config,
    pub(crate) rows: Rows,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) ids: Arc<SeededIds>,
    pub(crate) scripted: Arc<ScriptedEngine>,
    pub(crate) recorder: Arc<RecordingReconciler>,
    pub(crate) stop: CancellationToken,
    pub(crate) admin: Client,
}

/// A reconciler that only notes what it is asked.
#[derive(Default)]
pub(crate) struct RecordingReconciler {
    pub(crate) triggered: Mutex<Vec<Option<ServiceKey>>>,
    pub(crate) status: Mutex<ReconcilerStatus>,
}

impl Reconciler for RecordingReconciler {
    fn trigger(&self, service: Option<ServiceKey>) {
        self.triggered.lock().expect("no panic holds it").push(service);
    }

    fn status(&self) -> ReconcilerStatus {
        self.status.lock().expect("no panic holds it").clone()
    }
}

struct SomeHost;

#[async_trait]
impl Host for SomeHost {
    async fn facts(&self) -> HostFacts {
        HostFacts { name: "some-host".to_owned(), ..HostFacts::default() }
    }
}

impl TestApp {
    /// An instance that nobody has claimed.
    pub(crate) async fn unclaimed() -> Self {
        Self::with(|_| ()).await
    }

    pub(crate) async fn with(configure: impl FnOnce(&mut Config)) -> Self {
        let clock = Arc::new(ManualClock::default());
        let ids = Arc::new(SeededIds::default());
        let bus = Arc::new(TestBus::default());
        let rows = Rows::open(clock.clone(), ids.clone(), bus.clone()).await;
        let store = &rows.store;
        let scripted = Arc::new(ScriptedEngine::new(SimEngine::new(clock.clone())));
        let recorder = Arc::new(RecordingReconciler::default());
        *recorder.status.lock().expect("no panic holds it") = ReconcilerStatus {
            engine: EngineHealth::Reachable { since: clock.now() },
            reconciled_at: Some(clock.now()),
            ..ReconcilerStatus::default()
        };
        let ports = App {
            accounts: Arc::new(store.clone()),
            projects: Arc::new(store.clone()),
            changes: Arc::new(store.clone()),
            deployments: Arc::new(store.clone()),
            layouts: Arc::new(store.clone()),
            snapshots: Arc::new(store.clone()),
            events: Arc::new(store.clone()),
            announcements: bus,
            audit: Arc::new(store.clone()),
            storage: Arc::new(store.clone()),
            runtime: Arc::clone(&scripted) as Arc<dyn Runtime>,
            reconciler: Arc::clone(&recorder) as Arc<dyn Reconciler>,
            host: Arc::new(SomeHost),
            clock: clock.clone(),
            ids: ids.clone(),
        };
        let mut config = Config::new(ClaimToken::new(Secret::from(CLAIM)));
        config.password_cost = 4;
        config.public_url = Some("http://easel.test".to_owned());
        configure(&mut config);
        let stop = CancellationToken::new();
        let router = http::router(ports.clone(), config.clone(), stop.clone());
        let admin = Client::new(router.clone());
        Self { router, ports, config, rows, clock, ids, scripted, recorder, stop, admin }
    }

    /// An instance with an admin, `admin@example.org`.
    pub(crate) async fn new() -> Self {
        let mut app = Self::unclaimed().await;
        app.claim().await;
        app
    }

    pub(crate) async fn claim(&mut self) {
        let reply = self
            .anonymous()
            .post(
                "/auth/register",
                json!({
                    "claim_token": CLAIM, "email": "admin@example.org", "name": "Ada",
                    "password": PASSWORD,
                }),
            )
            .await;
        assert_eq!(reply.status, 201, "{:?}", reply.body);
        self.admin = self.anonymous().bearer(reply.text("/tokens/access_token"));
    }

    pub(crate) fn anonymous(&self) -> Client {
        let url = self.config.public_url.as_deref().unwrap_or("http://localhost");
        let (_, host) = url.split_once("://").expect("a URL");
        Client::new(self.router.clone()).header("host", host)
    }

    /// Somebody with an account and nothing else, signed in by token.
    pub(crate) async fn member(&self, name: &str) -> Client {
        let email = format!("{}@example.org", name.to_lowercase());
        let body = json!({ "email": email, "name": name, "password": PASSWORD });
        let reply = self.admin.post("/users", body).await;
        assert_eq!(reply.status, 201, "{:?}", reply.body);
        self.sign_in(&email).await
    }

    pub(crate) async fn sign_in(&self, email: &str) -> Client {
        let body = json!({ "email": email, "password": PASSWORD });
        let reply = self.anonymous().post("/auth/login", body).await;
        assert_eq!(reply.status, 200, "{:?}", reply.body);
        self.anonymous().bearer(reply.text("/access_token"))
    }

    /// Somebody signed in as a browser is.
    pub(crate) async fn browser(&self, email: &str) -> Client {
        let body = json!({ "email": email, "password": PASSWORD, "kind": "browser" });
        let reply = self.anonymous().post("/auth/login", body).await;
        assert_eq!(reply.status, 200, "{:?}", reply.body);
        let cookie = reply.header("set-cookie").split(';').next().expect("a pair").to_owned();
        self.anonymous().header("cookie", &cookie).header("origin", "http://easel.test")
    }

    /// Makes somebody what they are in a project.
    pub(crate) async fn add(&self, project: &str, email: &str, role: &str) {
        let path = format!("/projects/{project}/members");
        let reply = self.admin.post(&path, json!({ "email": email, "role": role })).await;
        assert_eq!(reply.status, 201, "{:?}", reply.body);
    }

    /// A project of the admin's; its id.
    pub(crate) async fn project(&self, name: &str) -> String {
        self.admin.post("/projects", json!({ "name": name })).await.text("/id")
    }

    /// A service with an image, applied; its id.
    pub(crate) async fn service(&self, project: &str, name: &str) -> String {
        let path = format!("/projects/{project}/services");
        let body = json!({ "name": name, "image": "sim/app:1" });
        let reply = self.admin.post(&path, body).await;
        assert_eq!(reply.status, 201, "{:?}", reply.body);
        reply.text("/id")
    }

    /// An API key of the admin's.
    pub(crate) async fn key(&self, owner: &Client, body: Value) -> Client {
        let reply = owner.post("/api-keys", body).await;
        assert_eq!(reply.status, 201, "{:?}", reply.body);
        self.anonymous().bearer(reply.text("/token"))
    }

    /// What the reconciler would see of a service.
    pub(crate) async fn view(&self, service: &str) -> ServiceView {
        let fence = self.rows.store.acquire_fence().await.expect("it is free");
        let desired = self.rows.store.desired(fence).await.expect("it can be read");
        let id = service.parse().expect("an id");
        desired.services.into_iter().find(|view| view.id == id).expect("it exists")
    }

    /// Does what the reconciler would.
    pub(crate) async fn record(&self, steps: &[Step]) -> Fence {
        let fence = self.rows.store.acquire_fence().await.expect("it is free");
        let now = self.clock.now();
        self.rows.store.record(fence, now, steps).await.expect("these steps are legal");
        fence
    }

    /// Gives the newest deployment of a service a replica with this container.
    pub(crate) async fn container(&self, service: &str, index: u16, container: &str) -> ReplicaId {
        let view = self.view(service).await;
        let deployment = view.deployments.last().expect("it was deployed").id;
        let replica = ReplicaId::new(self.ids.mint());
        self.record(&[
            Step::ReplicaAdded { replica, deployment, index },
            Step::ContainerMade { replica, container: ReplicaHandle(container.to_owned()) },
        ])
        .await;
        replica
    }
}
