//! Checks whether the credential of a long request is still valid.
//!
//! The credential of a request is checked when it arrives. A stream can last for hours, and a large response as long as its
//! client reads it. Their credentials are checked again whenever this process revokes one, and periodically because credentials
//! expire and other nodes revoke them.

use std::sync::Arc;

use outrigger_access::{Access, Changes, Principal, Scope};
use outrigger_stdx::{Clock, ErrorKind};

use crate::{Failure, state::ApiState};

/// The credential of a long request. It is in the extensions of requests whose guard [streams](crate::Guard::streams).
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    access: Access,
    clock: Arc<dyn Clock>,
    changes: Changes,
    /// The caller that opened the stream; `None` if the route needs no credential.
    principal: Option<Principal>,
    scope: Option<Scope>,
    /// Whether a change may have been missed since the credential was checked.
    is_stale: bool,
}

impl Standing {
    /// The credential of a stream that is about to be opened. Subscribe to `changes` before the principal is checked, so that no
    /// change in between is missed.
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
            is_stale: false,
        }
    }

    /// The credential of a request that was checked some time ago. It is checked again first. Ordinary requests need no
    /// subscription this way; only the few with a large response get one.
    pub(crate) fn late(api: &ApiState, principal: Principal, scope: Option<Scope>) -> Self {
        Self {
            is_stale: true,
            ..Self::new(api, api.access().changes(), Some(principal), scope)
        }
    }

    /// Waits until the credential is no longer valid. Never returns if there is none.
    pub(crate) async fn ended(mut self) -> Failure {
        let Some(principal) = self.principal else {
            return std::future::pending().await;
        };
        let every = self.access.revalidate_every();
        loop {
            if !std::mem::take(&mut self.is_stale) {
                tokio::select! {
                    () = self.changes.changed() => {}
                    () = self.clock.sleep(every) => {}
                }
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
                // While the store is unavailable, the request continues.
                Ok(()) | Err(_) => {}
            }
        }
    }
}
