//! Where a webhook is registered.

use std::future::Future;

use crate::command::Failure;
use crate::command::acting::acting;
use crate::stack::audit::Action;
use crate::stack::secret::StackSecret;
use crate::stack::target::Target;

/// Where a webhook posts, and where its secret is stored.
pub(in crate::command) struct Place {
    pub(in crate::command) url: String,
    pub(in crate::command) events: Vec<String>,
    /// The stack's secret; `None` with `--no-store`.
    pub(in crate::command) store: Option<StackSecret>,
    pub(super) target: Option<Target>,
}

impl Place {
    /// Does `work`, which registers the URL and may store a secret of the account `scope`, with a trace in the stack.
    pub(in crate::command) async fn acting<T>(
        &self,
        command: &'static str,
        scope: &str,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        match &self.target {
            Some(target) => acting(target, Action::new(command).on(scope), false, work).await,
            None => work.await,
        }
    }
}
