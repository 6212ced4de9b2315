//! Calls to AWS: a signed POST over one connection a host.

use std::env::var;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::ring;
use serde_json::Value;

/// What goes wrong.
pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

/// The client, and who signs.
#[derive(Clone)]
pub(crate) struct Aws {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    credentials: Credentials,
    region: String,
    sqs: String,
    secrets: String,
}

impl Aws {
    pub(crate) fn from_env() -> Result<Self, Error> {
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(ring::default_provider())?
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            credentials: Credentials::new(
                var("AWS_ACCESS_KEY_ID")?,
                var("AWS_SECRET_ACCESS_KEY")?,
                var("AWS_SESSION_TOKEN").ok(),
                None,
                "environment",
            ),
            region: var("AWS_REGION")?,
            sqs: var("AWS_ENDPOINT_URL_SQS")?,
            secrets: var("AWS_ENDPOINT_URL_SECRETS_MANAGER")?,
        })
    }

    pub(crate) async fn sqs(&self, operation: &str, input: &Value) -> Result<Bytes, Error> {
        let target = format!("AmazonSQS.{operation}");
        self.call(&self.sqs, "sqs", "application/x-amz-json-1.0", &target, input)
            .await
    }

    pub(crate) async fn secrets(&self, input: &Value) -> Result<Bytes, Error> {
        let (content_type, target) = ("application/x-amz-json-1.1", "secretsmanager.GetSecretValue");
        self.call(&self.secrets, "secretsmanager", content_type, target, input)
            .await
    }

    async fn call(
        &self,
        url: &str,
        service: &str,
        content_type: &str,
        target: &str,
        input: &Value,
    ) -> Result<Bytes, Error> {
        let body = serde_json::to_vec(input)?;
        let identity = self.credentials.clone().into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(service)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let headers = [("content-type", content_type), ("x-amz-target", target)];
        let signable = SignableRequest::new("POST", url, headers.into_iter(), SignableBody::Bytes(&body))?;
        let (instructions, _) = sign(signable, &params)?.into_parts();
        let mut request = Request::post(url)
            .header("content-type", content_type)
            .header("x-amz-target", target)
            .body(Full::from(body))?;
        instructions.apply_to_request_http1x(&mut request);

        let response = self.client.request(request).await?;
        let status = response.status();
        let answer = response.into_body().collect().await?.to_bytes();
        match status.is_success() {
            true => Ok(answer),
            false => Err(format!("{target}: {status}").into()),
        }
    }
}
