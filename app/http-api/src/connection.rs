//! Serves one connection.
//!
//! The connection ends when the client closes it, when there is no request for `[http] header_timeout`, when the server stops and
//! the running requests have their responses, and immediately when its [handle](ConnectionHandle) is cut.

use std::{io, pin::pin, time::Duration};

use axum::body::Body;
use hyper::{Request, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use outrigger_supervisor::Stop;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
};

use crate::{Api, Peer, connection_handle::ConnectionHandle, fair::Fair};

/// The maximum size of a head, and of the part of a response that hyper buffers.
const KEPT_MAX: usize = 64 << 10;

/// How long a connection may stay open without a request once the server stops.
const IDLE_STOPPING: Duration = Duration::from_secs(1);

/// Serves one connection until it ends. After `stop`, running requests are completed. The caller drops this when the handle is
/// cut.
pub(crate) async fn serve(
    api: &Api,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
    handle: &ConnectionHandle,
    streams_max: u32,
    stop: Stop,
) {
    let longest_idle = api.state().config().header_timeout.get();
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(longest_idle)
        .max_buf_size(KEPT_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(longest_idle))
        .max_concurrent_streams(streams_max)
        .max_send_buf_size(KEPT_MAX)
        .max_header_list_size(KEPT_MAX as u32);
    let service = service_fn(|request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        // A burst arrives faster than the connections that it closes can end and free their memory.
        let response = if api.state().buffers().are_overrun_by(handle) {
            handle.cut();
            None
        } else {
            request.extensions_mut().insert(handle.clone());
            // Boxed, because hyper keeps the memory of this future while the client reads the response.
            Some(Box::pin(api.respond(request, peer)))
        };
        async move {
            match response {
                Some(response) => Ok(response.await),
                None => Err(io::Error::from(io::ErrorKind::OutOfMemory)),
            }
        }
    });
    let mut connection = pin!(builder.serve_connection(TokioIo::new(Fair::new(stream)), service));
    let serving = async {
        tokio::select! {
            outcome = connection.as_mut() => outcome,
            () = until_idle(handle.requests(), longest_idle) => {
                tracing::debug!(?peer, "a connection is closed because no request comes");
                connection.as_mut().graceful_shutdown();
                connection.await
            }
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    outcome = connection => outcome,
                    // Hyper would wait for the rest of an incomplete head.
                    () = until_idle(handle.requests(), IDLE_STOPPING) => Ok(()),
                }
            }
        }
    };
    if let Err(error) = serving.await {
        tracing::debug!(error = %error, ?peer, "a connection ended with an error");
    }
}

/// Returns when there was no request for this long. Hyper's own timer does not cover a client that sends nothing, because the
/// version of HTTP is not known yet, or an HTTP/2 client that answers pings without sending requests.
async fn until_idle(mut requests: watch::Receiver<usize>, longest: Duration) {
    loop {
        // Neither call fails: the sender lives as long as the connection.
        let _ = requests.wait_for(|begun| *begun == 0).await;
        if tokio::time::timeout(longest, requests.changed())
            .await
            .is_err()
        {
            return;
        }
    }
}
