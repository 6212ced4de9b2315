//! Where figures come from, so that nobody compares two machines unawares.

use serde::Serialize;

/// What is known of the machine.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Machine {
    /// The processor's name.
    pub(crate) processor: String,
    /// How many of them this program may use.
    pub(crate) processors: usize,
    /// Kernel and its version.
    pub(crate) system: String,
    /// The load average of the last minute, before the first round and after the last.
    pub(crate) load: (f64, f64),
}

impl Machine {
    /// This one, now.
    pub(crate) fn here() -> Self {
        let cpu = read("/proc/cpuinfo");
        let name = cpu
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let (_, name) = name.unwrap_or(("", std::env::consts::ARCH));
        let load = load();
        Self {
            processor: name.to_owned(),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            system: format!("Linux {}", read("/proc/sys/kernel/osrelease").trim()),
            load: (load, load),
        }
    }

    /// With the load at the end.
    pub(crate) fn and_after(mut self) -> Self {
        self.load.1 = load();
        self
    }
}

fn load() -> f64 {
    let load = read("/proc/loadavg");
    load.split(' ')
        .next()
        .and_then(|load| load.parse().ok())
        .unwrap_or_default()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}
