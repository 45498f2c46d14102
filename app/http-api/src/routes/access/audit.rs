//! The audit log.

use axum::extract::State;
use outrigger_access::AccessError;
use outrigger_api_types::{
    access::{AuditChange, AuditEntry as ApiAuditEntry, AuditOutcome, AuditQuery},
    page::Page,
};
use outrigger_audit::{AuditEntry, AuditEntryId, AuditFilter, ByAction, ByActor, ByOutcome};
use utoipa_axum::routes;

use super::ACCESS;
use crate::{
    Failure, RouteTable,
    extract::{self, Json, Query},
    state::ApiState,
};

pub(super) fn routes(table: RouteTable) -> RouteTable {
    table.add(ACCESS.read(), routes!(list_audit_entries))
}

/// Lists the entries of the audit log, newest first.
#[utoipa::path(
    get, path = "/api/v1/access/audit", tag = "access", params(AuditQuery), responses((status = 200, body = Page<ApiAuditEntry>))
)]
async fn list_audit_entries(
    State(api): State<ApiState>,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Page<ApiAuditEntry>>, Failure> {
    let limit = extract::page_limit(query.limit)?;
    let before: Option<AuditEntryId> = extract::page_cursor(query.cursor.as_deref())?;
    let filter = AuditFilter {
        actor: query.actor.as_deref().map(ByActor::parse),
        action: query.action.as_deref().map(ByAction::parse),
        target: query.target,
        outcome: query.outcome.map(|outcome| match outcome {
            AuditOutcome::Ok => ByOutcome::Ok,
            AuditOutcome::Failed => ByOutcome::Failed,
        }),
        since: extract::time("since", query.since.as_deref())?,
        until: extract::time("until", query.until.as_deref())?,
    };
    let page = api.access().audit_log().list(&filter, before, limit).await;
    let page = page.map_err(AccessError::from)?;
    Ok(Json(Page {
        items: page.entries.into_iter().map(to_api).collect(),
        next: page.next.map(|id| id.to_string()),
        count: None,
    }))
}

fn to_api(entry: AuditEntry) -> ApiAuditEntry {
    ApiAuditEntry {
        id: entry.id.to_string(),
        at: entry.at.to_string(),
        actor: entry.actor,
        actor_kind: entry.actor_kind,
        actor_id: entry.actor_id.map(|id| id.to_string()),
        via: entry.via,
        action: entry.action,
        target: entry.target,
        target_name: entry.target_name,
        changes: entry
            .changes
            .into_iter()
            .map(|change| AuditChange {
                field: change.field,
                from: change.from,
                to: change.to,
            })
            .collect(),
        outcome: entry.outcome,
        address: entry.address,
        request_id: entry.request_id,
        request_id_from_client: entry.request_id_from_client,
    }
}
