//! Reads a whole body within its limits.

use std::io::Read;

use axum::{body::Body, extract::Request};
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::BodyExt;
use outrigger_stdx::HumanDuration;

use crate::{
    Failure,
    buffers::{Buffered, Kind},
    codes,
    connection_handle::ConnectionHandle,
    guard::BodyMax,
    state::ApiState,
};

/// How much of a body that is too large is read and discarded. If the connection were closed instead, most clients would report
/// a reset connection and not the response.
const READ_AWAY_MAX: u64 = 64 << 20;

/// Reads a whole body of at most `limit`. A larger one is discarded, so that the client can read the response.
///
/// # Errors
///
/// If the body is larger or too slow, or the connection ends before its end.
pub(crate) async fn read(
    request: Request,
    api: &ApiState,
    limit: BodyMax,
) -> Result<Bytes, Failure> {
    if request.extensions().get::<Arrived>().is_some() {
        let body = request.into_body().collect().await;
        let body = body.map_err(|_| broken_off())?.to_bytes();
        return match body.len() as u64 > limit.limit.as_u64() {
            true => Err(too_large(limit)),
            false => Ok(body),
        };
    }
    read_within(request, api, limit, api.config().body_timeout).await
}

/// Marks, in the extensions of a request, that its body has arrived and is decompressed.
#[derive(Debug, Clone, Copy)]
struct Arrived;

/// A body in memory, counted until it is dropped.
struct Counted {
    bytes: Vec<u8>,
    _hold: Buffered,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Reads the body and puts it back into the request for the handler.
///
/// # Errors
///
/// As [`read`].
pub(crate) async fn arrived(
    request: Request,
    api: &ApiState,
    limit: BodyMax,
    timeout: HumanDuration,
) -> Result<Request, Failure> {
    let (mut parts, body) = request.into_parts();
    let head = Request::from_parts(parts.clone(), body);
    let body = read_within(head, api, limit, timeout).await?;
    // It is decompressed now.
    parts.headers.remove(header::CONTENT_ENCODING);
    parts.extensions.insert(Arrived);
    Ok(Request::from_parts(parts, Body::from(body)))
}

async fn read_within(
    request: Request,
    api: &ApiState,
    limit: BodyMax,
    timeout: HumanDuration,
) -> Result<Bytes, Failure> {
    let encoding = Encoding::of(request.headers(), limit)?;
    let headers = request.headers();
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let waits = headers.contains_key(header::EXPECT);
    // Refused before it is sent: a client that waits for `100 Continue` saves the upload.
    if declared
        .is_some_and(|length| length > limit.limit.as_u64() && (waits || length > READ_AWAY_MAX))
    {
        return Err(too_large(limit));
    }
    let handle = request.extensions().get::<ConnectionHandle>().cloned();
    let handle = handle.unwrap_or_else(ConnectionHandle::inside);
    let hold = api
        .buffers()
        .track(&handle, Kind::Request, 0, api.clock().monotonic());
    let reading = read_at_most(request.into_body(), limit.limit.as_usize(), &hold, api);
    let body = match tokio::time::timeout(timeout.get(), reading).await {
        Ok(Ok(Some(body))) => body,
        Ok(Ok(None)) => return Err(too_large(limit)),
        Ok(Err(_)) => return Err(broken_off()),
        Err(_) => return Err(too_slow("arrive", "[http] body_timeout", timeout)),
    };
    hold.waits_for_server();
    let bytes = match encoding {
        Encoding::Plain => body,
        Encoding::Gzip => {
            let plain = outrigger_supervisor::blocking(move || inflate(&body, limit)).await?;
            hold.add(plain.len() as u64, api.clock().monotonic());
            hold.waits_for_server();
            plain
        }
    };
    Ok(Bytes::from_owner(Counted { bytes, _hold: hold }))
}

pub(crate) fn too_large(limit: BodyMax) -> Failure {
    let BodyMax { limit, name, .. } = limit;
    Failure::new(
        codes::BODY_TOO_LARGE,
        format!("the body is larger than `{name}` of {limit}"),
    )
    .with_field("body", "too_large", Some(limit.to_string()))
}

pub(crate) fn broken_off() -> Failure {
    Failure::new(codes::INVALID, "the connection ended within the body")
}

pub(crate) fn too_slow(what: &str, key: &str, timeout: HumanDuration) -> Failure {
    let detail = format!("the body did not {what} within `{key}` of {timeout}");
    Failure::new(codes::BODY_TIMEOUT, detail).with_field(
        "body",
        "timeout",
        Some(timeout.to_string()),
    )
}

/// Returns the body, or `None` if it is larger than `limit`. It was then read to its end, or up to [`READ_AWAY_MAX`].
async fn read_at_most(
    mut body: Body,
    limit: usize,
    hold: &Buffered,
    api: &ApiState,
) -> Result<Option<Vec<u8>>, axum::Error> {
    let mut kept = Vec::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        length = length.saturating_add(data.len());
        let now = api.clock().monotonic();
        if length <= limit {
            hold.add(data.len() as u64, now);
            kept.extend_from_slice(&data);
        } else if length as u64 > READ_AWAY_MAX {
            break;
        } else {
            hold.add(0, now);
            kept = Vec::new();
        }
    }
    Ok((length <= limit).then_some(kept))
}

/// The compression of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Plain,
    Gzip,
}

impl Encoding {
    fn of(headers: &HeaderMap, limit: BodyMax) -> Result<Self, Failure> {
        let Some(value) = headers.get(header::CONTENT_ENCODING) else {
            return Ok(Self::Plain);
        };
        match value.as_bytes() {
            plain if plain.eq_ignore_ascii_case(b"identity") => Ok(Self::Plain),
            gzip if gzip.eq_ignore_ascii_case(b"gzip") && limit.unpacks => Ok(Self::Gzip),
            _ => Err(Failure::new(
                codes::UNSUPPORTED_MEDIA_TYPE,
                "this route does not take a body with this `Content-Encoding`",
            )),
        }
    }
}

/// Decompresses a body. The limit applies to the result too, because a few kilobytes can expand to gigabytes.
fn inflate(packed: &[u8], limit: BodyMax) -> Result<Vec<u8>, Failure> {
    let mut plain = Vec::new();
    let bound = limit.limit.as_u64();
    flate2::read::MultiGzDecoder::new(packed)
        .take(bound.saturating_add(1))
        .read_to_end(&mut plain)
        .map_err(|_| Failure::new(codes::INVALID, "the body is not valid gzip"))?;
    if plain.len() as u64 > bound {
        return Err(too_large(limit));
    }
    Ok(plain)
}
