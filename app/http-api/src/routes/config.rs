//! The configuration of the running process, read only: it belongs to files and variables.

use axum::extract::State;
use outrigger_api_types::config::{ConfigKey, ConfigKeys};
use utoipa_axum::routes;

use crate::{
    Api, Failure,
    extract::{Id, Json},
    guard::{Guard, RouteTable},
};

pub(crate) fn routes(table: RouteTable) -> RouteTable {
    table
        .add(Guard::scope("config:read"), routes!(list_config_keys))
        .add(Guard::scope("config:read"), routes!(get_config_key))
}

/// Every key with its value, source, default and documentation. Secrets are shown as `[secret]`.
#[utoipa::path(get, path = "/api/v1/config", tag = "config", responses((status = 200, body = ConfigKeys)))]
async fn list_config_keys(State(api): State<Api>) -> Json<ConfigKeys> {
    Json(ConfigKeys {
        items: api.config_keys().to_vec(),
        next: None,
    })
}

/// One key.
#[utoipa::path(
    get, path = "/api/v1/config/{key}", tag = "config",
    params(("key" = String, Path, description = "The key, as `section.key`")),
    responses((status = 200, body = ConfigKey))
)]
async fn get_config_key(
    State(api): State<Api>,
    Id(key): Id<String>,
) -> Result<Json<ConfigKey>, Failure> {
    let found = api.config_keys().iter().find(|known| known.key == key);
    found
        .cloned()
        .map(Json)
        .ok_or_else(|| Failure::not_found(format!("there is no configuration key `{key}`")))
}
