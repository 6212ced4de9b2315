//! The functions' log lines, from CloudWatch Logs.

mod api;
pub mod line;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use acuse_core::clock::Timestamp;
use thiserror::Error;

use super::target::Target;
use crate::http::ClientError;
use api::{Api, Event, FULL};
use line::Line;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Lines may arrive this much later than later ones.
const LATE: Duration = Duration::from_secs(15);

/// A line of a function, with what tells it from others: its stream, its time, and its place among equal lines.
type Seen = (String, i64, String, usize);

/// Logs can't be read.
#[derive(Debug, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the texts say it")]
pub enum LogsError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("can't list the stack's resources")]
    Resources(#[source] Cause),
    #[error("the stack has no function `{name}`; there are {}", present.join(", "))]
    NoFunction { name: String, present: Vec<String> },
    #[error("can't sign the request for logs")]
    Sign(#[source] Cause),
    #[error("no answer from CloudWatch Logs")]
    NoAnswer(#[source] reqwest::Error),
    #[error("CloudWatch Logs refused to read {group}: {answer}")]
    Refused { group: String, answer: String },
    #[error("CloudWatch Logs is too busy to read {group}: {answer}")]
    Busy { group: String, answer: String },
    #[error("{group} has more lines of {at} than one answer holds, and CloudWatch Logs names no next page")]
    Cut { group: String, at: Timestamp },
}

impl LogsError {
    /// How to fix it.
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::Resources(_) => Some("the credentials need cloudformation:ListStackResources".to_owned()),
            Self::Refused { .. } => {
                Some("the credentials need logs:FilterLogEvents on the functions' log groups".to_owned())
            }
            Self::Busy { .. } => {
                Some("AWS answers a few such requests a second, of everybody in the account: try again".to_owned())
            }
            Self::Cut { .. } => Some("read a period without that moment (`--since`, `--until`)".to_owned()),
            _ => None,
        }
    }
}

/// The log of one function.
#[derive(Debug, Clone)]
struct Group {
    /// As its binary: `consumer`, or the provider's name.
    function: String,
    name: String,
}

/// The logs of a stack's functions, read from a moment on.
#[derive(Debug)]
pub struct Logs {
    api: Api,
    groups: Vec<Group>,
    since: Timestamp,
    until: Option<Timestamp>,
    seen: HashSet<Seen>,
}

impl Logs {
    /// The logs of the functions that are named in `only`, or of all.
    pub async fn of(target: &Target, only: &[String], since: Timestamp) -> Result<Self, LogsError> {
        let client = aws_sdk_cloudformation::Client::new(&target.sdk);
        let list = client.list_stack_resources().stack_name(target.name());
        let mut pages = list.into_paginator().items().send();
        let mut resources = Vec::new();
        while let Some(resource) = pages.next().await {
            let resource = resource.map_err(|error| LogsError::Resources(error.into()))?;
            let [logical, physical] = [resource.logical_resource_id, resource.physical_resource_id];
            resources.push((logical.unwrap_or_default(), physical.unwrap_or_default()));
        }
        let groups = groups(&resources);
        let present: Vec<String> = groups.iter().map(|group| group.function.clone()).collect();
        if let Some(name) = only.iter().find(|name| !present.contains(name)) {
            let name = name.clone();
            return Err(LogsError::NoFunction { name, present });
        }
        let wanted = |group: &Group| only.is_empty() || only.contains(&group.function);
        Ok(Self {
            api: Api::of(target)?,
            groups: groups.into_iter().filter(wanted).collect(),
            since,
            until: None,
            seen: HashSet::new(),
        })
    }

    /// Only lines up to this moment.
    pub fn until(self, until: Timestamp) -> Self {
        Self {
            until: Some(until),
            ..self
        }
    }

    /// The lines that are new since the last call, oldest first.
    pub async fn next(&mut self) -> Result<Vec<Line>, LogsError> {
        let mut lines = Vec::new();
        let mut newest = self.since;
        for group in self.groups.clone() {
            let mut from = Some(self.since);
            while let Some(since) = from {
                from = self.read(&group, since, &mut lines, &mut newest).await?;
            }
        }
        lines.sort_by_key(|line| line.at);
        self.since = self.since.max(newest.minus(LATE));
        let since = self.since.as_millis();
        self.seen.retain(|(_, at, _, _)| *at >= since);
        Ok(lines)
    }

    /// Reads the lines since a moment, page by page. Returns the moment from which there may be more: the emulator ends
    /// an answer after 10,000 lines as AWS does, and names no next page.
    async fn read(
        &mut self,
        group: &Group,
        since: Timestamp,
        lines: &mut Vec<Line>,
        newest: &mut Timestamp,
    ) -> Result<Option<Timestamp>, LogsError> {
        let mut token = None;
        let mut equal: HashMap<(String, i64, String), usize> = HashMap::new();
        loop {
            let page = self
                .api
                .filter(&group.name, since, self.until, token.as_deref())
                .await?;
            let is_full = page.events.len() >= FULL;
            let mut last = since;
            for Event {
                log_stream_name,
                timestamp,
                message,
            } in page.events
            {
                let place = equal
                    .entry((log_stream_name.clone(), timestamp, message.clone()))
                    .or_default();
                *place += 1;
                let at = Timestamp::from_millis(timestamp);
                last = last.max(at);
                *newest = (*newest).max(at);
                let is_new = self.seen.insert((log_stream_name, timestamp, message.clone(), *place));
                lines.extend(
                    is_new
                        .then(|| Line::parse(Some(&group.function), at, &message))
                        .flatten(),
                );
            }
            token = page.next_token;
            match token {
                Some(_) => {}
                None if !is_full => return Ok(None),
                None if last > since => return Ok(Some(last)),
                None => {
                    let group = group.name.clone();
                    return Err(LogsError::Cut { group, at: last });
                }
            }
        }
    }
}

/// The log groups of functions: `ConsumerLogs` is that of `ConsumerFunction`.
fn groups(resources: &[(String, String)]) -> Vec<Group> {
    let is_function = |prefix: &str| {
        resources
            .iter()
            .any(|(id, _)| id.strip_suffix("Function") == Some(prefix))
    };
    let of_function = |(id, name): &(String, String)| {
        let prefix = id.strip_suffix("Logs").filter(|prefix| is_function(prefix))?;
        Some(Group {
            function: binary(prefix),
            name: name.clone(),
        })
    };
    resources.iter().filter_map(of_function).collect()
}

/// `MercadoPago` is the function `mercado-pago`.
fn binary(prefix: &str) -> String {
    let mut name = String::new();
    for letter in prefix.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests;
