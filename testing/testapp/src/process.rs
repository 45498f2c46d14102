//! A running server.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
};

use outrigger_api_types::{access::NewToken, status::Status};
use outrigger_client::Client;
use reqwest::{Method, RequestBuilder};
use rustix::process::{Pid, Signal};
use tokio::{process::Child, time::timeout};

use crate::{Builder, Program, TIMEOUT, eventually, http_client, raw_http};

/// A running server, killed when it is dropped.
#[derive(Debug)]
pub struct Outrigger {
    setup: Builder,
    process: Child,
    client: Client,
    http: reqwest::Client,
    addresses: Addresses,
}

#[derive(Debug, Clone, Copy, Default)]
struct Addresses {
    http: Option<SocketAddr>,
    redis: Option<SocketAddr>,
}

impl Outrigger {
    /// Returns the description of a server that runs the program at `binary`; tests pass `env!("CARGO_BIN_EXE_outrigger")`.
    #[must_use]
    pub fn builder(binary: impl Into<PathBuf>) -> Builder {
        Builder::new(binary.into())
    }

    pub(crate) async fn start(setup: Builder) -> Self {
        let process = spawn(&setup);
        let client = Client::unix(setup.data_directory().join("control.sock"));
        let mut app = Self {
            setup,
            process,
            client,
            http: http_client().build().expect("an HTTP client can be made"),
            addresses: Addresses::default(),
        };
        app.wait_until_it_responds().await;
        app
    }

    /// Returns a client over the control socket, which acts as the owner.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the process id.
    ///
    /// # Panics
    ///
    /// Panics if the process has ended.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id().expect("the process runs")
    }

    /// Returns the data directory.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        self.setup.data_directory()
    }

    /// Returns a directory next to the data directory, for files of the test.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.setup.directory()
    }

    /// Returns the address of the HTTP listener.
    ///
    /// # Panics
    ///
    /// Panics if there is none.
    #[must_use]
    pub fn http_address(&self) -> SocketAddr {
        self.addresses
            .http
            .expect("the server has an HTTP listener")
    }

    /// Returns the address of the Redis listener.
    ///
    /// # Panics
    ///
    /// Panics if there is none.
    #[must_use]
    pub fn redis_address(&self) -> SocketAddr {
        self.addresses
            .redis
            .expect("the server has a Redis listener")
    }

    /// Returns the path of the unix socket of the Redis listener.
    #[must_use]
    pub fn redis_socket(&self) -> PathBuf {
        self.data_dir().join("redis.sock")
    }

    /// Returns the URL of a path over plain HTTP.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.http_address())
    }

    /// Returns a GET request for `path` without credentials.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// Returns a request without credentials.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.url(path))
    }

    /// Creates a token with these scopes.
    ///
    /// # Panics
    ///
    /// Panics if the server refuses.
    pub async fn token(&self, scopes: &[&str]) -> String {
        let token = NewToken {
            name: format!("test {}", scopes.join(" ")),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            expires_in: None,
        };
        let created = self.client.create_token(&token).await;
        created.expect("the owner may create any token").token
    }

    /// Returns the program with this server's data directory and these arguments.
    #[must_use]
    pub fn cli<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Program {
        self.setup.program().args(arguments)
    }

    /// Returns the standard output since the last start.
    #[must_use]
    pub fn stdout(&self) -> String {
        read(&self.setup.directory().join("stdout"))
    }

    /// Returns the standard error since the last start.
    #[must_use]
    pub fn stderr(&self) -> String {
        read(&self.setup.directory().join("stderr"))
    }

    /// Returns the printed one-time login link.
    ///
    /// # Panics
    ///
    /// Panics if none is printed.
    pub async fn login_link(&self) -> String {
        eventually("a login link is printed", async || {
            let printed = self.stdout();
            let link = printed
                .split_whitespace()
                .find(|word| word.starts_with("http") && word.contains('#'));
            link.map(str::to_owned)
        })
        .await
    }

    /// Returns the code of the printed login link.
    ///
    /// # Panics
    ///
    /// Panics if no link is printed.
    pub async fn login_code(&self) -> String {
        let link = self.login_link().await;
        let (_, code) = link.split_once('#').expect("the code is behind the `#`");
        code.to_owned()
    }

    /// Sends a signal.
    ///
    /// # Panics
    ///
    /// Panics if the process has ended.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw);
        let pid = pid.expect("the process's id is one");
        rustix::process::kill_process(pid, signal).expect("the process can be signalled");
    }

    /// Kills the process with SIGKILL, as the kernel does when memory is short.
    ///
    /// # Panics
    ///
    /// Panics if the process cannot be killed.
    pub async fn kill9(&mut self) {
        self.process
            .kill()
            .await
            .expect("the process can be killed");
    }

    /// Stops the process with SIGTERM and waits for its end.
    ///
    /// # Panics
    ///
    /// Panics if it does not end.
    pub async fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait().await
    }

    /// Waits for the end of the process.
    ///
    /// # Panics
    ///
    /// Panics if it does not end.
    pub async fn wait(&mut self) -> ExitStatus {
        match timeout(TIMEOUT, self.process.wait()).await {
            Ok(status) => status.expect("the process can be waited for"),
            Err(_) => panic!(
                "the process does not end; its standard error is:\n{}",
                self.stderr()
            ),
        }
    }

    /// Starts the process again after its end, on the same addresses.
    ///
    /// # Panics
    ///
    /// Panics if it does not respond.
    pub async fn restart(&mut self) {
        if let Some(address) = self.addresses.http {
            self.setup.replace("http.listen", address.to_string());
        }
        if let Some(address) = self.addresses.redis {
            self.setup.replace("redis.listen", address.to_string());
        }
        self.process = spawn(&self.setup);
        self.wait_until_it_responds().await;
    }

    /// Runs a second server with the same description to its end, for starts that must fail.
    pub async fn run_again(&self) -> crate::Finished {
        self.setup.server().run().await
    }

    /// Opens the database in the data directory directly, to simulate another version or another time. The process must not be
    /// running.
    ///
    /// # Panics
    ///
    /// Panics if there is no database.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the test simulates another program, which does not use `sql`"
    )]
    pub fn database(&self) -> rusqlite::Connection {
        let path = self.data_dir().join("state.db");
        rusqlite::Connection::open(path).expect("the database exists")
    }

    /// Returns the sum of the samples of a metric over its labels, or of the samples with these labels if the name ends with
    /// them, as in `outrigger_store_queued{database="state"}`. Uses a connection of its own, which is closed afterwards.
    ///
    /// # Panics
    ///
    /// Panics if there is no such metric.
    pub async fn metric(&self, name: &str) -> f64 {
        let answer = raw_http(self.http_address(), b"GET /metrics", &[]).await;
        let values: Vec<f64> = answer
            .body
            .lines()
            .filter_map(|line| line.rsplit_once(' '))
            .filter(|(sample, _)| {
                *sample == name
                    || sample
                        .strip_prefix(name)
                        .is_some_and(|labels| labels.starts_with('{'))
            })
            .filter_map(|(_, value)| value.parse().ok())
            .collect();
        assert!(!values.is_empty(), "no metric {name} in {answer:?}");
        values.into_iter().sum()
    }

    async fn wait_until_it_responds(&mut self) {
        let client = self.client.clone();
        let (process, setup) = (&mut self.process, &self.setup);
        let status = eventually("the server responds on its control socket", async || {
            if let Ok(Some(status)) = process.try_wait() {
                let said = read(&setup.directory().join("stderr"));
                panic!("the server ended with {status}; its standard error is:\n{said}");
            }
            client.status().await.ok()
        })
        .await;
        self.addresses = Addresses {
            http: address_of(&status, "http"),
            redis: address_of(&status, "redis"),
        };
    }
}

fn address_of(status: &Status, name: &str) -> Option<SocketAddr> {
    let listener = status.listeners.iter().find(|one| one.name == name)?;
    listener.address.parse().ok()
}

/// Starts the server with its output redirected to files, which remain readable after it is killed.
fn spawn(setup: &Builder) -> Child {
    let file = |name: &str| {
        let file = File::create(setup.directory().join(name));
        Stdio::from(file.expect("the temporary directory can be written"))
    };
    setup
        .server()
        .command()
        .stdin(Stdio::null())
        .stdout(file("stdout"))
        .stderr(file("stderr"))
        .spawn()
        .expect("the program starts")
}

fn read(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}
