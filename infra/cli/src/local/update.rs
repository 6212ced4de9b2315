//! Setting parameters of the stack that runs: `acuse local --update`.

use super::checkout::Checkout;
use super::error::Error;
use super::template::Template;
use super::{cloudformation, parameter};
use crate::stack::running::{Running, STACK, sdk};

/// Deploys these parameters to the stack that runs. What it has stays: tables, queues, logs, the others' values.
///
/// # Errors
/// The template has no such parameter or does not allow its value, the functions run under `cargo lambda watch`, or the
/// emulator refuses it.
pub async fn update(running: &Running, parameters: &[(String, String)]) -> Result<(), Error> {
    if running.watch.is_some() {
        return Err(Error::Parameter(
            "the functions run under `cargo lambda watch`, which a deployment does not reach: restart with `--parameter`"
                .to_owned(),
        ));
    }
    parameter::check(&Template(Checkout::find()?.read_template()?), parameters)?;
    let client = aws_sdk_cloudformation::Client::new(&sdk(&running.endpoint));
    cloudformation::update(&client, STACK, parameters).await
}
