//! Reading a whole body within its limits.

use std::io::Read;

use axum::{body::Body, extract::Request};
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::BodyExt;
use outrigger_stdx::HumanDuration;

use crate::{Failure, codes, guard::BodyMax, state::ApiState};

/// How much of a body that is too large is read away. Closing instead would reset the connection while the client still
/// writes, and most clients then report that and not the answer.
const READ_AWAY_MAX: u64 = 64 << 20;

/// Reads a whole body of at most `limit`. A larger one is read away, so that the client is still there to read why it was
/// refused.
///
/// # Errors
///
/// When the body is larger, comes too slowly, or the connection ends within it.
pub(crate) async fn read(
    request: Request,
    api: &ApiState,
    limit: BodyMax,
) -> Result<Bytes, Failure> {
    read_within(request, limit, api.config().body_timeout).await
}

/// Reads the body and puts it back, so that the handler finds it arrived.
///
/// # Errors
///
/// As [`read`].
pub(crate) async fn arrived(
    request: Request,
    limit: BodyMax,
    timeout: HumanDuration,
) -> Result<Request, Failure> {
    let (parts, body) = request.into_parts();
    let head = Request::from_parts(parts.clone(), body);
    let body = read_within(head, limit, timeout).await?;
    let mut parts = parts;
    // It is plain now.
    parts.headers.remove(header::CONTENT_ENCODING);
    Ok(Request::from_parts(parts, Body::from(body)))
}

async fn read_within(
    request: Request,
    limit: BodyMax,
    timeout: HumanDuration,
) -> Result<Bytes, Failure> {
    let encoding = Encoding::of(request.headers(), limit)?;
    let headers = request.headers();
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let waits = headers.contains_key(header::EXPECT);
    // Refused before it is sent: a client that waits for `100 Continue` saves the upload, and what is far too large is not
    // worth reading.
    if declared
        .is_some_and(|length| length > limit.limit.as_u64() && (waits || length > READ_AWAY_MAX))
    {
        return Err(too_large(limit));
    }
    let reading = read_at_most(request.into_body(), limit.limit.as_usize());
    let body = match tokio::time::timeout(timeout.get(), reading).await {
        Ok(Ok(Some(body))) => body,
        Ok(Ok(None)) => return Err(too_large(limit)),
        Ok(Err(_)) => return Err(broken_off()),
        Err(_) => return Err(too_slow("arrive", "[http] body_timeout", timeout)),
    };
    match encoding {
        Encoding::Plain => Ok(body),
        Encoding::Gzip => outrigger_supervisor::blocking(move || inflate(&body, limit)).await,
    }
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

/// How a body is packed.
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

/// Unpacks a body. What comes out is bounded as what comes in is: a few kilobytes can hold gigabytes.
fn inflate(packed: &[u8], limit: BodyMax) -> Result<Bytes, Failure> {
    let mut plain = Vec::new();
    let bound = limit.limit.as_u64();
    flate2::read::MultiGzDecoder::new(packed)
        .take(bound.saturating_add(1))
        .read_to_end(&mut plain)
        .map_err(|_| Failure::new(codes::INVALID, "the body is not valid gzip"))?;
    if plain.len() as u64 > bound {
        return Err(too_large(limit));
    }
    Ok(plain.into())
}
