//! The functions' log lines, from CloudWatch Logs.
//!
//! One call, signed here: the SDK's crate for CloudWatch Logs would add half a minute to the first `cargo run -- local`.

pub mod line;

use std::collections::{HashMap, HashSet};
use std::time::{Duration, SystemTime};

use acuse_core::clock::Timestamp;
use aws_config::SdkConfig;
use aws_sdk_dynamodb::config::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use reqwest::{Client, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};
use thiserror::Error;

use super::target::Target;
use crate::http::{ClientError, client};
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
}

impl LogsError {
    /// How to fix it.
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::Resources(_) => Some("the credentials need cloudformation:ListStackResources".to_owned()),
            Self::Refused { .. } => {
                Some("the credentials need logs:FilterLogEvents on the functions' log groups".to_owned())
            }
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
    http: Client,
    sdk: SdkConfig,
    endpoint: String,
    is_local: bool,
    groups: Vec<Group>,
    since: Timestamp,
    seen: HashSet<Seen>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    events: Vec<Event>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(default)]
    log_stream_name: String,
    timestamp: i64,
    message: String,
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
        let region = target.sdk.region().map_or("us-east-1", |region| region.as_ref());
        let domain = if region.starts_with("cn-") {
            "amazonaws.com.cn"
        } else {
            "amazonaws.com"
        };
        let regional = format!("https://logs.{region}.{domain}");
        Ok(Self {
            http: self::client()?,
            endpoint: target.sdk.endpoint_url().map_or(regional, str::to_owned),
            sdk: target.sdk.clone(),
            is_local: target.is_local(),
            groups: groups.into_iter().filter(wanted).collect(),
            since,
            seen: HashSet::new(),
        })
    }

    /// The lines that are new since the last call, oldest first.
    pub async fn next(&mut self) -> Result<Vec<Line>, LogsError> {
        let mut lines = Vec::new();
        let mut newest = self.since;
        for group in self.groups.clone() {
            let mut token = None;
            loop {
                let page = self.page(&group, token.as_deref()).await?;
                let mut equal: HashMap<(String, i64, String), usize> = HashMap::new();
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
                    newest = newest.max(at);
                    let is_new = self.seen.insert((log_stream_name, timestamp, message.clone(), *place));
                    lines.extend(
                        is_new
                            .then(|| Line::parse(Some(&group.function), at, &message))
                            .flatten(),
                    );
                }
                token = page.next_token;
                if token.is_none() {
                    break;
                }
            }
        }
        lines.sort_by_key(|line| line.at);
        self.since = self.since.max(newest.minus(LATE));
        let since = self.since.as_millis();
        self.seen.retain(|(_, at, _, _)| *at >= since);
        Ok(lines)
    }

    async fn page(&self, group: &Group, token: Option<&str>) -> Result<Page, LogsError> {
        let mut input = json!({"logGroupName": group.name, "startTime": self.since.as_millis()});
        if let (Some(token), Value::Object(input)) = (token, &mut input) {
            input.insert("nextToken".to_owned(), token.into());
        }
        let answer = self.request(&input).await?.send().await.map_err(LogsError::NoAnswer)?;
        let status = answer.status();
        let text = answer.text().await.map_err(LogsError::NoAnswer)?;
        let refused = |answer: String| LogsError::Refused {
            group: group.name.clone(),
            answer,
        };
        if !status.is_success() {
            return Err(refused(format!("{status} {text}")));
        }
        serde_json::from_str(&text).map_err(|error| refused(format!("its answer can't be read: {error}")))
    }

    async fn request(&self, input: &Value) -> Result<RequestBuilder, LogsError> {
        let url = format!("{}/", self.endpoint.trim_end_matches('/'));
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", "Logs_20140328.FilterLogEvents"),
        ];
        let body = input.to_string();
        let mut request = self.http.post(&url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        // The emulator checks no signatures.
        if !self.is_local {
            for (name, value) in self.signature(&url, &headers, &body).await.map_err(LogsError::Sign)? {
                request = request.header(name, value);
            }
        }
        Ok(request.body(body))
    }

    async fn signature(
        &self,
        url: &str,
        headers: &[(&'static str, &'static str)],
        body: &str,
    ) -> Result<Vec<(String, String)>, Cause> {
        let provider = self.sdk.credentials_provider().ok_or("there are no credentials")?;
        let identity = provider.provide_credentials().await?.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.sdk.region().map_or("us-east-1", |region| region.as_ref()))
            .name("logs")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?;
        let request = SignableRequest::new(
            "POST",
            url,
            headers.iter().copied(),
            SignableBody::Bytes(body.as_bytes()),
        )?;
        let (instructions, _) = sign(request, &params.into())?.into_parts();
        let (signed, _) = instructions.into_parts();
        Ok(signed
            .into_iter()
            .map(|header| (header.name().to_owned(), header.value().to_owned()))
            .collect())
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
mod tests {
    use super::*;

    #[test]
    fn groups_are_those_of_functions() {
        let resources = [
            "ConsumerFunction",
            "ConsumerLogs",
            "AccessLogs",
            "OnepayLogs",
            "OnepayFunction",
            "MercadoPagoFunction",
            "MercadoPagoLogs",
        ];
        let resources = resources.map(|id| (id.to_owned(), format!("stack-{id}")));
        let groups: Vec<_> = groups(&resources)
            .into_iter()
            .map(|group| (group.function, group.name))
            .collect();
        let of = |function: &str, name: &str| (function.to_owned(), name.to_owned());
        assert_eq!(
            groups,
            [
                of("consumer", "stack-ConsumerLogs"),
                of("onepay", "stack-OnepayLogs"),
                of("mercado-pago", "stack-MercadoPagoLogs")
            ]
        );
    }
}
