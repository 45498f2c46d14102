//! Reading requests: what is wrong becomes a [`Failure`] that names the field and the limit.

use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts, Request},
    http::request::Parts,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderValue, header};
use http_body_util::BodyExt;
use outrigger_stdx::{ByteSize, HumanDuration};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Api, Failure, codes};

/// How much of a body that is too large is read away. Closing instead would reset the connection while the client still
/// writes, and most clients then report that and not the answer.
const READ_AWAY_MAX: u64 = 64 << 20;

/// A JSON body, bounded by `[http] body_max` and `[http] body_timeout`; as an answer, JSON that no cache may keep.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Api> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Failure> {
        let content_type = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let essence = content_type
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default()
            .trim();
        // Also a defence: a form of another site cannot send this type without asking first.
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(Failure::new(
                codes::UNSUPPORTED_MEDIA_TYPE,
                "the body must be `application/json`",
            ));
        }
        let bytes = read_body(request, api, api.config().body_max, "[http] body_max").await?;
        let mut deserializer = serde_json::Deserializer::from_slice(&bytes);
        let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let path = error.path().to_string();
            let failure = Failure::new(codes::INVALID_JSON, error.inner().to_string());
            if path == "." {
                failure
            } else {
                failure.with_field(&path, "invalid", None)
            }
        })?;
        deserializer
            .end()
            .map_err(|error| Failure::new(codes::INVALID_JSON, error.to_string()))?;
        Ok(Self(value))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => {
                let headers = [
                    (
                        header::CONTENT_TYPE,
                        HeaderValue::from_static("application/json"),
                    ),
                    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
                ];
                (headers, body).into_response()
            }
            Err(error) => Failure::internal(&error).into_response(),
        }
    }
}

/// The query of the address, with unknown parameters refused where the type says so.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Api> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Failure> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs))
            .map(Self)
            .map_err(|error| {
                let field = match error.path().to_string() {
                    path if path == "." => "query".to_owned(),
                    path => path,
                };
                let detail = format!("`{field}` in the address: {}", error.inner());
                Failure::field(&field, "invalid", detail)
            })
    }
}

/// An id in the path.
#[derive(Debug)]
pub(crate) struct Id<T>(pub(crate) T);

impl<T: std::str::FromStr> FromRequestParts<Api> for Id<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Failure> {
        let text = axum::extract::Path::<String>::from_request_parts(parts, api).await;
        let id = text
            .ok()
            .and_then(|axum::extract::Path(text)| text.parse().ok());
        id.map(Self)
            .ok_or_else(|| Failure::field("id", "invalid", "the id in the path is not one"))
    }
}

/// Reads a whole body of at most `limit`, which is what the configuration calls `limit_key`. A larger one is read away, so
/// that the client is still there to read why it was refused.
pub(crate) async fn read_body(
    request: Request,
    api: &Api,
    limit: ByteSize,
    limit_key: &str,
) -> Result<Bytes, Failure> {
    let too_large = || {
        Failure::new(
            codes::BODY_TOO_LARGE,
            format!("the body is larger than `{limit_key}` of {limit}"),
        )
        .with_field("body", "too_large", Some(limit.to_string()))
    };
    let headers = request.headers();
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let waits = headers.contains_key(header::EXPECT);
    // Refused before it is sent: a client that waits for `100 Continue` saves the upload, and what is far too large is not
    // worth reading.
    if declared.is_some_and(|length| length > limit.as_u64() && (waits || length > READ_AWAY_MAX)) {
        return Err(too_large());
    }
    let timeout = api.config().body_timeout;
    let read = read_at_most(request.into_body(), limit.as_usize());
    match tokio::time::timeout(timeout.get(), read).await {
        Ok(Ok(Some(body))) => Ok(body),
        Ok(Ok(None)) => Err(too_large()),
        Ok(Err(_)) => Err(Failure::new(
            codes::INVALID,
            "the connection ended within the body",
        )),
        Err(_) => {
            let detail =
                format!("the body did not arrive within `[http] body_timeout` of {timeout}");
            Err(Failure::new(codes::BODY_TIMEOUT, detail).with_field(
                "body",
                "timeout",
                Some(timeout.to_string()),
            ))
        }
    }
}

/// The body, or none when it is larger than `limit`; then it was read to its end, or up to [`READ_AWAY_MAX`].
async fn read_at_most(mut body: Body, limit: usize) -> Result<Option<Bytes>, axum::Error> {
    let mut kept = Vec::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        length = length.saturating_add(data.len());
        if length <= limit {
            kept.extend_from_slice(&data);
        } else if length as u64 > READ_AWAY_MAX {
            break;
        } else {
            kept = Vec::new();
        }
    }
    Ok((length <= limit).then(|| kept.into()))
}

/// A duration that stands in a field as text such as `1m30s`.
pub(crate) fn duration(field: &str, text: &str) -> Result<HumanDuration, Failure> {
    text.parse()
        .map_err(|error: outrigger_stdx::ParseDurationError| {
            Failure::field(field, "invalid", error.to_string())
        })
}

/// A page size within the limits of the contract.
pub(crate) fn page_limit(limit: Option<u32>) -> Result<u32, Failure> {
    const DEFAULT: u32 = 50;
    const MAX: u32 = 500;
    let limit = limit.unwrap_or(DEFAULT);
    if (1..=MAX).contains(&limit) {
        return Ok(limit);
    }
    let detail = format!("`limit` of {limit} is not within 1 to {MAX}");
    Err(Failure::new(codes::INVALID, detail).with_field(
        "limit",
        "out_of_range",
        Some(MAX.to_string()),
    ))
}

/// Where a list is to go on: what its page before gave out as `next`.
pub(crate) fn page_cursor<C: std::str::FromStr>(
    cursor: Option<&str>,
) -> Result<Option<C>, Failure> {
    let detail = "`cursor` is not one that this list gave out";
    let refuse = |_| Failure::field("cursor", "invalid", detail);
    cursor.map(str::parse).transpose().map_err(refuse)
}
