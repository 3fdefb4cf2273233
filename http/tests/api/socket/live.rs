//! What an open canvas hears and says.

use super::{Shop, replicas};
use domain::Address;
use futures::{SinkExt, StreamExt};
use serde_json::json;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

// DK-82, DK-87
#[tokio::test]
async fn what_one_does_the_others_see_in_order() {
    let shop = Shop::new().await;
    let (mut one, _) = shop.open(&shop.app.admin).await;
    let (mut two, snapshot) = shop.open(&shop.app.admin).await;
    let start = snapshot["number"].as_u64().expect("a number");

    let body = json!({ "edits": [replicas(&shop.web, 2)] });
    let answer = shop.app.admin.post(&format!("{}/pending-changes", shop.path()), body).await;
    let staged = one.hear().await;
    let seen = two.hear().await;
    let up_to = seen["events"][0]["edits"][0]["seq"].clone();
    shop.app.admin.post(&format!("{}/deploy", shop.path()), json!({ "up_to": up_to })).await;
    let applied = two.hear().await;

    assert_eq!(staged, seen, "all see the same");
    assert_eq!(answer.body["addresses"][0], format!("service/{}/replicas", shop.web));
    assert_eq!(seen["events"][0]["edits"][0]["id"], answer.body["edits"][0]);
    assert_eq!(
        (&seen["type"], &seen["events"][0]["number"]),
        (&json!("events"), &json!(start + 1))
    );
    assert_eq!(seen["events"][0]["event"], "staged");
    let author = seen["events"][0]["by"].as_str().expect("an author");
    assert_eq!(seen["people"][author], "Ada");
    assert_eq!(applied["events"][0]["event"], "applied");
    shop.stop().await;
}

// A client that comes back gets exactly what it missed.
#[tokio::test]
async fn a_client_that_comes_back_gets_what_it_missed() {
    let shop = Shop::new().await;
    let (mut tab, snapshot) = shop.open(&shop.app.admin).await;
    tab.raw.close(None).await.expect("it is open");
    let after = snapshot["number"].as_u64().expect("a number");
    let service = format!("{}/services/{}", shop.path(), shop.web);
    for count in 2..5 {
        shop.app.admin.patch(&service, json!({ "replicas": count })).await;
    }

    let bearer = format!("Bearer {}", shop.app.admin.token());
    let mut again = shop.connect(&[("authorization", &bearer)]).await.expect("it opens");
    let welcome = again.hear().await;
    assert_eq!(snapshot["epoch"], welcome["epoch"]);
    again.say(json!({ "type": "open", "epoch": welcome["epoch"], "after": after })).await;
    let missed = again.hear().await;
    shop.app.admin.patch(&service, json!({ "replicas": 9 })).await;
    let live = again.hear().await;

    let numbers: Vec<_> = (missed["events"].as_array().expect("events").iter())
        .map(|event| event["number"].as_u64().expect("a number"))
        .collect();
    assert_eq!(numbers, [after + 1, after + 2, after + 3]);
    assert_eq!(live["events"][0]["number"], after + 4);
}

// … or a fresh snapshot when that is gone, or belongs to another log.
#[tokio::test]
async fn what_is_not_kept_any_more_is_a_fresh_snapshot() {
    let shop = Shop::new().await;
    let (tab, snapshot) = shop.open(&shop.app.admin).await;
    drop(tab);
    let after = snapshot["number"].as_u64().expect("a number");
    let service = format!("{}/services/{}", shop.path(), shop.web);
    shop.app.admin.patch(&service, json!({ "replicas": 2 })).await;
    shop.app.admin.patch(&service, json!({ "replicas": 3 })).await;
    let environment = snapshot["environment"]["id"].as_str().expect("an id");
    let environment = environment.parse().expect("an id");
    shop.app.rows.forget_events(environment, after + 1).await;

    let bearer = format!("Bearer {}", shop.app.admin.token());
    let newest = after + 2;
    for (epoch, after) in [(None, after), (Some("another"), newest)] {
        let mut again = shop.connect(&[("authorization", &bearer)]).await.expect("it opens");
        let welcome = again.hear().await;
        let epoch = epoch.map_or(welcome["epoch"].clone(), |epoch| json!(epoch));
        again.say(json!({ "type": "open", "epoch": epoch, "after": after })).await;
        let fresh = again.hear().await;
        assert_eq!(
            (&fresh["type"], &fresh["snapshot"]["number"]),
            (&json!("snapshot"), &json!(newest)),
            "{fresh}"
        );
    }
}

#[tokio::test]
async fn a_refusal_says_which_operation_and_why() {
    let shop = Shop::new().await;
    let (mut tab, _) = shop.open(&shop.app.admin).await;

    let node = format!("service/{}", shop.web);
    tab.say(json!({ "type": "place", "op": 3, "places": [[node, { "x": 1e9, "y": 0 }]] })).await;
    let far = tab.hear().await;
    tab.say(json!({ "type": "place", "op": 4, "places": [["web", { "x": 1, "y": 0 }]] })).await;
    let malformed = tab.hear().await;

    for (refused, op, why) in [(far, 3, "a million"), (malformed, 4, "service/<id>")] {
        assert_eq!((&refused["type"], &refused["op"]), (&json!("refused"), &json!(op)));
        assert_eq!(refused["error"], "invalid");
        let message = refused["message"].as_str().expect("a sentence");
        assert!(message.contains(why), "{message}");
    }
}

#[tokio::test]
async fn a_drag_is_shown_to_others_and_stored_once_at_its_end() {
    let shop = Shop::new().await;
    let (mut one, _) = shop.open(&shop.app.admin).await;
    let (mut two, _) = shop.open(&shop.app.admin).await;
    let node = format!("service/{}", shop.web);

    one.say(json!({ "type": "drag", "places": [[node, { "x": 5, "y": 5 }]] })).await;
    let drag = two.hear().await;
    one.say(json!({ "type": "place", "op": 1, "places": [[node, { "x": 9, "y": 9 }]] })).await;
    let placed = two.hear().await;
    let mine = one.hear().await;
    let done = one.hear().await;

    let dragged = &drag["drags"][0];
    assert_eq!(
        (&drag["type"], &dragged["places"][0][1]),
        (&json!("drags"), &json!({ "x": 5, "y": 5 }))
    );
    assert_eq!(placed["events"][0]["event"], "placed");
    assert_eq!(mine["type"], "events", "a drag is not shown to who drags");
    assert_eq!((&done["type"], &done["number"]), (&json!("done"), &placed["events"][0]["number"]));
    let seen = shop.app.admin.get(&format!("{}/canvas", shop.path())).await;
    assert_eq!(seen.body["layout"][&node], json!({ "x": 9, "y": 9 }));
}

// DK-120, S68
#[tokio::test]
async fn frames_are_bounded_and_unknown_ones_end_the_socket() {
    let shop = Shop::new().await;
    let (mut long, _) = shop.open(&shop.app.admin).await;
    let (mut unknown, _) = shop.open(&shop.app.admin).await;
    let (mut binary, _) = shop.open(&shop.app.admin).await;
    let (mut flood, _) = shop.open(&shop.app.admin).await;

    let fits = json!({ "type": "place", "op": 0, "places": [], "x": "y".repeat(65_000) });
    assert!((65_000..65_536).contains(&fits.to_string().len()));
    long.say(fits).await;
    assert_eq!(long.hear().await["type"], "done", "a frame of just under 64 KiB is read");
    long.say(json!({ "type": "place", "op": 1, "places": [], "x": "y".repeat(70_000) })).await;
    unknown.say(json!({ "type": "sudo" })).await;
    binary.raw.send(Message::binary(vec![1, 2, 3])).await.expect("it is open");
    for _ in 0..200 {
        if flood
            .raw
            .send(Message::text(json!({ "type": "drag", "places": [] }).to_string()))
            .await
            .is_err()
        {
            break;
        }
    }

    assert_eq!(long.closed().await, 1008);
    assert_eq!(unknown.closed().await, 1008);
    assert_eq!(binary.closed().await, 1008);
    assert_eq!(flood.closed().await, 1008);
}

// DK-120: what a client may send before it opens the canvas is bounded as well.
#[tokio::test]
async fn a_client_that_says_who_it_is_for_ever_is_shown_out() {
    let shop = Shop::new().await;
    let auth = json!({ "type": "auth", "token": shop.app.admin.token() });
    let bearer = format!("Bearer {}", shop.app.admin.token());
    let mut tab = shop.connect(&[("authorization", &bearer)]).await.expect("it opens");
    let mut pings = shop.connect(&[("authorization", &bearer)]).await.expect("it opens");

    for _ in 0..1_000 {
        if tab.raw.send(Message::text(auth.to_string())).await.is_err()
            || pings.raw.send(Message::Ping(Default::default())).await.is_err()
        {
            break;
        }
    }

    assert_eq!(tab.closed().await, 1008);
    assert_eq!(pings.closed().await, 1008);
}

// DK-163
#[tokio::test]
async fn a_stopping_server_asks_its_clients_to_come_back() {
    let shop = Shop::new().await;
    let (mut tab, _) = shop.open(&shop.app.admin).await;
    let mut waiting = shop.connect(&[]).await.expect("it can be opened");

    shop.app.stop.cancel();

    assert_eq!(tab.closed().await, 1012);
    assert_eq!(waiting.closed().await, 1012);
    shop.stop().await;
}

// DK-166: bounded queues: who reads nothing gets a snapshot, and never slows the others.
#[tokio::test]
async fn a_slow_client_slows_nobody_and_catches_up() {
    let shop = Shop::new().await;
    let (mut slow, _) = shop.open(&shop.app.admin).await;
    let (mut fast, _) = shop.open(&shop.app.admin).await;
    let service = format!("{}/services/{}", shop.path(), shop.web);

    for count in 0..300_u32 {
        shop.app.admin.patch(&service, json!({ "replicas": count % 100 })).await;
    }
    let last = shop.app.admin.get(&format!("{}/canvas", shop.path())).await.body["number"].clone();
    let mut numbers = [0; 2];
    for (tab, number) in [&mut fast, &mut slow].into_iter().zip(&mut numbers) {
        while json!(*number) != last {
            let message = tab.hear().await;
            *number = match message["type"].as_str() {
                Some("snapshot") => message["snapshot"]["number"].as_u64(),
                _ => (message["events"].as_array()).and_then(|all| all.last()?["number"].as_u64()),
            }
            .expect("a number");
        }
    }

    assert_eq!(numbers[0], numbers[1]);
}

// DK-69, S50, S51: no value in any frame.
#[tokio::test]
async fn no_frame_holds_a_value() {
    let shop = Shop::new().await;
    let (mut tab, _) = shop.open(&shop.app.admin).await;
    let address = Address::Variable("A".parse().expect("a key"));
    let edit = json!({ "op": "set_variable", "address": address, "value": "hunter2" });

    let path = format!("{}/pending-changes", shop.path());
    shop.app.admin.post(&path, json!({ "edits": [edit] })).await;
    let staged = tab.hear().await;
    let body = json!({ "up_to": staged["events"][0]["edits"][0]["seq"] });
    shop.app.admin.post(&format!("{}/deploy", shop.path()), body).await;
    let applied = tab.hear().await;
    let (_, snapshot) = shop.open(&shop.app.admin).await;

    assert_eq!(applied["events"][0]["event"], "applied");
    for said in [staged, applied, snapshot] {
        assert!(!said.to_string().contains("hunter2"), "{said}");
    }
}

// DK-120
#[tokio::test]
async fn an_idle_client_is_asked_whether_it_lives() {
    let shop = Shop::new().await;
    let (mut tab, _) = shop.open(&shop.app.admin).await;
    let began = Instant::now();
    // From here on time jumps whenever everybody waits.
    tokio::time::pause();

    let asked = tab.raw.next().await.expect("it is open").expect("it is sound");

    assert!(matches!(asked, Message::Ping(_)), "{asked:?}");
    assert!((53..60).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}
