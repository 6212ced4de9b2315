//! A pass over a queue that loses no message.

use std::collections::HashSet;
use std::time::Duration;

use acuse_aws::system::SystemClock;
use acuse_core::clock::{Clock, Timestamp};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, Message, MessageSystemAttributeName};
use futures_util::future::try_join_all;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::Instant;

use super::batch::{AT_ONCE, BATCH, BatchOutcome, Entry, delete, send};
use super::server_time::ServerTime;
use super::{Depth, QueueError};
use crate::stack::error::StackError;
use crate::stack::target::Target;

/// How long a received message is hidden from others. Whatever happens to this process, the message is back in the
/// queue after that.
pub const HIDDEN: Duration = Duration::from_secs(300);

/// How long a receive waits. SQS asks all its servers only if it may wait.
const WAIT_SECONDS: i32 = 1;

const LANES: usize = 4;

/// The pass ends after this many rounds in a row without any message.
const EMPTY: u32 = 2;

/// The pass ends after this many rounds in a row without a new message: others send faster than we receive. SQS
/// returns older messages first, though not strictly.
const NOTHING_NEW: u32 = 25;

/// The same for a pass that hides nothing, which receives what it has seen again and again.
const NOTHING_NEW_IN_LOOK: u32 = 5;

/// `Date` counts whole seconds, so a message sent in the second of the first answer may be our own that came straight
/// back. Work starts when that second is over, plus one second for the clocks of SQS's own servers.
const BEFORE_WORK: Duration = Duration::from_secs(2);

/// One pass over the messages that a queue has at the start, each of them once. Messages sent meanwhile are left for
/// the next pass: they may be ones that this pass has sent on and that came straight back. A pass that
/// [ends](Self::end) makes every message visible again that it did not [delete](Self::delete).
pub struct Walk {
    client: Client,
    url: String,
    kind: Kind,
    /// Messages sent later don't belong to this pass. By SQS's clock, like the times it is compared with.
    until: Option<Timestamp>,
    work_from: Option<Instant>,
    depth: Depth,
    seen: HashSet<String>,
    hidden: Vec<Message>,
    later: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Messages are sent on, and may come back.
    Work,
    /// Messages stay, hidden until the end.
    List,
    /// Messages stay, and nobody misses them meanwhile.
    Look,
}

impl Walk {
    /// Starts a pass that sends messages on. The queue's URL is in the stack's output `queue`.
    pub async fn work(target: &Target, queue: &str) -> Result<Self, StackError> {
        Self::new(target, queue, Kind::Work, Depth::of(target, queue).await?)
    }

    /// Starts a pass that leaves every message where it is.
    pub async fn list(target: &Target, queue: &str) -> Result<Self, StackError> {
        Self::new(target, queue, Kind::List, Depth::of(target, queue).await?)
    }

    /// At least `enough` messages, or all that can be seen without hiding any from others: of a long queue, a part.
    pub async fn look(target: &Target, queue: &str, enough: usize) -> Result<Vec<Message>, StackError> {
        let mut walk = Self::new(target, queue, Kind::Look, Depth::default())?;
        let mut found = Vec::new();
        while found.len() < enough
            && let Some(messages) = walk.next().await?
        {
            found.extend(messages);
        }
        Ok(found)
    }

    fn new(target: &Target, queue: &str, kind: Kind, depth: Depth) -> Result<Self, StackError> {
        Ok(Self {
            client: Client::new(&target.sdk),
            url: target.output(queue)?.to_owned(),
            kind,
            until: None,
            work_from: None,
            depth,
            seen: HashSet::new(),
            hidden: Vec::new(),
            later: 0,
        })
    }

    /// The queue's depth before this pass hid any message.
    pub fn depth(&self) -> Depth {
        self.depth
    }

    /// How many messages were sent during this pass. They are left in the queue.
    pub fn later(&self) -> usize {
        self.later
    }

    /// The next new messages; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<Message>>, QueueError> {
        let (mut empty, mut nothing_new) = (0, 0);
        let most = match self.kind {
            Kind::Look => NOTHING_NEW_IN_LOOK,
            Kind::Work | Kind::List => NOTHING_NEW,
        };
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
                if self.kind != Kind::Look {
                    self.hidden.push(message);
                }
            }
            if !fresh.is_empty() {
                return Ok(Some(fresh));
            }
            (empty, nothing_new) = (0, nothing_new + 1);
        }
        Ok(None)
    }

    /// The messages that match, until there are so many. Others are passed over.
    pub async fn find_all(
        &mut self,
        most: usize,
        matches: impl Fn(&Message) -> bool,
    ) -> Result<Vec<Message>, QueueError> {
        let mut found = Vec::new();
        while found.len() < most
            && let Some(messages) = self.next().await?
        {
            found.extend(messages.into_iter().filter(&matches));
        }
        Ok(found)
    }

    /// One round of receives. The first is a single one, whose answer says when the pass started.
    async fn receive(&mut self) -> Result<Vec<Message>, QueueError> {
        if self.until.is_some() && self.kind != Kind::Look {
            let rounds = try_join_all((0..LANES).map(|_| self.receive_once(ServerTime::default()))).await?;
            return Ok(rounds.into_iter().flatten().collect());
        }
        let server_time = ServerTime::default();
        let received = self.receive_once(server_time.clone()).await?;
        if self.until.is_none() {
            // Every answer of AWS's has a date (RFC 9110, 6.6.1).
            let began = server_time.get().unwrap_or_else(|| SystemClock.now());
            self.until = Some(began.plus(Duration::from_secs(1)));
            self.work_from = Some(Instant::now() + BEFORE_WORK);
        }
        Ok(received)
    }

    async fn receive_once(&self, server_time: ServerTime) -> Result<Vec<Message>, QueueError> {
        let hidden = match self.kind {
            Kind::Look => Duration::ZERO,
            Kind::Work | Kind::List => HIDDEN,
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
        let received = receive.customize().interceptor(server_time).send().await;
        let received = received.map_err(|error| QueueError::new("ReceiveMessage", &self.url, error))?;
        Ok(received.messages.unwrap_or_default())
    }

    /// A message that SQS itself moved to a dead-letter queue keeps the time it was sent to the first queue, so it
    /// belongs to this pass if that was before the start.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html>
    fn is_of_this_pass(&self, message: &Message) -> bool {
        let attributes = message.attributes.as_ref();
        let sent = attributes.and_then(|all| all.get(&MessageSystemAttributeName::SentTimestamp));
        let sent = sent.and_then(|millis| millis.parse().ok()).map(Timestamp::from_millis);
        sent.zip(self.until).is_none_or(|(sent, until)| sent < until)
    }

    /// Sends messages to another queue. After an error, some of them may have been sent.
    pub async fn send<'a>(&self, to: &str, messages: Vec<Entry<'a, '_>>) -> Result<BatchOutcome<'a>, QueueError> {
        send(&self.client, to, messages).await
    }

    /// Deletes messages for good. Those that SQS refuses one by one are in the outcome.
    pub async fn delete<'a>(&mut self, messages: &[&'a Message]) -> Result<BatchOutcome<'a>, QueueError> {
        let outcome = delete(&self.client, &self.url, messages).await?;
        let gone: HashSet<_> = outcome.done.iter().map(|message| &message.message_id).collect();
        self.hidden.retain(|hidden| !gone.contains(&hidden.message_id));
        Ok(outcome)
    }

    /// Ends the pass with its result: first of all, the messages that were not deleted are visible again.
    pub async fn end<T, E: From<QueueError>>(self, result: Result<T, E>) -> Result<T, E> {
        let calls: Vec<_> = self.hidden.chunks(BATCH).map(|batch| self.show(batch)).collect();
        let shown: Result<(), _> = stream::iter(calls).buffer_unordered(AT_ONCE).try_collect().await;
        shown?;
        result
    }

    async fn show(&self, batch: &[Message]) -> Result<(), QueueError> {
        let entries = (0..).zip(batch).filter_map(|(place, message)| {
            ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(place.to_string())
                .set_receipt_handle(message.receipt_handle.clone())
                .visibility_timeout(0)
                .build()
                .ok()
        });
        let change = self.client.change_message_visibility_batch().queue_url(&self.url);
        // An entry that fails comes back by itself after `HIDDEN`.
        let change = change.set_entries(Some(entries.collect())).send().await;
        change
            .map(drop)
            .map_err(|error| QueueError::new("ChangeMessageVisibilityBatch", &self.url, error))
    }
}
