//! The confirmation of the clock after a jump.

use axum::{Extension, extract::State};
use outrigger_api_types::access::Pruned;
use outrigger_audit::Act;
use outrigger_history::HistoryClock;
use utoipa_axum::routes;

use super::ACCESS;
use crate::{
    Failure, RouteTable,
    extract::Json,
    state::{ApiState, Handle},
};

pub(super) fn routes(table: RouteTable) -> RouteTable {
    table.add(ACCESS.destructive("confirm_clock"), routes!(confirm_clock))
}

/// Confirms that the clock is right.
///
/// After the clock jumps far ahead, nothing is deleted because of its age until this call. The call deletes everything that has
/// expired.
#[utoipa::path(post, path = "/api/v1/access/clock/confirm", tag = "access", responses((status = 200, body = Pruned)))]
async fn confirm_clock(
    State(api): State<ApiState>,
    Handle(history): Handle<HistoryClock>,
    Extension(act): Extension<Act>,
) -> Result<Json<Pruned>, Failure> {
    let pruned = api.access().confirm_clock(&act).await?;
    if let Err(error) = history.confirm().await {
        // The call has succeeded for access, and a problem reports that the history file is unusable.
        tracing::warn!(%error, "the confirmation of the clock could not be stored in the history file");
    }
    Ok(Json(Pruned {
        sessions: pruned.sessions,
        login_links: pruned.login_links,
        tokens: pruned.tokens,
        audit_entries: pruned.audit_entries,
    }))
}
