//! Binds the sockets before anything else starts, so that a port in use fails the start.

use std::{
    fs, io,
    net::{SocketAddr, TcpListener},
    os::unix::net::UnixListener,
    path::{Path, PathBuf},
};

use outrigger_net::{SOCKET_PATH_MAX, listen_tcp, listen_unix};
use rustix::fs::Gid;

use crate::{RedisConfig, RedisError};

/// The bound sockets. Connections wait in their queues until the server runs.
#[derive(Debug)]
pub struct RedisListener {
    pub(crate) tcp: Option<TcpListener>,
    pub(crate) unix: Option<UnixListener>,
    address: Option<SocketAddr>,
    path: Option<PathBuf>,
}

impl RedisListener {
    /// Binds the configured address and unix socket.
    ///
    /// # Errors
    ///
    /// Returns a [`RedisError`] that names the configuration key.
    pub fn bind(config: &RedisConfig, data_dir: &Path) -> Result<Self, RedisError> {
        let tcp = config.listen.as_option().map(|address| {
            listen_tcp(*address).map_err(|source| RedisError::Listen {
                address: *address,
                source,
            })
        });
        let tcp = tcp.transpose()?;
        let address = tcp.as_ref().and_then(|tcp| tcp.local_addr().ok());
        let path = config.socket.as_option().map(|path| data_dir.join(path));
        let unix = path.as_deref().map(|path| bind_unix(path, config));
        Ok(Self {
            tcp,
            unix: unix.transpose()?,
            address,
            path,
        })
    }

    /// Returns the address, with the port that the system chose. `None` if `listen` is `off`.
    #[must_use]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Returns the path of the unix socket. `None` if `socket` is `off`.
    #[must_use]
    pub fn socket_path(&self) -> Option<&Path> {
        self.path.as_deref()
    }
}

impl RedisListener {
    /// Closes the sockets, so that the system refuses new clients instead of letting them wait.
    pub(crate) fn close(&mut self) {
        self.tcp = None;
        if let (Some(_), Some(path)) = (self.unix.take(), &self.path) {
            // If this fails, the next start detects the socket as stale and replaces it.
            let _ = fs::remove_file(path);
        }
    }
}

impl Drop for RedisListener {
    fn drop(&mut self) {
        self.close();
    }
}

fn bind_unix(path: &Path, config: &RedisConfig) -> Result<UnixListener, RedisError> {
    let length = path.as_os_str().len();
    if length > SOCKET_PATH_MAX {
        let path = path.to_owned();
        return Err(RedisError::SocketPathTooLong { path, length });
    }
    let group = config.socket_group.as_deref().map(find_group).transpose()?;
    listen_unix(path, config.socket_mode.bits(), group).map_err(|source| {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::AddrInUse => RedisError::SocketInUse { path },
            _ => RedisError::Socket { path, source },
        }
    })
}

fn find_group(group: &str) -> Result<Gid, RedisError> {
    let unknown = || RedisError::UnknownGroup {
        group: group.to_owned(),
    };
    if let Ok(number) = group.parse() {
        return Ok(Gid::from_raw(number));
    }
    let groups = fs::read_to_string("/etc/group").map_err(|_| unknown())?;
    groups
        .lines()
        .find_map(|line| {
            let mut fields = line.split(':');
            let is_wanted = fields.next() == Some(group);
            let number = fields.nth(1)?.parse().ok()?;
            is_wanted.then(|| Gid::from_raw(number))
        })
        .ok_or_else(unknown)
}
