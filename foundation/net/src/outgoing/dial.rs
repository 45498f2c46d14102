//! Connects to the destination of a request: resolves and checks it, optionally through a proxy or with TLS.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::HeaderValue;
use outrigger_stdx::Clock;
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use url::Url;

use super::{
    host_of,
    request::authorization,
    response::{Timings, transfer},
};
use crate::{Guard, NetError};

/// The maximum size of a proxy's response to `CONNECT`.
const PROXY_RESPONSE_MAX: usize = 8 * 1024;

/// Opens connections.
#[derive(Debug, Clone)]
pub(super) struct Dialer {
    pub(super) guard: Guard,
    pub(super) proxy: Option<Arc<Proxy>>,
    pub(super) tls: Arc<rustls::ClientConfig>,
    pub(super) timeout: Duration,
    pub(super) clock: Arc<dyn Clock>,
}

/// The proxy of `[net] proxy`.
pub(super) struct Proxy {
    url: Url,
    authorization: Option<HeaderValue>,
}

/// A connection, ready for a request.
pub(super) struct Connection {
    pub(super) stream: Stream,
    pub(super) timings: Timings,
    pub(super) certificate: Option<Bytes>,
    /// The proxy that receives the request itself, without `CONNECT`, as for plain `http`.
    pub(super) proxy: Option<Arc<Proxy>>,
}

/// A TCP stream with or without TLS.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Proxy {
    /// Parses `http://proxy.internal:3128`, with optional user and password.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let is_bare = matches!(url.path(), "" | "/") && url.query().is_none();
        (url.scheme() == "http" && url.host().is_some() && is_bare).then(|| Self {
            authorization: authorization(&url),
            url,
        })
    }

    /// Returns the `Proxy-Authorization` header.
    pub(super) fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let host = host_of(&self.url);
        formatter
            .debug_struct("Proxy")
            .field("host", &host)
            .finish_non_exhaustive()
    }
}

impl Dialer {
    /// Connects to the host of `url`, within `[net] connect_timeout`.
    pub(super) async fn dial(&self, url: &Url) -> Result<Connection, NetError> {
        tokio::select! {
            biased;
            outcome = self.dial_unbounded(url) => outcome,
            () = self.clock.sleep(self.timeout) => Err(NetError::Timeout {
                host: host_of(url),
                step: "connect",
                limit: self.timeout,
            }),
        }
    }

    async fn dial_unbounded(&self, url: &Url) -> Result<Connection, NetError> {
        let host = host_of(url);
        let port = url.port_or_known_default().unwrap_or(80);
        let started = self.clock.monotonic();
        // Destinations in `[net] allow` are inside the network and need no proxy.
        let proxy = self
            .proxy
            .as_ref()
            .filter(|_| !self.guard.is_listed(&host, port));
        let addresses = match proxy {
            None => self.guard.vet(&host, port).await?,
            Some(proxy) => {
                self.guard.vet_for_proxy(&host, port).await?;
                let port = proxy.url.port_or_known_default().unwrap_or(80);
                let found = self.guard.resolve(&host_of(&proxy.url)).await?;
                found
                    .into_iter()
                    .map(|address| SocketAddr::new(address, port))
                    .collect()
            }
        };
        let resolved = self.clock.monotonic();
        let mut stream = self.connect(&host, &addresses).await?;
        let connected = self.clock.monotonic();
        let mut timings = Timings {
            dns: resolved.saturating_since(started),
            connect: connected.saturating_since(resolved),
            ..Timings::default()
        };
        if url.scheme() == "http" {
            return Ok(Connection {
                stream: Stream::Plain(stream),
                timings,
                certificate: None,
                proxy: proxy.cloned(),
            });
        }
        if let Some(proxy) = proxy {
            tunnel(&mut stream, proxy, &host, port)
                .await
                .map_err(|error| transfer(&host, error))?;
        }
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
            .map_err(|error| transfer(&host, error))?;
        let stream = TlsConnector::from(Arc::clone(&self.tls))
            .connect(name, stream)
            .await
            .map_err(|error| transfer(&host, error))?;
        timings.tls = Some(self.clock.monotonic().saturating_since(connected));
        let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
        Ok(Connection {
            certificate: certificates
                .first()
                .map(|first| Bytes::copy_from_slice(first)),
            stream: Stream::Tls(Box::new(stream)),
            timings,
            proxy: None,
        })
    }

    /// Tries the addresses in turn. Each gets an equal share of the remaining time, so that an unresponsive one leaves time
    /// for the others.
    async fn connect(&self, host: &str, addresses: &[SocketAddr]) -> Result<TcpStream, NetError> {
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        let deadline = self.clock.monotonic() + self.timeout;
        for (index, address) in addresses.iter().enumerate() {
            let left = deadline.saturating_since(self.clock.monotonic());
            let share = left / u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
            let outcome = tokio::select! {
                biased;
                outcome = TcpStream::connect(address) => outcome,
                () = self.clock.sleep(share) => Err(io::ErrorKind::TimedOut.into()),
            };
            match outcome {
                Ok(stream) => {
                    // A failure here is harmless.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => last = error,
            }
        }
        Err(transfer(host, last))
    }
}

/// Asks the proxy to connect to `host`.
async fn tunnel(stream: &mut TcpStream, proxy: &Proxy, host: &str, port: u16) -> io::Result<()> {
    let mut head =
        format!("CONNECT {host}:{port} HTTP/1.1\r\nhost: {host}:{port}\r\n").into_bytes();
    if let Some(value) = &proxy.authorization {
        head.extend_from_slice(b"proxy-authorization: ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    stream.write_all(&head).await?;
    let mut answer = Vec::new();
    // Read byte by byte, because the bytes after the head belong to the destination.
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() == PROXY_RESPONSE_MAX {
            return Err(io::Error::other(
                "the head of the proxy's response is too long",
            ));
        }
        answer.push(stream.read_u8().await?);
    }
    let status = answer
        .split(|byte| *byte == b' ')
        .nth(1)
        .unwrap_or_default();
    if status == b"200" {
        return Ok(());
    }
    let status = String::from_utf8_lossy(status).escape_default().to_string();
    Err(io::Error::other(format!(
        "the proxy rejected the connection with status {status}"
    )))
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
