//! The local stack: the deployed template and binaries on one machine.
//!
//! ```text
//! localhost:3000  deliveries ──> emulator ──> functions (host processes)                [usual]
//!                            └─> cargo lambda watch ──> functions <── feed <── queue    [--watch]
//! localhost:3100  inspector
//! 127.0.0.1:4566  emulator: SQS, DynamoDB, Secrets Manager, Lambda, CloudFormation, …
//! ```
//!
//! A tunnel exposes the first port, which serves only deliveries. Anyone who reaches the emulator can run programs on
//! this machine, so it refuses requests from browsers.
//!
//! [`Stack::start`] does everything in order. All files are in one state folder, and nothing that it starts outlives
//! the process.

mod api;
mod background;
mod build;
mod bundle;
mod bus;
mod checkout;
mod cloudformation;
mod command;
mod condition;
mod console;
mod deploy;
mod emulator;
mod error;
mod feed;
mod forward;
mod front;
mod keep;
mod options;
mod parameter;
mod port;
mod process;
mod progress;
mod python;
mod secrets;
mod seed;
mod state;
mod tables;
mod template;
mod update;
mod watch;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

pub use crate::stack::running::{Running, STACK};
pub use bus::Bus;
pub use checkout::Checkout;
pub use error::Error;
pub use options::Options;
pub use progress::Progress;
pub use update::update;

use crate::stack::target::Target;
use crate::terminal::counted;
use acuse_core::destination::config::Target as To;
use acuse_core::destination::sign::SigningSecret;
use acuse_core::error::chain;
use api::Api;
use background::Background;
use feed::Feed;
use forward::Forward;
use front::Front;
use keep::{Keep, Kept};
use process::Process;
use python::Venv;
use state::StateLock;

/// A running local stack. It stops when this is dropped or the process ends.
#[derive(Debug)]
pub struct Stack {
    // Dropped in this order: dependents first.
    background: Background,
    launched: Launched,
}

/// What [`launch`] has started, apart from tasks.
#[derive(Debug)]
struct Launched {
    running: Running,
    paths: Vec<String>,
    forward: Option<(To, SigningSecret)>,
    bus: Option<Bus>,
    keep: Option<Keep>,
    progress: Progress,
    // Dropped in this order as well.
    processes: Vec<Process>,
    lock: StateLock,
}

impl Stack {
    /// Builds, deploys and serves, in seconds once tools are installed and binaries built.
    ///
    /// If the future is dropped early, everything it has started stops.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let checkout = Checkout::find()?;
        let state = options.state.clone().unwrap_or_else(|| checkout.local());
        let background = Background::start()?;
        let launched = background.run(launch(options, checkout, state)).await?;
        Ok(Self { background, launched })
    }

    /// Its URLs and outputs.
    pub fn running(&self) -> &Running {
        &self.launched.running
    }

    /// The paths that deliveries of default accounts are posted to.
    pub fn paths(&self) -> &[String] {
        &self.launched.paths
    }

    /// Where `--forward` sends events, and the secret that signs them.
    pub fn forward(&self) -> Option<&(To, SigningSecret)> {
        self.launched.forward.as_ref()
    }

    /// The bus that events are published on, if the parameter `EventBusName` names one.
    pub fn bus(&self) -> Option<&Bus> {
        self.launched.bus.as_ref()
    }

    /// The file of all functions' environment variables, for `cargo lambda watch --env-file`.
    pub fn env_file(&self) -> PathBuf {
        self.launched.lock.env_file()
    }

    /// Waits until a process of the stack ends by itself.
    pub async fn ended(&mut self) -> Error {
        loop {
            if let Some(error) = self.launched.processes.iter_mut().find_map(Process::ended) {
                return error;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    /// Saves what is to be kept, stops the stack, and waits until all its processes have ended.
    pub async fn stop(self) {
        drop(self.background);
        let Launched {
            processes,
            lock,
            keep,
            progress,
            ..
        } = self.launched;
        if let Some(keep) = keep {
            match keep.save().await {
                Ok(items) => progress.say(format!("kept {} and the secrets", counted(items, "item"))),
                Err(error) => progress.say(format!("nothing was kept: {}", chain(&error))),
            }
        }
        let stopping = tokio::task::spawn_blocking(move || processes.into_iter().for_each(Process::stop));
        // It does not panic, and there is nothing to do if it did.
        let _ = stopping.await;
        drop(lock);
    }
}

/// Builds the function with this binary, as the local stack does, and returns its path.
pub async fn function_binary(name: &str) -> Result<PathBuf, Error> {
    let names = [name.to_owned()];
    let mut built = build::build(&Checkout::find()?, &names, false).await?;
    built
        .remove(name)
        .ok_or_else(|| Error::Template(format!("cargo built no binary {name:?}")))
}

async fn launch(options: Options, checkout: Checkout, state: PathBuf) -> Result<Launched, Error> {
    let progress = options.progress.clone();
    let local = checkout.local();
    for folder in [&local, &state] {
        std::fs::create_dir_all(folder).map_err(Error::file("create", folder))?;
    }
    let lock = StateLock::take(&state).await?;
    // Before the slow steps.
    let deliveries = port::bind(options.port, "--port").await?;
    let inspector = port::bind(options.inspector_port, "--inspector-port").await?;
    let emulator_port = port::free(options.emulator_port, "--emulator-port").await?;
    let watch_port = match options.watch {
        true => Some(port::free(options.watch_port, "--watch-port").await?),
        false => None,
    };

    let api = Api::new(emulator::endpoint(emulator_port)).map_err(|error| Error::Runtime(error.into()))?;
    let zips = state.join("code");
    let kept = match options.keep {
        true => Kept::read(&state)?,
        false => Kept::default(),
    };
    // What goes on when one of two things at a time is done.
    let (is_built, is_running) = (AtomicBool::new(false), AtomicBool::new(false));
    let prepare = async {
        let prepared = deploy::prepare(&checkout, &zips, &options).await?;
        is_built.store(true, Relaxed);
        if !is_running.load(Relaxed) {
            progress.say("the functions are ready; waiting for the emulator");
        }
        Ok::<_, Error>(prepared)
    };
    let emulator = async {
        let venv = Venv::prepare(&local, python::EMULATOR, &progress).await?;
        progress.say(format!("starting the emulator on {}", api.endpoint()));
        let endpoint = options.functions_endpoint.as_deref();
        let mut emulator = emulator::start(&venv, &state, emulator_port, endpoint)?;
        emulator.wait_until(|| api.is_ready(), emulator::TIMEOUT).await?;
        is_running.store(true, Relaxed);
        if !is_built.load(Relaxed) {
            progress.say("the emulator is ready; waiting for cargo");
        }
        Ok::<_, Error>(emulator)
    };
    let (prepared, emulator) = tokio::try_join!(prepare, emulator)?;
    let deployment = deploy::deploy(&api, prepared, &progress).await?;
    deploy::fill(&api, &deployment, kept, options.own.as_deref()).await?;
    let bus = Bus::start(&api, &deployment.variables).await?;
    let forward = match options.forward {
        Some(target) => {
            let forward = Forward {
                target,
                secret: options.forward_secret,
            };
            let secret = forward.store(&api, &deployment).await?;
            Some((forward.target, secret))
        }
        None => None,
    };
    let keep = options.keep.then(|| Keep {
        api: api.clone(),
        state: state.clone(),
        tables: deployment.tables.clone(),
        secrets: deployment.secrets.clone(),
    });
    state::write_env(&state, api.endpoint(), &deployment.variables)?;

    let mut processes = vec![emulator];
    let mut watch_url = None;
    if let Some(port) = watch_port {
        let venv = Venv::prepare(&local, python::WATCH, &progress).await?;
        progress.say("starting cargo lambda watch");
        let sources = deploy::sources(&api, &deployment).await?;
        for source in &sources {
            deploy::disable(&api, source).await?;
        }
        let address = SocketAddr::from((watch::address()?, port));
        let watch = watch::start(&venv, &checkout, &state, address, options.show_build).await?;
        processes.insert(0, watch);
        let url = format!("http://{address}");
        progress.say("building and starting the functions under it");
        watch::wake(&api, &url, &deployment.routes).await;
        for source in sources {
            let feed = Feed {
                api: api.clone(),
                source,
                watch_url: url.clone(),
                progress: progress.clone(),
            };
            tokio::spawn(feed.run());
        }
        watch_url = Some(url);
    }

    let running = Running {
        endpoint: api.endpoint().to_owned(),
        http: format!("http://127.0.0.1:{}", deliveries.port()),
        inspector: format!("http://127.0.0.1:{}", inspector.port()),
        outputs: deployment.outputs,
        watch: watch_url.clone(),
        pid: std::process::id(),
    };
    let target = Target::local(running.clone()).await?;
    // Under `cargo lambda watch`, functions print to its terminal.
    if running.watch.is_none() {
        tokio::spawn(console::follow(Target::local(running.clone()).await?, progress.clone()));
    }
    let routes = deployment.routes.iter().filter(|route| !route.path.contains('{'));
    let mut paths: Vec<String> = routes.map(|route| route.path.clone()).collect();
    // One for each method.
    paths.dedup();
    let front = Front::new(api, watch_url, deployment.routes)?;
    tokio::spawn(deliveries.serve(front.router(), true));
    tokio::spawn(inspector.serve(crate::inspector::router(target), false));
    // Last, since the file tells other commands that the stack is ready.
    state::write_stack(&state, &running)?;
    Ok(Launched {
        running,
        paths,
        forward,
        bus,
        keep,
        progress,
        processes,
        lock,
    })
}
