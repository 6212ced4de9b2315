//! An event source mapping: so many invocations of a function at a time, each a process of its own.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinSet;

use super::queue::{Batching, Queues};
use crate::error::Error;
use crate::lambda::Lambda;
use crate::life;
use crate::process::{Process, Program};

/// What a mapping invokes.
#[derive(Debug, Clone)]
pub(crate) struct Function {
    pub(crate) program: Program,
    pub(crate) queue: &'static str,
    pub(crate) batching: Batching,
    pub(crate) concurrency: usize,
    pub(crate) environment: Arc<Vec<(&'static str, String)>>,
    pub(crate) log: PathBuf,
}

/// Ends when it is dropped, and its functions with it.
pub(crate) struct Mapping {
    _invocations: JoinSet<()>,
    processes: Vec<Arc<Process>>,
}

impl Mapping {
    /// Starts all processes, and works on the queue from then on.
    pub(crate) async fn start(queues: &Queues, function: Function) -> Result<Self, Error> {
        let mut invocations = JoinSet::new();
        let mut processes = Vec::new();
        for _ in 0..function.concurrency {
            let mut lambda = Lambda::start().await?;
            let mut environment = life::own_environment(1, &lambda);
            environment.extend(function.environment.iter().cloned());
            let process = Arc::new(Process::start(&function.program, &environment, &function.log)?);
            processes.push(Arc::clone(&process));
            let ready = lambda.ready().await?;
            let (queues, queue, batching) = (queues.clone(), function.queue, function.batching);
            invocations.spawn(async move {
                if let Err(error) = work(&queues, queue, batching, &mut lambda, ready).await {
                    eprintln!("{queue}: {error}");
                }
            });
        }
        Ok(Self {
            _invocations: invocations,
            processes,
        })
    }

    /// The processor time of all its processes.
    pub(crate) fn processor_time(&self) -> Result<Duration, Error> {
        self.processes.iter().map(|process| process.processor_time()).sum()
    }

    /// The most memory that one of its processes ever had, in bytes.
    pub(crate) fn peak_memory(&self) -> Result<u64, Error> {
        let peaks: Result<Vec<_>, _> = self.processes.iter().map(|process| process.peak_memory()).collect();
        Ok(peaks?.into_iter().max().unwrap_or_default())
    }
}

async fn work(
    queues: &Queues,
    queue: &'static str,
    batching: Batching,
    lambda: &mut Lambda,
    mut ready: crate::lambda::Ready,
) -> Result<(), Error> {
    loop {
        let batch = queues.receive(queue, batching).await;
        let event = serde_json::json!({ "Records": batch.records }).to_string();
        let invoked = lambda.invoke(ready, event.into()).await?;
        let answer: Value = serde_json::from_slice(&invoked.answer).unwrap_or_default();
        let Some(failures) = answer["batchItemFailures"].as_array() else {
            return Err(Error::Answer(String::from_utf8_lossy(&invoked.answer).into_owned()));
        };
        let failed: Vec<_> = failures
            .iter()
            .filter_map(|failure| failure["itemIdentifier"].as_str())
            .collect();
        queues.delete(queue, batch.ids.iter().filter(|id| !failed.contains(&id.as_str())));
        ready = lambda.ready().await?;
    }
}
