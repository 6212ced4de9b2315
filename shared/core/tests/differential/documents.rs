//! Documents as text, so that one value has many spellings.

use acuse_core::json::MAX_DEPTH;
use fastrand::Rng;

use super::{broken, numbers, strings};

/// An endless sequence of documents, the same for the same seed.
pub(crate) struct Documents {
    random: Rng,
}

impl Documents {
    pub(crate) fn of_seed(seed: u64) -> Self {
        Self {
            random: Rng::with_seed(seed),
        }
    }

    /// Three in four conform to RFC 8259.
    fn document(&mut self) -> Vec<u8> {
        let levels = self.random.usize(0..5);
        let mut document = Vec::new();
        self.space(&mut document);
        match self.random.u8(0..64) {
            0 => self.deep(&mut document),
            1..4 => document = broken::no_value(&mut self.random),
            _ => self.value(levels, &mut document),
        }
        self.space(&mut document);
        if self.random.u8(0..5) == 0 {
            broken::break_up(&mut document, &mut self.random);
        }
        document
    }

    fn value(&mut self, levels: usize, out: &mut Vec<u8>) {
        match self.random.u8(0..if levels == 0 { 8 } else { 16 }) {
            0 => out.extend_from_slice(self.random.choice([&b"null"[..], b"true", b"false"]).unwrap()),
            1..5 => out.extend_from_slice(numbers::number(&mut self.random).as_bytes()),
            5..8 => out.extend_from_slice(strings::string(&mut self.random).as_bytes()),
            8..11 => self.list(*b"[]", out, |this, out| this.value(levels - 1, out)),
            _ => self.list(*b"{}", out, |this, out| this.member(levels - 1, out)),
        }
    }

    fn member(&mut self, levels: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(strings::name(&mut self.random).as_bytes());
        self.space(out);
        out.push(b':');
        self.space(out);
        self.value(levels, out);
    }

    fn list(&mut self, [open, close]: [u8; 2], out: &mut Vec<u8>, mut each: impl FnMut(&mut Self, &mut Vec<u8>)) {
        out.push(open);
        self.space(out);
        for place in 0..self.random.usize(0..7) {
            if place > 0 {
                out.push(b',');
                self.space(out);
            }
            each(self, out);
            self.space(out);
        }
        out.push(close);
    }

    /// Around the depth beyond which we refuse a document and the runtimes don't.
    fn deep(&mut self, out: &mut Vec<u8>) {
        let levels = self.random.usize(MAX_DEPTH - 3..MAX_DEPTH + 3);
        let mut ends = Vec::new();
        for _ in 0..levels {
            let (begin, end) = *self
                .random
                .choice(&[("[", "]"), ("[0,", "]"), ("{\"a\":", "}")])
                .unwrap();
            out.extend_from_slice(begin.as_bytes());
            ends.push(end);
        }
        self.value(0, out);
        out.extend(ends.iter().rev().flat_map(|end| end.bytes()));
    }

    fn space(&mut self, out: &mut Vec<u8>) {
        for _ in 0..self.random.u8(0..12).saturating_sub(9) {
            out.push(*self.random.choice(b" \t\n\r").unwrap());
        }
    }
}

impl Iterator for Documents {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        Some(self.document())
    }
}

/// The nesting of arrays and objects, judged by brackets outside strings.
pub(crate) fn depth(document: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string) = (0_usize, 0, false);
    let mut bytes = document.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => in_string = !in_string,
            b'\\' if in_string => drop(bytes.next()),
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}
