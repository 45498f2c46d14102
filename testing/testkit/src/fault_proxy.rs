//! A TCP proxy that misbehaves like a network.
//!
//! It runs on threads of its own, so that it goes on when the runtime of the test is busy or its clock stands still.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// A proxy between a client and a server. It passes everything on until it is told to do otherwise, and ends with this value.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    network: Arc<Network>,
}

#[derive(Debug, Default)]
struct Network {
    state: Mutex<State>,
    /// Says that the state changed.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Nothing passes, and nobody is told.
    is_black_hole: bool,
    /// How long each piece takes.
    delay: Duration,
    has_ended: bool,
    links: Vec<Arc<Link>>,
}

/// One connection of a client and the one to the server that belongs to it.
#[derive(Debug)]
struct Link {
    client: TcpStream,
    server: TcpStream,
    /// Whether the proxy has forgotten it, as a firewall forgets an idle connection.
    is_forgotten: AtomicBool,
}

impl FaultProxy {
    /// Starts a proxy to `server`, on a port of its own.
    ///
    /// # Panics
    ///
    /// When the system has no more ports or threads.
    #[must_use]
    pub fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("the listener is bound");
        let network = Arc::new(Network::default());
        let accepting = Arc::clone(&network);
        spawn("proxy", move || accept(&listener, server, &accepting));
        Self { address, network }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on nothing passes in either direction, on no connection, and neither side is told. Connections are accepted.
    pub fn black_hole(&self) {
        self.network.change(|state| state.is_black_hole = true);
    }

    /// From now on everything passes, first what was held back.
    pub fn pass(&self) {
        self.network.change(|state| {
            state.is_black_hole = false;
            state.delay = Duration::ZERO;
        });
    }

    /// From now on each piece of data is held back for `delay`.
    pub fn delay(&self, delay: Duration) {
        self.network.change(|state| state.delay = delay);
    }

    /// Closes all connections on both sides. New ones pass.
    pub fn cut(&self) {
        let links = std::mem::take(&mut self.network.lock().links);
        for link in links {
            link.close();
        }
    }

    /// Forgets all connections: the server sees them closed, the clients do not, and what they send goes nowhere. New ones
    /// pass.
    pub fn forget(&self) {
        for link in &self.network.lock().links {
            link.is_forgotten.store(true, Ordering::SeqCst);
            let _ = link.server.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.network.change(|state| state.has_ended = true);
        self.cut();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

impl Network {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    /// Waits as long as the network lets nothing through, and the delay on top. Says whether the proxy still runs.
    fn let_through(&self) -> bool {
        let held = |state: &mut State| state.is_black_hole && !state.has_ended;
        let state = self.changed.wait_while(self.lock(), held);
        let state = state.unwrap_or_else(PoisonError::into_inner);
        let (delay, has_ended) = (state.delay, state.has_ended);
        drop(state);
        thread::sleep(delay);
        !has_ended
    }
}

impl Link {
    fn close(&self) {
        let _ = self.client.shutdown(Shutdown::Both);
        let _ = self.server.shutdown(Shutdown::Both);
    }
}

fn accept(listener: &TcpListener, server: SocketAddr, network: &Arc<Network>) {
    for client in listener.incoming() {
        let Ok(client) = client else { continue };
        if network.lock().has_ended {
            return;
        }
        let network = Arc::clone(network);
        spawn("proxied connection", move || {
            if network.let_through()
                && let Ok(server) = TcpStream::connect(server)
            {
                serve(client, server, &network);
            }
        });
    }
}

fn serve(client: TcpStream, server: TcpStream, network: &Arc<Network>) {
    let link = Arc::new(Link {
        client,
        server,
        is_forgotten: AtomicBool::new(false),
    });
    network.lock().links.push(Arc::clone(&link));
    let (back, backward) = (Arc::clone(&link), Arc::clone(network));
    spawn("proxied connection back", move || {
        pump(&back, &back.server, &back.client, &backward);
    });
    pump(&link, &link.client, &link.server, network);
}

/// Moves bytes until one side ends, and tells the other side; unless the connection was forgotten.
fn pump(link: &Link, mut from: &TcpStream, mut to: &TcpStream, network: &Network) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if !network.let_through() {
            return;
        }
        let is_written = to.write_all(&buffer[..read]).is_ok();
        if !is_written && !link.is_forgotten.load(Ordering::SeqCst) {
            break;
        }
    }
    if network.let_through() && !link.is_forgotten.load(Ordering::SeqCst) {
        let _ = to.shutdown(Shutdown::Write);
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) {
    let spawned = thread::Builder::new().name(name.to_owned()).spawn(work);
    spawned.expect("a test process can start one more thread");
}
