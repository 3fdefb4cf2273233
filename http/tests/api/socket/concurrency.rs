//! Many people at work on one canvas at once, over real connections.

use super::{Shop, Tab};
use domain::{
    ChangeId,
    canvas::Snapshot,
    event::{Event, LoggedEvent, Replay},
    testing::{Rng, seeds},
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
    task::JoinSet,
};

/// Somebody who calls over a connection of their own.
#[derive(Clone)]
struct Caller {
    address: String,
    token: String,
    path: String,
    web: String,
}

impl Caller {
    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let body = body.map_or_else(String::new, |body| body.to_string());
        let request = format!(
            "{method} /api{}{path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            self.path,
            self.address,
            self.token,
            body.len()
        );
        let mut stream = TcpStream::connect(&self.address).await.expect("it listens");
        stream.write_all(request.as_bytes()).await.expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("it answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        (status, serde_json::from_str(body).unwrap_or_default())
    }

    async fn waiting(&self) -> Vec<Value> {
        let (status, listed) = self.call("GET", "/pending-changes", None).await;
        assert_eq!(status, 200, "{listed}");
        listed["data"].as_array().expect("a list").clone()
    }

    /// Does one thing or another. What was acknowledged: edits staged, edits gone, a revision.
    async fn act(&self, rng: &mut Rng, mine: &mut Vec<Value>) -> (u16, Acknowledged) {
        let waiting = self.waiting().await;
        let at = |index: u64| waiting.get(usize::try_from(index).expect("a small number"));
        let one = at(rng.below(waiting.len() as u64)).map(|change| change["id"].clone());
        let one = one.unwrap_or_else(|| json!("00000000-0000-0000-0000-000000000000"));
        let name = one.as_str().expect("an id").to_owned();
        let mut told = Acknowledged::default();
        let status = match rng.below(10) {
            0..4 => {
                let address = format!("service/{}/variables/K{}", self.web, rng.below(4));
                let edit = match rng.below(5) {
                    0 => json!({ "op": "clear", "address": address }),
                    1 => super::replicas(&self.web, u16::try_from(rng.below(9)).expect("few")),
                    2 => json!({ "op": "create_service", "name": format!("s{}", rng.below(9)) }),
                    _ => json!({ "op": "set_variable", "address": address,
                        "value": rng.next_u64().to_string() }),
                };
                let body = json!({ "edits": [edit] });
                let (status, answer) = self.call("POST", "/pending-changes", Some(body)).await;
                told.staged = ids(&answer["edits"]);
                status
            }
            4..6 => {
                let path = format!("/pending-changes/{name}");
                let (status, answer) = self.call("DELETE", &path, None).await;
                told.discarded = ids(&answer["edits"]);
                if status == 200 {
                    mine.push(answer["edits"].clone());
                }
                status
            }
            6 => {
                let body = json!({ "edits": mine.pop().unwrap_or_else(|| json!([one])) });
                let path = "/pending-changes/restore";
                let (status, answer) = self.call("POST", path, Some(body)).await;
                told.staged = ids(&answer["edits"]);
                status
            }
            7 => {
                let keep = if rng.percent(50) { "mine" } else { "theirs" };
                let path = format!("/pending-changes/{name}/settle");
                self.call("POST", &path, Some(json!({ "keep": keep }))).await.0
            }
            8 => {
                let chosen: Vec<&Value> = (waiting.iter())
                    .filter(|_| rng.percent(50))
                    .map(|change| &change["id"])
                    .collect();
                let body = json!({ "changes": chosen });
                let (status, answer) = self.call("POST", "/deploy", Some(body)).await;
                told.revision = answer["revision"]["number"].as_u64();
                status
            }
            _ => {
                let path = format!("/services/{}/deployments", self.web);
                let body = json!({ "image": "sim/app:1", "replicas": rng.below(9) });
                self.call("POST", &path, Some(body)).await.0
            }
        };
        (status, told)
    }
}

#[derive(Debug, Default)]
struct Acknowledged {
    staged: Vec<ChangeId>,
    discarded: Vec<ChangeId>,
    revision: Option<u64>,
}

fn ids(list: &Value) -> Vec<ChangeId> {
    serde_json::from_value(list.clone()).unwrap_or_default()
}

/// Keeps a canvas in step until it has come to this event, and says what it holds then.
async fn follow(mut tab: Tab, snapshot: Value, mut end: oneshot::Receiver<u64>) -> Snapshot {
    let mut held: Snapshot = serde_json::from_value(snapshot).expect("a snapshot");
    let mut last = None;
    while last.is_none_or(|last| held.number < last) {
        tokio::select! {
            number = &mut end, if last.is_none() => last = number.ok(),
            message = tab.hear() => match message["type"].as_str() {
                Some("snapshot") => {
                    let fresh = message["snapshot"].clone();
                    held = serde_json::from_value(fresh).expect("a snapshot");
                }
                Some("events") => {
                    let events: Vec<LoggedEvent> =
                        serde_json::from_value(message["events"].clone()).expect("events");
                    for event in events {
                        assert!(event.number <= held.number + 1, "none is missing");
                        held.fold(event);
                    }
                }
                _ => (),
            },
        }
    }
    held
}

// DK-73, DK-79, DK-87, DK-89: no fault whoever overtakes whom; what was acknowledged is what
// happened, once; and every open canvas holds the same in the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_works_at_once_nothing_is_lost_and_all_see_the_same() {
    let shop = Shop::new().await;
    let bob = shop.app.member("Bob").await;
    shop.app.add(&shop.project, "bob@example.org", "editor").await;
    let (tab, snapshot) = shop.open(&bob).await;
    let (done, end) = oneshot::channel();
    let following = tokio::spawn(follow(tab, snapshot, end));

    let mut people = JoinSet::new();
    for seed in seeds(4, 4) {
        let token = if seed % 2 == 0 { shop.app.admin.token() } else { bob.token() };
        let (address, web) = (shop.address.clone(), shop.web.clone());
        let caller = Caller { address, token, path: shop.path(), web };
        people.spawn(async move {
            let (mut rng, mut mine, mut told) = (Rng::new(seed), Vec::new(), Vec::new());
            for _ in 0..15 {
                told.push(caller.act(&mut rng, &mut mine).await);
            }
            told
        });
    }
    let told: Vec<(u16, Acknowledged)> = people.join_all().await.into_iter().flatten().collect();

    let statuses: BTreeMap<u16, usize> = told.iter().fold(BTreeMap::new(), |mut all, (code, _)| {
        *all.entry(*code).or_default() += 1;
        all
    });
    let known = [200, 201, 204, 404, 409];
    assert!(statuses.keys().all(|code| known.contains(code)), "{statuses:?}");
    assert!(statuses[&200] > 10 && statuses[&201] > 10 && statuses[&409] > 0, "{statuses:?}");

    let seen = shop.app.admin.get(&format!("{}/canvas", shop.path())).await;
    let fresh: Snapshot = serde_json::from_str(&seen.raw).expect("a snapshot");
    done.send(fresh.number).expect("somebody follows");
    let mut held = following.await.expect("no panic");
    held.people = fresh.people.clone();
    assert_eq!(held, fresh, "who followed holds what a fresh load holds");

    let events = shop.app.ports.events.after(fresh.environment.id, 0, 100_000).await;
    let Ok(Replay::Events(events)) = events else { panic!("all are kept: {events:?}") };
    let (mut balance, mut revisions) = (BTreeMap::<ChangeId, i64>::new(), Vec::new());
    let (mut staged, mut discarded) = (BTreeSet::new(), BTreeSet::new());
    for event in events {
        match event.event {
            Event::Staged { edits, superseded, .. } => {
                for edit in edits {
                    staged.insert(edit.id);
                    *balance.entry(edit.id).or_default() += 1;
                }
                for edit in superseded {
                    *balance.entry(edit).or_default() -= 1;
                }
            }
            Event::Discarded { edits, .. } => {
                for edit in edits {
                    discarded.insert(edit);
                    *balance.entry(edit).or_default() -= 1;
                }
            }
            Event::Applied { revision, edits, .. } => {
                revisions.push(revision.number.0);
                for edit in edits {
                    *balance.entry(edit).or_default() -= 1;
                }
            }
            _ => (),
        }
    }
    let left: BTreeMap<ChangeId, i64> = fresh.edits.iter().map(|edit| (edit.id, 1)).collect();
    balance.retain(|_, count| *count != 0);
    assert_eq!(balance, left, "what waits was staged, and neither discarded nor applied");
    assert!(revisions.windows(2).all(|pair| pair[0] < pair[1]), "{revisions:?}");
    let mut acknowledged: Vec<u64> = told.iter().filter_map(|(_, told)| told.revision).collect();
    acknowledged.sort_unstable();
    assert!(acknowledged.windows(2).all(|pair| pair[0] < pair[1]), "{acknowledged:?}");
    assert!(acknowledged.iter().all(|number| revisions.contains(number)));
    for (_, told) in &told {
        assert!(told.staged.iter().all(|id| staged.contains(id)), "{told:?}");
        assert!(told.discarded.iter().all(|id| discarded.contains(id)), "{told:?}");
    }
    let listed = shop.app.admin.get(&format!("{}/pending-changes", shop.path())).await;
    assert_eq!(listed.body["raw_count"], json!(fresh.edits.len()));
    let shown = ids(&json!(
        listed.body["data"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| &one["id"])
            .collect::<Vec<_>>()
    ));
    let expected: Vec<ChangeId> = fresh.changes().iter().map(|change| change.id).collect();
    assert_eq!(shown, expected);
    shop.stop().await;
}
