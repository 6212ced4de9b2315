//! The one call of CloudWatch Logs, signed here: the SDK's crate would add half a minute to the first
//! `cargo run -- local`.
//!
//! AWS answers at most 10,000 lines or 1 MB at once, and an answer may be empty and still name a next page. It takes
//! [a few requests a second][quotas] of the whole account, and refuses more with `ThrottlingException`.
//!
//! [quotas]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html

use std::time::{Duration, SystemTime};

use acuse_aws::system::SystemRandom;
use acuse_core::clock::Timestamp;
use acuse_core::consume::Backoff;
use aws_config::SdkConfig;
use aws_sdk_dynamodb::config::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http::Request;
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Cause, LogsError};
use crate::http::client;
use crate::stack::target::Target;

/// Most lines of one answer.
pub(super) const FULL: usize = 10_000;

/// How often a request is sent that AWS is too busy for: over about half a minute.
const ATTEMPTS: u32 = 8;

const BACKOFF: Backoff = Backoff {
    base: Duration::from_millis(400),
    max: Duration::from_secs(8),
};

/// CloudWatch Logs.
#[derive(Debug)]
pub(super) struct Api {
    http: Client,
    sdk: SdkConfig,
    endpoint: String,
    is_local: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    #[serde(default)]
    pub(super) events: Vec<Event>,
    pub(super) next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event {
    #[serde(default)]
    pub(super) log_stream_name: String,
    pub(super) timestamp: i64,
    pub(super) message: String,
}

impl Api {
    pub(super) fn of(target: &Target) -> Result<Self, LogsError> {
        Self::new(target.sdk.clone(), target.is_local())
    }

    pub(super) fn new(sdk: SdkConfig, is_local: bool) -> Result<Self, LogsError> {
        let region = sdk.region().map_or("us-east-1", |region| region.as_ref());
        let domain = if region.starts_with("cn-") {
            "amazonaws.com.cn"
        } else {
            "amazonaws.com"
        };
        let regional = format!("https://logs.{region}.{domain}");
        Ok(Self {
            http: client()?,
            endpoint: sdk.endpoint_url().map_or(regional, str::to_owned),
            sdk,
            is_local,
        })
    }

    /// One page of a group's lines: those since a moment, and up to another one if it is given.
    pub(super) async fn filter(
        &self,
        group: &str,
        since: Timestamp,
        until: Option<Timestamp>,
        token: Option<&str>,
    ) -> Result<Page, LogsError> {
        let mut input = json!({"logGroupName": group, "startTime": since.as_millis()});
        if let Value::Object(input) = &mut input {
            input.extend(until.map(|until| ("endTime".to_owned(), until.as_millis().into())));
            input.extend(token.map(|token| ("nextToken".to_owned(), token.into())));
        }
        let mut attempt = 1;
        loop {
            match self.ask(group, &input).await {
                Err(LogsError::Busy { .. }) if attempt < ATTEMPTS => {
                    tokio::time::sleep(BACKOFF.delay(attempt, &SystemRandom)).await;
                    attempt += 1;
                }
                answered => return answered,
            }
        }
    }

    async fn ask(&self, group: &str, input: &Value) -> Result<Page, LogsError> {
        let request = self.request(input).await.map_err(LogsError::Sign)?;
        let answer = self.http.execute(request).await.map_err(LogsError::NoAnswer)?;
        let status = answer.status();
        let text = answer.text().await.map_err(LogsError::NoAnswer)?;
        let group = group.to_owned();
        if !status.is_success() {
            let answer = format!("{status} {text}");
            return Err(match is_busy(status, &text) {
                true => LogsError::Busy { group, answer },
                false => LogsError::Refused { group, answer },
            });
        }
        serde_json::from_str(&text).map_err(|error| LogsError::Refused {
            group,
            answer: format!("its answer can't be read: {error}"),
        })
    }

    async fn request(&self, input: &Value) -> Result<reqwest::Request, Cause> {
        let url = format!("{}/", self.endpoint.trim_end_matches('/'));
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", "Logs_20140328.FilterLogEvents"),
        ];
        let mut request = Request::post(&url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let mut request = request.body(input.to_string())?;
        // The emulator checks no signatures.
        if !self.is_local {
            self.sign(&mut request, &url, headers).await?;
        }
        Ok(request.try_into()?)
    }

    async fn sign(
        &self,
        request: &mut Request<String>,
        url: &str,
        headers: [(&'static str, &'static str); 2],
    ) -> Result<(), Cause> {
        let provider = self.sdk.credentials_provider().ok_or("there are no credentials")?;
        let identity = provider.provide_credentials().await?.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.sdk.region().map_or("us-east-1", |region| region.as_ref()))
            .name("logs")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?;
        let body = SignableBody::Bytes(request.body().as_bytes());
        let signable = SignableRequest::new("POST", url, headers.into_iter(), body)?;
        let (instructions, _) = sign(signable, &params.into())?.into_parts();
        instructions.apply_to_request_http1x(request);
        Ok(())
    }
}

/// Whether the same request may be answered later: AWS names the reason in `__type`.
fn is_busy(status: StatusCode, text: &str) -> bool {
    let kind = serde_json::from_str::<Value>(text).ok();
    let kind = kind.and_then(|answer| Some(answer.get("__type")?.as_str()?.to_owned()));
    status == StatusCode::TOO_MANY_REQUESTS
        || status.is_server_error()
        || kind.is_some_and(|kind| kind.contains("Throttling"))
}
