//! A registry of our own on this machine (Debian's `docker-registry`), which engines trust without
//! a certificate because it listens on the loopback only.

use bollard::{
    Docker,
    query_parameters::{
        ListImagesOptionsBuilder, PushImageOptionsBuilder, RemoveImageOptionsBuilder,
        TagImageOptionsBuilder,
    },
};
use futures::StreamExt;
use std::{
    collections::HashMap,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

/// A registry with nothing in it. Gone afterwards, and with it what the engine got from it.
pub(crate) struct Registry {
    docker: Docker,
    process: Child,
    /// Where it listens.
    pub(crate) address: String,
    _folder: TempDir,
}

impl Registry {
    pub(crate) fn start(docker: &Docker) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("data");
        let settings = format!(
            "version: 0.1\nlog: {{level: info}}\nhttp: {{addr: \"127.0.0.1:0\"}}\n\
             storage: {{filesystem: {{rootdirectory: {root:?}}}}}\n"
        );
        let path = folder.path().join("registry.yml");
        std::fs::write(&path, settings).expect("a file");
        let mut process = Command::new("docker-registry")
            .arg("serve")
            .arg(path)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("this test needs a registry (Debian's package docker-registry)");
        let log = BufReader::new(process.stderr.take().expect("its log"));
        let mut lines = log.lines().map_while(Result::ok);
        let told = lines.find_map(|line| {
            let address = line.split_once("listening on ")?.1;
            Some(address.split(['"', ',']).next()?.to_owned())
        });
        let address = told.expect("it says where it listens");
        // Nobody reads on: what it says later must not block it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { docker: docker.clone(), process, address, _folder: folder }
    }

    /// Puts an image of the engine there, under this name and tag, and takes the name away from
    /// the engine. Says how it is called from now on.
    pub(crate) async fn push(&self, image: &str, name: &str, tag: &str) -> String {
        let repository = format!("{}/{name}", self.address);
        let options = TagImageOptionsBuilder::new().repo(&repository).tag(tag).build();
        self.docker.tag_image(image, Some(options)).await.expect("a name");
        let options = PushImageOptionsBuilder::new().tag(tag).build();
        let news = self.docker.push_image(&repository, Some(options), None);
        for news in news.collect::<Vec<_>>().await {
            news.expect("a push");
        }
        let reference = format!("{repository}:{tag}");
        self.forget(&reference).await;
        reference
    }

    /// Takes a name away from the engine, and what has no name then.
    pub(crate) async fn forget(&self, image: &str) {
        let force = RemoveImageOptionsBuilder::new().force(true).build();
        let _gone_already = self.docker.remove_image(image, Some(force), None).await;
    }

    /// Ends it, as a machine that goes down does.
    pub(crate) fn kill(&mut self) {
        let _ended_already = self.process.kill();
        let _ended_already = self.process.wait();
    }

    async fn clean(&self) {
        let filter = HashMap::from([("reference", vec![format!("{}/*/*", self.address)])]);
        let list = ListImagesOptionsBuilder::new().filters(&filter).build();
        for image in self.docker.list_images(Some(list)).await.unwrap_or_default() {
            for name in image.repo_tags.iter().chain(&image.repo_digests) {
                if name.starts_with(&self.address) {
                    self.forget(name).await;
                }
            }
        }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.kill();
        std::thread::scope(|scope| {
            let cleaned = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.expect("a runtime").block_on(self.clean());
            });
            let _what_is_left_is_left = cleaned.join();
        });
    }
}
