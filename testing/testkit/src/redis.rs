//! Temporary Redis servers.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};

use crate::{ReservedPort, TempDir, keeper, requirement::program};

/// How often a starting server is polled, every 20 ms: twenty seconds.
const READY_ATTEMPTS: u32 = 1000;

/// A Redis server on a free port of the loopback address, without persistence. It ends when it is dropped, or with the
/// process.
#[derive(Debug)]
pub struct RedisServer {
    _dir: TempDir,
    port: ReservedPort,
    process: Child,
}

impl RedisServer {
    /// Starts a server with additional arguments, such as `["--requirepass", "hunter2"]`. Blocks until it responds.
    ///
    /// # Errors
    ///
    /// Returns an error if Redis is not installed or does not start.
    pub fn start(args: &[&str]) -> Result<Self> {
        let server = program("redis-server").context("`redis-server` is not installed")?;
        let mut command = match program("setpriv") {
            Some(setpriv) => {
                let mut command = Command::new(setpriv);
                command.args(["--pdeathsig", "SIGKILL", "--"]).arg(server);
                command
            }
            None => Command::new(server),
        };
        let (dir, port) = (TempDir::new(), ReservedPort::new());
        command
            .args(["--port", &port.number().to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no", "--dir"])
            .arg(dir.path())
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process = keeper::spawn(command).context("`redis-server` does not start")?;
        let mut started = Self {
            _dir: dir,
            port,
            process,
        };
        started.wait_until_ready()?;
        Ok(started)
    }

    /// Returns the connection string.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}", self.address())
    }

    /// Returns the address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port.number()).into()
    }

    /// Returns the process id, for measurements.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        for _ in 0..READY_ATTEMPTS {
            if responds(self.address()) {
                return Ok(());
            }
            if let Some(status) = self.process.try_wait()? {
                bail!("`redis-server` ended with {status}: is an argument wrong?");
            }
            thread::sleep(Duration::from_millis(20));
        }
        bail!("`redis-server` did not become ready")
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns whether a server responds, either with `+PONG` or by requiring a password.
fn responds(address: SocketAddr) -> bool {
    let limit = Duration::from_secs(1);
    let Ok(mut stream) = TcpStream::connect_timeout(&address, limit) else {
        return false;
    };
    let mut answer = [0; 5];
    stream.set_read_timeout(Some(limit)).is_ok()
        && stream.write_all(b"PING\r\n").is_ok()
        && stream.read_exact(&mut answer).is_ok()
        && (&answer == b"+PONG" || &answer == b"-NOAU")
}
