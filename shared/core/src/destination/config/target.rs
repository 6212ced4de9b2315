//! Where a destination's requests go.

use std::fmt;
use std::net::IpAddr;

use http::Uri;

/// Where requests go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// They are POSTed there.
    Http(Url),
    /// They are sent to a queue of SQS.
    Sqs(Queue),
}

/// A URL that requests are POSTed to: `https`, or `http` on this machine. Its path and query may contain a secret, so its
/// `Debug` leaves them out.
#[derive(Clone, PartialEq, Eq)]
pub struct Url(Uri);

/// The longest URL in bytes.
const LONGEST: usize = 2048;

/// What stands before a queue's ARN.
const SQS: &str = "sqs:";

impl Target {
    /// Reads a URL, or `sqs:` and a queue's ARN.
    ///
    /// # Errors
    /// What is wrong with it, and shows no part of it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        match text.strip_prefix(SQS) {
            Some(arn) => Queue::parse(arn).map(Self::Sqs),
            None => Url::parse(text).map(Self::Http),
        }
    }

    /// The text that [`parse`](Self::parse) reads. May contain a secret.
    pub fn expose(&self) -> String {
        match self {
            Self::Http(url) => url.0.to_string(),
            Self::Sqs(queue) => format!("{SQS}{}", queue.arn),
        }
    }
}

/// For lists and logs: a URL without path and query, or the queue's ARN.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(url) => f.write_str(&url.origin()),
            Self::Sqs(queue) => write!(f, "{SQS}{}", queue.arn),
        }
    }
}

impl Url {
    /// Reads a URL.
    ///
    /// # Errors
    /// What is wrong with it, and shows no part of it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.len() > LONGEST {
            return Err("is longer than 2,048 bytes");
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("has white space, or characters that should be percent-encoded");
        }
        if text.contains('#') {
            return Err("has a fragment (`#…`), which is never sent");
        }
        let uri: Uri = text
            .parse()
            .map_err(|_| "is not a URL such as https://shop.example/webhooks, or `sqs:` and a queue's ARN")?;
        let url = Self(uri);
        let authority = url
            .0
            .authority()
            .map(|authority| authority.as_str())
            .unwrap_or_default();
        if authority.contains('@') {
            return Err("has a user name or password; put it into `headers`, as `authorization`");
        }
        if url.host().is_empty() {
            return Err("has no host; it should be such as https://shop.example/webhooks");
        }
        let has_port = authority
            .rsplit_once(']')
            .map_or(authority, |(_, after)| after)
            .contains(':');
        if has_port && url.0.port_u16().is_none_or(|port| port == 0) {
            return Err("has an invalid port");
        }
        match url.0.scheme_str() {
            Some("https") => Ok(url),
            Some("http") if url.is_loopback() => Ok(url),
            Some("http") => Err("is not encrypted; use https"),
            _ => Err("should begin with https:// or sqs:arn:"),
        }
    }

    /// The URL.
    pub fn uri(&self) -> &Uri {
        &self.0
    }

    /// Whether requests are encrypted.
    pub fn is_https(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }

    /// The host: a name, or an address without brackets.
    pub fn host(&self) -> &str {
        let host = self.0.host().unwrap_or_default();
        host.strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        let default = if self.is_https() { 443 } else { 80 };
        self.0.port_u16().unwrap_or(default)
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        let authority = self
            .0
            .authority()
            .map(|authority| authority.as_str())
            .unwrap_or_default();
        format!("{}://{authority}", self.0.scheme_str().unwrap_or_default())
    }

    fn is_loopback(&self) -> bool {
        let address = self.host().parse::<IpAddr>();
        self.host().eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({}/…)", self.origin())
    }
}

/// A queue of SQS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    arn: String,
}

impl Queue {
    /// Reads a queue's ARN.
    ///
    /// # Errors
    /// What would be right.
    pub fn parse(arn: &str) -> Result<Self, &'static str> {
        const WRONG: &str = "is not a queue such as sqs:arn:aws:sqs:us-east-1:123456789012:events";
        let parts: Vec<&str> = arn.split(':').collect();
        let ["arn", partition, "sqs", region, account, name] = *parts.as_slice() else {
            return Err(WRONG);
        };
        let word = |text: &str| {
            let is_valid = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            !text.is_empty() && text.bytes().all(is_valid)
        };
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let plain = name.strip_suffix(".fifo").unwrap_or(name);
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let fits = !plain.is_empty() && name.len() <= 80 && plain.bytes().all(is_name);
        match word(partition) && word(region) && is_account && fits {
            true => Ok(Self { arn: arn.to_owned() }),
            false => Err(WRONG),
        }
    }

    /// The whole ARN.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The queue's region.
    pub fn region(&self) -> &str {
        self.arn.split(':').nth(3).unwrap_or_default()
    }

    /// The number of the AWS account that owns it.
    pub fn owner(&self) -> &str {
        self.arn.split(':').nth(4).unwrap_or_default()
    }

    /// The queue's name.
    pub fn name(&self) -> &str {
        self.arn.split(':').nth(5).unwrap_or_default()
    }

    /// Whether it keeps the order within a message group. The group is the event's resource.
    pub fn is_fifo(&self) -> bool {
        self.arn.ends_with(".fifo")
    }
}
