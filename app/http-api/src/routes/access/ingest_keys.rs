//! Ingest keys. They can send data and cannot read any.

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use outrigger_access::{IngestKey, IngestKeyId};
use outrigger_api_types::{
    access::{IngestKey as ApiIngestKey, NewIngestKey},
    page::{Page, PageQuery},
};
use outrigger_audit::Act;
use utoipa_axum::routes;

use super::ACCESS;
use crate::{
    Failure, Part, RouteTable,
    extract::{Id, Json},
    state::ApiState,
};

pub(super) fn routes(table: RouteTable) -> RouteTable {
    table
        .add(ACCESS.read(), routes!(list_ingest_keys))
        .add(
            ACCESS.reversible("create_ingest_key").creates(),
            routes!(create_ingest_key),
        )
        .add(
            ACCESS.reversible("revoke_ingest_key").revokes(),
            routes!(revoke_ingest_key),
        )
}

/// Lists the ingest keys, newest first.
#[utoipa::path(
    get, path = "/api/v1/access/ingest-keys", tag = "access", params(PageQuery), responses((status = 200, body = Page<ApiIngestKey>))
)]
async fn list_ingest_keys(
    State(api): State<ApiState>,
    part: Part,
) -> Result<Json<Page<ApiIngestKey>>, Failure> {
    let keys = api.access().ingest_keys(part.cursor, part.limit).await?;
    Ok(Json(part.answer(keys, to_api)))
}

/// Creates an ingest key.
#[utoipa::path(
    post, path = "/api/v1/access/ingest-keys", tag = "access", request_body = NewIngestKey,
    responses(
        (status = 201, body = ApiIngestKey),
        (status = 409, description = "There are `[access] ingest_keys_max` ingest keys")
    )
)]
async fn create_ingest_key(
    State(api): State<ApiState>,
    Extension(act): Extension<Act>,
    Json(body): Json<NewIngestKey>,
) -> Result<Response, Failure> {
    let key = api.access().create_ingest_key(&act, &body.name).await?;
    Ok((StatusCode::CREATED, Json(to_api(key))).into_response())
}

/// Revokes an ingest key.
///
/// Data sent with it is refused.
#[utoipa::path(
    delete, path = "/api/v1/access/ingest-keys/{id}", tag = "access",
    params(("id" = String, Path, description = "The key's id")),
    responses((status = 204, description = "The ingest key is revoked"), (status = 404, description = "There is no ingest key with this id"))
)]
async fn revoke_ingest_key(
    State(api): State<ApiState>,
    Extension(act): Extension<Act>,
    Id(id): Id<IngestKeyId>,
) -> Result<StatusCode, Failure> {
    api.access().delete_ingest_key(&act, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn to_api(key: IngestKey) -> ApiIngestKey {
    ApiIngestKey {
        id: key.id.to_string(),
        name: key.name,
        key: key.key,
        created_at: key.created_at.to_string(),
        last_used_at: key.last_used_at.map(|time| time.to_string()),
    }
}
