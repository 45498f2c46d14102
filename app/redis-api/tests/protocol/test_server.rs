//! Starts our listener on a free port; a client that reads complete replies.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};

use outrigger_cache::{Cache, CacheConfig};
use outrigger_redis_api::{
    Authenticator, PasswordOnly, RedisConfig, RedisListener, RedisMetrics, RedisParts, RedisServer,
    Switch, Unaudited,
};
use outrigger_resp::{ReplyError, decode_reply, encode_request};
use outrigger_stdx::{Clock, SystemClock};
use outrigger_supervisor::{Service, Stop};
use outrigger_testkit::TempDir;

/// A test fails if it waits this long for a byte.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The configuration and parts of a listener under test.
pub(crate) struct Setup {
    pub(crate) redis: RedisConfig,
    pub(crate) cache: CacheConfig,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) authenticator: Arc<dyn Authenticator>,
    pub(crate) tls: Option<Arc<rustls::ServerConfig>>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            redis: RedisConfig {
                listen: Switch::On(([127, 0, 0, 1], 0).into()),
                socket: Switch::Off,
                ..RedisConfig::default()
            },
            cache: CacheConfig::default(),
            clock: SystemClock::shared(),
            authenticator: Arc::new(PasswordOnly),
            tls: None,
        }
    }
}

/// A running listener. Dropping it stops the listener.
pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    pub(crate) cache: Cache,
    pub(crate) metrics: RedisMetrics,
    pub(crate) dir: TempDir,
    stop: Stop,
    clock: Arc<dyn Clock>,
    thread: Option<JoinHandle<()>>,
}

impl TestServer {
    pub(crate) fn start(setup: Setup) -> Self {
        let dir = TempDir::new();
        let listener = RedisListener::bind(&setup.redis, dir.path()).expect("a port is free");
        let address = listener.local_addr().expect("it listens on an address");
        let cache = Cache::open(setup.cache, Arc::clone(&setup.clock));
        let mut server = RedisServer::new(
            listener,
            RedisParts {
                config: setup.redis,
                cache: cache.clone(),
                authenticator: setup.authenticator,
                auditor: Arc::new(Unaudited),
                tls: setup.tls,
                clock: Arc::clone(&setup.clock),
            },
        );
        let (metrics, stop) = (server.metrics(), Stop::new());
        let stopping = stop.clone();
        let thread = outrigger_supervisor::thread("ours", move || {
            let runtime = outrigger_supervisor::main_runtime().expect("a runtime starts");
            runtime
                .block_on(server.run(stopping))
                .expect("the listener runs until it is stopped");
        })
        .expect("a thread starts");
        Self {
            address,
            cache,
            metrics,
            dir,
            stop,
            clock: setup.clock,
            thread: Some(thread),
        }
    }

    pub(crate) fn connect(&self) -> Client<TcpStream> {
        connect(self.address)
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.stop
            .cancel(self.clock.monotonic() + Duration::from_secs(30));
        if let Some(thread) = self.thread.take() {
            let outcome = thread.join();
            if !std::thread::panicking() {
                outcome.expect("the listener does not panic");
            }
        }
    }
}

/// Connects to any server of the Redis protocol.
pub(crate) fn connect(address: SocketAddr) -> Client<TcpStream> {
    let stream = TcpStream::connect(address).expect("the server accepts");
    stream.set_nodelay(true).expect("TCP can");
    stream.set_read_timeout(Some(TIMEOUT)).expect("TCP can");
    stream.set_write_timeout(Some(TIMEOUT)).expect("TCP can");
    Client::new(stream)
}

/// A connection that returns complete replies as bytes.
pub(crate) struct Client<S> {
    pub(crate) stream: S,
    received: Vec<u8>,
}

impl<S: Read + Write> Client<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            received: Vec::new(),
        }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream
            .write_all(bytes.as_ref())
            .expect("the server takes it");
    }

    /// Sends a command and returns its reply as bytes.
    pub(crate) fn call(&mut self, args: &[&[u8]]) -> Vec<u8> {
        let mut request = Vec::new();
        encode_request(args.iter().copied(), &mut request);
        self.send(request);
        self.reply()
    }

    /// Sends a command with arguments separated by spaces; `""` is an empty argument.
    pub(crate) fn words(&mut self, line: &str) -> String {
        let words: Vec<&[u8]> = line
            .split(' ')
            .map(|word| if word == "\"\"" { b"" } else { word.as_bytes() })
            .collect();
        let reply = self.call(&words);
        String::from_utf8_lossy(&reply).into_owned()
    }

    /// Returns the next reply as bytes.
    pub(crate) fn reply(&mut self) -> Vec<u8> {
        loop {
            match decode_reply(&self.received) {
                Ok((_, length)) => return self.received.drain(..length).collect(),
                Err(ReplyError::Incomplete) => {}
                Err(error) => panic!("{error}: {}", self.received.escape_ascii()),
            }
            assert!(
                self.receive() > 0,
                "the server closed: {}",
                self.received.escape_ascii()
            );
        }
    }

    /// Reads until the server closes, and returns all bytes.
    pub(crate) fn rest(mut self) -> Vec<u8> {
        while self.receive() > 0 {}
        self.received
    }

    fn receive(&mut self) -> usize {
        let mut chunk = [0; 64 * 1024];
        match self.stream.read(&mut chunk) {
            Ok(length) => {
                self.received.extend_from_slice(&chunk[..length]);
                length
            }
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => 0,
            Err(error) => panic!("nothing came: {error}"),
        }
    }
}
