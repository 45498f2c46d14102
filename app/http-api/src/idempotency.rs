//! Repeats the response of the first request for a POST with an `Idempotency-Key`.
//!
//! A client that did not receive the response to a POST cannot know whether the object was created. With an `Idempotency-Key`, it
//! can send the request again: for one day, the same key from the same caller returns the same response and creates nothing. The
//! same key with a different request is refused, because one of them is a mistake.
//!
//! The claim is stored before the handler runs, the response after it. If the process dies in between, the claim has no response.
//! After [`ABANDONED_AFTER`] it expires, and the request can run again. A client that retries a POST across a crash therefore
//! creates one object, or in rare cases two, and never receives a wrong response.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::{
    body::{Body, HttpBody},
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use http_body_util::BodyExt;
use jiff::Timestamp;
use outrigger_access::Principal;
use serde::{Deserialize, Serialize};

use crate::{Failure, body, codes, context::RequestContext};

/// How long a response is stored.
pub const KEPT_FOR: Duration = Duration::from_secs(24 * 3600);
/// The age at which a claim without a response expires. No request can take longer.
pub const ABANDONED_AFTER: Duration = Duration::from_secs(300);

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The maximum size of a stored response, in bytes.
const ANSWER_MAX: u64 = 1 << 20;
/// The maximum length of a key, in characters.
const KEY_MAX: usize = 255;

/// A key of a caller. Two callers can choose the same key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    /// The caller, such as `token:` and its id.
    pub caller: String,
    /// The key as sent.
    pub key: String,
}

/// The result of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The key was not used before. It is claimed now.
    New,
    /// The stored response of the same request.
    Answered(Bytes),
    /// The same request is still running.
    Running,
    /// The key was used for a different request.
    Other,
    /// The key is new, but the store is full.
    Full,
}

/// Stores claims and responses. The server implements it.
///
/// Claims are atomic: one of two concurrent claims is `New`. Responses can contain secrets, so they are stored encrypted.
#[async_trait]
pub trait IdempotencyStore: Send + Sync {
    /// Claims the key for the request with this fingerprint. A claim without an answer that is older than [`ABANDONED_AFTER`],
    /// and an answer that is older than [`KEPT_FOR`], count for nothing.
    async fn claim(
        &self,
        key: &IdempotencyKey,
        fingerprint: [u8; 32],
        now: Timestamp,
    ) -> Result<Claim, StoreFailure>;

    /// Keeps the answer to the key that was claimed at `claimed_at`, the `now` of its claim. Does nothing when another request
    /// has claimed the key since, because this one counted as abandoned: the answer is no longer this one's to give.
    async fn answer(
        &self,
        key: &IdempotencyKey,
        claimed_at: Timestamp,
        answer: Bytes,
    ) -> Result<(), StoreFailure>;

    /// Gives the claim of `claimed_at` up, so that the request may run again. Does nothing to the claim of another request.
    async fn release(
        &self,
        key: &IdempotencyKey,
        claimed_at: Timestamp,
    ) -> Result<(), StoreFailure>;
}

/// An error of the store, for the log.
pub type StoreFailure = Box<dyn std::error::Error + Send + Sync>;

/// A stored response. The version is that of the format.
#[derive(Serialize, Deserialize)]
struct Kept {
    version: u8,
    status: u16,
    #[serde(default)]
    headers: Vec<(String, String)>,
    /// In Base64.
    body: String,
}

/// Runs a request, or repeats its stored response.
pub(crate) async fn once(
    context: &RequestContext,
    principal: &Principal,
    request: Request,
    next: Next,
) -> Response {
    let Some(sent) = request.headers().get(KEY) else {
        return next.run(request).await;
    };
    match key_of(sent, principal) {
        Ok(key) => match run(context, &key, request, next).await {
            Ok(response) => response,
            Err(failure) => failure.into_response(),
        },
        Err(failure) => failure.into_response(),
    }
}

async fn run(
    context: &RequestContext,
    key: &IdempotencyKey,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let api = &context.api;
    let store: &Arc<dyn IdempotencyStore> = api.idempotency();
    let (parts, body) = request.into_parts();
    // The body has arrived, within the limit of the route.
    let body = body
        .collect()
        .await
        .map_err(|_| body::broken_off())?
        .to_bytes();
    let mut hasher = blake3::Hasher::new();
    for part in [
        parts.method.as_str().as_bytes(),
        parts.uri.to_string().as_bytes(),
        &body,
    ] {
        hasher
            .update(&(part.len() as u64).to_le_bytes())
            .update(part);
    }
    let fingerprint = *hasher.finalize().as_bytes();
    let claimed_at = api.clock().now();
    match store
        .claim(key, fingerprint, claimed_at)
        .await
        .map_err(unavailable)?
    {
        Claim::New => {}
        Claim::Answered(kept) => return replay(&kept),
        Claim::Running => {
            let detail = "a request with this idempotency key is still running";
            return Err(
                Failure::new(codes::CONFLICT, detail).with_retry_after(Duration::from_secs(1))
            );
        }
        Claim::Other => {
            let detail = "this idempotency key was used for another request within 24 hours";
            return Err(
                Failure::new(codes::IDEMPOTENCY_MISMATCH, detail).with_field(
                    "Idempotency-Key",
                    "reused",
                    None,
                ),
            );
        }
        Claim::Full => {
            let detail = "too many idempotency keys of the last 24 hours are kept";
            return Err(Failure::new(codes::TOO_MANY_ATTEMPTS, detail)
                .with_fix("repeat the request later, or without an idempotency key"));
        }
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    // A refused request created nothing, so the caller can correct it and use the same key.
    if !response.status().is_success() {
        store.release(key, claimed_at).await.map_err(unavailable)?;
        return Ok(response);
    }
    // A larger response is not stored. Its claim stays until it expires.
    if response
        .body()
        .size_hint()
        .exact()
        .is_none_or(|size| size > ANSWER_MAX)
    {
        tracing::error!("the answer to an idempotent request is too large to be kept");
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = body
        .collect()
        .await
        .map_err(|error| Failure::internal(&error))?
        .to_bytes();
    let headers = parts.headers.iter().filter(|(name, _)| is_repeatable(name));
    let kept = Kept {
        version: 2,
        status: parts.status.as_u16(),
        headers: headers
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect(),
        body: STANDARD.encode(&body),
    };
    let kept = serde_json::to_vec(&kept).map_err(|error| Failure::internal(&error))?;
    // The object exists now, so an error while the response is stored must not fail the request.
    if let Err(error) = store.answer(key, claimed_at, kept.into()).await {
        tracing::error!(%error, "the answer to an idempotent request could not be kept");
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

/// Returns whether a header of the first response is repeated. Cookies belong to one client, and the length is computed again.
fn is_repeatable(name: &HeaderName) -> bool {
    *name != header::SET_COOKIE && *name != header::CONTENT_LENGTH
}

fn key_of(sent: &HeaderValue, principal: &Principal) -> Result<IdempotencyKey, Failure> {
    let usable = |text: &&str| (1..=KEY_MAX).contains(&text.len());
    let Some(key) = sent.to_str().ok().filter(usable) else {
        let detail = format!("an idempotency key has 1 to {KEY_MAX} visible characters");
        return Err(Failure::new(codes::INVALID, detail).with_field(
            "Idempotency-Key",
            "invalid",
            Some(KEY_MAX.to_string()),
        ));
    };
    let actor = &principal.actor;
    let id = actor.id().map(|id| id.to_string()).unwrap_or_default();
    Ok(IdempotencyKey {
        caller: format!("{}:{id}", actor.kind_name()),
        key: key.to_owned(),
    })
}

/// Returns whether the response is that of an earlier request.
pub(crate) fn is_repeated(response: &Response) -> bool {
    response.headers().contains_key(REPLAYED)
}

fn replay(kept: &[u8]) -> Result<Response, Failure> {
    let kept: Kept = serde_json::from_slice(kept).map_err(|error| Failure::internal(&error))?;
    let body = STANDARD
        .decode(&kept.body)
        .map_err(|error| Failure::internal(&error))?;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    for (name, value) in kept.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse()) {
            headers.append(name, value);
        }
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn unavailable(error: StoreFailure) -> Failure {
    tracing::error!(%error, "the store of idempotency keys failed");
    Failure::new(
        codes::UNAVAILABLE,
        "the store of idempotency keys cannot be reached for now",
    )
}
