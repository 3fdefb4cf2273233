//! Engines that are restarted or killed: an engine of our own, which nobody else minds.

use crate::fixture::{EngineFixture, named_engine, until};
use domain::runtime::{ContainerState, Inspection, RestartPolicy, Runtime, Serving};
use futures::StreamExt;
use std::{
    os::unix::fs::MetadataExt,
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

/// A second `dockerd`, away from the first one's data and network.
struct Engine {
    folder: TempDir,
    process: Option<Child>,
}

impl Engine {
    /// `None` where one may not start it: then there is nothing to show.
    fn start() -> Option<Self> {
        let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
        let has = |program| Command::new(program).arg("--version").output().is_ok();
        let needed = [
            (is_root, "the rights of root"),
            (has("dockerd"), "dockerd (Debian's package docker.io)"),
            (has("unshare"), "unshare (Debian's package util-linux)"),
        ];
        let missing: Vec<_> = needed.iter().filter(|it| !it.0).map(|it| it.1).collect();
        if !missing.is_empty() {
            let missing = missing.join(" and ");
            let is_whole = named_engine().is_some();
            assert!(
                !is_whole,
                "an engine that may be killed needs {missing}: run it where that is"
            );
            eprintln!("left out: needs {missing}");
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let mut engine = Self { folder, process: None };
        engine.wake();
        Some(engine)
    }

    fn wake(&mut self) {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        // In a network and a mount table of its own: without a bridge it would take that of the
        // machine's engine away.
        let process = Command::new("unshare")
            .args(["--net", "--mount", "dockerd"])
            .args(["--data-root", &path("data"), "--exec-root", &path("exec")])
            .args(["--pidfile", &path("pid"), "--host", &self.address()])
            .args(["--bridge=none", "--iptables=false", "--ip-masq=false"])
            .args([
                "--containerd-namespace=easel-test",
                "--containerd-plugins-namespace=easel-test-p",
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.process = Some(process.expect("an engine"));
    }

    fn address(&self) -> String {
        format!("unix://{}", self.folder.path().join("docker.sock").display())
    }

    /// As an update of the engine does it.
    fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let asked = Command::new("kill").arg(process.id().to_string()).status();
            assert!(asked.is_ok_and(|asked| asked.success()));
            process.wait().expect("an end");
        }
    }

    /// As a want of memory does it.
    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("a kill");
            process.wait().expect("an end");
            // Its helper ends with it, and a new engine must not take it for its own.
            let helper = self.folder.path().join("exec/containerd/containerd.pid");
            let helper = std::fs::read_to_string(helper).expect("a helper");
            let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
            while std::fs::exists(format!("/proc/{}", helper.trim())).is_ok_and(|runs| runs) {
                assert!(std::time::Instant::now() < deadline, "containerd goes on and on");
                std::thread::yield_now();
            }
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A promoted replica on an engine that goes away by `end` and comes back: before and after.
async fn through(end: fn(&mut Engine)) -> Option<(Inspection, Inspection)> {
    let mut engine = Engine::start()?;
    until("the engine", async || {
        let raw = bollard::Docker::connect_with_host(&engine.address()).ok()?;
        raw.ping().await.ok()
    })
    .await;
    let fixture = EngineFixture::on(&engine.address(), &engine.address()).await;
    fixture.ensure().await.expect("a network");
    let mut spec = fixture.replica("web", &["sleep", "3600"]);
    spec.restart = RestartPolicy::UnlessStopped;
    let container = fixture.run(&spec).await;
    fixture.docker.set_serving(&container, Serving::Yes).await.expect("a promotion");
    let before = fixture.until(&container, |seen| seen.state == ContainerState::Running).await;
    let events = fixture.docker.events().await.expect("events");

    let ended = async {
        end(&mut engine);
        assert!(fixture.docker.replicas().await.expect_err("it is gone").is_outage());
        engine.wake();
    };
    // The stream ends by itself, however much was told before.
    tokio::join!(events.for_each(|_| async {}), ended);
    // A killed engine may find the replica dead, and then leaves it so despite its policy.
    let has_ended = |seen: &Inspection| {
        seen.state == ContainerState::Exited || seen.started_at != before.started_at
    };
    let found = fixture.until(&container, has_ended).await;
    fixture.docker.start(&container).await.expect("a start");
    let after = fixture.until(&container, |seen| seen.state == ContainerState::Running).await;
    assert!(found.started_at != after.started_at || found.state == ContainerState::Running);
    assert_eq!(fixture.docker.replicas().await.expect("a list").len(), 1);
    // Before the engine, so that there is one to clean up.
    drop(fixture);
    Some((before, after))
}

// F29
#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_engine_is_taken_up_again_and_its_replicas_are_where_they_were() {
    let Some((before, after)) = through(Engine::stop).await else { return };

    assert!(before.serves && after.serves);
    assert!(before.address.is_some());
    assert_eq!(after.address, before.address);
}

// F30
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_engine_shows_what_ended_by_state_or_time_of_the_start() {
    let Some((before, after)) = through(Engine::kill).await else { return };

    assert!(after.started_at > before.started_at);
    assert!(after.serves);
    assert!(before.address.is_some());
    assert_eq!(after.address, before.address);
}
