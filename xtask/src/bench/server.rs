//! The servers under test, as processes.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context, bail, ensure};

use crate::{environment::Stopwatch, process};

/// The kernel reports processor time in hundredths of a second on every platform with /proc.
const TICKS_PER_SECOND: f64 = 100.0;
/// How long a server may take to respond.
const TIMEOUT: Duration = Duration::from_secs(20);
/// A common hard limit. A program that needs more might not start.
const OPEN_FILES: &str = "--nofile=20000:20000";

/// A running server. Dropping it kills the process and deletes its data.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    data: PathBuf,
    /// The address of the Redis protocol.
    pub(super) redis: SocketAddr,
    /// The address of HTTP, or the Redis address if the server has no HTTP.
    pub(super) http: SocketAddr,
}

impl Server {
    /// Starts Outrigger on free ports with an empty data directory. Does not wait until it responds.
    pub(super) fn outrigger(binary: &Path, core: Option<usize>) -> anyhow::Result<Self> {
        Self::outrigger_with(binary, core, &[])
    }

    /// Does the same with settings of the form `section.key=value`.
    pub(super) fn outrigger_with(
        binary: &Path,
        core: Option<usize>,
        settings: &[&str],
    ) -> anyhow::Result<Self> {
        let (redis, http) = (free_address()?, free_address()?);
        let data = data_directory(redis.port())?;
        let mut command = pinned(binary, core);
        command
            .arg("serve")
            .arg("--data-dir")
            .arg(&data)
            .args(["--set", &format!("http.listen={http}")])
            .args(["--set", &format!("redis.listen={redis}")])
            .args(["--set", "redis.connections_max=12000"])
            .args(settings.iter().flat_map(|setting| ["--set", *setting]));
        Self::start(&mut command, data, redis, http)
    }

    /// Starts redis-server as a cache without persistence.
    pub(super) fn redis(core: Option<usize>) -> anyhow::Result<Self> {
        Self::redis_with(core, &[])
    }

    /// Does the same with further arguments.
    pub(super) fn redis_with(core: Option<usize>, arguments: &[&str]) -> anyhow::Result<Self> {
        let redis = free_address()?;
        let data = data_directory(redis.port())?;
        let mut command = pinned(Path::new("redis-server"), core);
        command
            .args(["--port", &redis.port().to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .args(arguments)
            .arg("--dir")
            .arg(&data);
        Self::start(&mut command, data, redis, redis)
    }

    fn start(
        command: &mut Command,
        data: PathBuf,
        redis: SocketAddr,
        http: SocketAddr,
    ) -> anyhow::Result<Self> {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("the server cannot be started")?;
        Ok(Self {
            child,
            data,
            redis,
            http,
        })
    }

    /// Waits until the Redis port accepts connections.
    pub(super) fn wait_for_redis(&self) -> anyhow::Result<()> {
        poll(
            "a connection to the Redis port",
            Duration::from_millis(5),
            || TcpStream::connect(self.redis).is_ok(),
        )
    }

    /// Waits until an HTTP request succeeds, and returns the time since the start of `watch`.
    pub(super) fn wait_for_http(&self, watch: Stopwatch) -> anyhow::Result<Duration> {
        poll(
            "an answer to GET /healthz",
            Duration::from_millis(1),
            || is_healthy(self.http).unwrap_or_default(),
        )?;
        Ok(watch.elapsed())
    }

    /// Returns the processor time used so far, in seconds.
    pub(super) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The program name is in parentheses and may contain spaces.
        let (_, fields) = stat
            .rsplit_once(')')
            .context("/proc/PID/stat names the program")?;
        let ticks: Vec<f64> = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse().ok())
            .collect();
        ensure!(ticks.len() == 2, "/proc/PID/stat has user and system time");
        Ok(ticks.iter().sum::<f64>() / TICKS_PER_SECOND)
    }

    /// Returns the resident memory in bytes.
    pub(super) fn resident_bytes(&self) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kib: f64 = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
            .context("/proc/PID/status has VmRSS")?;
        Ok(kib * 1024.0)
    }

    /// Sends a command without quoted arguments, and returns the first line and the body of the reply.
    pub(super) fn command(&self, line: &str) -> anyhow::Result<String> {
        let mut stream = TcpStream::connect(self.redis)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.write_all(format!("{line}\r\nQUIT\r\n").as_bytes())?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply)?;
        Ok(reply.trim_end_matches("+OK\r\n").trim().to_owned())
    }

    /// Returns a number from `INFO`.
    pub(super) fn info(&self, field: &str) -> anyhow::Result<u64> {
        let info = self.command("INFO")?;
        info.lines()
            .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))
            .and_then(|value| value.trim().parse().ok())
            .with_context(|| format!("INFO has no number `{field}`"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.data);
    }
}

/// Returns the program pinned to one core, with a limit for many connections, as far as the required tools are installed.
fn pinned(program: &Path, core: Option<usize>) -> Command {
    let mut words: Vec<String> = Vec::new();
    if process::is_installed("prlimit", &[OPEN_FILES, "true"]) {
        words.extend(["prlimit".to_owned(), OPEN_FILES.to_owned()]);
    }
    if let Some(core) = core {
        words.extend(["taskset".to_owned(), "-c".to_owned(), core.to_string()]);
    }
    words.push(program.display().to_string());
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    command
}

/// Returns a free address. Another process may take it before the server does; then the run fails and must be repeated.
fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Creates a directory with a short path, because it contains a unix socket.
fn data_directory(port: u16) -> anyhow::Result<PathBuf> {
    let path = std::env::temp_dir().join(format!("outrigger-bench-{port}"));
    if path.exists() {
        fs::remove_dir_all(&path)?;
    }
    fs::create_dir_all(&path)?;
    Ok(path)
}

fn is_healthy(address: SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.starts_with("HTTP/1.1 200"))
}

fn poll(what: &str, pause: Duration, mut happened: impl FnMut() -> bool) -> anyhow::Result<()> {
    let watch = Stopwatch::start();
    while watch.elapsed() < TIMEOUT {
        if happened() {
            return Ok(());
        }
        thread::sleep(pause);
    }
    bail!("waited {TIMEOUT:?} for {what}")
}
