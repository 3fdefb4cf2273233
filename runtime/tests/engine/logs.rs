//! What containers write, on a real engine.

use crate::fixture::EngineFixture;
use domain::runtime::{
    ContainerState, Follow, LogLine, LogStream, LogsFrom, MAX_LOG_LINE, ReplicaHandle, Runtime,
    RuntimeError,
};
use futures::StreamExt;
use std::time::Duration;

async fn read(
    fixture: &EngineFixture,
    container: &ReplicaHandle,
    from: LogsFrom,
    follow: Follow,
) -> Vec<Result<LogLine, RuntimeError>> {
    fixture.docker.logs(container, from, follow).await.expect("a log").collect().await
}

fn texts(lines: &[Result<LogLine, RuntimeError>]) -> Vec<&str> {
    lines.iter().map(|line| line.as_ref().expect("a line").line.as_str()).collect()
}

async fn finished(fixture: &EngineFixture, script: &str) -> ReplicaHandle {
    let container = fixture.run(&fixture.replica("web", &["sh", "-c", script])).await;
    fixture.until(&container, |seen| seen.state == ContainerState::Exited).await;
    container
}

// DK-122
#[tokio::test]
async fn history_has_streams_times_and_empty_lines() {
    let fixture = EngineFixture::new().await;
    let container = finished(&fixture, "echo one; echo two >&2; echo; printf three").await;

    let mut lines = read(&fixture, &container, LogsFrom::Tail(500), Follow::No).await;

    // The engine keeps the order within a stream, and not between two.
    lines.sort_by_key(|line| line.as_ref().unwrap().stream == LogStream::Stderr);
    assert_eq!(texts(&lines), ["one", "", "three", "two"]);
    let started = fixture.docker.inspect(&container).await.unwrap().unwrap().started_at.unwrap();
    for line in lines {
        let line = line.unwrap();
        // The engine notes the start a moment after the first words.
        assert!(started.since(line.at) < Duration::from_secs(10));
        assert!(line.nanos < 1_000_000 && !line.cut);
    }
    let last = read(&fixture, &container, LogsFrom::Tail(1), Follow::No).await;
    assert_eq!(last.len(), 1);
    assert_eq!(read(&fixture, &container, LogsFrom::Tail(0), Follow::No).await, []);
}

#[tokio::test]
async fn long_lines_are_cut_and_marked_and_the_next_one_is_whole() {
    let fixture = EngineFixture::new().await;
    let long = "head -c 100000 /dev/zero | tr '\\0' x; echo; echo next; head -c 65536 /dev/zero | tr '\\0' y; echo";
    let container = finished(&fixture, &busybox(long)).await;

    let lines = read(&fixture, &container, LogsFrom::Tail(500), Follow::No).await;

    let lines: Vec<_> = lines.into_iter().map(Result::unwrap).collect();
    assert_eq!(lines.len(), 3);
    assert_eq!((lines[0].line.as_str(), lines[0].cut), ("x".repeat(MAX_LOG_LINE).as_str(), true));
    assert_eq!((lines[1].line.as_str(), lines[1].cut), ("next", false));
    assert_eq!((lines[2].line.as_str(), lines[2].cut), ("y".repeat(MAX_LOG_LINE).as_str(), false));
}

/// The image has no links to most of busybox's programs.
fn busybox(script: &str) -> String {
    script.replace("head ", "busybox head ").replace("tr ", "busybox tr ")
}

// DK-121
#[tokio::test]
async fn following_shows_history_then_news_and_ends_with_the_container() {
    let fixture = EngineFixture::new().await;
    let script = "echo history; read x < /tmp/gate; echo news";
    let setup = format!("busybox mkfifo /tmp/gate; {script}");
    let container = fixture.run(&fixture.replica("web", &["sh", "-c", &setup])).await;
    let mut lines =
        fixture.docker.logs(&container, LogsFrom::Tail(500), Follow::Yes).await.unwrap();

    assert_eq!(lines.next().await.unwrap().unwrap().line, "history");
    fixture.exec(&container, &["/bin/sh", "-c", "echo go > /tmp/gate"]).await;

    assert_eq!(lines.next().await.unwrap().unwrap().line, "news");
    assert_eq!(lines.next().await, None);
}

// DK-121
#[tokio::test]
async fn a_reader_that_comes_back_misses_nothing_and_sees_nothing_twice() {
    let fixture = EngineFixture::new().await;
    let script = "i=0; while [ $i -lt 200 ]; do echo $i; i=$((i+1)); done";
    let container = finished(&fixture, script).await;
    let all = read(&fixture, &container, LogsFrom::Tail(5000), Follow::No).await;

    for last_seen in [0, 1, 99, 198, 199] {
        let line = all[last_seen].as_ref().unwrap();
        let after = LogsFrom::After { at: line.at, nanos: line.nanos };
        let rest = read(&fixture, &container, after, Follow::Yes).await;
        assert_eq!(rest, all[last_seen + 1..]);
    }
    let first = all[0].as_ref().unwrap();
    assert_eq!(read(&fixture, &container, LogsFrom::Since(first.at), Follow::No).await, all);
}

#[tokio::test]
async fn a_container_that_has_gone_has_no_logs() {
    let fixture = EngineFixture::new().await;
    let container = finished(&fixture, "echo bye").await;
    fixture.docker.remove(&container).await.unwrap();

    let gone = fixture.docker.logs(&container, LogsFrom::Tail(1), Follow::No).await;

    assert!(matches!(gone.err(), Some(RuntimeError::Gone(_))));
}
