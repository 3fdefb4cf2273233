//! The port [`Host`] on sysinfo.

use async_trait::async_trait;
use domain::host::{DiskFacts, Host, HostFacts, Space};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use sysinfo::{
    CpuRefreshKind, Disk, DiskRefreshKind, Disks, MINIMUM_CPU_UPDATE_INTERVAL, MemoryRefreshKind,
    RefreshKind, System,
};
use tokio::time::{Instant, timeout};

/// A dead network mount can hang whoever asks for its size.
const LIMIT: Duration = Duration::from_secs(5);

/// The machine that this process runs on.
pub struct SystemHost {
    data: PathBuf,
    sampler: Arc<Mutex<Sampler>>,
}

/// What is known since the last time anybody asked.
struct Sampler {
    system: Option<System>,
    read_at: Instant,
    last: HostFacts,
}

impl SystemHost {
    /// The machine, with Easel's data below `data`.
    #[must_use]
    pub fn new(data: PathBuf) -> Self {
        let kinds = RefreshKind::nothing()
            .with_cpu(CpuRefreshKind::nothing().with_usage())
            .with_memory(MemoryRefreshKind::everything());
        let system = System::new_with_specifics(kinds)
            .inspect_err(|error| tracing::warn!("the machine's facts cannot be read: {error}"))
            .ok();
        let sampler = Sampler { system, read_at: Instant::now(), last: HostFacts::default() };
        Self { data, sampler: Arc::new(Mutex::new(sampler)) }
    }
}

#[async_trait]
impl Host for SystemHost {
    async fn facts(&self) -> HostFacts {
        let (sampler, data) = (Arc::clone(&self.sampler), self.data.clone());
        let read = tokio::task::spawn_blocking(move || {
            sampler.lock().unwrap_or_else(PoisonError::into_inner).read(&data)
        });
        match timeout(LIMIT, read).await {
            Ok(Ok(facts)) => facts,
            Ok(Err(_)) | Err(_) => {
                tracing::warn!("the machine did not tell its facts in time");
                self.sampler.try_lock().map(|sampler| sampler.last.clone()).unwrap_or_default()
            }
        }
    }
}

impl Sampler {
    fn read(&mut self, data: &Path) -> HostFacts {
        let mut facts = HostFacts {
            name: System::host_name().unwrap_or_default(),
            operating_system: System::long_os_version().unwrap_or_default(),
            kernel: System::kernel_version().unwrap_or_default(),
            architecture: System::cpu_arch(),
            uptime_seconds: System::uptime().unwrap_or_default(),
            cpu_percent: self.last.cpu_percent,
            disks: disks(data),
            ..HostFacts::default()
        };
        if let Ok(load) = System::load_average() {
            facts.load = [load.one, load.five, load.fifteen];
        }
        if let Some(system) = &mut self.system {
            // Asked twice in a blink, the machine has nothing new to say.
            if self.read_at.elapsed() >= MINIMUM_CPU_UPDATE_INTERVAL {
                system.refresh_cpu_usage();
                self.read_at = Instant::now();
                facts.cpu_percent = f64::from(system.global_cpu_usage());
            }
            system.refresh_memory();
            facts.cpus = u32::try_from(system.cpus().len()).unwrap_or_default();
            facts.memory =
                Space { total_bytes: system.total_memory(), used_bytes: system.used_memory() };
            facts.swap = Space { total_bytes: system.total_swap(), used_bytes: system.used_swap() };
        }
        self.last = facts.clone();
        facts
    }
}

/// The root's file system, and the one that holds the data, if it is another.
fn disks(data: &Path) -> Vec<DiskFacts> {
    let Ok(disks) =
        Disks::new_with_refreshed_list_specifics(DiskRefreshKind::nothing().with_storage())
    else {
        return Vec::new();
    };
    let data = data.canonicalize().unwrap_or_else(|_| data.to_path_buf());
    let data = holder(&disks[..], &data).map(Disk::mount_point);
    let root = holder(&disks[..], Path::new("/")).map(Disk::mount_point);
    let mut facts: Vec<DiskFacts> = Vec::new();
    for disk in &disks[..] {
        let mount = disk.mount_point();
        let matters = Some(mount) == data || Some(mount) == root;
        let shown = mount.display().to_string();
        if matters && facts.iter().all(|seen| seen.mount != shown) {
            facts.push(DiskFacts {
                mount: shown,
                file_system: disk.file_system().to_string_lossy().into_owned(),
                space: Space {
                    total_bytes: disk.total_space(),
                    used_bytes: disk.total_space().saturating_sub(disk.available_space()),
                },
                holds_data: Some(mount) == data,
            });
        }
    }
    facts
}

/// The file system that a path lies on: the one mounted deepest above it.
fn holder<'a>(disks: &'a [Disk], path: &Path) -> Option<&'a Disk> {
    disks
        .iter()
        .filter(|disk| path.starts_with(disk.mount_point()))
        .max_by_key(|disk| disk.mount_point().components().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    // DK-148
    #[tokio::test]
    async fn the_machine_tells_what_it_has_and_what_is_in_use() {
        let machine = SystemHost::new(std::env::temp_dir());

        let facts = machine.facts().await;

        assert!(!facts.kernel.is_empty() && !facts.architecture.is_empty());
        assert!(facts.cpus > 0 && facts.uptime_seconds > 0);
        assert!(facts.memory.used_bytes > 0 && facts.memory.used_bytes < facts.memory.total_bytes);
        assert!((0.0..=100.0).contains(&facts.cpu_percent));
        assert!(facts.disks.iter().any(|disk| disk.mount == "/" && disk.space.total_bytes > 0));
        assert_eq!(facts.disks.iter().filter(|disk| disk.holds_data).count(), 1);
    }
}
