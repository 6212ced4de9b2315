//! The daily summary: what is counted, and how it is sent.

mod function;

use acuse_core::error::chain;
use acuse_core::provider::Providers;
use acuse_core::summary::{Day, Language, Queues, Summary};
use aws_config::SdkConfig;
use aws_sdk_sqs::types::QueueAttributeName;
use thiserror::Error;
use tracing::warn;

use crate::ledger::error::Source;
use crate::ledger::reader::{LedgerReader, ReadError, Reading};
pub use function::run_summary;

/// What a summary is made from.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The stack's name, as the summary shows it.
    pub stack: String,
    /// How a command names the stack: ` --stack acuse`. Empty for the local one.
    pub named: String,
    /// The ledger.
    pub ledger: LedgerReader,
    /// SQS.
    pub sqs: aws_sdk_sqs::Client,
    /// The stack's queues.
    pub queues: QueueUrls,
}

/// The URLs of a stack's queues.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct QueueUrls {
    pub events: String,
    pub dead_letters: String,
    pub quarantine: String,
    /// `None` if the stack has no destinations.
    pub destinations: Option<String>,
}

/// A summary was not made, or not sent.
#[derive(Debug, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the texts say it")]
pub enum SummaryError {
    #[error("the day's events can't be read")]
    Ledger(#[from] ReadError),
    #[error("SQS does not say how many messages {url} has")]
    Queue { url: String, source: Source },
    #[error("the summary can't be published to {topic}")]
    Publish { topic: String, source: Source },
}

impl Sources {
    /// Counts a day's events of `providers`, and what the queues have now.
    ///
    /// # Errors
    /// The ledger or a queue can't be read.
    pub async fn summary(
        &self,
        providers: Providers,
        day: &Day,
        reading: &Reading<'_>,
    ) -> Result<Summary, SummaryError> {
        let counted = self.ledger.tally(providers, day, reading).await?;
        Ok(Summary {
            stack: self.stack.clone(),
            named: self.named.clone(),
            day: day.clone(),
            tally: counted.tally,
            queues: Queues {
                events: self.depth(&self.queues.events).await?,
                dead_letters: self.depth(&self.queues.dead_letters).await?,
                quarantine: self.depth(&self.queues.quarantine).await?,
                destinations: match &self.queues.destinations {
                    Some(url) => Some(self.depth(url).await?),
                    None => None,
                },
            },
            complete: counted.complete,
        })
    }

    /// About how many messages a queue has, whether they can be received now or not.
    async fn depth(&self, url: &str) -> Result<u64, SummaryError> {
        use QueueAttributeName as Name;
        let names = [
            Name::ApproximateNumberOfMessages,
            Name::ApproximateNumberOfMessagesNotVisible,
            Name::ApproximateNumberOfMessagesDelayed,
        ];
        let get = self.sqs.get_queue_attributes().queue_url(url);
        let got = get.set_attribute_names(Some(names.to_vec())).send().await;
        let got = got.map_err(|error| SummaryError::Queue {
            url: url.to_owned(),
            source: error.into(),
        })?;
        let numbers = names.iter().map(|name| {
            let number = got.attributes.as_ref().and_then(|all| all.get(name));
            number.and_then(|text| text.parse::<u64>().ok()).unwrap_or_default()
        });
        Ok(numbers.sum())
    }
}

/// Where summaries go: a topic, to which people subscribe by mail, and AWS's chat service for Slack and Teams.
#[derive(Debug, Clone)]
pub struct Publisher {
    client: aws_sdk_sns::Client,
    topic: String,
}

impl Publisher {
    /// Publishes to the topic with this ARN.
    pub fn new(sdk: &SdkConfig, topic: impl Into<String>) -> Self {
        Self {
            client: aws_sdk_sns::Client::new(sdk),
            topic: topic.into(),
        }
    }

    /// Sends a summary to all subscribers.
    ///
    /// # Errors
    /// [`SummaryError::Publish`] names the topic.
    pub async fn send(&self, summary: &Summary, language: Language) -> Result<(), SummaryError> {
        let publish = self.client.publish().topic_arn(&self.topic);
        let publish = publish
            .subject(summary.subject(language))
            .message_structure("json")
            .message(summary.message(language));
        match publish.send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                warn!(
                    topic = self.topic,
                    error = chain(&error),
                    "the summary was not published"
                );
                Err(SummaryError::Publish {
                    topic: self.topic.clone(),
                    source: error.into(),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests;
