//! `acuse dlq show`: dead letters in full.

use std::process::ExitCode;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::command::Failure;
use crate::command::events::show::{say_payload, with_payload};
use crate::command::options::StackOptions;
use crate::say;
use crate::stack::find;
use crate::terminal::{self, quoted};

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// A message id as `acuse dlq list` prints it, an order number, a resource's id, an event's key or a delivery id
    #[arg(value_parser = NonEmptyStringValueParser::new(), value_name = "WHAT")]
    which: String,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    stack: StackOptions,
}

impl Show {
    pub(super) async fn run(&self) -> Result<ExitCode, Failure> {
        let target = self.stack.target().await?;
        let queues = find::in_dead_letters(&target, &self.which).await?;
        if queues.dead_letters.is_empty() {
            return Err(Failure::with_advice(
                format!(
                    "no dead letter of `{}`: {} looked at",
                    self.which,
                    terminal::counted(queues.dead_lettered, "message")
                ),
                "`acuse events show` looks in the ledger and in quarantine, too",
            ));
        }
        for dead in &queues.dead_letters {
            // Of an array that was not read, the first event's text stands for the message.
            let payload = dead.events.first().map(|event| event.body().as_ref());
            match self.json {
                true => terminal::json(with_payload(&dead.json(), payload)),
                false => {
                    let [received_at, provider, type_name, resource, reason] = dead.row();
                    quoted("dead letter: ", &reason)
                        .iter()
                        .for_each(|line| terminal::line(line));
                    say!("received {received_at}  {provider}  {type_name}  {resource}");
                    terminal::json(serde_json::to_string_pretty(&dead.json())?);
                    if let Some(payload) = payload {
                        say_payload(payload);
                    }
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
