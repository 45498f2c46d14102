//! The configuration of the running process. It is read-only: files and environment variables set it.

use axum::extract::State;
use outrigger_api_types::config::{ConfigKey, ConfigKeys};
use utoipa_axum::routes;

use crate::{
    Capability, Failure, RouteTable,
    extract::{Id, Json},
    state::ApiState,
};

const CONFIG: Capability = Capability::new("config");

pub(crate) fn routes(table: RouteTable) -> RouteTable {
    table
        .add(CONFIG.read(), routes!(list_config_keys))
        .add(CONFIG.read(), routes!(get_config_key))
}

/// Lists all keys with their value, source, default and documentation.
///
/// Secrets are shown as `[secret]`.
#[utoipa::path(get, path = "/api/v1/config", tag = "config", responses((status = 200, body = ConfigKeys)))]
async fn list_config_keys(State(api): State<ApiState>) -> Json<ConfigKeys> {
    Json(ConfigKeys {
        items: api.config_keys().to_vec(),
        next: None,
    })
}

/// Returns a key.
#[utoipa::path(
    get, path = "/api/v1/config/{key}", tag = "config",
    params(("key" = String, Path, description = "The key, as `section.key`")),
    responses((status = 200, body = ConfigKey))
)]
async fn get_config_key(
    State(api): State<ApiState>,
    Id(key): Id<String>,
) -> Result<Json<ConfigKey>, Failure> {
    let found = api.config_keys().iter().find(|known| known.key == key);
    found
        .cloned()
        .map(Json)
        .ok_or_else(|| Failure::not_found(format!("there is no configuration key `{key}`")))
}
