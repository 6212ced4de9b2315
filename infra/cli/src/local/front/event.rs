//! Events and responses of an HTTP API, payload format 2.0.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>

use std::collections::BTreeMap;

use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::deploy::Route;
use super::Matched;

/// The event of a request that `route` serves.
pub(super) fn request(route: &Route, matched: &Matched, parts: &Parts, body: &Bytes) -> Value {
    // Names are lower case, and several values are joined by commas.
    let mut headers: BTreeMap<&str, String> = BTreeMap::new();
    for (name, value) in &parts.headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        let joined = headers.entry(name.as_str()).or_default();
        if !joined.is_empty() {
            joined.push(',');
        }
        joined.push_str(&value);
    }
    let text_of = |name: HeaderName| headers.get(name.as_str()).cloned().unwrap_or_default();
    let (content_type, user_agent) = (text_of(header::CONTENT_TYPE), text_of(header::USER_AGENT));
    // AWS sets the API's own host name. The caller's may not fit in a URL.
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.filter(|host| is_name(host)).unwrap_or("localhost");
    // The API overwrites these.
    for (name, value) in [
        ("host", host),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-port", "443"),
        ("x-forwarded-proto", "https"),
    ] {
        headers.insert(name, value.to_owned());
    }
    let (body, is_base64) = match std::str::from_utf8(body) {
        Ok(text) if is_text(&content_type) => (text.to_owned(), false),
        _ => (BASE64.encode(body), true),
    };
    let key = format!("{} {}", route.method, route.path);
    let now = jiff::Timestamp::now();
    let path = &matched.path;
    json!({
        "version": "2.0",
        "routeKey": key,
        "rawPath": path,
        "pathParameters": matched.proxy.as_ref().map(|proxy| json!({"proxy": proxy})),
        "rawQueryString": parts.uri.query().unwrap_or_default(),
        "headers": headers,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": host,
            "domainPrefix": "local",
            "http": {
                "method": parts.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": user_agent,
            },
            "requestId": uuid::Uuid::new_v4().to_string(),
            "routeKey": key,
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": now.as_millisecond(),
        },
        "body": body,
        "isBase64Encoded": is_base64,
    })
}

/// Whether this is a host name, perhaps with a port, that fits in a URL.
fn is_name(host: &str) -> bool {
    let url = format!("https://{host}/").parse::<Uri>();
    url.is_ok_and(|url| {
        url.path() == "/"
            && url
                .authority()
                .is_some_and(|own| own.host() == host || own == host && own.port_u16().is_some())
    })
}

/// Whether an HTTP API passes a body of this type as text. Others become base64.
fn is_text(content_type: &str) -> bool {
    let essence = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence.starts_with("text/") || essence.ends_with("json") || essence.ends_with("xml")
}

/// What an HTTP API reads of a function's response.
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

/// The response in a function's output; `None` if it is invalid.
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

    fn event(headers: &[(&str, &str)], body: &'static [u8]) -> Value {
        let post = Request::post("/webhooks/pagosya?a=1");
        let post = headers
            .iter()
            .fold(post, |post, (name, value)| post.header(*name, *value));
        let (parts, ()) = post.body(()).unwrap().into_parts();
        let route = Route {
            method: "POST".into(),
            path: "/webhooks/pagosya".into(),
            function: Function::named("pagosya"),
        };
        let matched = Matched {
            path: route.path.clone(),
            proxy: None,
        };
        request(&route, &matched, &parts, &Bytes::from_static(body))
    }

    #[test]
    fn text_is_passed_as_text_and_bytes_as_base64() {
        for (content_type, body, expected, is_base64) in [
            ("application/json; charset=utf-8", "é".as_bytes(), "é", false),
            ("application/cloudevents+json", b"{}", "{}", false),
            ("application/json", b"\xff\x00", "/wA=", true),
            ("application/x-www-form-urlencoded", b"a=1", "YT0x", true),
            ("", b"{}", "e30=", true),
        ] {
            let event = event(&[("content-type", content_type)], body);
            assert_eq!(event["body"], expected, "{content_type}");
            assert_eq!(event["isBase64Encoded"], is_base64, "{content_type}");
        }
    }

    #[test]
    fn an_invalid_host_is_replaced() {
        for (host, expected) in [
            ("a1b2.ngrok.app", "a1b2.ngrok.app"),
            ("127.0.0.1:3000", "127.0.0.1:3000"),
            ("bad host", "localhost"),
            ("a/b", "localhost"),
            ("http://[", "localhost"),
            ("u:p@evil", "localhost"),
            ("evil:99999", "localhost"),
            ("evil/path", "localhost"),
            ("", "localhost"),
        ] {
            let event = event(&[("host", host)], b"");
            assert_eq!(event["headers"]["host"], expected, "{host}");
            assert_eq!(event["requestContext"]["domainName"], expected, "{host}");
        }
    }

    #[test]
    fn headers_with_several_values_are_joined() {
        let event = event(&[("X-Signature", "abc"), ("accept", "a"), ("accept", "b")], b"");
        assert_eq!(event["headers"]["x-signature"], "abc");
        assert_eq!(event["headers"]["accept"], "a,b");
        assert_eq!(event["routeKey"], "POST /webhooks/pagosya");
        assert_eq!(event["rawQueryString"], "a=1");
    }

    #[test]
    fn responses_are_read() {
        let answer = response(br#"{"statusCode":401,"headers":{"x-a":"b"},"multiValueHeaders":{},"body":"no","isBase64Encoded":false,"cookies":[]}"#);
        let answer = answer.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(answer.headers()["x-a"], "b");
        assert!(response(b"null").is_none());
    }
}
