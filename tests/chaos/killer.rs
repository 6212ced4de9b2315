//! Kills consumers.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

/// Kills a consumer every few seconds until it is stopped.
pub(super) struct Killer {
    stopped: Arc<AtomicBool>,
    kills: JoinHandle<u32>,
}

impl Killer {
    /// Kills consumers of the stack whose state folder is `state`.
    pub(super) fn start(state: &Path, mut random: fastrand::Rng) -> Self {
        let stopped = Arc::new(AtomicBool::new(false));
        let kills = tokio::spawn({
            let (stopped, state) = (Arc::clone(&stopped), state.to_owned());
            async move {
                let mut kills = 0;
                while !stopped.load(Ordering::Relaxed) {
                    tokio::time::sleep(Duration::from_millis(random.u64(500..4000))).await;
                    kills += u32::from(kill_a_consumer(&state));
                }
                kills
            }
        });
        Self { stopped, kills }
    }

    /// Stops, and returns how many consumers it has killed.
    pub(super) async fn stop(self) -> u32 {
        self.stopped.store(true, Ordering::Relaxed);
        self.kills.await.unwrap()
    }
}

/// Finds a consumer by the environment that the stack gives it.
fn kill_a_consumer(state: &Path) -> bool {
    let is_consumer = |process: &PathBuf| {
        let read = |name| std::fs::read(process.join(name)).unwrap_or_default();
        let environment = String::from_utf8_lossy(&read("environ")).into_owned();
        let command = String::from_utf8_lossy(&read("cmdline")).into_owned();
        let of_this_stack = environment.contains(&*state.to_string_lossy());
        of_this_stack && environment.contains("LEDGER_TABLE=") && command.contains("bootstrap")
    };
    let processes = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| Some(entry.ok()?.path()));
    let Some(process) = processes.filter(is_consumer).last() else {
        return false;
    };
    let pid = process.file_name().unwrap();
    Command::new("kill").arg("-KILL").arg(pid).status().unwrap().success()
}
