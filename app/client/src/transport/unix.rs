//! The control socket: HTTP/1.1 on a unix socket, one connection per request.
//!
//! It speaks `hyper` and not `reqwest`, because an address of the latter cannot hold the key `..`.

use std::{
    io,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, header::HOST};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{net::UnixStream, time::timeout};

use super::{ANSWER_MAX, CALL, CONNECT, Transport, TransportError};

#[derive(Debug)]
pub(crate) struct UnixTransport {
    path: PathBuf,
}

impl UnixTransport {
    pub(crate) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    async fn exchange(
        stream: UnixStream,
        mut request: Request<Bytes>,
    ) -> Result<Response<Bytes>, TransportError> {
        request
            .headers_mut()
            .entry(HOST)
            .or_insert(HeaderValue::from_static("localhost"));
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| TransportError::Exchange(error.into()))?;
        // The connection works only while it is polled. It ends by itself when the sender, which the other half owns, is
        // dropped; what it failed with shows in the answer.
        let answer = async move {
            let answer = sender
                .send_request(request.map(Full::new))
                .await
                .map_err(|error| TransportError::Exchange(error.into()))?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, ANSWER_MAX)
                .collect()
                .await
                .map_err(|error| match error.downcast::<LengthLimitError>() {
                    Ok(_) => TransportError::TooLarge,
                    Err(error) => TransportError::Exchange(error),
                })?;
            Ok(Response::from_parts(head, body.to_bytes()))
        };
        let (answer, _) = tokio::join!(answer, connection);
        answer
    }
}

#[async_trait]
impl Transport for UnixTransport {
    fn place(&self) -> String {
        self.path.display().to_string()
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let stream = timeout(CONNECT, UnixStream::connect(&self.path))
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(|error| TransportError::Connect(error.into()))?;
        timeout(CALL, Self::exchange(stream, request))
            .await
            .unwrap_or_else(|_| {
                Err(TransportError::Exchange(
                    io::Error::from(io::ErrorKind::TimedOut).into(),
                ))
            })
    }
}
