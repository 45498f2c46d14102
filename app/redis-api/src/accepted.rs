//! Moves accepted connections from the listening socket to the thread that serves them.

use std::io;

use socket2::SockRef;
use tokio::{
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    sync::mpsc,
};

use crate::Peer;

/// A connection from which nothing has been read yet, not even a TLS handshake.
#[derive(Debug)]
pub(crate) enum Accepted {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// An accepted connection that is detached from its runtime, on its way to another thread.
#[derive(Debug)]
pub(crate) enum Detached {
    Tcp(std::net::TcpStream),
    Unix(std::os::unix::net::UnixStream),
}

impl Accepted {
    /// Returns the peer's address, or `None` if the peer has already disconnected.
    pub(crate) fn peer(&self) -> Option<Peer> {
        match self {
            Self::Tcp(stream) => stream.peer_addr().ok().map(Peer::Tcp),
            Self::Unix(_) => Some(Peer::Unix),
        }
    }

    /// Sends the error for too many connections, if the socket accepts it without waiting.
    pub(crate) fn reject(&self) {
        const TEXT: &[u8] = b"-ERR max number of clients reached\r\n";
        let _ = match self {
            Self::Tcp(stream) => SockRef::from(stream).send(TEXT),
            Self::Unix(stream) => SockRef::from(stream).send(TEXT),
        };
    }

    /// Detaches the connection from this thread's runtime.
    pub(crate) fn detach(self) -> io::Result<Detached> {
        match self {
            Self::Tcp(stream) => stream.into_std().map(Detached::Tcp),
            Self::Unix(stream) => stream.into_std().map(Detached::Unix),
        }
    }
}

impl Detached {
    /// Attaches the connection to this thread's runtime.
    pub(crate) fn attach(self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(stream) => TcpStream::from_std(stream).map(Accepted::Tcp),
            Self::Unix(stream) => UnixStream::from_std(stream).map(Accepted::Unix),
        }
    }
}

pub(crate) async fn accept_tcp(listener: Option<&TcpListener>) -> io::Result<TcpStream> {
    match listener {
        Some(listener) => listener.accept().await.map(|(stream, _)| stream),
        None => std::future::pending().await,
    }
}

pub(crate) async fn accept_unix(listener: Option<&UnixListener>) -> io::Result<UnixStream> {
    match listener {
        Some(listener) => listener.accept().await.map(|(stream, _)| stream),
        None => std::future::pending().await,
    }
}

pub(crate) async fn receive(
    incoming: Option<&mut mpsc::Receiver<Detached>>,
) -> io::Result<Accepted> {
    match incoming {
        Some(incoming) => match incoming.recv().await {
            Some(incoming) => incoming.attach(),
            None => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}
