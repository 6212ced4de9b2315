//! Walking through a queue without losing anything of it.

use std::collections::HashSet;
use std::time::Duration;

use acuse_aws::system::SystemClock;
use acuse_core::clock::{Clock, Timestamp};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, Message, MessageSystemAttributeName};
use futures_util::future::try_join_all;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::Instant;

use super::batch::{AT_ONCE, BATCH, BatchOutcome, delete};
use super::server_time::ServerTime;
use super::{Depth, QueueError};

/// How long a message that is being looked at is hidden from others. Whatever happens to this
/// process, it is back in the queue after that.
pub const HIDDEN: Duration = Duration::from_secs(300);

/// How long one receive waits. SQS asks all its servers where it may wait, and some where not.
const WAIT_SECONDS: i32 = 1;

/// So many receives at once.
const LANES: usize = 4;

/// So many rounds in a row that give no message at all mean the end.
const EMPTY: u32 = 2;

/// So many rounds in a row that give messages and nothing to look at mean the end: others send faster than
/// we receive. SQS gives what is older first, if not strictly.
const NOTHING_NEW: u32 = 25;

/// So many receives in a row that give nothing new end a look that hides nothing: it gets what it has seen
/// already, again and again.
const LOOKS: u32 = 5;

/// `Date` counts whole seconds, so what was sent in the second of the first answer may be our own work, come
/// straight back. Work begins when that second is surely over, a second more for SQS's machines among
/// themselves.
const BEFORE_WORK: Duration = Duration::from_secs(2);

/// One pass through what a queue held at its start, each message once. What is sent to it meanwhile is left
/// for the next pass: it may be what this one has sent away, come straight back. What is not
/// [deleted](Walk::delete) is visible again after [`end`](Walk::end).
pub struct Walk {
    client: Client,
    url: String,
    kind: Kind,
    /// Messages that were sent later are none of this pass. By SQS's clock, as what they are compared with.
    until: Option<Timestamp>,
    /// When work may begin.
    work_from: Option<Instant>,
    depth: Depth,
    seen: HashSet<String>,
    held: Vec<Message>,
    later: usize,
}

/// What a pass is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// What it finds is sent on, and may come back.
    Work,
    /// What it finds stays, hidden until the end.
    List,
    /// What it finds stays, and is hidden from nobody.
    Look,
}

impl Walk {
    /// Begins a pass that sends on what it finds.
    ///
    /// # Errors
    /// [`QueueError`] names the call and the queue.
    pub async fn work(client: Client, url: &str) -> Result<Self, QueueError> {
        Self::begin(client, url, Kind::Work).await
    }

    /// Begins a pass that leaves everything where it is.
    ///
    /// # Errors
    /// [`QueueError`] names the call and the queue.
    pub async fn list(client: Client, url: &str) -> Result<Self, QueueError> {
        Self::begin(client, url, Kind::List).await
    }

    async fn begin(client: Client, url: &str, kind: Kind) -> Result<Self, QueueError> {
        let depth = Depth::of(&client, url).await?;
        Ok(Self {
            depth,
            ..Self::new(client, url, kind)
        })
    }

    /// Begins a look at a queue that hides nothing from others. Of a long queue it sees a part.
    pub fn look(client: Client, url: &str) -> Self {
        Self::new(client, url, Kind::Look)
    }

    fn new(client: Client, url: &str, kind: Kind) -> Self {
        Self {
            client,
            url: url.to_owned(),
            kind,
            until: None,
            work_from: None,
            depth: Depth::default(),
            seen: HashSet::new(),
            held: Vec::new(),
            later: 0,
        }
    }

    /// What the queue had before this pass hid any of it.
    pub fn depth(&self) -> Depth {
        self.depth
    }

    /// How many messages were sent while this pass went on. They are left.
    pub fn later(&self) -> usize {
        self.later
    }

    /// The next messages; none at the end.
    ///
    /// # Errors
    /// [`QueueError`] names the call and the queue.
    pub async fn next(&mut self) -> Result<Vec<Message>, QueueError> {
        let (mut empty, mut nothing_new) = (0, 0);
        let most = if self.kind == Kind::Look { LOOKS } else { NOTHING_NEW };
        while empty < EMPTY && nothing_new < most {
            let received = self.receive().await?;
            if received.is_empty() {
                empty += 1;
                continue;
            }
            if let (Kind::Work, Some(work_from)) = (self.kind, self.work_from) {
                tokio::time::sleep_until(work_from).await;
            }
            let mut fresh = Vec::new();
            for message in received {
                if self.seen.insert(message.message_id.clone().unwrap_or_default()) {
                    match self.is_of_this_pass(&message) {
                        true => fresh.push(message.clone()),
                        false => self.later += 1,
                    }
                }
                // What is not hidden needs not be let go.
                if self.kind != Kind::Look {
                    self.held.push(message);
                }
            }
            if !fresh.is_empty() {
                return Ok(fresh);
            }
            (empty, nothing_new) = (0, nothing_new + 1);
        }
        Ok(Vec::new())
    }

    /// One round of receives. The first one is a single one: its answer says when the pass began.
    async fn receive(&mut self) -> Result<Vec<Message>, QueueError> {
        if self.until.is_some() && self.kind != Kind::Look {
            let rounds = try_join_all((0..LANES).map(|_| self.receive_once(ServerTime::default()))).await?;
            return Ok(rounds.into_iter().flatten().collect());
        }
        let answered = ServerTime::default();
        let received = self.receive_once(answered.clone()).await?;
        if self.until.is_none() {
            // Every answer of AWS's has a date (RFC 9110, 6.6.1).
            let began = answered.at().unwrap_or_else(|| SystemClock.now());
            self.until = Some(began.plus(Duration::from_secs(1)));
            self.work_from = Some(Instant::now() + BEFORE_WORK);
        }
        Ok(received)
    }

    async fn receive_once(&self, answered: ServerTime) -> Result<Vec<Message>, QueueError> {
        let hidden = if self.kind == Kind::Look {
            Duration::ZERO
        } else {
            HIDDEN
        };
        let receive = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(10)
            .wait_time_seconds(WAIT_SECONDS)
            .visibility_timeout(i32::try_from(hidden.as_secs()).unwrap_or(i32::MAX))
            .message_attribute_names("All")
            .message_system_attribute_names(MessageSystemAttributeName::All);
        let received = receive.customize().interceptor(answered).send().await;
        let received = received.map_err(|error| QueueError::new("ReceiveMessage", &self.url, error))?;
        Ok(received.messages.unwrap_or_default())
    }

    /// A message that SQS itself has moved to a dead-letter queue keeps the time when it was sent to the
    /// queue before: it is of this pass where that was before its start.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html>
    fn is_of_this_pass(&self, message: &Message) -> bool {
        let attributes = message.attributes.as_ref();
        let sent = attributes.and_then(|all| all.get(&MessageSystemAttributeName::SentTimestamp));
        let sent = sent.and_then(|millis| millis.parse().ok()).map(Timestamp::from_millis);
        match (sent, self.until) {
            (Some(sent), Some(until)) => sent < until,
            _ => true,
        }
    }

    /// Removes messages for good.
    ///
    /// # Errors
    /// [`QueueError`] names the call and the queue. What SQS refuses one by one is in the outcome.
    pub async fn delete<'a>(&mut self, messages: &[&'a Message]) -> Result<BatchOutcome<'a>, QueueError> {
        let outcome = delete(&self.client, &self.url, messages).await?;
        let gone: HashSet<_> = outcome.done.iter().map(|message| &message.message_id).collect();
        self.held.retain(|held| !gone.contains(&held.message_id));
        Ok(outcome)
    }

    /// Makes all that was not deleted visible again at once.
    ///
    /// # Errors
    /// [`QueueError`] names the call and the queue.
    pub async fn end(self) -> Result<(), QueueError> {
        let calls: Vec<_> = self.held.chunks(BATCH).map(|batch| self.let_go(batch)).collect();
        stream::iter(calls).buffer_unordered(AT_ONCE).try_collect().await
    }

    async fn let_go(&self, batch: &[Message]) -> Result<(), QueueError> {
        let entries = (0..).zip(batch).filter_map(|(place, message)| {
            ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(place.to_string())
                .set_receipt_handle(message.receipt_handle.clone())
                .visibility_timeout(0)
                .build()
                .ok()
        });
        let change = self.client.change_message_visibility_batch().queue_url(&self.url);
        // One that fails in it comes back by itself.
        let change = change.set_entries(Some(entries.collect())).send().await;
        change
            .map(drop)
            .map_err(|error| QueueError::new("ChangeMessageVisibilityBatch", &self.url, error))
    }
}
