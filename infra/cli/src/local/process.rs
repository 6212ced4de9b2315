//! Child processes that can't outlive this one.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::command::tail;
use super::error::Error;
use crate::terminal;

/// Runs a command, and ends it and everything it has started when standard input closes.
const SUPERVISOR: &str = include_str!("../../embedded/supervise.py");

/// How long the supervisor may take to end its process group, of which it gives the command two seconds.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
const TAIL_LINES: usize = 15;

/// A command under the supervisor. However this process ends, the kernel closes the pipe that the supervisor reads,
/// which then ends the command's process group.
#[derive(Debug)]
pub(super) struct Process {
    name: &'static str,
    log: PathBuf,
    child: Child,
    relays: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts `command`, with its own environment and working directory, under the supervisor in `python`. `state` is
    /// the folder for the supervisor and for the log `{name}.log`. What `show` makes of each line is printed.
    pub(super) fn start(
        name: &'static str,
        command: &Command,
        python: &Path,
        state: &Path,
        show: Option<fn(&str) -> Option<String>>,
    ) -> Result<Self, Error> {
        let script = state.join("supervise.py");
        fs::write(&script, SUPERVISOR).map_err(Error::file("write", &script))?;
        let log = state.join(format!("{}.log", name.replace(' ', "-")));
        let output = || -> Result<Stdio, Error> {
            if show.is_some() {
                return Ok(Stdio::piped());
            }
            let file = File::options().create(true).append(true).open(&log);
            file.map(Stdio::from).map_err(Error::file("open", &log))
        };
        let mut file = File::create(&log).map_err(Error::file("write", &log))?;

        let mut supervised = Command::new(python);
        supervised
            .arg(&script)
            .arg(command.get_program())
            .args(command.get_args())
            // Nothing of our environment reaches the functions.
            .env_clear()
            .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if let Some(folder) = command.get_current_dir() {
            supervised.current_dir(folder);
        }
        let mut child = supervised
            .stdin(Stdio::piped())
            .stdout(output()?)
            .stderr(output()?)
            .spawn()
            .map_err(|source| Error::Spawn {
                program: python.display().to_string(),
                source,
            })?;
        let mut relays = Vec::new();
        if let (Some(show), Some(stdout), Some(stderr)) = (show, child.stdout.take(), child.stderr.take()) {
            let mut again = file.try_clone().map_err(Error::file("open", &log))?;
            let print = move |line: &str, file: &mut File, print: fn(&str)| {
                // The log is for whoever looks for it later; the terminal has the line.
                let _ = writeln!(file, "{line}");
                show(line).iter().for_each(|line| print(line));
            };
            relays.push(relay(stdout, move |line| print(line, &mut file, terminal::line)));
            relays.push(relay(stderr, move |line| print(line, &mut again, terminal::note)));
        }
        Ok(Self {
            name,
            log,
            child,
            relays,
        })
    }

    /// The error to report if the process has ended by itself.
    pub(super) fn ended(&mut self) -> Option<Error> {
        match self.child.try_wait() {
            Ok(None) => None,
            _ => {
                self.finish_relays();
                Some(self.failure("ended by itself".to_owned()))
            }
        }
    }

    /// Waits until `is_ready`, for `timeout` at most.
    pub(super) async fn wait_until<F: Future<Output = bool>>(
        &mut self,
        is_ready: impl Fn() -> F,
        timeout: Duration,
    ) -> Result<(), Error> {
        let deadline = Instant::now() + timeout;
        while !is_ready().await {
            if let Some(error) = self.ended() {
                return Err(error);
            }
            if Instant::now() > deadline {
                return Err(self.failure(format!("was not ready within {} s", timeout.as_secs())));
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        Ok(())
    }

    /// An error with the end of the log.
    fn failure(&self, what: String) -> Error {
        Error::Process {
            name: self.name,
            what,
            log: self.log.clone(),
            tail: tail(&fs::read_to_string(&self.log).unwrap_or_default(), TAIL_LINES),
        }
    }

    /// Ends the process and blocks until it is gone.
    pub(super) fn stop(mut self) {
        self.end();
        self.finish_relays();
    }

    fn end(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            // The supervisor ends its group last, unless it was killed.
            return self.kill_group();
        }
        drop(self.child.stdin.take());
        let deadline = Instant::now() + STOP_TIMEOUT;
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.kill_group();
        // Nothing more can be done.
        let _ = self.child.wait();
    }

    /// Waits until the last lines are printed, but not for long, since a program that left the group may keep the pipe
    /// open.
    fn finish_relays(&self) {
        let deadline = Instant::now() + Duration::from_secs(1);
        while self.relays.iter().any(|relay| !relay.is_finished()) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The group's id is that of the supervisor, which leads it.
    fn kill_group(&self) {
        let group = format!("-{}", self.child.id());
        // The group is usually gone already.
        let _ = Command::new("kill")
            .args(["-s", "KILL", "--", &group])
            .stderr(Stdio::null())
            .status();
    }
}

/// Prints a program's output, escaped, since it logs what others send it. Ends with the program.
fn relay(from: impl Read + Send + 'static, mut print: impl FnMut(&str) + Send + 'static) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let lines = BufReader::new(from).split(b'\n').map_while(Result::ok);
        lines.for_each(|line| print(String::from_utf8_lossy(&line).trim_end_matches('\r')));
    })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::relay;

    #[test]
    fn output_is_relayed_line_by_line() {
        let (sender, lines) = mpsc::channel();
        relay(&b"one\r\n\xfftwo\n\nlast"[..], move |line| {
            sender.send(line.to_owned()).unwrap()
        });
        assert_eq!(lines.iter().collect::<Vec<_>>(), ["one", "\u{fffd}two", "", "last"]);
    }
}
