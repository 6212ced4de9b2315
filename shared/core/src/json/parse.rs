//! The parser: RFC 8259 without extensions.

use std::ops::Range;

use super::text::Builder;
use super::{Error, MAX_DEPTH, Text, Value};

/// Parses a whole document, in linear time.
///
/// # Errors
/// [`enum@Error`] if it is not strict JSON in UTF-8. A byte order mark, `NaN`, comments, trailing commas and anything
/// after the value are refused.
pub fn parse(document: &[u8]) -> Result<Value<'_>, Error> {
    let mut reader = Reader::of(document)?;
    let value = reader.value(0)?;
    reader.end()?;
    Ok(value)
}

/// The byte ranges of an array's items, without the white space around them; `None` if the document is not an array.
pub fn items(document: &[u8]) -> Result<Option<Vec<Range<usize>>>, Error> {
    let mut reader = Reader::of(document)?;
    let mut places = Vec::new();
    let is_array = reader.peek() == Some(b'[');
    if is_array {
        reader.list(0, b']', "`,` or `]`", |reader| {
            let begin = reader.at;
            reader.value(1)?;
            places.push(begin..reader.at);
            Ok(())
        })?;
    } else {
        reader.value(0)?;
    }
    reader.end()?;
    Ok(is_array.then_some(places))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn of(document: &'a [u8]) -> Result<Self, Error> {
        let text = std::str::from_utf8(document).map_err(|error| Error::NotUtf8 {
            at: error.valid_up_to(),
        })?;
        let mut reader = Self { text, at: 0 };
        reader.skip_space();
        Ok(reader)
    }

    fn end(&mut self) -> Result<(), Error> {
        self.skip_space();
        match self.at < self.text.len() {
            true => Err(self.expected("the end of the document")),
            false => Ok(()),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value<'a>, Error> {
        match self.peek() {
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'[') => self.array(depth),
            Some(b'{') => self.object(depth),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            _ => Err(self.expected("a value")),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value<'a>, Error> {
        let mut items = Vec::new();
        self.list(depth, b']', "`,` or `]`", |reader| {
            items.push(reader.value(depth + 1)?);
            Ok(())
        })?;
        Ok(Value::Array(items))
    }

    fn object(&mut self, depth: usize) -> Result<Value<'a>, Error> {
        let mut members = Vec::new();
        self.list(depth, b'}', "`,` or `}`", |reader| {
            if reader.peek() != Some(b'"') {
                return Err(reader.expected("a member's name"));
            }
            let name = reader.string()?;
            reader.skip_space();
            reader.need(b':', "`:`")?;
            reader.skip_space();
            members.push((name, reader.value(depth + 1)?));
            Ok(())
        })?;
        Ok(Value::Object(members))
    }

    /// Reads what stands between brackets or braces: an `item`, and more of them after commas, up to `close`.
    fn list(
        &mut self,
        depth: usize,
        close: u8,
        expected: &'static str,
        mut item: impl FnMut(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if depth >= MAX_DEPTH {
            return Err(Error::TooDeep { at: self.at });
        }
        self.at += 1;
        self.skip_space();
        if self.take(close) {
            return Ok(());
        }
        loop {
            item(self)?;
            self.skip_space();
            if self.take(close) {
                return Ok(());
            }
            self.need(b',', expected)?;
            self.skip_space();
        }
    }

    fn string(&mut self) -> Result<Text<'a>, Error> {
        self.at += 1;
        let first = self.plain_run();
        if self.take(b'"') {
            return Ok(Text::borrowed(first));
        }
        let mut text = Builder::default();
        text.push_str(first);
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text.finish());
                }
                Some(b'\\') => {
                    self.at += 1;
                    self.escape(&mut text)?;
                }
                Some(0x20..) => text.push_str(self.plain_run()),
                Some(_) => return Err(self.expected("an escape in place of a control character")),
                None => return Err(self.expected("`\"`")),
            }
        }
    }

    /// The text up to the next quote, backslash or control character.
    fn plain_run(&mut self) -> &'a str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest
            .bytes()
            .position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))
            .unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    fn escape(&mut self, text: &mut Builder) -> Result<(), Error> {
        let plain = match self.peek() {
            Some(b'u') => {
                self.at += 1;
                let unit = self.hex_unit()?;
                text.push_unit(unit);
                return Ok(());
            }
            Some(b'"') => "\"",
            Some(b'\\') => "\\",
            Some(b'/') => "/",
            Some(b'b') => "\u{8}",
            Some(b'f') => "\u{C}",
            Some(b'n') => "\n",
            Some(b'r') => "\r",
            Some(b't') => "\t",
            _ => return Err(self.expected("one of \" \\ / b f n r t u after the backslash")),
        };
        self.at += 1;
        text.push_str(plain);
        Ok(())
    }

    fn hex_unit(&mut self) -> Result<u32, Error> {
        let digits = self.text.get(self.at..self.at + 4).unwrap_or_default();
        let all_hex = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let unit = u32::from_str_radix(digits, 16).ok().filter(|_| all_hex);
        let unit = unit.ok_or_else(|| self.expected("four hexadecimal digits"))?;
        self.at += 4;
        Ok(unit)
    }

    fn number(&mut self) -> Result<Value<'a>, Error> {
        let begin = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(Value::Number(self.text.get(begin..self.at).unwrap_or_default()))
    }

    fn digits(&mut self) -> Result<(), Error> {
        let begin = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == begin {
            return Err(self.expected("a digit"));
        }
        Ok(())
    }

    fn word(&mut self, word: &'static str, value: Value<'a>) -> Result<Value<'a>, Error> {
        if !self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return Err(self.expected("a value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let here = self.peek() == Some(byte);
        self.at += usize::from(here);
        here
    }

    fn need(&mut self, byte: u8, expected: &'static str) -> Result<(), Error> {
        match self.take(byte) {
            true => Ok(()),
            false => Err(self.expected(expected)),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn expected(&self, expected: &'static str) -> Error {
        Error::Expected { at: self.at, expected }
    }
}
