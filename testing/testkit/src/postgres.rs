//! Temporary PostgreSQL servers.

use std::{
    fs::Permissions,
    net::Ipv4Addr,
    os::unix::fs::{PermissionsExt, chown},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    ReservedPort, TempDir, keeper,
    requirement::{is_root, postgres_program, program},
};

/// How often a starting server is polled, every 50 ms: one minute.
const READY_ATTEMPTS: u32 = 1200;

/// A PostgreSQL server with its own cluster, on a free port of the loopback address and on a unix socket. It does not sync to
/// disk. It ends when it is dropped, or with the process.
#[derive(Debug)]
pub struct PostgresServer {
    dir: TempDir,
    port: ReservedPort,
    databases: AtomicU32,
    process: Mutex<Option<Child>>,
}

impl PostgresServer {
    /// Creates a cluster and starts its server. Blocks until it responds.
    ///
    /// # Errors
    ///
    /// Returns an error if PostgreSQL is not installed or does not start; the message contains the end of its log.
    pub fn start() -> Result<Self> {
        let dir = TempDir::new();
        if is_root() {
            let (user, group) = postgres_user()?;
            chown(dir.path(), Some(user), Some(group))?;
        }
        let data = dir.join("data");
        let output = unprivileged("initdb", &[])?
            .arg("--pgdata")
            .arg(&data)
            .args(["--username=postgres", "--auth=trust", "--no-sync"])
            .args(["--encoding=UTF8", "--locale=C"])
            .current_dir(dir.path())
            .output()
            .context("`initdb` does not start")?;
        ensure!(
            output.status.success(),
            "`initdb` failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let server = Self {
            dir,
            port: ReservedPort::new(),
            databases: AtomicU32::new(0),
            process: Mutex::new(None),
        };
        server.start_again()?;
        Ok(server)
    }

    /// Returns the TCP connection string of the database `postgres`.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// Returns the directory of the server's unix socket.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        self.dir.path()
    }

    /// Returns the TCP port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// Creates an empty database and returns its connection string. Blocks.
    ///
    /// # Panics
    ///
    /// Panics if the server does not respond.
    #[must_use]
    pub fn create_database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        self.execute(&format!("create database {name}"));
        self.url_of(&name)
    }

    /// Runs one statement as the superuser. Blocks.
    ///
    /// # Panics
    ///
    /// Panics if the statement fails.
    pub fn execute(&self, statement: &str) {
        let psql = postgres_program("psql").expect("`psql` comes with PostgreSQL");
        let output = Command::new(psql)
            .args(["--no-psqlrc", "--quiet", "--dbname"])
            .arg(self.url())
            .args(["--set=ON_ERROR_STOP=1", "--command", statement])
            .output()
            .expect("`psql` starts");
        assert!(
            output.status.success(),
            "`{statement}` failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Enables TLS with a certificate and its key, both in PEM format. Blocks.
    ///
    /// # Errors
    ///
    /// Returns an error if the files cannot be written.
    pub fn enable_tls(&self, certificate: &str, key: &str) -> Result<()> {
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let path = self.dir.join("data").join(name);
            std::fs::write(&path, text)?;
            // The server rejects a key that others can read.
            std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
            if is_root() {
                let (user, group) = postgres_user()?;
                chown(&path, Some(user), Some(group))?;
            }
        }
        self.execute("alter system set ssl = on");
        self.execute("select pg_reload_conf()");
        Ok(())
    }

    /// Suspends all processes of the server: the kernel still accepts bytes for them, but nothing responds. Blocks.
    ///
    /// # Panics
    ///
    /// Panics if the server is not running.
    pub fn pause(&self) {
        self.signal_all(Signal::STOP);
    }

    /// Resumes the processes suspended by [`pause`](Self::pause). Blocks.
    ///
    /// # Panics
    ///
    /// Panics if the server is not running.
    pub fn resume(&self) {
        self.signal_all(Signal::CONT);
    }

    fn signal_all(&self, signal: Signal) {
        let process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        signal_with_children(process.as_ref().expect("the server runs"), signal);
    }

    /// Stops the server immediately, like a crash: connections break. Blocks until it has ended.
    pub fn stop(&self) {
        let stopped = self
            .process
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(mut child) = stopped {
            // A suspended process does not handle signals.
            signal_with_children(&child, Signal::CONT);
            // SIGQUIT is an immediate shutdown, which also ends the child processes; SIGKILL would leave them running.
            let _ = kill_process(Pid::from_child(&child), Signal::QUIT);
            let _ = child.wait();
        }
    }

    /// Starts the stopped server again, on the same port and with the same data. Blocks until it responds.
    ///
    /// # Errors
    ///
    /// Returns an error if it does not start; the message contains its log.
    pub fn start_again(&self) -> Result<()> {
        let log = std::fs::File::create(self.dir.join("log"))?;
        let mut command = unprivileged("postgres", &["--pdeathsig", "SIGQUIT"])?;
        command
            .arg("-D")
            .arg(self.dir.join("data"))
            .args(["-p", &self.port().to_string(), "-F"])
            .args(["-c", "listen_addresses=127.0.0.1"])
            .args(["-c", "full_page_writes=off"])
            .args(["-c", "shared_buffers=16MB", "-c", "max_connections=120"])
            .arg("-c")
            .arg(format!(
                "unix_socket_directories={}",
                self.dir.path().display()
            ))
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let child = keeper::spawn(command).context("`postgres` does not start")?;
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
        self.wait_until_ready()
    }

    fn wait_until_ready(&self) -> Result<()> {
        let asks = postgres_program("pg_isready").context("`pg_isready` is missing")?;
        for _ in 0..READY_ATTEMPTS {
            let answered = Command::new(&asks)
                .args(["--quiet", "--host", "127.0.0.1", "--port"])
                .arg(self.port().to_string())
                .status()?;
            if answered.success() {
                return Ok(());
            }
            let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(child) = process.as_mut()
                && child.try_wait()?.is_some()
            {
                break;
            }
            drop(process);
            thread::sleep(Duration::from_millis(50));
        }
        let log = std::fs::read_to_string(self.dir.join("log")).unwrap_or_default();
        bail!("PostgreSQL did not become ready: {log}")
    }

    fn url_of(&self, database: &str) -> String {
        format!(
            "postgres://postgres@{}:{}/{database}",
            Ipv4Addr::LOCALHOST,
            self.port()
        )
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A server that starts on first use and is shared by all clones. Cheap to clone; the server ends with the last clone.
#[derive(Debug, Clone, Default)]
pub struct LazyPostgres {
    server: Arc<OnceLock<PostgresServer>>,
}

impl LazyPostgres {
    /// Returns the server. Blocks while it starts.
    ///
    /// # Panics
    ///
    /// Panics if it does not start.
    #[must_use]
    pub fn server(&self) -> &PostgresServer {
        self.server
            .get_or_init(|| PostgresServer::start().expect("PostgreSQL starts"))
    }

    /// Creates an empty database and returns its connection string. Blocks.
    ///
    /// # Panics
    ///
    /// Panics if the server does not start or respond.
    #[must_use]
    pub fn create_database(&self) -> String {
        self.server().create_database()
    }
}

/// Returns one of PostgreSQL's programs, to run as the user `postgres` if this process is root, because the server refuses to
/// run as root.
pub(crate) fn unprivileged(name: &str, setpriv_options: &[&str]) -> Result<Command> {
    let path = postgres_program(name).with_context(|| format!("`{name}` is not installed"))?;
    let Some(setpriv) = program("setpriv") else {
        ensure!(
            !is_root(),
            "`setpriv` is required to run PostgreSQL as another user"
        );
        return Ok(Command::new(path));
    };
    let mut command = Command::new(setpriv);
    if is_root() {
        let (user, group) = postgres_user()?;
        command
            .arg("--reuid")
            .arg(user.to_string())
            .arg("--regid")
            .arg(group.to_string())
            .arg("--clear-groups");
    } else if setpriv_options.is_empty() {
        return Ok(Command::new(path));
    }
    command.args(setpriv_options).arg("--").arg(path);
    Ok(command)
}

/// Signals a server and its child processes, each of which has its own process group. The server is signalled first, so that
/// it starts no further children when it is suspended.
fn signal_with_children(server: &Child, signal: Signal) {
    let server = Pid::from_child(server);
    // Any of them may have ended already.
    let _ = kill_process(server, signal);
    for child in children_of(server) {
        let _ = kill_process(child, signal);
    }
}

/// Returns the processes with the given parent.
fn children_of(parent: Pid) -> Vec<Pid> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let number_of = |entry: std::fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    let parent_of = |process: i32| -> Option<i32> {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name before the parenthesis may contain anything; the state and the parent follow it.
        let (_, rest) = stat.rsplit_once(')')?;
        rest.split_whitespace().nth(1)?.parse().ok()
    };
    processes
        .filter_map(number_of)
        .filter(|process| parent_of(*process) == Some(parent.as_raw_nonzero().get()))
        .filter_map(Pid::from_raw)
        .collect()
}

pub(crate) fn postgres_user() -> Result<(u32, u32)> {
    let users = std::fs::read_to_string("/etc/passwd")?;
    let fields: Vec<_> = users
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.first() == Some(&"postgres"))
        .context("there is no user `postgres`")?;
    let number = |index: usize| -> Result<u32> {
        Ok(fields
            .get(index)
            .context("a line of /etc/passwd is broken")?
            .parse()?)
    };
    Ok((number(2)?, number(3)?))
}
