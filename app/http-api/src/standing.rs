//! Whether the credential of a stream still counts.
//!
//! A request is checked when it arrives. A stream goes on for hours, so it is checked again whenever this process ends a
//! credential, and from time to time for what expires and for what other nodes do.

use std::sync::Arc;

use outrigger_access::{Access, Changes, Principal, Scope};
use outrigger_stdx::{Clock, ErrorKind};

use crate::{Failure, state::ApiState};

/// The credential of a stream; in the extensions of requests whose guard [streams](crate::Guard::streams).
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    access: Access,
    clock: Arc<dyn Clock>,
    changes: Changes,
    /// Who opened the stream; none when nobody had to sign in.
    principal: Option<Principal>,
    scope: Option<Scope>,
}

impl Standing {
    /// Of a stream that is about to be opened. `changes` were subscribed to before the principal was checked, so that no change
    /// in between is missed.
    pub(crate) fn new(
        api: &ApiState,
        changes: Changes,
        principal: Option<Principal>,
        scope: Option<Scope>,
    ) -> Self {
        Self {
            access: api.access().clone(),
            clock: api.shared_clock(),
            changes,
            principal,
            scope,
        }
    }

    /// Waits until the credential does not count any more; for ever when there is none.
    pub(crate) async fn ended(mut self) -> Failure {
        let Some(principal) = self.principal else {
            return std::future::pending().await;
        };
        let every = self.access.revalidate_every();
        loop {
            tokio::select! {
                () = self.changes.changed() => {}
                () = self.clock.sleep(every) => {}
            }
            let checked = self.access.revalidate(&principal).await;
            let allowed = checked.and_then(|principal| match self.scope {
                Some(scope) => principal.require(scope),
                None => Ok(()),
            });
            match allowed {
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::Unauthenticated | ErrorKind::Forbidden
                    ) =>
                {
                    return error.into();
                }
                // A store that cannot say is no reason to end a stream.
                Ok(()) | Err(_) => {}
            }
        }
    }
}
