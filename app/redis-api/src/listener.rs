//! Taking the addresses, before anything else starts, so that a taken port is an error of the start.

use std::{
    fs, io,
    net::{SocketAddr, TcpListener},
    os::unix::{
        fs::{FileTypeExt, PermissionsExt},
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
};

use rustix::fs::{Gid, chown};
use socket2::{Domain, SockAddr, Socket, Type};

use crate::{RedisConfig, RedisError};

/// How many connections may wait to be accepted; the system may allow fewer.
const BACKLOG: i32 = 1024;
/// What fits into the system's address of a socket, its terminator aside.
const SOCKET_PATH_MAX: usize = 107;

/// The sockets that the listener has taken. Connections to them wait until the server runs.
#[derive(Debug)]
pub struct RedisListener {
    pub(crate) tcp: Option<TcpListener>,
    pub(crate) unix: Option<UnixListener>,
    address: Option<SocketAddr>,
    path: Option<PathBuf>,
}

impl RedisListener {
    /// Takes the configured address and socket.
    ///
    /// # Errors
    ///
    /// [`RedisError`] naming the configuration key whose value cannot be had.
    pub fn bind(config: &RedisConfig, data_dir: &Path) -> Result<Self, RedisError> {
        let tcp = config.listen.as_option().map(|address| {
            bind_tcp(*address).map_err(|source| RedisError::Listen {
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

    /// The address it listens on, its port resolved.
    #[must_use]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.address
    }

    /// The unix socket it listens on.
    #[must_use]
    pub fn socket_path(&self) -> Option<&Path> {
        self.path.as_deref()
    }
}

impl Drop for RedisListener {
    fn drop(&mut self) {
        if let (Some(_), Some(path)) = (&self.unix, &self.path) {
            // Only a courtesy: a socket that is left behind is found stale at the next start.
            let _ = fs::remove_file(path);
        }
    }
}

fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // Without it a restart would have to wait until the system forgets the old connections. It does not allow two listeners.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn bind_unix(path: &Path, config: &RedisConfig) -> Result<UnixListener, RedisError> {
    let length = path.as_os_str().len();
    if length > SOCKET_PATH_MAX {
        let path = path.to_owned();
        return Err(RedisError::SocketPathTooLong { path, length });
    }
    let fail = |source| RedisError::Socket {
        path: path.to_owned(),
        source,
    };
    let group = config.socket_group.as_deref().map(find_group).transpose()?;
    remove_stale(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None).map_err(fail)?;
    let address = SockAddr::unix(path).map_err(fail)?;
    socket.bind(&address).map_err(fail)?;
    // Nobody can connect before `listen`, so nobody gets in before the permissions are right.
    let permissions = fs::Permissions::from_mode(config.socket_mode.bits());
    fs::set_permissions(path, permissions).map_err(fail)?;
    if let Some(group) = group {
        chown(path, None, Some(group)).map_err(|errno| fail(errno.into()))?;
    }
    socket.listen(BACKLOG).map_err(fail)?;
    socket.set_nonblocking(true).map_err(fail)?;
    Ok(socket.into())
}

/// Removes a socket that nobody answers on, left behind by a process that was killed.
fn remove_stale(path: &Path) -> Result<(), RedisError> {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    if !is_socket {
        // Nothing, or something that is not ours to remove; binding will say so.
        return Ok(());
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path)
            .map_err(|source| RedisError::Socket {
                path: path.to_owned(),
                source,
            }),
        _ => Err(RedisError::SocketInUse {
            path: path.to_owned(),
        }),
    }
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
