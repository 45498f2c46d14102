//! Extractors. Errors become a [`Failure`] that names the field and the limit.

use axum::{
    extract::{FromRequest, FromRequestParts, RawPathParams, Request},
    http::request::Parts,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;
use outrigger_stdx::HumanDuration;
use serde::{Serialize, de::DeserializeOwned};

use crate::{Failure, body, codes, guard::BodyMax, plain, state::ApiState};

/// From this size on, JSON is parsed on the threads for blocking work, because it takes over a millisecond.
const PARSED_APART: usize = 256 << 10;

/// A JSON object as the body of a request, within the limit of the route. As a response, JSON that must not be cached.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + Send + 'static> FromRequest<ApiState> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, api: &ApiState) -> Result<Self, Failure> {
        // This is also a defence: a form of another site cannot send this type without a CORS preflight.
        if !is_json(request.headers()) {
            return Err(Failure::new(
                codes::UNSUPPORTED_MEDIA_TYPE,
                "the body must be `application/json`",
            ));
        }
        let limit = BodyMax::of(&request, api);
        let bytes = body::read(request, api, limit).await?;
        let value = if bytes.len() < PARSED_APART {
            parse(&bytes)?
        } else {
            outrigger_supervisor::blocking(move || parse(&bytes)).await?
        };
        Ok(Self(value))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    // Serde would accept a list of the fields in place of an object.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(Failure::new(
            codes::INVALID_JSON,
            "the body must be a JSON object",
        ));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let detail = plain::words(&error.inner().to_string());
        let failure = Failure::new(codes::INVALID_JSON, detail);
        if path == "." {
            failure
        } else {
            failure.with_field(&path, "invalid", None)
        }
    })?;
    deserializer
        .end()
        .map_err(|error| Failure::new(codes::INVALID_JSON, error.to_string()))?;
    Ok(value)
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

/// The query. Unknown parameters are refused if the type says so.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<ApiState> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &ApiState) -> Result<Self, Failure> {
        read_query(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

fn read_query<T: DeserializeOwned>(query: &str) -> Result<T, Failure> {
    let refused = |field: &str, why: &str| {
        let detail = format!("`{field}` in the address: {why}");
        Failure::field(field, "invalid", detail)
    };
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    // No valid value contains one, and PostgreSQL would refuse it only later.
    if let Some((field, _)) = pairs.clone().find(|(_, value)| value.contains('\0')) {
        return Err(refused(&field, "the value contains a NUL character"));
    }
    serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs)).map_err(|error| {
        let field = match error.path().to_string() {
            path if path == "." => "query".to_owned(),
            path => path,
        };
        refused(&field, &plain::words(&error.inner().to_string()))
    })
}

/// The value of the only parameter in the path.
#[derive(Debug)]
pub struct Id<T>(pub T);

impl<T: std::str::FromStr> FromRequestParts<ApiState> for Id<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &ApiState) -> Result<Self, Failure> {
        let sent = path_parameters(parts, api).await?;
        match sent.as_slice() {
            [one] => one.parse().map(Self),
            _ => Err(not_in_path("id")),
        }
    }
}

/// The values of the two parameters in the path, in their order.
#[derive(Debug)]
pub struct Ids<A, B>(pub A, pub B);

impl<A: std::str::FromStr, B: std::str::FromStr> FromRequestParts<ApiState> for Ids<A, B> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &ApiState) -> Result<Self, Failure> {
        let sent = path_parameters(parts, api).await?;
        match sent.as_slice() {
            [first, second] => Ok(Self(first.parse()?, second.parse()?)),
            _ => Err(not_in_path("id")),
        }
    }
}

/// A parameter of the path, decoded.
struct Parameter {
    name: String,
    value: String,
}

impl Parameter {
    fn parse<T: std::str::FromStr>(&self) -> Result<T, Failure> {
        self.value.parse().map_err(|_| not_in_path(&self.name))
    }
}

async fn path_parameters(parts: &mut Parts, api: &ApiState) -> Result<Vec<Parameter>, Failure> {
    let raw = RawPathParams::from_request_parts(parts, api)
        .await
        .map_err(|_| not_in_path("id"))?;
    let parameters = raw.iter().map(|(name, value)| Parameter {
        name: name.to_owned(),
        value: value.to_owned(),
    });
    Ok(parameters.collect())
}

fn not_in_path(name: &str) -> Failure {
    Failure::field(
        name,
        "invalid",
        format!("`{name}` in the path is not a valid one"),
    )
}

/// Parses a duration in a field, such as `1m30s`.
pub(crate) fn duration(field: &str, text: &str) -> Result<HumanDuration, Failure> {
    text.parse()
        .map_err(|error: outrigger_stdx::ParseDurationError| {
            Failure::field(field, "invalid", error.to_string())
        })
}

/// Parses a time in a field: RFC 3339, or milliseconds since 1970.
pub(crate) fn time(field: &str, text: Option<&str>) -> Result<Option<Timestamp>, Failure> {
    let parse = |text: &str| match text.parse() {
        Ok(millis) => Timestamp::from_millisecond(millis).ok(),
        Err(_) => text.parse().ok(),
    };
    let refuse = || {
        let detail = format!(
            "`{field}` is not a time such as `2026-01-31T12:00:00Z`, nor milliseconds since 1970"
        );
        Failure::field(field, "invalid", detail)
    };
    text.map(|text| parse(text).ok_or_else(refuse)).transpose()
}

/// Parses the size of a page.
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

/// Parses the cursor of a list: the `next` of the previous page.
pub(crate) fn page_cursor<C: std::str::FromStr>(
    cursor: Option<&str>,
) -> Result<Option<C>, Failure> {
    let detail = "`cursor` is not one that this list gave out";
    let refuse = |_| Failure::field("cursor", "invalid", detail);
    cursor.map(str::parse).transpose().map_err(refuse)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn a_nul_character_in_the_query_is_refused_by_the_name_of_its_parameter() {
        let read = read_query::<HashMap<String, String>>("actor=a%00b&limit=3");

        let failure = read.expect_err("it has a NUL character");
        assert_eq!(failure.code(), codes::INVALID);
        assert!(format!("{failure:?}").contains("actor"), "{failure:?}");
    }
}
