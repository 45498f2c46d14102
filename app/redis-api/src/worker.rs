//! One thread of the listener: it accepts, serves, and looks after its connections.

use std::{io, rc::Rc, sync::Arc, time::Duration};

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
    accepted::{Accepted, Handed, accept_tcp, accept_unix, receive},
    auth::still_holds,
    budget::make_room,
    connection::Connection,
    session::{Admission, Session},
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
                () = thread.shared.look.notified() => {
                    thread.timers.look();
                    continue;
                }
                () = checks.as_mut().unwrap_or(&mut nothing) => {
                    checks = None;
                    continue;
                }
                accepted = accept_tcp(tcp.as_ref()) => accepted.map(Accepted::Tcp),
                accepted = accept_unix(unix.as_ref()) => accepted.map(Accepted::Unix),
                accepted = receive(sources.handed.as_mut()) => accepted,
            };
            match accepted {
                Ok(accepted) => self.assign(accepted, &sources.others, &mut turn),
                Err(error) => {
                    let now = thread.shared.cache.now().millis();
                    if let Some(skipped) = thread.shared.accept_log.admit(now) {
                        warn!(%error, skipped, "cannot accept connections to the Redis port");
                    }
                    clock.sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop((tcp, unix, sources, checks));
        thread.timers.stop();
        let left = thread.tasks.finish(stop.time_left(&**clock)).await;
        if left > 0 {
            debug!(left, "connections did not end in time");
        }
        Ok(())
    }

    /// Looks after the connections: ends what must end, and begins to check tokens unless that still goes on.
    fn sweep(&self, timeouts: &Timeouts, checks: &mut Option<LocalFuture>) {
        let (shared, timers) = (&self.thread.shared, &self.thread.timers);
        let now = shared.cache.now();
        if make_room(shared, now.millis()) {
            shared.look.notify_waiters();
        }
        timers.sweep(timeouts, now);
        if checks.is_none() {
            let due = timers.due_grants(now.millis());
            if !due.is_empty() {
                *checks = Some(Box::pin(check_grants(due)));
            }
        }
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
        let admission = match shared.config.password {
            Some(_) => Admission::Pending,
            None => Admission::Open,
        };
        let timer = self.thread.timers.add(&place.client, now);
        if admission.is_pending()
            && let Some(displaced) = shared.strangers.add(&place.client)
        {
            shared.metrics.displaced();
            self.thread.timers.dismiss(displaced.id);
        }
        let session = Session::new(place, admission);
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
                        thread.forget(session.client());
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

/// Checks tokens one after the other, so that connections with the same one cost one question to the store.
async fn check_grants(due: Vec<(Rc<Timer>, Arc<dyn Grant>)>) {
    for (timer, grant) in due {
        if !still_holds(&*grant).await {
            timer.revoke();
        }
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
