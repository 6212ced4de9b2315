//! A function's process, with its processor time and memory.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::time::{ClockId, clock_getcpuclockid};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

use crate::error::Error;

/// A function that runs. It is ended when this is dropped.
pub(crate) struct Process {
    child: Child,
    pid: Pid,
    clock: ClockId,
    /// When it was started.
    pub(crate) started: Instant,
}

/// How a function is started.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    /// The program and its arguments.
    pub(crate) command: Vec<OsString>,
    /// Where it runs.
    pub(crate) folder: PathBuf,
    /// Its variables beyond those that all functions have.
    pub(crate) environment: Vec<(&'static str, String)>,
}

impl Process {
    /// Starts `program`. What it prints goes to `log`.
    pub(crate) fn start(program: &Program, environment: &[(&'static str, String)], log: &Path) -> Result<Self, Error> {
        let spawn = |source| Error::Spawn {
            program: program
                .command
                .first()
                .map(|name| name.display().to_string())
                .unwrap_or_default(),
            source,
        };
        let output = File::create(log).map_err(Error::file("create", log))?;
        let errors = output.try_clone().map_err(Error::file("open", log))?;
        let mut command = program.command.iter();
        let mut start = Command::new(command.next().map(OsString::as_os_str).unwrap_or_default());
        start
            .args(command)
            .env_clear()
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .envs(program.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&program.folder)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .kill_on_drop(true);

        let started = Instant::now();
        let child = start.spawn().map_err(spawn)?;
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).unwrap_or_default();
        let pid = Pid::from_raw(pid);
        let clock = clock_getcpuclockid(pid).map_err(|_| Error::Process { what: "the clock" })?;
        Ok(Self {
            child,
            pid,
            clock,
            started,
        })
    }

    /// The processor time that it has used, of all its threads.
    pub(crate) fn processor_time(&self) -> Result<Duration, Error> {
        let time = self
            .clock
            .now()
            .map_err(|_| Error::Process { what: "processor time" })?;
        Ok(Duration::from(time))
    }

    /// The most memory that it ever had resident, in bytes.
    pub(crate) fn peak_memory(&self) -> Result<u64, Error> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        let peak = status.lines().find_map(|line| {
            let line = line.strip_prefix("VmHWM:")?;
            line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
        });
        peak.map(|kilobytes| kilobytes * 1024)
            .ok_or(Error::Process { what: "peak memory" })
    }

    /// Ends it.
    pub(crate) async fn end(mut self) {
        let _ = self.child.kill().await;
    }
}

/// Keeps this program, and the functions that it starts from now on, on one processor. Below 1,769 MB
/// Lambda gives a function no more, and the functions and the services never work at once. On two, each
/// would wait for the other's to wake up, which takes a virtual machine longer than the work itself.
pub(crate) fn share_one_processor() {
    let me = Pid::from_raw(0);
    let Ok(allowed) = sched_getaffinity(me) else { return };
    let last = (0..CpuSet::count()).rfind(|cpu| allowed.is_set(*cpu).unwrap_or(false));
    let mut only = CpuSet::new();
    if last.is_some_and(|last| only.set(last).is_ok()) {
        // Where it is not allowed, figures are noisier.
        let _ = sched_setaffinity(me, &only);
    }
}
