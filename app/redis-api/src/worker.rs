//! One thread of the listener: it accepts, serves and times out connections.

use std::{io, pin::pin, rc::Rc, sync::Arc, time::Duration};

use outrigger_supervisor::{
    Stop,
    pinned::{LocalFuture, LocalTasks},
};
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    net::{TcpListener, TcpStream, UnixListener},
    sync::mpsc,
};
use tokio_rustls::TlsAcceptor;
use tracing::{debug, warn};

use crate::{
    Grant, RedisConfig,
    accepted::{Accepted, Detached, accept_tcp, accept_unix, receive},
    auth::is_still_valid,
    budget::close_largest_holders,
    connection::Connection,
    session::{Admission, Session},
    shared::Shared,
    stream::Stream,
    thread::Thread,
    timer::{Timeouts, Timer},
};

/// How often a thread checks for connections that have waited too long.
const SWEEP: Duration = Duration::from_secs(1);
/// How often a thread checks for clients that do not read while the process stops.
const SWEEP_STOPPING: Duration = Duration::from_millis(100);
/// How long accepting pauses when the system has no file descriptors left. Pending connections stay in the socket's queue.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections and serves them on one thread.
pub(crate) struct Worker {
    thread: Rc<Thread>,
}

/// Where a thread receives connections from, and the other threads it passes some of them to.
pub(crate) struct Sources {
    pub(crate) tcp: Option<std::net::TcpListener>,
    pub(crate) unix: Option<std::os::unix::net::UnixListener>,
    /// The other threads. Empty except for the thread that accepts.
    pub(crate) others: Vec<mpsc::Sender<Detached>>,
    /// Receives connections from the thread that accepts. `None` for that thread itself.
    pub(crate) incoming: Option<mpsc::Receiver<Detached>>,
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>, tasks: LocalTasks) -> Self {
        Self {
            thread: Thread::new(shared, tasks),
        }
    }

    /// Accepts and serves connections until `stop`, then closes all of them.
    pub(crate) async fn run(self, mut sources: Sources, stop: Stop) -> io::Result<()> {
        let tcp = sources.tcp.take().map(TcpListener::from_std).transpose()?;
        let unix = sources
            .unix
            .take()
            .map(UnixListener::from_std)
            .transpose()?;
        let thread = &self.thread;
        let clock = &thread.shared.clock;
        let timeouts = Timeouts::of(&thread.shared.config);
        let mut turn = 0;
        let mut sweep = clock.sleep(SWEEP);
        let mut checks: Option<LocalFuture> = None;
        let mut nothing: LocalFuture = Box::pin(std::future::pending());
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                () = &mut sweep => {
                    self.sweep(&timeouts, &mut checks);
                    sweep = clock.sleep(SWEEP);
                    continue;
                }
                () = thread.shared.recheck.notified() => {
                    thread.timers.recheck();
                    continue;
                }
                () = checks.as_mut().unwrap_or(&mut nothing) => {
                    checks = None;
                    continue;
                }
                accepted = accept_tcp(tcp.as_ref()) => accepted.map(Accepted::Tcp),
                accepted = accept_unix(unix.as_ref()) => accepted.map(Accepted::Unix),
                accepted = receive(sources.incoming.as_mut()) => accepted,
            };
            match accepted {
                Ok(accepted) => self.assign(accepted, &sources.others, &mut turn),
                Err(error) => {
                    let now = clock.monotonic();
                    if let Some(skipped) = thread.shared.accept_log.admit(now) {
                        warn!(%error, skipped, "cannot accept connections to the Redis port");
                    }
                    clock.sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop((tcp, unix, sources, checks));
        thread.timers.stop();
        let mut finishing = pin!(thread.tasks.finish(stop.time_left(&**clock)));
        let left = loop {
            tokio::select! {
                left = &mut finishing => break left,
                () = clock.sleep(SWEEP_STOPPING) => {
                    thread.timers.stop_unread(thread.shared.cache.now().millis());
                }
            }
        };
        if left > 0 {
            debug!(left, "connections did not end in time");
        }
        Ok(())
    }

    /// Closes connections that must close, and starts to check tokens unless the previous checks still run.
    fn sweep(&self, timeouts: &Timeouts, checks: &mut Option<LocalFuture>) {
        let (shared, timers) = (&self.thread.shared, &self.thread.timers);
        let now = shared.cache.now();
        if close_largest_holders(shared, now.millis()) {
            shared.recheck.notify_waiters();
        }
        timers.sweep(timeouts, now);
        if checks.is_none() {
            let due = timers.due_grants(now.millis());
            if !due.is_empty() {
                *checks = Some(Box::pin(check_grants(due)));
            }
        }
    }

    /// Serves a connection on this thread or passes it to the thread whose turn it is.
    fn assign(&self, accepted: Accepted, others: &[mpsc::Sender<Detached>], turn: &mut usize) {
        *turn = (*turn + 1) % (others.len() + 1);
        let Some(other) = others.get(*turn) else {
            self.serve(accepted);
            return;
        };
        let sent = accepted.detach().map(|incoming| other.try_send(incoming));
        if let Ok(Err(mpsc::error::TrySendError::Full(incoming))) = sent
            && let Ok(accepted) = incoming.attach()
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
        let Some(slot) = shared.clients.enter(peer, now) else {
            shared.metrics.rejected();
            accepted.reject();
            return;
        };
        if let Accepted::Tcp(stream) = &accepted {
            prepare(stream, &shared.config);
        }
        shared.metrics.opened();
        let admission = match shared.config.password {
            Some(_) => Admission::Pending,
            None => Admission::Open,
        };
        let timer = self.thread.timers.add(&slot.client, now);
        if admission.is_pending() {
            for displaced in shared.unauthenticated.add(&slot.client) {
                shared.metrics.displaced();
                self.thread.timers.dismiss(displaced.id);
            }
        }
        let session = Session::new(slot, admission);
        let (thread, tls) = (Rc::clone(&self.thread), shared.tls.clone());
        let stream = match (accepted, tls) {
            (Accepted::Tcp(stream), None) => Stream::Tcp(stream),
            (Accepted::Unix(stream), _) => Stream::Unix(stream),
            // Boxed, so that connections without TLS do not reserve memory for a handshake.
            (Accepted::Tcp(stream), Some(tls)) => {
                self.thread.tasks.spawn(Box::pin(async move {
                    if let Some(stream) = encrypt(stream, tls, &timer).await {
                        Connection::new(stream, session, timer, thread).run().await;
                    } else {
                        thread.remove_client(session.client());
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

/// Checks tokens one after the other, so that connections with the same token cause only one query to the store.
async fn check_grants(due: Vec<(Rc<Timer>, Arc<dyn Grant>)>) {
    for (timer, grant) in due {
        if !is_still_valid(&*grant).await {
            timer.revoke();
        }
    }
}

/// Sets the socket options: replies are sent without delay, and dead peers are detected.
fn prepare(stream: &TcpStream, config: &RedisConfig) {
    let keepalive = config.keepalive.get();
    let probes = TcpKeepalive::new()
        .with_time(keepalive)
        .with_interval(keepalive.max(Duration::from_secs(3)) / 3)
        .with_retries(3);
    // A connection works without these options, so errors are ignored.
    let _ = stream.set_nodelay(true);
    let _ = SockRef::from(stream).set_tcp_keepalive(&probes);
}

/// Performs the TLS handshake. Returns `None` if it fails or times out.
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
