//! The clock, by which things are deleted because of their age.

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

/// Says that the clock is right, after it jumped so far ahead that nothing was deleted because of its age, and deletes what
/// has ended by it.
#[utoipa::path(post, path = "/api/v1/access/clock/confirm", tag = "access", responses((status = 200, body = Pruned)))]
async fn confirm_clock(
    State(api): State<ApiState>,
    Handle(history): Handle<HistoryClock>,
    Extension(act): Extension<Act>,
) -> Result<Json<Pruned>, Failure> {
    let pruned = api.access().confirm_clock(&act).await?;
    if let Err(error) = history.confirm().await {
        // The confirmation of the accounts has succeeded, and a problem reports the file of the history.
        tracing::warn!(%error, "the history does not store that the clock is right");
    }
    Ok(Json(Pruned {
        sessions: pruned.sessions,
        login_links: pruned.login_links,
        tokens: pruned.tokens,
        audit_entries: pruned.audit_entries,
    }))
}
