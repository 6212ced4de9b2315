//! The options of `acuse local`.

use std::path::PathBuf;

use acuse_core::destination::config::Target;
use acuse_core::destination::sign::SigningSecret;

use super::parameter;
use super::progress::Progress;
use crate::stack::destinations::{signing_secret, url};

/// How to start a local stack.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(after_help = "Examples:
  cargo run -- local                run everything; Ctrl-C stops it
  cargo run -- local --watch        the same, with hot reload by `cargo lambda watch`
  cargo run -- local --keep         go on with the tables and secrets of the last start with --keep
  cargo run -- local --forward http://127.0.0.1:8000/webhooks
                                    POST every verified event to your backend, in any language
  cargo run -- local --parameter EventBusName=payments
                                    publish every event on this EventBridge bus, with a queue that shows them
  cargo run -- local --parameter Environment=live --parameter RetentionDays=30
  cargo run -- local --update --parameter 'OnepaySignature=headers=x-signature,x-one-signature'
                                    deploy a parameter to the stack that runs in another terminal
  cargo run -- local --port 3001 --inspector-port 3101 --emulator-port 4567 --state target/local-2
                                    run a second local stack

Requires Rust and Python 3.10 or later (set PYTHON to use another one).
Builds and deploys the checkout that contains the working directory.

Each start begins with empty queues, and without --keep with new tables and secrets. With it, tables and current
secrets are saved on Ctrl-C in kept.json in the folder of `--state`; delete that file to begin anew. A stack that
was killed saves nothing, and what was queued is lost.

What the checkout may have besides:
  local.secrets.json       your secrets, ignored by git, by provider or by the variable that names the secret:
                           {\"onepay\": {\"signing_secrets\": [\"wh_tok_…\"], \"token\": \"…\"}, \"MAIL_SECRET\": \"…\"}
  infra/local/seed/*.json  items that your tables start with, by table in template.yaml:
                           {\"OrdersTable\": [{\"pk\": \"ORD-1\", \"status\": \"open\"}]}

The functions' log lines are printed: what hooks log, and warnings. `acuse logs` has all of them.")]
#[non_exhaustive]
pub struct Options {
    /// Port for deliveries (/webhooks/{provider}), the one to open a tunnel to; 0 for any free one
    #[arg(long, default_value_t = 3000)]
    pub port: u16,
    /// Port of the inspector; 0 for any free one
    #[arg(long, default_value_t = 3100)]
    pub inspector_port: u16,
    /// Port of the AWS emulator; 0 for any free one
    #[arg(long, default_value_t = 4566)]
    pub emulator_port: u16,
    /// Run the functions under `cargo lambda watch`, which rebuilds them when their code changes
    #[arg(long)]
    pub watch: bool,
    /// Port of `cargo lambda watch`; 0 for any free one
    #[arg(long, default_value_t = 9000, requires = "watch")]
    pub watch_port: u16,
    /// Keep tables and secrets between starts
    #[arg(long)]
    pub keep: bool,
    /// Set a parameter of template.yaml; can be repeated
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = parameter::parse)]
    pub parameters: Vec<(String, String)>,
    /// Set the parameters of the stack that runs, instead of starting one; what it has stays
    #[arg(long, requires = "parameters", conflicts_with_all = ["watch", "keep", "forward"])]
    pub update: bool,
    /// POST every verified event to this URL, as the destination `forward`; its signing secret is printed
    #[arg(long, value_name = "URL", value_parser = url)]
    pub forward: Option<Target>,
    /// Sign with this secret (`whsec_…`) instead of a new one; better set in the environment than written here
    #[arg(long, env = "ACUSE_FORWARD_SECRET", hide_env_values = true, value_name = "SECRET", value_parser = signing_secret)]
    pub forward_secret: Option<SigningSecret>,
    /// Folder for the stack's files [default: target/local]
    #[arg(long)]
    pub state: Option<PathBuf>,
    /// Whether cargo's output goes to standard error. Otherwise it is shown only if cargo fails.
    #[arg(skip = true)]
    pub show_build: bool,
    /// The folder with the owner's secrets and seed; `None` to start without.
    #[arg(skip)]
    pub own: Option<PathBuf>,
    /// The binary to run as the consumer; `None` for the one that the template names.
    #[arg(skip)]
    pub consumer: Option<&'static str>,
    /// The functions' AWS endpoint, such as a proxy; `None` for the emulator.
    #[arg(skip)]
    pub functions_endpoint: Option<String>,
    /// Reports each step.
    #[arg(skip)]
    pub progress: Progress,
}

impl Options {
    /// For tests of Acuse: free ports, a separate state folder, no output, and a consumer with the hooks that Acuse
    /// ships and none of the owner's (`tests/shipped.rs`).
    pub fn isolated(state: impl Into<PathBuf>) -> Self {
        Self {
            state: Some(state.into()),
            consumer: Some("shipped"),
            ..Self::default()
        }
    }
}
