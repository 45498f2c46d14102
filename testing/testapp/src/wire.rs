//! Raw bytes over a connection, for requests that no well-behaved client sends.

use std::net::SocketAddr;

use reqwest::redirect::Policy;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::TIMEOUT;

/// An HTTP response that was read without an HTTP client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawResponse {
    /// The status.
    pub status: u16,
    /// The status line and headers in lower case.
    pub head: String,
    /// The body.
    pub body: String,
}

/// Returns an HTTP client without redirects and proxies.
pub fn http_client() -> reqwest::ClientBuilder {
    // Another test of the same process may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .timeout(TIMEOUT)
}

/// Sends `bytes` to `address` and reads until the other side closes.
///
/// # Panics
///
/// Panics if there is no listener or the connection is not closed.
pub async fn raw_exchange(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address)
        .await
        .expect("the server accepts connections");
    // A server that rejects early may close before everything is written.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    match timeout(TIMEOUT, reading).await {
        // The server may also close with a reset after the response.
        Ok(_) => answer,
        Err(_) => panic!(
            "the connection stays open after {:?}",
            String::from_utf8_lossy(&answer)
        ),
    }
}

/// Sends an HTTP/1.1 request with the given start of the request line and header lines, without normalising the path.
///
/// # Panics
///
/// Panics if the response is not HTTP.
pub async fn raw_http(address: SocketAddr, line: &[u8], headers: &[&str]) -> RawResponse {
    let mut request = line.to_vec();
    request.extend_from_slice(b" HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|header| header.starts_with("Host:")) {
        request.extend_from_slice(format!("Host: {address}\r\n").as_bytes());
    }
    for header in headers {
        request.extend_from_slice(header.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    let answer = raw_exchange(address, &request).await;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    RawResponse {
        status: status.unwrap_or_else(|| panic!("the response is not HTTP: {answer:?}")),
        head: head.to_lowercase(),
        body: body.to_owned(),
    }
}

/// Sends `request` over a Redis connection and reads as many bytes as `expected` has.
///
/// # Panics
///
/// Panics if the connection ends before that.
pub async fn resp(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    request: &[u8],
    expected: &str,
) -> String {
    stream
        .write_all(request)
        .await
        .expect("the server reads commands");
    let mut answer = vec![0; expected.len()];
    match timeout(TIMEOUT, stream.read_exact(&mut answer)).await {
        Ok(read) => read.expect("the reply has the expected length"),
        Err(_) => panic!(
            "the server does not reply to {:?}",
            String::from_utf8_lossy(request)
        ),
    };
    String::from_utf8_lossy(&answer).into_owned()
}
