//! Kills functions of a local stack while they work.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

/// Kills a function that works on the ledger every few seconds until it is stopped.
#[derive(Debug)]
pub struct Killer {
    stopped: Arc<AtomicBool>,
    kills: JoinHandle<Kills>,
}

/// How many were killed of each function.
#[derive(Debug, Clone, Copy, Default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Kills {
    pub consumers: u32,
    pub destinations: u32,
}

impl Killer {
    /// Kills consumers of the stack whose state folder is `state`, and its functions `destinations`.
    pub fn start(state: &Path, mut random: fastrand::Rng) -> Self {
        let stopped = Arc::new(AtomicBool::new(false));
        let kills = tokio::spawn({
            let (stopped, state) = (Arc::clone(&stopped), state.to_owned());
            async move {
                let mut kills = Kills::default();
                while !stopped.load(Ordering::Relaxed) {
                    tokio::time::sleep(Duration::from_millis(random.u64(500..4000))).await;
                    kill_one(&state, &mut random, &mut kills);
                }
                kills
            }
        });
        Self { stopped, kills }
    }

    /// Stops, and returns how many functions it has killed.
    ///
    /// # Panics
    /// If it could not kill one.
    pub async fn stop(self) -> Kills {
        self.stopped.store(true, Ordering::Relaxed);
        self.kills.await.unwrap()
    }
}

fn kill_one(state: &Path, random: &mut fastrand::Rng, kills: &mut Kills) {
    let processes = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| Some(entry.ok()?.path()));
    let functions: Vec<(PathBuf, bool)> = processes
        .filter_map(|process| Some((process.clone(), is_consumer(&process, state)?)))
        .collect();
    // The one that was killed less often, if there is one: a short test is to see both.
    let wanted = kills.consumers <= kills.destinations;
    let preferred: Vec<_> = functions.iter().filter(|(_, kind)| *kind == wanted).cloned().collect();
    let choice = random.choice(preferred).or_else(|| random.choice(functions));
    let Some((process, is_consumer)) = choice else {
        return;
    };
    let pid = process.file_name().unwrap();
    // It may have ended by itself.
    let killed = Command::new("kill").arg("-KILL").arg(pid).status().unwrap().success();
    match is_consumer {
        true => kills.consumers += u32::from(killed),
        false => kills.destinations += u32::from(killed),
    }
}

/// Tells functions by the environment that the stack gives them: whether it is a consumer, or delivers to destinations;
/// `None` if it is neither.
fn is_consumer(process: &Path, state: &Path) -> Option<bool> {
    let read = |name| std::fs::read(process.join(name)).unwrap_or_default();
    let environment = String::from_utf8_lossy(&read("environ")).into_owned();
    let command = String::from_utf8_lossy(&read("cmdline")).into_owned();
    let of_this_stack = environment.contains(&*state.to_string_lossy());
    let works_on_the_ledger = environment.contains("LEDGER_TABLE=") && command.contains("bootstrap");
    (of_this_stack && works_on_the_ledger).then(|| environment.contains("PAYMENTS_TABLE="))
}
