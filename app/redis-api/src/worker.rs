//! One thread of the listener: it accepts, serves, and looks after its connections.

use std::{io, rc::Rc, sync::Arc, time::Duration};

use outrigger_supervisor::{Stop, pinned::LocalTasks};
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    net::{TcpListener, TcpStream, UnixListener},
    sync::mpsc,
};
use tokio_rustls::TlsAcceptor;
use tracing::{debug, warn};

use crate::{
    RedisConfig,
    accepted::{Accepted, Handed, accept_tcp, accept_unix, receive},
    connection::Connection,
    session::{Session, Standing},
    shared::Shared,
    stream::Stream,
    thread::Thread,
    timer::{Timeouts, Timer},
};

/// How often a thread looks for connections that have waited too long.
const SWEEP: Duration = Duration::from_secs(1);
/// How long accepting rests when the system has no more files; the connections that wait are not lost.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections and serves them on one thread.
pub(crate) struct Worker {
    thread: Rc<Thread>,
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
    pub(crate) fn new(shared: Arc<Shared>, tasks: LocalTasks) -> Self {
        Self {
            thread: Thread::new(shared, tasks),
        }
    }

    /// Accepts and serves until told to stop, then ends all connections.
    pub(crate) async fn run(self, mut sources: Sources, stop: Stop) -> io::Result<()> {
        let tcp = sources.tcp.take().map(TcpListener::from_std).transpose()?;
        let unix = sources
            .unix
            .take()
            .map(UnixListener::from_std)
            .transpose()?;
        let thread = &self.thread;
        let (clock, cache) = (&thread.shared.clock, &thread.shared.cache);
        let timeouts = Timeouts::of(&thread.shared.config);
        let mut turn = 0;
        let mut sweep = clock.sleep(SWEEP);
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                () = &mut sweep => {
                    thread.timers.sweep(&timeouts, cache.now().millis());
                    sweep = clock.sleep(SWEEP);
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
                    clock.sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop((tcp, unix, sources));
        thread.timers.stop();
        let left = thread.tasks.finish(stop.time_left(&**clock)).await;
        if left > 0 {
            debug!(left, "connections did not end in time");
        }
        Ok(())
    }

    /// Serves a connection here or gives it to the thread whose turn it is.
    fn assign(&self, accepted: Accepted, others: &[mpsc::Sender<Handed>], turn: &mut usize) {
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

    fn serve(&self, accepted: Accepted) {
        let shared = &self.thread.shared;
        let Some(peer) = accepted.peer() else {
            return;
        };
        let now = shared.cache.now().millis();
        let Some(place) = shared.clients.enter(peer, now) else {
            shared.metrics.rejected();
            accepted.reject();
            return;
        };
        if let Accepted::Tcp(stream) = &accepted {
            prepare(stream, &shared.config);
        }
        shared.metrics.opened();
        let standing = match shared.config.password {
            Some(_) => Standing::Unknown,
            None => Standing::Trusted,
        };
        let timer = self.thread.timers.add(place.client.id, now);
        let session = Session::new(place, standing);
        let (thread, tls) = (Rc::clone(&self.thread), shared.tls.clone());
        let stream = match (accepted, tls) {
            (Accepted::Tcp(stream), None) => Stream::Tcp(stream),
            (Accepted::Unix(stream), _) => Stream::Unix(stream),
            // Boxed, so that connections without encryption do not have room for a handshake.
            (Accepted::Tcp(stream), Some(tls)) => {
                self.thread.tasks.spawn(Box::pin(async move {
                    if let Some(stream) = encrypt(stream, tls, &timer).await {
                        Connection::new(stream, session, timer, thread).run().await;
                    } else {
                        thread.timers.remove(session.client().id);
                        thread.shared.metrics.closed();
                    }
                }));
                return;
            }
        };
        self.thread
            .tasks
            .spawn(Connection::new(stream, session, timer, thread).run());
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
