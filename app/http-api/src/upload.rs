//! A request body that the handler reads as a stream: of any length, with back-pressure.

use std::{future::Future, pin::Pin};

use axum::{
    body::Body,
    extract::{FromRequest, Request},
};
use bytes::Bytes;
use http::header;
use http_body_util::BodyExt;

use crate::{Failure, body, codes, guard::BodyMax, standing::Standing, state::ApiState};

/// A request body that the handler reads piece by piece, for routes whose guard [streams](crate::Guard::streams). The body is
/// read no faster than the handler asks for it. The guard's `body_max` limits its size.
pub struct Upload {
    body: Body,
    api: ApiState,
    max: BodyMax,
    received: u64,
    /// Completes when the credential is no longer valid.
    ended: Pin<Box<dyn Future<Output = Failure> + Send>>,
}

impl Upload {
    /// Returns the next piece, or `None` at the end. Cancel safe.
    ///
    /// # Errors
    ///
    /// If the body is too large, no data arrived for `[http] body_timeout`, the connection or the credential ended, or the server
    /// stops.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        let idle = self.api.config().body_timeout;
        loop {
            let frame = tokio::select! {
                biased;
                () = self.api.stop().cancelled() => return Err(stopping()),
                failure = &mut self.ended => return Err(failure),
                frame = tokio::time::timeout(idle.get(), self.body.frame()) => frame,
            };
            let frame = frame.map_err(|_| body::too_slow("go on", "[http] body_timeout", idle))?;
            let Some(frame) = frame else {
                return Ok(None);
            };
            let Ok(data) = frame.map_err(|_| body::broken_off())?.into_data() else {
                continue;
            };
            self.received = self.received.saturating_add(data.len() as u64);
            if self.received > self.max.limit.as_u64() {
                return Err(body::too_large(self.max));
            }
            return Ok(Some(data));
        }
    }
}

impl FromRequest<ApiState> for Upload {
    type Rejection = Failure;

    async fn from_request(request: Request, api: &ApiState) -> Result<Self, Failure> {
        let max = BodyMax::of(&request, api);
        let headers = request.headers();
        if headers.contains_key(header::CONTENT_ENCODING) {
            return Err(Failure::new(
                codes::UNSUPPORTED_MEDIA_TYPE,
                "this route takes its body as it is, without a `Content-Encoding`",
            ));
        }
        let declared = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        if declared.is_some_and(|length| length > max.limit.as_u64()) {
            return Err(body::too_large(max));
        }
        let standing = request.extensions().get::<Standing>().cloned();
        Ok(Self {
            body: request.into_body(),
            api: api.clone(),
            max,
            received: 0,
            ended: match standing {
                Some(standing) => Box::pin(standing.ended()),
                None => Box::pin(std::future::pending()),
            },
        })
    }
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Upload")
            .field("received", &self.received)
            .finish_non_exhaustive()
    }
}

fn stopping() -> Failure {
    Failure::new(codes::UNAVAILABLE, "the server is stopping")
}
