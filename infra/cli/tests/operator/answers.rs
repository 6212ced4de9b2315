//! Answers of the real functions, through the local address and as the HTTP API invokes them.

use acuse_core::providers::unopago;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

fn signature(body: &Bytes) -> String {
    acuse_core::receive::signature::sign("local-unopago-secret", body)
}

/// Panels and monitors check whether a URL answers when it is registered.
#[tokio::test(flavor = "multi_thread")]
async fn a_get_or_head_request_has_no_effect() {
    let running = stack().await;
    let client = acuse_cli::http::client().unwrap();
    for path in ["/webhooks/unopago", "/webhooks/unopago/", "/webhooks/unopago?a=1"] {
        let url = format!("{}{path}", running.http);
        let get = client.get(&url).send().await.unwrap();
        assert_eq!(
            (get.status().as_u16(), get.text().await.unwrap().as_str()),
            (200, "webhooks are posted here")
        );
        let head = client.head(&url).send().await.unwrap();
        assert_eq!((head.status().as_u16(), head.text().await.unwrap().as_str()), (200, ""));
        for method in ["OPTIONS", "PUT", "DELETE", "PATCH", "FOO"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let answer = client.request(method.clone(), &url).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 405, "{method} {path}");
            assert_eq!(answer.headers()["allow"], "GET, HEAD, POST", "{method} {path}");
        }
    }
    let below = client.get(format!("{}/webhooks/unopago/account/below", running.http));
    assert_eq!(below.send().await.unwrap().status().as_u16(), 404);
}

/// The status of the answer to a signed delivery with this request target and `Host`.
async fn deliver(target: &str, host: &str) -> String {
    let body = payment(&unopago::PROVIDER);
    let address = stack().await.http.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: {host}\r\nWebhook-Signature: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        signature(&body),
        body.len()
    );
    stream.write_all(&[head.as_bytes(), &body].concat()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trailing_slash_a_query_and_an_odd_host_change_nothing() {
    for (target, host) in [
        ("/webhooks/unopago/", "a1b2.ngrok.app"),
        ("/webhooks/unopago?a=1&b=%20%22%3C", "localhost"),
        ("/webhooks/unopago?name=José&x={}|^`", "localhost"),
        ("/webhooks/unopago/?a='b'", "[::1"),
        ("/webhooks/unopago", "bad host"),
        ("/webhooks/unopago", "evil:99999"),
        ("/webhooks/unopago", ""),
    ] {
        assert_eq!(deliver(target, host).await, "HTTP/1.1 200 OK", "{target} {host}");
    }
}

/// An HTTP API passes on raw spaces and quotes, which no local request can have.
#[tokio::test(flavor = "multi_thread")]
async fn an_invocation_with_an_invalid_url_is_a_delivery_like_others() {
    let running = stack().await;
    let url = format!(
        "{}/2015-03-31/functions/{}/invocations",
        running.endpoint, running.outputs["UnopagoFunctionName"]
    );
    for (query, host, path) in [
        ("a=b c", "hooks.example", "/webhooks/unopago"),
        ("name=\"José Ñ\"&<x>", "hooks.example", "/webhooks/unopago/"),
        ("", "not a host", "/webhooks/unopago"),
        ("%", "http://[", "not a path"),
    ] {
        let body = payment(&unopago::PROVIDER);
        let event = json!({
            "version": "2.0",
            "routeKey": "POST /webhooks/unopago",
            "rawPath": path,
            "rawQueryString": query,
            "headers": {"host": host, "webhook-signature": signature(&body)},
            "requestContext": {
                "domainName": host,
                "http": {"method": "POST", "path": path},
                "stage": "$default",
            },
            "body": String::from_utf8(body.to_vec()).unwrap(),
            "isBase64Encoded": false,
        });
        let post = acuse_cli::http::client().unwrap().post(&url).body(event.to_string());
        let answer = post.send().await.unwrap().text().await.unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["statusCode"], 200, "{query} {host} {path}: {answer}");
    }
}
