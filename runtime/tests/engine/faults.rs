//! Engines that are absent, hung, cut off or broken.

use crate::{
    fixture::EngineFixture,
    proxy::{Fault, Proxy},
};
use domain::runtime::{Follow, LogsFrom, Runtime, RuntimeError};
use futures::StreamExt;
use runtime::engine_at;
use std::time::{Duration, Instant};

const SLEEP: [&str; 2] = ["sleep", "3600"];

// F28
#[tokio::test]
async fn an_engine_that_comes_up_later_is_found_by_the_same_adapter() {
    let proxy = Proxy::asleep().await;
    let fixture = EngineFixture::at(&proxy.address()).await;

    let absent = fixture.docker.engine().await.unwrap_err();
    proxy.wake().await;
    let present = fixture.docker.engine().await;

    assert!(matches!(absent, RuntimeError::Unreachable(_)), "{absent:?}");
    assert!(absent.to_string().contains("there is no socket at"), "{absent}");
    present.unwrap();
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_told_as_such() {
    let absent = engine_at("tcp://127.0.0.1:9".parse().unwrap()).await.unwrap_err();

    assert!(absent.to_string().contains("nobody listens at tcp://127.0.0.1:9"), "{absent}");
}

// F31
#[tokio::test]
async fn a_hung_engine_costs_its_callers_no_more_than_the_limit_and_is_back_at_once() {
    let proxy = Proxy::new().await;
    let fixture = EngineFixture::at(&proxy.address()).await;
    fixture.docker.engine().await.unwrap();
    proxy.set("", Fault::Hang);

    let begun = Instant::now();
    let answers =
        futures::future::join_all((0..20).map(|_| async { fixture.docker.replicas().await })).await;
    let waited = begun.elapsed();
    proxy.clear();

    for answer in answers {
        assert!(matches!(answer, Err(RuntimeError::Timeout(_))), "{answer:?}");
    }
    assert!(waited < Duration::from_secs(8), "{waited:?}");
    fixture.docker.replicas().await.unwrap();
}

// F33
#[tokio::test]
async fn a_container_whose_answer_was_lost_is_found_again_and_not_doubled() {
    let proxy = Proxy::new().await;
    let fixture = EngineFixture::at(&proxy.address()).await;
    fixture.ensure().await.unwrap();
    let spec = fixture.replica("web", &SLEEP);

    proxy.set("/containers/create", Fault::CutAfter);
    let lost = fixture.docker.create(&spec).await.unwrap_err();
    proxy.clear();
    let found = fixture.docker.create(&spec).await.unwrap();

    assert!(lost.is_outage(), "{lost:?}");
    let replicas = fixture.docker.replicas().await.unwrap();
    assert_eq!(replicas.len(), 1);
    assert_eq!(replicas[0].container, found);
    assert_eq!(replicas[0].address, Some(fixture.address(&spec).await), "at the very same address");
}

// F33
#[tokio::test]
async fn a_start_whose_answer_was_lost_may_be_repeated() {
    let proxy = Proxy::new().await;
    let fixture = EngineFixture::at(&proxy.address()).await;
    fixture.ensure().await.unwrap();
    let container = fixture.docker.create(&fixture.replica("web", &SLEEP)).await.unwrap();

    proxy.set("/start", Fault::CutAfter);
    assert!(fixture.docker.start(&container).await.unwrap_err().is_outage());
    proxy.clear();

    fixture.docker.start(&container).await.unwrap();
}

// F55
#[tokio::test]
async fn an_engine_that_fails_at_one_thing_is_not_taken_for_an_outage() {
    let proxy = Proxy::new().await;
    let fixture = EngineFixture::at(&proxy.address()).await;
    fixture.ensure().await.unwrap();
    let container = fixture.docker.create(&fixture.replica("web", &SLEEP)).await.unwrap();
    proxy.set(
        "/start",
        Fault::Answer(
            "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\n\
             Connection: close\r\nContent-Length: 24\r\n\r\n{\"message\":\"disk failed\"}"
                .replace("24", "25"),
        ),
    );

    let failed = fixture.docker.start(&container).await;

    let sentence = "HTTP 500; its own log says why".to_owned();
    assert_eq!(failed, Err(RuntimeError::Refused(sentence)));
    fixture.docker.replicas().await.expect("the rest goes on");
}

// An engine that was killed while containerd lived on may never start that container again.
#[tokio::test]
async fn a_start_that_is_refused_for_the_containers_own_past_asks_for_another_container() {
    let proxy = Proxy::new().await;
    let fixture = EngineFixture::at(&proxy.address()).await;
    fixture.ensure().await.unwrap();
    let container = fixture.docker.create(&fixture.replica("web", &SLEEP)).await.unwrap();
    let body = r#"{"message":"failed to create task: task 7f3a: already exists: unknown"}"#;
    proxy.set(
        "/start",
        Fault::Answer(format!(
            "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\n\
             Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )),
    );

    let refused = fixture.docker.start(&container).await;

    assert!(matches!(refused, Err(RuntimeError::Unstartable(_))), "{refused:?}");
    assert!(!refused.unwrap_err().is_outage());
}

// F54
#[tokio::test]
async fn an_engine_that_is_too_old_is_refused_with_both_versions() {
    let proxy = Proxy::new().await;
    let fixture = EngineFixture::at(&proxy.address()).await;
    let body = r#"{"Version":"19.03.1","ApiVersion":"1.40"}"#;
    proxy.set(
        "/version",
        Fault::Answer(format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )),
    );

    let refused = fixture.docker.engine().await.unwrap_err().to_string();

    assert!(refused.contains("1.40") && refused.contains("1.41"), "{refused}");
}

// F54, F29
#[tokio::test]
async fn calls_name_the_version_that_was_agreed_on_and_an_outage_asks_again() {
    let proxy = Proxy::new().await;
    let fixture = EngineFixture::at(&proxy.address()).await;

    let version = fixture.docker.engine().await.unwrap().api_version;
    fixture.docker.replicas().await.unwrap();
    proxy.set("/info", Fault::Refuse);
    assert!(fixture.docker.engine().await.unwrap_err().is_outage());
    proxy.clear();
    fixture.docker.engine().await.unwrap();

    let requests = proxy.requests();
    let asked = requests.iter().filter(|line| line.starts_with("GET /version ")).count();
    assert_eq!(asked, 2, "{requests:#?}");
    let prefix = format!(" /v{version}/");
    assert!(
        requests.iter().all(|line| line.contains(&prefix) || line.contains(" /version ")),
        "{requests:#?}"
    );
}

// DK-121
#[tokio::test]
async fn a_log_that_is_cut_off_goes_on_where_it_was() {
    let proxy = Proxy::new().await;
    let fixture = EngineFixture::at(&proxy.address()).await;
    fixture.ensure().await.unwrap();
    let script = "i=0; while [ $i -lt 300 ]; do echo line $i; i=$((i+1)); done";
    let container = fixture.run(&fixture.replica("web", &["sh", "-c", script])).await;
    fixture.until(&container, |seen| seen.exit_code == Some(0) && seen.finished_at.is_some()).await;

    proxy.set("/logs", Fault::CutAt(4000));
    let mut lines = Vec::new();
    let mut from = LogsFrom::Tail(5000);
    let mut outages = 0;
    loop {
        let mut log = fixture.docker.logs(&container, from, Follow::Yes).await.unwrap();
        let mut was_cut = false;
        while let Some(line) = log.next().await {
            match line {
                Ok(line) => {
                    from = LogsFrom::After { at: line.at, nanos: line.nanos };
                    lines.push(line.line);
                }
                Err(error) => {
                    assert!(error.is_outage(), "{error:?}");
                    was_cut = true;
                }
            }
        }
        if !was_cut {
            break;
        }
        outages += 1;
        proxy.set("/logs", Fault::CutAt(4000 * (outages + 1)));
    }

    assert!(outages > 0);
    assert_eq!(lines, (0..300).map(|i| format!("line {i}")).collect::<Vec<_>>());
}
