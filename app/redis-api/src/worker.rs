//! One thread of the listener: it accepts, serves, and looks after its connections.

use std::{cell::RefCell, io, path::PathBuf, rc::Rc, sync::Arc, time::Duration};

use outrigger_cache::Cache;
use outrigger_resp::{Limits, Requests};
use outrigger_stdx::{Clock, Monotonic};
use outrigger_supervisor::{CancellationToken, pinned::LocalTasks};
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    sync::mpsc,
};
use tokio_rustls::TlsAcceptor;
use tracing::{debug, warn};

use crate::{
    Authenticator, Peer, RedisConfig, RedisMetrics,
    clients::Clients,
    connection::Connection,
    pace::Pace,
    session::{Session, Standing},
    stream::Stream,
    timer::{Patience, Timer, Timers},
};

/// How often a thread looks for connections that have waited too long.
const SWEEP: Duration = Duration::from_secs(1);
/// How long accepting rests when the system has no more files; the connections that wait are not lost.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// What is read at once. A batch of sixteen small commands has some two thousand bytes.
const INPUT: usize = 64 * 1024;
/// Buffers up to this size are used again.
const BUFFER_KEPT: usize = 16 * 1024;
/// How many buffers are kept to be used again: one for each connection that is busy at the same moment.
const BUFFERS_KEPT: usize = 128;

/// What all threads of the listener share.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) config: RedisConfig,
    pub(crate) cache: Cache,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) started: Monotonic,
    pub(crate) authenticator: Arc<dyn Authenticator>,
    pub(crate) clients: Arc<Clients>,
    pub(crate) metrics: RedisMetrics,
    pub(crate) limits: Limits,
    pub(crate) limits_unauthenticated: Limits,
    pub(crate) tls: Option<Arc<rustls::ServerConfig>>,
    pub(crate) socket_path: Option<PathBuf>,
    pub(crate) port: Option<u16>,
    pub(crate) drain: Duration,
}

/// What the connections of one thread share.
pub(crate) struct Worker {
    pub(crate) server: Arc<Server>,
    /// What was just read; no connection keeps anything in it while it waits.
    pub(crate) scratch: RefCell<Box<[u8]>>,
    /// The requests of the batch that is executed; empty in between.
    pub(crate) requests: RefCell<Requests>,
    pub(crate) buffers: Buffers,
    pub(crate) timers: Timers,
    pace: Pace,
    tasks: LocalTasks,
}

/// Spare buffers for replies. A buffer is with a connection from the execution of a batch until its replies are sent.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    spare: RefCell<Vec<Vec<u8>>>,
}

impl Buffers {
    /// An empty buffer.
    #[inline]
    pub(crate) fn take(&self) -> Vec<u8> {
        self.spare.borrow_mut().pop().unwrap_or_default()
    }

    /// Keeps a buffer for the next batch, unless it is large or there are many.
    #[inline]
    pub(crate) fn give_back(&self, mut buffer: Vec<u8>) {
        let mut spare = self.spare.borrow_mut();
        if buffer.capacity() <= BUFFER_KEPT && spare.len() < BUFFERS_KEPT {
            buffer.clear();
            spare.push(buffer);
        }
    }
}

/// A connection of which nothing was read yet; where there is encryption, it has not begun.
#[derive(Debug)]
enum Accepted {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// The same on its way to another thread.
#[derive(Debug)]
pub(crate) enum Handed {
    Tcp(std::net::TcpStream),
    Unix(std::os::unix::net::UnixStream),
}

/// What one thread accepts connections from, and gives some of them to.
pub(crate) struct Sources {
    pub(crate) tcp: Option<std::net::TcpListener>,
    pub(crate) unix: Option<std::os::unix::net::UnixListener>,
    /// The other threads, for the one that accepts.
    pub(crate) others: Vec<mpsc::Sender<Handed>>,
    /// Where the others get connections from.
    pub(crate) handed: Option<mpsc::Receiver<Handed>>,
}

impl Worker {
    pub(crate) fn new(server: Arc<Server>, tasks: LocalTasks) -> Rc<Self> {
        Rc::new(Self {
            server,
            scratch: RefCell::new(vec![0; INPUT].into()),
            requests: RefCell::default(),
            buffers: Buffers::default(),
            timers: Timers::default(),
            pace: Pace::default(),
            tasks,
        })
    }

    /// Accepts and serves until told to stop, then ends all connections.
    pub(crate) async fn run(
        self: Rc<Self>,
        mut sources: Sources,
        stop: CancellationToken,
    ) -> io::Result<()> {
        let tcp = sources.tcp.take().map(TcpListener::from_std).transpose()?;
        let unix = sources
            .unix
            .take()
            .map(UnixListener::from_std)
            .transpose()?;
        let patience = Patience::of(&self.server.config);
        let mut turn = 0;
        let mut sweep = self.server.clock.sleep(SWEEP);
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                () = &mut sweep => {
                    self.timers.sweep(&patience, self.server.cache.now().millis());
                    sweep = self.server.clock.sleep(SWEEP);
                    continue;
                }
                accepted = accept_tcp(tcp.as_ref()) => accepted.map(Accepted::Tcp),
                accepted = accept_unix(unix.as_ref()) => accepted.map(Accepted::Unix),
                accepted = receive(sources.handed.as_mut()) => accepted,
            };
            match accepted {
                Ok(accepted) => self.assign(accepted, &sources.others, &mut turn),
                Err(error) => {
                    warn!(%error, "cannot accept connections to the Redis port");
                    self.server.clock.sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop((tcp, unix, sources));
        self.timers.stop();
        let left = self.tasks.finish(self.server.drain).await;
        if left > 0 {
            debug!(left, "connections did not end in time");
        }
        Ok(())
    }

    /// Notes a batch of so many requests of a connection whose one before it was at `previous`.
    #[inline]
    pub(crate) fn note_batch(&self, now: u64, previous: u64, requests: u64) {
        let look = self.tasks.looks();
        let next = self.pace.note(now, previous, look, requests);
        self.tasks.set_before_sleep(next);
    }

    /// Serves a connection here or gives it to the thread whose turn it is.
    fn assign(
        self: &Rc<Self>,
        accepted: Accepted,
        others: &[mpsc::Sender<Handed>],
        turn: &mut usize,
    ) {
        *turn = (*turn + 1) % (others.len() + 1);
        let Some(other) = others.get(*turn) else {
            self.serve(accepted);
            return;
        };
        let sent = accepted.hand_over().map(|handed| other.try_send(handed));
        if let Ok(Err(mpsc::error::TrySendError::Full(handed))) = sent
            && let Ok(accepted) = handed.take_over()
        {
            self.serve(accepted);
        }
    }

    fn serve(self: &Rc<Self>, accepted: Accepted) {
        let server = &self.server;
        let peer = match &accepted {
            Accepted::Tcp(stream) => match stream.peer_addr() {
                Ok(address) => Peer::Tcp(address),
                Err(_) => return,
            },
            Accepted::Unix(_) => Peer::Unix,
        };
        let now = server.cache.now().millis();
        let Some(place) = server.clients.enter(peer, now) else {
            server.metrics.rejected();
            reject(&accepted);
            return;
        };
        if let Accepted::Tcp(stream) = &accepted {
            prepare(stream, &server.config);
        }
        server.metrics.opened();
        let standing = match server.config.password {
            Some(_) => Standing::Unknown,
            None => Standing::Trusted,
        };
        let timer = self.timers.add(place.client.id, now);
        let session = Session::new(place, standing);
        let (worker, tls) = (Rc::clone(self), server.tls.clone());
        let stream = match (accepted, tls) {
            (Accepted::Tcp(stream), None) => Stream::Tcp(stream),
            (Accepted::Unix(stream), _) => Stream::Unix(stream),
            // Boxed, so that connections without encryption do not have room for a handshake.
            (Accepted::Tcp(stream), Some(tls)) => {
                self.tasks.spawn(Box::pin(async move {
                    if let Some(stream) = encrypt(stream, tls, &timer).await {
                        Connection::new(stream, session, timer, worker).run().await;
                    } else {
                        worker.timers.remove(session.client().id);
                        worker.server.metrics.closed();
                    }
                }));
                return;
            }
        };
        self.tasks
            .spawn(Connection::new(stream, session, timer, worker).run());
    }
}

impl Accepted {
    /// Leaves this thread's runtime.
    fn hand_over(self) -> io::Result<Handed> {
        match self {
            Self::Tcp(stream) => stream.into_std().map(Handed::Tcp),
            Self::Unix(stream) => stream.into_std().map(Handed::Unix),
        }
    }
}

impl Handed {
    /// Enters this thread's runtime.
    fn take_over(self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(stream) => TcpStream::from_std(stream).map(Accepted::Tcp),
            Self::Unix(stream) => UnixStream::from_std(stream).map(Accepted::Unix),
        }
    }
}

async fn accept_tcp(listener: Option<&TcpListener>) -> io::Result<TcpStream> {
    match listener {
        Some(listener) => listener.accept().await.map(|(stream, _)| stream),
        None => std::future::pending().await,
    }
}

async fn accept_unix(listener: Option<&UnixListener>) -> io::Result<UnixStream> {
    match listener {
        Some(listener) => listener.accept().await.map(|(stream, _)| stream),
        None => std::future::pending().await,
    }
}

async fn receive(handed: Option<&mut mpsc::Receiver<Handed>>) -> io::Result<Accepted> {
    match handed {
        Some(handed) => match handed.recv().await {
            Some(handed) => handed.take_over(),
            None => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}

/// Sets what a connection needs: replies go out at once, and a peer that is gone is noticed.
fn prepare(stream: &TcpStream, config: &RedisConfig) {
    let keepalive = config.keepalive.get();
    let probes = TcpKeepalive::new()
        .with_time(keepalive)
        .with_interval(keepalive.max(Duration::from_secs(3)) / 3)
        .with_retries(3);
    // Neither is worth losing a connection for.
    let _ = stream.set_nodelay(true);
    let _ = SockRef::from(stream).set_tcp_keepalive(&probes);
}

/// Tells a client that there is no place, if it can be told at once.
fn reject(accepted: &Accepted) {
    const TEXT: &[u8] = b"-ERR max number of clients reached\r\n";
    let _ = match accepted {
        Accepted::Tcp(stream) => SockRef::from(stream).send(TEXT),
        Accepted::Unix(stream) => SockRef::from(stream).send(TEXT),
    };
}

/// Encrypts a connection; `None` when that fails or takes too long.
async fn encrypt(
    stream: TcpStream,
    tls: Arc<rustls::ServerConfig>,
    timer: &Timer,
) -> Option<Stream> {
    let mut handshake = std::pin::pin!(TlsAcceptor::from(tls).accept(stream));
    let outcome = std::future::poll_fn(|context| {
        use std::{future::Future, task::Poll};
        if timer.poll_ended(context).is_some() {
            return Poll::Ready(None);
        }
        handshake.as_mut().poll(context).map(Some)
    })
    .await;
    match outcome {
        Some(Ok(stream)) => Some(Stream::Tls(Box::new(stream))),
        Some(Err(error)) => {
            debug!(%error, "the handshake failed");
            None
        }
        None => None,
    }
}
