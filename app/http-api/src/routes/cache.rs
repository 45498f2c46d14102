//! The cache over HTTP. Everything here is safe: the origin has the truth.

use axum::{
    Extension,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use outrigger_api_types::cache::{
    CacheCleared, CacheDatabase, CacheStats, ClearCache, PutEntryQuery,
};
use outrigger_audit::Act;
use outrigger_cache::{Cache, CacheError, Database, Eviction};
use outrigger_history::{EventKind, Events};
use outrigger_stdx::Actor;
use utoipa_axum::routes;

use crate::{
    Capability, Failure, RouteTable, audit, body, codes,
    extract::{self, Json, Query},
    guard::BodyMax,
    state::{ApiState, Handle},
};

const CACHE: Capability = Capability::new("cache");
const ENTRIES: &str = "/api/v1/cache/entries/";

pub(crate) fn routes(table: RouteTable) -> RouteTable {
    table
        .add(CACHE.read(), routes!(get_entry))
        .add(CACHE.safe(), routes!(put_entry))
        .add(CACHE.safe(), routes!(delete_entry))
        .add(CACHE.safe().audited("clear"), routes!(clear_cache))
        .add(CACHE.read(), routes!(get_stats))
}

/// The value of a key, byte for byte.
#[utoipa::path(
    get, path = "/api/v1/cache/entries/{key}", tag = "cache",
    params(("key" = String, Path, description = "The key, percent-encoded as one segment")),
    responses(
        (status = 200, description = "The value; `X-Outrigger-Cache` says `hit`", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 404, description = "The cache has no value for the key"),
    )
)]
async fn get_entry(Handle(cache): Handle<Cache>, request: Request) -> Result<Response, Failure> {
    let key = key_of(&cache, &request)?;
    let Some(value) = cache.get(Database::ZERO, &key) else {
        return Err(Failure::not_found("the cache has no value for this key"));
    };
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/octet-stream"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            HeaderName::from_static("x-outrigger-cache"),
            HeaderValue::from_static("hit"),
        ),
    ];
    Ok((headers, value).into_response())
}

/// Writes a value; the body is the value, byte for byte.
#[utoipa::path(
    put, path = "/api/v1/cache/entries/{key}", tag = "cache",
    params(("key" = String, Path, description = "The key, percent-encoded as one segment"), PutEntryQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 204, description = "Written"))
)]
async fn put_entry(
    State(api): State<ApiState>,
    Handle(cache): Handle<Cache>,
    Query(query): Query<PutEntryQuery>,
    request: Request,
) -> Result<StatusCode, Failure> {
    let key = key_of(&cache, &request)?;
    let ttl = query
        .ttl
        .as_deref()
        .map(|text| extract::duration("ttl", text))
        .transpose()?;
    let ttl = ttl.unwrap_or(cache.config().ttl);
    if ttl.get().is_zero() {
        return Err(Failure::field(
            "ttl",
            "out_of_range",
            "`ttl` must be longer than zero; to remove a value, DELETE it",
        ));
    }
    let limit = BodyMax {
        limit: cache.config().value_max,
        name: "[cache] value_max",
        unpacks: false,
    };
    let value = body::read(request, &api, limit).await?;
    cache.put(Database::ZERO, &key, &value, Some(ttl.get()))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes a value, whether there is one or not.
#[utoipa::path(
    delete, path = "/api/v1/cache/entries/{key}", tag = "cache",
    params(("key" = String, Path, description = "The key, percent-encoded as one segment")),
    responses((status = 204, description = "There is no value for the key now"))
)]
async fn delete_entry(
    Handle(cache): Handle<Cache>,
    request: Request,
) -> Result<StatusCode, Failure> {
    let key = key_of(&cache, &request)?;
    // Deleting what is not there is what was asked for, too.
    let _ = cache.delete(Database::ZERO, &key);
    Ok(StatusCode::NO_CONTENT)
}

/// Removes everything, or one database.
#[utoipa::path(
    post, path = "/api/v1/cache/clear", tag = "cache", request_body = ClearCache,
    responses((status = 200, body = CacheCleared))
)]
async fn clear_cache(
    State(api): State<ApiState>,
    Handle(cache): Handle<Cache>,
    Handle(events): Handle<Events>,
    Extension(act): Extension<Act>,
    Json(body): Json<ClearCache>,
) -> Result<Json<CacheCleared>, Failure> {
    let database = body.database.map(database_of).transpose()?;
    let removed = cache.clear(database);
    note_cleared(
        &events,
        database,
        removed,
        act.actor(),
        act.address().unwrap_or_default(),
    );
    let name = match database {
        Some(database) => format!("database {}", database.number()),
        None => "all databases".to_owned(),
    };
    let entry = act
        .entry("cache.clear", api.clock().now())
        .on_id(&name)
        .change("entries", Some(&removed.to_string()), Some("0"));
    audit::write(&api, entry).await;
    act.recorded();
    Ok(Json(CacheCleared { removed }))
}

/// Notes an event: `actor` cleared one database or all, from `address`. Repeats within a minute become one event.
pub fn note_cleared(
    events: &Events,
    database: Option<Database>,
    removed: u64,
    actor: &Actor,
    address: &str,
) {
    let (title, database) = match database {
        Some(database) => {
            let number = database.number();
            (
                format!("Cache database {number} cleared"),
                number.to_string(),
            )
        }
        None => ("Cache cleared".to_owned(), "all".to_owned()),
    };
    let attributes = [("database", database)];
    let removed = ("entries", removed);
    events.note_repeatable(
        EventKind::CacheCleared,
        title,
        attributes,
        removed,
        actor,
        address,
    );
}

/// What the cache holds and how it has served.
#[utoipa::path(get, path = "/api/v1/cache/stats", tag = "cache", responses((status = 200, body = CacheStats)))]
async fn get_stats(State(api): State<ApiState>, Handle(cache): Handle<Cache>) -> Json<CacheStats> {
    let stats = cache.stats();
    let redis = api.process().redis_figures();
    let counted = Database::all()
        .zip(stats.entries)
        .filter(|(_, entries)| *entries > 0);
    let databases = counted
        .map(|(database, entries)| CacheDatabase {
            database: database.number(),
            entries,
        })
        .collect();
    let eviction = match stats.eviction {
        Eviction::All => "all",
        Eviction::Volatile => "volatile",
    };
    Json(CacheStats {
        entries: stats.entries_total(),
        memory_bytes: stats.memory,
        memory_max_bytes: stats.memory_max.as_u64(),
        eviction: eviction.to_owned(),
        hits: stats.hits,
        misses: stats.misses,
        hit_ratio: stats.hit_ratio(),
        writes: stats.writes,
        deletes: stats.deletes,
        expirations: stats.expirations,
        evictions: stats.evictions,
        refusals: stats.refusals,
        connections: redis.connections,
        commands: redis.commands,
        databases,
    })
}

/// The key: the rest of the path as the client encoded it, so that `/` and bytes that are not text can stand in it.
fn key_of(cache: &Cache, request: &Request) -> Result<Bytes, Failure> {
    let encoded = request
        .uri()
        .path()
        .strip_prefix(ENTRIES)
        .unwrap_or_default();
    let key = Bytes::from_owner(percent_encoding::percent_decode_str(encoded).collect::<Vec<_>>());
    let limit = cache.config().key_max;
    if key.len() > limit.as_usize() {
        return Err(CacheError::KeyTooLong {
            length: key.len(),
            limit,
        }
        .into());
    }
    Ok(key)
}

fn database_of(index: u8) -> Result<Database, Failure> {
    Database::new(index).ok_or_else(|| {
        let detail = format!("there is no database {index}; they are numbered 0 to 15");
        Failure::new(codes::INVALID, detail).with_field(
            "database",
            "out_of_range",
            Some("15".to_owned()),
        )
    })
}

impl From<CacheError> for Failure {
    fn from(error: CacheError) -> Self {
        match error {
            CacheError::KeyTooLong { .. } => Self::coded(codes::INVALID, &error),
            CacheError::Full { .. } => Self::coded(codes::CACHE_FULL, &error),
            CacheError::ValueTooLong { .. } => Self::of(&error),
        }
    }
}
