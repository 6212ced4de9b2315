//! An event source mapping: so many invocations of a function at a time, each a process of its own.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;
use tokio::task::JoinSet;

use super::queue::Queues;
use crate::error::Error;
use crate::lambda::Lambda;
use crate::life;
use crate::process::{Process, Program};

/// What a mapping invokes.
#[derive(Debug, Clone)]
pub(super) struct Function {
    pub(super) program: Program,
    pub(super) queue: &'static str,
    pub(super) concurrency: usize,
    pub(super) environment: Arc<Vec<(&'static str, String)>>,
    pub(super) log: PathBuf,
}

/// Ends when it is dropped, and its functions with it.
pub(super) struct Mapping {
    _invocations: JoinSet<()>,
}

impl Mapping {
    /// Starts all processes, and works on the queue from then on.
    pub(super) async fn start(queues: &Queues, function: Function) -> Result<Self, Error> {
        let mut invocations = JoinSet::new();
        for _ in 0..function.concurrency {
            let mut lambda = Lambda::start().await?;
            let mut environment = life::own_environment(1, &lambda);
            environment.extend(function.environment.iter().cloned());
            let process = Process::start(&function.program, &environment, &function.log)?;
            let ready = lambda.ready().await?;
            let (queues, queue) = (queues.clone(), function.queue);
            invocations.spawn(async move {
                if let Err(error) = work(&queues, queue, &mut lambda, ready).await {
                    eprintln!("{queue}: {error}");
                }
                drop(process);
            });
        }
        Ok(Self {
            _invocations: invocations,
        })
    }
}

async fn work(
    queues: &Queues,
    queue: &'static str,
    lambda: &mut Lambda,
    mut ready: crate::lambda::Ready,
) -> Result<(), Error> {
    loop {
        let batch = queues.receive(queue).await;
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
