//! Temporary PgBouncer processes in front of a PostgreSQL server.

use std::{
    net::{Ipv4Addr, TcpStream},
    os::unix::fs::chown,
    process::{Child, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, ensure};

use crate::{
    PostgresServer, ReservedPort, TempDir, keeper,
    postgres::{postgres_user, unprivileged},
    requirement::is_root,
};

/// How often a starting pooler is polled, every 20 ms: twenty seconds.
const READY_ATTEMPTS: u32 = 1000;

/// A pooler in front of a server. It ends when it is dropped, or with the process.
#[derive(Debug)]
pub struct PgBouncer {
    _dir: TempDir,
    port: ReservedPort,
    process: Child,
}

impl PgBouncer {
    /// Starts a pooler with a `pool_mode`: `session` or `transaction`. Blocks until it listens.
    ///
    /// # Errors
    ///
    /// Returns an error if PgBouncer is not installed or does not start.
    pub fn start(server: &PostgresServer, pool_mode: &str) -> Result<Self> {
        let (dir, port) = (TempDir::new(), ReservedPort::new());
        let config = dir.join("pgbouncer.ini");
        let (server, number) = (server.port(), port.number());
        std::fs::write(
            &config,
            format!(
                "[databases]\n* = host=127.0.0.1 port={server} user=postgres\n\
                 [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {number}\nunix_socket_dir =\n\
                 auth_type = any\npool_mode = {pool_mode}\n"
            ),
        )?;
        if is_root() {
            let (user, group) = postgres_user()?;
            chown(dir.path(), Some(user), Some(group))?;
        }
        let mut command = unprivileged("pgbouncer", &["--pdeathsig", "SIGKILL"])?;
        command
            .arg(&config)
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process = keeper::spawn(command).context("`pgbouncer` does not start")?;
        let started = Self {
            _dir: dir,
            port,
            process,
        };
        let listens = || TcpStream::connect((Ipv4Addr::LOCALHOST, number)).is_ok();
        let is_ready = (0..READY_ATTEMPTS).any(|_| {
            thread::sleep(Duration::from_millis(20));
            listens()
        });
        ensure!(is_ready, "PgBouncer does not listen");
        Ok(started)
    }

    /// Returns the TCP port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
