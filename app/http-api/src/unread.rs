//! What happens to a request body that nobody read to its end, over HTTP/1.
//!
//! A request can be refused before its body was read. The next request on the connection begins after that body, so hyper closes
//! the connection if it cannot skip the body. The response must say so, or a client sends its next request into a closed
//! connection. A small rest is therefore read and discarded; otherwise, the response contains `Connection: close`.
//!
//! HTTP/2 needs none of this, because each request has a stream of its own.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, HttpBody},
    extract::Request,
    response::Response,
};
use bytes::Bytes;
use http::{HeaderValue, Version, header};
use http_body_util::BodyExt;
use parking_lot::Mutex;

/// The largest rest that is read and discarded, in bytes.
const DISCARDED_MAX: u64 = 64 << 10;
/// How long the rest may take to arrive. The response waits for it.
const DISCARD_TIME: Duration = Duration::from_millis(100);

/// The body of a request, as far as the pipeline knows.
#[derive(Debug, Default)]
enum Progress {
    /// The handler has the body.
    #[default]
    Reading,
    /// All of it was read.
    Ended,
    /// It was dropped before its end.
    Dropped(Body),
}

/// Tells, after the response, whether the body of a request was read.
#[derive(Debug)]
pub(crate) struct Unread {
    progress: Arc<Mutex<Progress>>,
    /// Whether the client sends the body only after a `100 Continue`.
    waits: bool,
}

/// A body that reports its end, and gives itself back if it is dropped before.
struct Watched {
    body: Body,
    progress: Arc<Mutex<Progress>>,
}

impl Unread {
    /// Watches the body of a request. Returns `None` if there is no body, or the connection does not depend on it.
    pub(crate) fn watch(request: &mut Request) -> Option<Self> {
        let is_http1 = matches!(request.version(), Version::HTTP_10 | Version::HTTP_11);
        if !is_http1 || request.body().is_end_stream() {
            return None;
        }
        let progress = Arc::default();
        let body = std::mem::take(request.body_mut());
        *request.body_mut() = Body::new(Watched {
            body,
            progress: Arc::clone(&progress),
        });
        Some(Self {
            progress,
            waits: request.headers().contains_key(header::EXPECT),
        })
    }

    /// Discards a small rest of the body. If there is more, adds `Connection: close` to the response.
    pub(crate) async fn settle(self, response: &mut Response) {
        if response.headers().contains_key(header::CONNECTION) {
            return;
        }
        let progress = std::mem::take(&mut *self.progress.lock());
        let is_read = match progress {
            Progress::Ended => true,
            // Reading would ask the client to send the body.
            Progress::Dropped(_) if self.waits => false,
            Progress::Dropped(body) => discard(body).await,
            // The response still reads it.
            Progress::Reading => false,
        };
        if !is_read {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
    }
}

/// Reads the body to its end and returns whether it is small enough and arrived in time.
async fn discard(mut body: Body) -> bool {
    if body.size_hint().lower() > DISCARDED_MAX {
        return false;
    }
    let reading = async {
        let mut length = 0;
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else {
                return false;
            };
            length += frame.data_ref().map_or(0, Bytes::len) as u64;
            if length > DISCARDED_MAX {
                return false;
            }
        }
        true
    };
    let read = tokio::time::timeout(DISCARD_TIME, reading).await;
    read.unwrap_or(false)
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if matches!(polled, Poll::Ready(None)) {
            *self.progress.lock() = Progress::Ended;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut progress = self.progress.lock();
        if !matches!(*progress, Progress::Reading) {
            return;
        }
        *progress = match self.body.is_end_stream() {
            true => Progress::Ended,
            false => Progress::Dropped(std::mem::take(&mut self.body)),
        };
    }
}
