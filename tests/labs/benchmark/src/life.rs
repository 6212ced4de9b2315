//! One process's life: init, the first invocation, warm ones, and what it has used.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use crate::backend::{Backend, Traffic};
use crate::contender::{Contender, Job};
use crate::error::Error;
use crate::lambda::{Lambda, Ready};
use crate::process::Process;
use acuse_work as work;

/// Invocations before the warm ones are counted: what is compiled or cached late has its chance.
const BEFORE_WARM: usize = 20;

/// Before a process is started: the kernel has put away the one before, which may have been large.
const REST: Duration = Duration::from_millis(200);

/// What the services take where waiting is measured.
const SLOW: Duration = Duration::from_millis(20);

/// How long a batch is.
pub(crate) const BATCH: usize = 10;
/// How long the longest batch is.
pub(crate) const LONG_BATCH: usize = 100;

/// What was measured of one process, in seconds and bytes.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Life {
    /// From exec to the first request for an event.
    pub(crate) init: f64,
    /// Processor time of init.
    pub(crate) init_cpu: f64,
    /// The first invocation.
    pub(crate) first: f64,
    /// The warm invocations, shortest first.
    #[serde(skip)]
    pub(crate) warm: Vec<f64>,
    /// Processor time of a warm invocation.
    pub(crate) cpu: f64,
    /// The most memory after the warm invocations.
    pub(crate) peak: u64,
    /// Connections to the Runtime API.
    pub(crate) runtime_connections: u32,
    /// What it did to the services in init.
    pub(crate) init_traffic: Traffic,
    /// And in all the rest of its life.
    pub(crate) traffic: Traffic,
    /// What a consumer alone is measured by.
    pub(crate) consumer: Option<ConsumerLife>,
}

/// What a consumer alone is measured by.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ConsumerLife {
    /// The most memory after batches of a hundred.
    pub(crate) peak_long: u64,
    /// A batch of one, where every call to a service takes 20 ms.
    pub(crate) slow_one: f64,
    /// A batch of ten, where every call to a service takes 20 ms.
    pub(crate) slow_ten: f64,
}

/// Lets `contender` live once, for `invocations` warm invocations.
pub(crate) async fn live(
    contender: &Contender,
    lambda: &mut Lambda,
    backend: &Backend,
    invocations: usize,
    log: &Path,
) -> Result<Life, Error> {
    tokio::time::sleep(REST).await;
    lambda.forget();
    backend.take_traffic();
    let process = Process::start(
        &contender.program,
        &environment(contender.job.accounts(), lambda, backend),
        log,
    )?;
    let life = measure(&process, contender.job, lambda, backend, invocations).await;
    process.end().await;
    backend.delay(Duration::ZERO);
    life
}

async fn measure(
    process: &Process,
    job: Job,
    lambda: &mut Lambda,
    backend: &Backend,
    invocations: usize,
) -> Result<Life, Error> {
    let mut events = Events { job, made: 0 };
    let ready = lambda.ready().await?;
    let init = ready.since.duration_since(process.started);
    let init_cpu = process.processor_time()?;
    let init_traffic = backend.take_traffic();

    let (first, mut ready) = invoke(lambda, ready, &mut events, BATCH).await?;
    for _ in 0..BEFORE_WARM {
        (_, ready) = invoke(lambda, ready, &mut events, BATCH).await?;
    }
    let before = process.processor_time()?;
    let mut warm = Vec::with_capacity(invocations);
    for _ in 0..invocations {
        let took;
        (took, ready) = invoke(lambda, ready, &mut events, BATCH).await?;
        warm.push(took.as_secs_f64());
    }
    let used = process.processor_time()?.saturating_sub(before);
    warm.sort_by(f64::total_cmp);
    let peak = process.peak_memory()?;
    let traffic = backend.take_traffic();
    let consumer = match job {
        Job::Consume => Some(consumer(process, lambda, backend, ready, &mut events).await?),
        Job::Hello | Job::Send | Job::Verify(..) => None,
    };
    Ok(Life {
        init: init.as_secs_f64(),
        init_cpu: init_cpu.as_secs_f64(),
        first: first.as_secs_f64(),
        cpu: used.as_secs_f64() / invocations.max(1) as f64,
        warm,
        peak,
        runtime_connections: lambda.server.take_connections(),
        init_traffic,
        traffic,
        consumer,
    })
}

async fn consumer(
    process: &Process,
    lambda: &mut Lambda,
    backend: &Backend,
    mut ready: Ready,
    events: &mut Events,
) -> Result<ConsumerLife, Error> {
    backend.delay(SLOW);
    let (slow_one, slow_ten);
    (slow_one, ready) = invoke(lambda, ready, events, 1).await?;
    (slow_ten, ready) = invoke(lambda, ready, events, BATCH).await?;
    backend.delay(Duration::ZERO);
    for _ in 0..5 {
        (_, ready) = invoke(lambda, ready, events, LONG_BATCH).await?;
    }
    Ok(ConsumerLife {
        peak_long: process.peak_memory()?,
        slow_one: slow_one.as_secs_f64(),
        slow_ten: slow_ten.as_secs_f64(),
    })
}

/// One invocation, checked, up to the function's request for the next.
async fn invoke(
    lambda: &mut Lambda,
    ready: Ready,
    events: &mut Events,
    size: usize,
) -> Result<(Duration, Ready), Error> {
    let invoked = lambda.invoke(ready, events.next(size)).await?;
    if !events.job.is_done(&invoked.answer) {
        return Err(Error::Answer(String::from_utf8_lossy(&invoked.answer).into_owned()));
    }
    Ok((invoked.took, lambda.ready().await?))
}

/// The events of a job, none of them twice.
struct Events {
    job: Job,
    made: usize,
}

impl Events {
    fn next(&mut self, size: usize) -> Bytes {
        match self.job {
            Job::Hello | Job::Send => work::delivery(&acuse_core::providers::kuenta::PROVIDER, 1),
            Job::Verify(provider, accounts) => work::delivery(provider, accounts),
            Job::Consume => {
                self.made += size;
                work::batch(self.made, size)
            }
        }
    }
}

/// What all functions are told.
fn environment(accounts: usize, lambda: &Lambda, backend: &Backend) -> Vec<(&'static str, String)> {
    let mut environment = own_environment(accounts, lambda);
    environment.extend(backend.environment());
    environment
}

/// The same, but for where the services are. A secret's name says how many accounts it has.
pub(crate) fn own_environment(accounts: usize, lambda: &Lambda) -> Vec<(&'static str, String)> {
    vec![
        ("AWS_LAMBDA_RUNTIME_API", lambda.server.address.to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", "benchmark".into()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".into()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".into()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "group".into()),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "stream".into()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".into()),
        ("AWS_REGION", "us-east-1".into()),
        ("AWS_DEFAULT_REGION", "us-east-1".into()),
        ("AWS_ACCESS_KEY_ID", "benchmark".into()),
        ("AWS_SECRET_ACCESS_KEY", "benchmark".into()),
        ("AWS_SESSION_TOKEN", "benchmark".into()),
        ("LEDGER_TABLE", "ledger".into()),
        ("PAYMENTS_TABLE", "payments".into()),
        // As for a new stack.
        ("FORMER_PAYMENTS", "false".into()),
        ("UNOPAGO_SECRET_ID", format!("unopago-{accounts}")),
        ("ONEPAY_SECRET_ID", format!("onepay-{accounts}")),
        ("KUENTA_SECRET_ID", format!("kuenta-{accounts}")),
        ("POWERTOOLS_SERVICE_NAME", "benchmark".into()),
        // As the template has it.
        (
            "GLIBC_TUNABLES",
            "glibc.malloc.mxfast=0:glibc.malloc.tcache_count=64:glibc.malloc.mmap_threshold=1048576:glibc.malloc.trim_threshold=2097152".into(),
        ),
    ]
}
