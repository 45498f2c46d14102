//! A TCP proxy that simulates network faults.
//!
//! It runs on its own threads, so that it works even if the test's runtime is busy or its clock is paused.

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

/// A proxy between a client and a server. By default, it forwards everything. It ends when it is dropped.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    network: Arc<Network>,
}

#[derive(Debug, Default)]
struct Network {
    state: Mutex<State>,
    /// Notified when the state changes.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Nothing is forwarded, and neither side is notified.
    is_black_hole: bool,
    /// The delay of each piece of data.
    delay: Duration,
    has_ended: bool,
    links: Vec<Arc<Link>>,
}

/// A connection of a client and the corresponding connection to the server.
#[derive(Debug)]
struct Link {
    client: TcpStream,
    server: TcpStream,
    /// Whether the proxy has dropped the connection silently, as a firewall drops an idle connection.
    is_dropped: AtomicBool,
}

impl FaultProxy {
    /// Starts a proxy to `server` on a port of its own.
    ///
    /// # Panics
    ///
    /// Panics if the system has no free ports or threads.
    #[must_use]
    pub fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("the listener is bound");
        let network = Arc::new(Network::default());
        let accepting = Arc::clone(&network);
        spawn("proxy", move || accept(&listener, server, &accepting));
        Self { address, network }
    }

    /// Returns the address of the proxy.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops forwarding on all connections in both directions, without notifying either side. New connections are still
    /// accepted.
    pub fn black_hole(&self) {
        self.network.change(|state| state.is_black_hole = true);
    }

    /// Resumes forwarding, starting with the data that was held back.
    pub fn pass(&self) {
        self.network.change(|state| {
            state.is_black_hole = false;
            state.delay = Duration::ZERO;
        });
    }

    /// Delays each further piece of data by `delay`.
    pub fn delay(&self, delay: Duration) {
        self.network.change(|state| state.delay = delay);
    }

    /// Closes all connections on both sides. New connections work.
    pub fn cut(&self) {
        let links = std::mem::take(&mut self.network.lock().links);
        for link in links {
            link.close();
        }
    }

    /// Drops all connections silently: the server sees them closed, the clients do not, and data from the clients is
    /// discarded. New connections work.
    pub fn forget(&self) {
        for link in &self.network.lock().links {
            link.is_dropped.store(true, Ordering::SeqCst);
            let _ = link.server.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.network.change(|state| state.has_ended = true);
        self.cut();
        // Wakes the accepting thread.
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

    /// Waits until the network forwards data, plus the delay. Returns whether the proxy still runs.
    fn wait_to_forward(&self) -> bool {
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
            if network.wait_to_forward()
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
        is_dropped: AtomicBool::new(false),
    });
    network.lock().links.push(Arc::clone(&link));
    let (back, backward) = (Arc::clone(&link), Arc::clone(network));
    spawn("proxied connection back", move || {
        pump(&back, &back.server, &back.client, &backward);
    });
    pump(&link, &link.client, &link.server, network);
}

/// Copies bytes until one side ends, and then closes the other side unless the connection was dropped silently.
fn pump(link: &Link, mut from: &TcpStream, mut to: &TcpStream, network: &Network) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if !network.wait_to_forward() {
            return;
        }
        let is_written = to.write_all(&buffer[..read]).is_ok();
        if !is_written && !link.is_dropped.load(Ordering::SeqCst) {
            break;
        }
    }
    if network.wait_to_forward() && !link.is_dropped.load(Ordering::SeqCst) {
        let _ = to.shutdown(Shutdown::Write);
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) {
    let spawned = thread::Builder::new().name(name.to_owned()).spawn(work);
    spawned.expect("a test process can start one more thread");
}
