//! Long responses: files of any length, server-sent events, long polls.
//!
//! Such a response is aborted when the credential of its request ends. The same applies to any other response of more than 1 MiB.
//! Streams of events end when the server stops, so that they do not use up the grace period. A file continues during the grace
//! period, because an early end would look like the end of the file.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, HttpBody},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderValue, header};

use crate::{standing::Standing, state::ApiState};

/// The interval between keep-alive comments in a stream of events. Proxies close connections that are silent for a minute.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The largest response that is sent to its end after its credential has ended, in bytes.
const UNBOUND_MAX: u64 = 1 << 20;
/// The largest piece of a bound response. The credential is checked before each piece.
const PIECE: usize = 64 << 10;

/// A response of server-sent events. A comment is sent every 15 seconds while there is no event.
pub fn events(events: impl Stream<Item = Event> + Send + 'static) -> Response {
    let events = futures_util::StreamExt::map(events, Ok::<_, Infallible>);
    let kept_alive = Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    // nginx would buffer events otherwise.
    let unbuffered = ("x-accel-buffering", HeaderValue::from_static("no"));
    ([unbuffered], kept_alive).into_response()
}

/// A response whose body is a stream, read no faster than the client reads. An error aborts the response, so that the client
/// does not mistake a part for the whole.
pub fn pieces<E>(
    content_type: &'static str,
    pieces: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
) -> Response
where
    E: std::error::Error + Send + Sync + 'static,
{
    let content_type = (header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    ([content_type], Body::from_stream(pieces)).into_response()
}

impl ApiState {
    /// Waits for the result of a long poll. Returns `None` if the server stops first.
    pub async fn until_stopped<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = work => Some(done),
            () = self.stop().cancelled() => None,
        }
    }
}

/// A body that ends when the server stops or its credential ends.
struct Live {
    body: Body,
    /// The rest of the last frame.
    rest: Bytes,
    /// Completes when a stream of events must end.
    stopped: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Completes when the credential ends. The response is then aborted.
    ended: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Ends the body of a response when the server stops or the credential ends.
pub(crate) fn bind(response: Response, api: &ApiState, standing: Standing) -> Response {
    let stop = api.stop().clone();
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let has_events = content_type.is_some_and(|value| value.as_bytes() == b"text/event-stream");
    response.map(|body| {
        Body::new(Live {
            body,
            rest: Bytes::new(),
            stopped: Box::pin(async move {
                match has_events {
                    true => stop.cancelled().await,
                    false => std::future::pending().await,
                }
            }),
            ended: Box::pin(async move {
                standing.ended().await;
            }),
        })
    })
}

/// Returns whether a client can take long enough to read the response that its credential must be checked again.
pub(crate) fn is_large(response: &Response) -> bool {
    let length = response.body().size_hint().upper();
    length.is_none_or(|length| length > UNBOUND_MAX)
}

impl HttpBody for Live {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, axum::Error>>> {
        if self.ended.as_mut().poll(context).is_ready() {
            let reason = "the session or token ended";
            return Poll::Ready(Some(Err(axum::Error::new(std::io::Error::other(reason)))));
        }
        if self.stopped.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        if self.rest.is_empty() {
            let frame = match std::task::ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => frame.into_data(),
                other => return Poll::Ready(other),
            };
            match frame {
                Ok(data) => self.rest = data,
                Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
            }
        }
        let length = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(length);
        Poll::Ready(Some(Ok(hyper::body::Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        let mut hint = self.body.size_hint();
        let rest = self.rest.len() as u64;
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper + rest);
        }
        hint.set_lower(hint.lower() + rest);
        hint
    }
}
