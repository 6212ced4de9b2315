//! HTTP API events, payload format 2.0.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>

use std::collections::BTreeMap;

use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::deploy::Route;

/// The event of a request whose body is not text.
pub(super) fn request(route: &Route, parts: &Parts, body: &Bytes) -> Value {
    // Lower-case names, and one value each: several are joined by commas.
    let mut headers: BTreeMap<&str, String> = BTreeMap::new();
    for (name, value) in &parts.headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        let joined = headers.entry(name.as_str()).or_default();
        if !joined.is_empty() {
            joined.push(',');
        }
        joined.push_str(&value);
    }
    let text = |name: HeaderName| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let key = format!("{} {}", route.method, route.path);
    let now = jiff::Timestamp::now();
    json!({
        "version": "2.0",
        "routeKey": key,
        "rawPath": parts.uri.path(),
        "rawQueryString": parts.uri.query().unwrap_or_default(),
        "headers": headers,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": text(header::HOST),
            "domainPrefix": "local",
            "http": {
                "method": parts.method.as_str(),
                "path": parts.uri.path(),
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": text(header::USER_AGENT),
            },
            "requestId": uuid::Uuid::new_v4().to_string(),
            "routeKey": key,
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": now.as_millisecond(),
        },
        "body": BASE64.encode(body),
        "isBase64Encoded": true,
    })
}

/// A function's answer, as far as an HTTP API reads it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// The response that `content` stands for; `None` where it is none.
pub(super) fn response(content: &[u8]) -> Option<Response> {
    let answer: Answer = serde_json::from_slice(content).ok()?;
    let body = answer.body.unwrap_or_default();
    let body = if answer.is_base64_encoded {
        BASE64.decode(body.as_bytes()).ok()?
    } else {
        body.into_bytes()
    };
    let mut response = (StatusCode::from_u16(answer.status_code).ok()?, body).into_response();
    for (name, value) in answer.headers {
        let name: HeaderName = name.parse().ok()?;
        response.headers_mut().insert(name, HeaderValue::from_str(&value).ok()?);
    }
    Some(response)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;
    use crate::local::deploy::Function;

    #[test]
    fn bytes_travel_as_base64() {
        let (parts, ()) = Request::post("/webhooks/door?a=1")
            .header("X-Signature", "abc")
            .header("accept", "a")
            .header("accept", "b")
            .body(())
            .unwrap()
            .into_parts();
        let route = Route {
            method: "POST".into(),
            path: "/webhooks/door".into(),
            function: Function::named("door"),
        };
        let event = request(&route, &parts, &Bytes::from_static(b"\xff\x00"));
        assert_eq!(event["body"], "/wA=");
        assert_eq!(event["isBase64Encoded"], true);
        assert_eq!(event["headers"]["x-signature"], "abc");
        assert_eq!(event["headers"]["accept"], "a,b");
        assert_eq!(event["routeKey"], "POST /webhooks/door");
        assert_eq!(event["rawQueryString"], "a=1");
    }

    #[test]
    fn answers_are_read() {
        let answer = response(br#"{"statusCode":401,"headers":{"x-a":"b"},"multiValueHeaders":{},"body":"no","isBase64Encoded":false,"cookies":[]}"#);
        let answer = answer.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(answer.headers()["x-a"], "b");
        assert!(response(b"null").is_none());
    }
}
