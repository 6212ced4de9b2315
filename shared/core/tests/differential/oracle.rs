//! A real runtime that answers with its canonical forms.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use data_encoding::BASE64;

/// A runtime and how it is started.
pub(crate) struct Runtime {
    pub(crate) name: &'static str,
    arguments: &'static [&'static str],
    program: &'static str,
}

pub(crate) const NODE: Runtime = Runtime {
    name: "node",
    arguments: &["-e"],
    program: include_str!("oracle.js"),
};

pub(crate) const PYTHON: Runtime = Runtime {
    name: "python3",
    // Isolated, so that no environment variable changes the limit on an integer's digits.
    arguments: &["-I", "-c"],
    program: include_str!("oracle.py"),
};

/// A runtime's answer for one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Written(Vec<u8>),
    /// The runtime accepts it, but RFC 8259 does not.
    Lax,
    Refused(String),
}

/// One process for the whole run: starting a runtime takes longer than a thousand documents.
pub(crate) struct Oracle {
    process: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Oracle {
    /// `None` if the runtime is not installed.
    pub(crate) fn start(runtime: &Runtime) -> Option<Self> {
        let started = Command::new(runtime.name)
            .args(runtime.arguments)
            .arg(runtime.program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut process = match started {
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            other => other.unwrap(),
        };
        Some(Self {
            questions: process.stdin.take(),
            answers: BufReader::new(process.stdout.take().unwrap()),
            process,
        })
    }

    /// The answers to `documents` in their order. The runtime reads all of them before it answers, so that neither side
    /// blocks on a full pipe.
    pub(crate) fn ask(&mut self, documents: &[Vec<u8>]) -> Vec<Answer> {
        let mut questions = String::new();
        for document in documents {
            questions += &BASE64.encode(document);
            // An empty line ends the batch.
            questions += if document.is_empty() { "=\n" } else { "\n" };
        }
        questions += "\n";
        let pipe = self.questions.as_mut().unwrap();
        pipe.write_all(questions.as_bytes()).unwrap();
        pipe.flush().unwrap();
        documents.iter().map(|_| self.next()).collect()
    }

    fn next(&mut self) -> Answer {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let line = line.trim_end_matches('\n');
        match line.split_at_checked(1) {
            Some(("=", form)) => Answer::Written(BASE64.decode(form.as_bytes()).unwrap()),
            Some(("?", "")) => Answer::Lax,
            Some(("!", why)) => Answer::Refused(why.to_owned()),
            _ => panic!("the runtime ended or answered {line:?}"),
        }
    }
}

impl Drop for Oracle {
    /// The runtime ends when its input does.
    fn drop(&mut self) {
        self.questions = None;
        let _ = self.process.wait();
    }
}
