//! Connections between the listening socket and the thread that serves them.

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

/// An accepted connection on its way to another thread.
#[derive(Debug)]
pub(crate) enum Handed {
    Tcp(std::net::TcpStream),
    Unix(std::os::unix::net::UnixStream),
}

impl Accepted {
    /// Where it comes from; `None` when the peer has gone already.
    pub(crate) fn peer(&self) -> Option<Peer> {
        match self {
            Self::Tcp(stream) => stream.peer_addr().ok().map(Peer::Tcp),
            Self::Unix(_) => Some(Peer::Unix),
        }
    }

    /// Tells the client that there is no place for it, if it can be told at once.
    pub(crate) fn reject(&self) {
        const TEXT: &[u8] = b"-ERR max number of clients reached\r\n";
        let _ = match self {
            Self::Tcp(stream) => SockRef::from(stream).send(TEXT),
            Self::Unix(stream) => SockRef::from(stream).send(TEXT),
        };
    }

    /// Removes the connection from this thread's runtime.
    pub(crate) fn hand_over(self) -> io::Result<Handed> {
        match self {
            Self::Tcp(stream) => stream.into_std().map(Handed::Tcp),
            Self::Unix(stream) => stream.into_std().map(Handed::Unix),
        }
    }
}

impl Handed {
    /// Adds the connection to this thread's runtime.
    pub(crate) fn take_over(self) -> io::Result<Accepted> {
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

pub(crate) async fn receive(handed: Option<&mut mpsc::Receiver<Handed>>) -> io::Result<Accepted> {
    match handed {
        Some(handed) => match handed.recv().await {
            Some(handed) => handed.take_over(),
            None => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}
