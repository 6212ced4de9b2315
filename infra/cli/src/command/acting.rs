//! Acting on one thing, with a trace.

use std::future::Future;

use super::Failure;
use crate::stack::audit::{Action, Audit};
use crate::stack::target::Target;

/// Does `work`, which is `action` on one thing, and writes it into the audit trail. A dry run leaves no trace.
pub(super) async fn acting<T, E>(
    target: &Target,
    action: Action<'_>,
    dry_run: bool,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, Failure>
where
    Failure: From<E>,
{
    let audit = Audit::of(target)?;
    let begun = audit.begin(target, action, dry_run).await?;
    let done = work.await.map_err(Failure::from);
    begun.end(usize::from(done.is_ok()), done).await
}
