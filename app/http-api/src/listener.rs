//! The TCP listener and the control socket.
//!
//! Both are supervised services on sockets that were bound earlier. Slow or vanished clients are disconnected: hyper's timer
//! limits the time for the head, the extractors that for the body, the [buffers](crate::buffers) that for the response, and the
//! kernel's user timeout closes half-open connections.

use std::{borrow::Cow, io, net::SocketAddr, path::PathBuf, pin::pin, sync::Arc, time::Duration};

use async_trait::async_trait;
use outrigger_stdx::RareLog;
use outrigger_supervisor::{Service, ServiceError, Stop, TaskGroup};
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    net::{TcpListener, TcpStream, UnixListener},
    time::MissedTickBehavior,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    Api, Peer, buffers::Kind, connection::serve, connection_handle::ConnectionHandle,
    open_connections::OpenConnections,
};

/// The maximum time for a TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The number of connections that can be closing beside `[http] connections_max` open ones.
const CLOSING_MAX: usize = 256;
/// The minimum interval between searches for responses that clients do not read.
const LOOK_MIN: Duration = Duration::from_millis(20);
/// The interval between searches for stalled clients while the server stops.
const LOOK_STOPPING: Duration = Duration::from_millis(100);
/// How long a client may read nothing of its response while the server stops.
const UNREAD_STOPPING: Duration = Duration::from_secs(1);
/// How long a client may send nothing of a body while the server stops.
const UNSENT_STOPPING: Duration = Duration::from_secs(2);
/// How much unsent data the kernel buffers. A small value shows early whether the client reads.
const UNSENT_MAX: u32 = 128 << 10;
/// The number of HTTP/2 requests that all connections together may have open, beside [`STREAMS_EACH_MIN`] on each. The more
/// connections are open, the fewer requests a new one may have open. Otherwise, a client without credentials could fill the
/// memory and the run queue: over HTTP/2, a request takes a few bytes of the network and several KiB of the server.
const STREAMS_MAX: usize = 4096;
/// The minimum number of HTTP/2 requests that a connection may have open.
const STREAMS_EACH_MIN: usize = 8;
/// The maximum number of HTTP/2 requests that a connection may have open.
const STREAMS_EACH_MAX: usize = 128;
/// The pause after a failed accept, for example because the process has no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The TCP listener as a service.
pub struct HttpListener {
    /// `None` after the stop, so that the kernel refuses new clients.
    listener: Option<TcpListener>,
    tls: Option<TlsAcceptor>,
    api: Api,
}

/// The control socket as a service. Its clients act as the owner account `local`.
pub struct ControlListener {
    /// `None` after the stop.
    listener: Option<UnixListener>,
    path: PathBuf,
    api: Api,
}

/// Waits at shutdown for the changes whose connections have ended. It is a separate service that stops after both listeners.
pub struct ChangesDrain {
    api: Api,
}

impl HttpListener {
    /// Serves the API on a bound listener, with TLS if there is a configuration for it.
    ///
    /// # Errors
    ///
    /// If the runtime cannot register the listener.
    pub fn new(
        api: Api,
        listener: std::net::TcpListener,
        tls: Option<Arc<rustls::ServerConfig>>,
    ) -> io::Result<Self> {
        Ok(Self {
            listener: Some(TcpListener::from_std(listener)?),
            tls: tls.map(TlsAcceptor::from),
            api,
        })
    }
}

impl ControlListener {
    /// Serves the API on the bound control socket.
    ///
    /// # Errors
    ///
    /// If the runtime cannot register the socket.
    pub fn new(
        api: Api,
        listener: std::os::unix::net::UnixListener,
        path: PathBuf,
    ) -> io::Result<Self> {
        Ok(Self {
            listener: Some(UnixListener::from_std(listener)?),
            path,
            api,
        })
    }
}

impl ChangesDrain {
    /// Drains the changes of `api`.
    #[must_use]
    pub fn new(api: Api) -> Self {
        Self { api }
    }
}

#[async_trait]
impl Service for HttpListener {
    fn name(&self) -> Cow<'static, str> {
        "http listener".into()
    }

    async fn run(&mut self, stop: Stop) -> Result<(), ServiceError> {
        let connections_max = self.api.state().config().connections_max as usize;
        // Includes connections that are closing.
        let connections = TaskGroup::new(connections_max + CLOSING_MAX);
        let open = OpenConnections::default();
        let (log, accept_log) = <(RareLog, RareLog)>::default();
        let longest = self.api.state().config().write_timeout.get();
        let mut look = tokio::time::interval((longest / 4).max(LOOK_MIN));
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while let Some(listener) = &self.listener {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = look.tick() => {
                    let state = self.api.state();
                    state.buffers().cut_unread(state.clock().monotonic(), longest);
                    continue;
                }
                () = stop.cancelled() => {
                    self.api.state().stop().cancel();
                    self.listener = None;
                    break;
                }
            };
            let (stream, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    pause_after(&error, &accept_log, &self.api).await;
                    continue;
                }
            };
            if open.len() >= connections_max && !self.make_room(&open) {
                self.api.http_metrics().refused();
                if let Some(skipped) = log.admit(self.api.state().clock().monotonic()) {
                    tracing::warn!(%address, skipped, "a connection was refused: `[http] connections_max` are open and busy");
                }
                continue;
            }
            let handle = ConnectionHandle::new();
            let counted = open.add(&handle);
            let streams_max = streams_max(open.len());
            let (api, tls, stop) = (self.api.clone(), self.tls.clone(), stop.clone());
            let work = async move {
                let _open = (api.http_metrics().open(), counted);
                tokio::select! {
                    () = answer(&api, stream, address, tls, &handle, streams_max, stop) => {}
                    () = handle.until_cut() => {
                        tracing::debug!(%address, "a stalled connection is closed");
                    }
                }
            };
            if connections.spawn(work).is_err() {
                self.api.http_metrics().refused();
            }
        }
        finish(&connections, &self.api, &stop).await;
        Ok(())
    }
}

#[async_trait]
impl Service for ControlListener {
    fn name(&self) -> Cow<'static, str> {
        "control socket".into()
    }

    async fn run(&mut self, stop: Stop) -> Result<(), ServiceError> {
        const CONNECTIONS_MAX: usize = 64;
        let connections = TaskGroup::new(CONNECTIONS_MAX);
        let accept_log = RareLog::default();
        while let Some(listener) = &self.listener {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = stop.cancelled() => {
                    self.api.state().stop().cancel();
                    self.listener = None;
                    let _ = std::fs::remove_file(&self.path);
                    break;
                }
            };
            match accepted {
                Ok((stream, _)) => {
                    let (api, stop) = (self.api.clone(), stop.clone());
                    // If the group is full, the connection is dropped, and the command handle reports that.
                    let _ = connections.spawn(async move {
                        let handle = ConnectionHandle::new();
                        tokio::select! {
                            () = serve(&api, stream, Peer::Control, &handle, STREAMS_EACH_MAX as u32, stop) => {}
                            () = handle.until_cut() => {}
                        }
                    });
                }
                Err(error) => pause_after(&error, &accept_log, &self.api).await,
            }
        }
        finish(&connections, &self.api, &stop).await;
        Ok(())
    }
}

#[async_trait]
impl Service for ChangesDrain {
    fn name(&self) -> Cow<'static, str> {
        "changes".into()
    }

    async fn run(&mut self, stop: Stop) -> Result<(), ServiceError> {
        stop.cancelled().await;
        let left = stop.time_left(self.api.state().clock());
        self.api.state().changes().finish(left).await;
        Ok(())
    }
}

impl HttpListener {
    /// Closes an idle or stalled connection. Returns whether there was one.
    fn make_room(&self, open: &OpenConnections) -> bool {
        if open.cut_idle() {
            self.api.http_metrics().refused();
            return true;
        }
        match self.api.state().buffers().cut_slowest() {
            Some(handle) => {
                open.forget(&handle);
                true
            }
            None => false,
        }
    }
}

/// Waits at shutdown until the connections have ended, and closes stalled ones.
async fn finish(connections: &TaskGroup, api: &Api, stop: &Stop) {
    let state = api.state();
    let clock = state.clock();
    let mut finishing = pin!(connections.finish(stop.time_left(clock)));
    loop {
        tokio::select! {
            _ = &mut finishing => return,
            () = clock.sleep(LOOK_STOPPING) => {
                state.buffers().cut_stalled(clock.monotonic(), |kind| match kind {
                    Kind::Response => UNREAD_STOPPING,
                    Kind::Request => UNSENT_STOPPING,
                });
            }
        }
    }
}

/// Returns how many HTTP/2 requests a new connection may have open when this many connections are open.
fn streams_max(connections: usize) -> u32 {
    (STREAMS_MAX / connections.max(1)).clamp(STREAMS_EACH_MIN, STREAMS_EACH_MAX) as u32
}

/// Serves an accepted connection.
async fn answer(
    api: &Api,
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    handle: &ConnectionHandle,
    streams_max: u32,
    stop: Stop,
) {
    prepare(&stream, api.state().config().write_timeout.get());
    let peer = |tls| Peer::Tcp { address, tls };
    let Some(acceptor) = tls else {
        return serve(api, stream, peer(false), handle, streams_max, stop).await;
    };
    let handshake = tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream));
    let shaken = tokio::select! {
        shaken = handshake => shaken,
        // There is no request yet.
        () = stop.cancelled() => return,
    };
    match shaken {
        Ok(Ok(stream)) => serve(api, stream, peer(true), handle, streams_max, stop).await,
        Ok(Err(error)) => tracing::debug!(%error, %address, "the TLS handshake failed"),
        Err(_) => tracing::debug!(%address, "the TLS handshake took too long"),
    }
}

/// Disables Nagle's algorithm, and lets the kernel drop peers that vanished or do not read.
fn prepare(stream: &TcpStream, write_timeout: Duration) {
    let socket = SockRef::from(stream);
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(60))
        .with_interval(Duration::from_secs(15));
    let outcome = socket
        .set_tcp_nodelay(true)
        .and_then(|()| socket.set_tcp_keepalive(&keepalive))
        .and_then(|()| bound_unread(&socket, write_timeout));
    if let Err(error) = outcome {
        tracing::debug!(%error, "a socket option was refused");
    }
}

#[cfg(target_os = "linux")]
fn bound_unread(socket: &SockRef<'_>, timeout: Duration) -> io::Result<()> {
    socket.set_tcp_user_timeout(Some(timeout))?;
    socket.set_tcp_notsent_lowat(UNSENT_MAX)
}

#[cfg(not(target_os = "linux"))]
fn bound_unread(_: &SockRef<'_>, _: Duration) -> io::Result<()> {
    Ok(())
}

async fn pause_after(error: &io::Error, log: &RareLog, api: &Api) {
    if let Some(skipped) = log.admit(api.state().clock().monotonic()) {
        tracing::warn!(%error, skipped, "a connection could not be accepted");
    }
    tokio::time::sleep(ACCEPT_PAUSE).await;
}
