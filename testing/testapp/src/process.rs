//! The running server.

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

use crate::{Builder, PATIENCE, Program, eventually, http_client};

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
    /// A server to be run from the program at `binary`; tests pass `env!("CARGO_BIN_EXE_outrigger")`.
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
        app.wait_until_it_answers().await;
        app
    }

    /// A client over the control socket, acting as the owner.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The process's id.
    ///
    /// # Panics
    ///
    /// When the process has ended.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id().expect("the process runs")
    }

    /// The data directory.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        self.setup.data_directory()
    }

    /// A directory beside the data directory, for files of the test.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.setup.directory()
    }

    /// Where HTTP is served.
    ///
    /// # Panics
    ///
    /// When it is not.
    #[must_use]
    pub fn http_address(&self) -> SocketAddr {
        self.addresses
            .http
            .expect("the server has an HTTP listener")
    }

    /// Where the Redis protocol is served over TCP.
    ///
    /// # Panics
    ///
    /// When it is not.
    #[must_use]
    pub fn redis_address(&self) -> SocketAddr {
        self.addresses
            .redis
            .expect("the server has a Redis listener")
    }

    /// The unix socket of the Redis protocol.
    #[must_use]
    pub fn redis_socket(&self) -> PathBuf {
        self.data_dir().join("redis.sock")
    }

    /// The address of a path over plain HTTP.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.http_address())
    }

    /// A GET of `path`, not signed in.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// A request, not signed in.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.url(path))
    }

    /// A new token with these scopes.
    ///
    /// # Panics
    ///
    /// When the server refuses it.
    pub async fn token(&self, scopes: &[&str]) -> String {
        let token = NewToken {
            name: format!("test {}", scopes.join(" ")),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            expires_in: None,
        };
        let created = self.client.create_token(&token).await;
        created.expect("the owner may create any token").token
    }

    /// The program with this server's data directory, to be given a command.
    #[must_use]
    pub fn cli<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Program {
        self.setup.program().args(arguments)
    }

    /// What the process has printed since it was last started.
    #[must_use]
    pub fn stdout(&self) -> String {
        read(&self.setup.directory().join("stdout"))
    }

    /// What the process has said on its error stream since it was last started.
    #[must_use]
    pub fn stderr(&self) -> String {
        read(&self.setup.directory().join("stderr"))
    }

    /// The one-time login link that was printed.
    ///
    /// # Panics
    ///
    /// When none is printed.
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

    /// The code in the printed login link.
    ///
    /// # Panics
    ///
    /// When no link is printed.
    pub async fn login_code(&self) -> String {
        let link = self.login_link().await;
        let (_, code) = link.split_once('#').expect("the code is behind the `#`");
        code.to_owned()
    }

    /// Sends a signal.
    ///
    /// # Panics
    ///
    /// When the process has ended.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw);
        let pid = pid.expect("the process's id is one");
        rustix::process::kill_process(pid, signal).expect("the process can be signalled");
    }

    /// Kills the process with SIGKILL, as the kernel does when memory is short.
    ///
    /// # Panics
    ///
    /// When the process cannot be killed.
    pub async fn kill9(&mut self) {
        self.process
            .kill()
            .await
            .expect("the process can be killed");
    }

    /// Asks the process to stop with SIGTERM and waits for it.
    ///
    /// # Panics
    ///
    /// When it does not stop.
    pub async fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait().await
    }

    /// Waits until the process has ended.
    ///
    /// # Panics
    ///
    /// When it does not end.
    pub async fn wait(&mut self) -> ExitStatus {
        match timeout(PATIENCE, self.process.wait()).await {
            Ok(status) => status.expect("the process can be waited for"),
            Err(_) => panic!("the process does not end; it said:\n{}", self.stderr()),
        }
    }

    /// Starts the process again, after it has ended, on the same addresses.
    ///
    /// # Panics
    ///
    /// When it does not answer.
    pub async fn restart(&mut self) {
        if let Some(address) = self.addresses.http {
            self.setup.replace("http.listen", address.to_string());
        }
        if let Some(address) = self.addresses.redis {
            self.setup.replace("redis.listen", address.to_string());
        }
        self.process = spawn(&self.setup);
        self.wait_until_it_answers().await;
    }

    /// A second server with the same description, run to its end: for what must be refused.
    pub async fn run_again(&self) -> crate::Finished {
        self.setup.server().run().await
    }

    /// The database in the data directory, opened behind the program's back: for playing another version, or another time.
    /// Only while the process does not run.
    ///
    /// # Panics
    ///
    /// When there is none.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the test plays somebody who does not go through `sql`"
    )]
    pub fn database(&self) -> rusqlite::Connection {
        let path = self.data_dir().join("state.db");
        rusqlite::Connection::open(path).expect("the database exists")
    }

    async fn wait_until_it_answers(&mut self) {
        let client = self.client.clone();
        let (process, setup) = (&mut self.process, &self.setup);
        let status = eventually("the server answers on its control socket", async || {
            if let Ok(Some(status)) = process.try_wait() {
                let said = read(&setup.directory().join("stderr"));
                panic!("the server ended with {status}; it said:\n{said}");
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

/// Starts the server with what it prints going to files, which stay readable when it is killed.
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
