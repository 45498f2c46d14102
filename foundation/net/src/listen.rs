//! Binds the sockets of listeners. They are bound before anything else starts, so that an address in use is reported at
//! startup. Connections wait in the system's queue until they are accepted.

use std::{
    fs, io,
    net::{SocketAddr, TcpListener},
    os::unix::{
        fs::{FileTypeExt, PermissionsExt},
        net::UnixListener,
    },
    path::Path,
};

use rustix::fs::{Gid, chown};
use socket2::{Domain, SockAddr, Socket, Type};

/// The maximum length of a Unix socket path in bytes: the size of the system's address structure without the terminator.
pub const SOCKET_PATH_MAX: usize = 107;

/// The maximum number of connections that wait to be accepted. The system can have a lower limit.
const BACKLOG: i32 = 1024;

/// Listens on a TCP address. The listener is non-blocking.
///
/// # Errors
///
/// Returns the system's error, usually because another program listens on the address or this machine does not have it.
pub fn listen_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // Otherwise a restart fails until the system has dropped the old connections. It does not permit a second listener.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Listens on a Unix socket with the given permissions and, optionally, group. Replaces a socket that a killed process left
/// behind. The listener is non-blocking. Dropping it does not remove the file; its owner must.
///
/// # Errors
///
/// Returns [`io::ErrorKind::AddrInUse`] if a process listens on the socket, [`io::ErrorKind::AlreadyExists`] if the path is
/// a file that is not a socket, [`io::ErrorKind::InvalidInput`] if the path is longer than [`SOCKET_PATH_MAX`], or the
/// system's error.
pub fn listen_unix(path: &Path, mode: u32, group: Option<Gid>) -> io::Result<UnixListener> {
    let address = SockAddr::unix(path)?;
    remove_stale(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&address)?;
    // The permissions are set before `listen`, so no client can connect with the wrong ones.
    fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    if let Some(group) = group {
        chown(path, None, Some(group))?;
    }
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Removes a socket without a listener, left behind by a killed process.
fn remove_stale(path: &Path) -> io::Result<()> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !found.file_type().is_socket() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    // Non-blocking, because connecting to a socket with a full queue would block.
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    match socket.connect(&SockAddr::unix(path)?) {
        Ok(()) => Err(io::ErrorKind::AddrInUse.into()),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            Err(io::ErrorKind::AddrInUse.into())
        }
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn a_socket_whose_queue_is_full_is_in_use() {
        let dir = tempfile::tempdir().expect("the directory can be made");
        let path = dir.path().join("a.sock");
        let address = SockAddr::unix(&path).expect("the path is short");
        let busy = Socket::new(Domain::UNIX, Type::STREAM, None).expect("there is a socket");
        busy.bind(&address).expect("nothing is there");
        busy.listen(0).expect("it is bound");
        let _waiting = UnixStream::connect(&path).expect("the queue has one place");

        let refused = listen_unix(&path, 0o600, None).expect_err("it is in use");

        assert_eq!(refused.kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn an_address_can_be_listened_on_only_once() {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let first = listen_tcp(address).expect("a port is free");
        let taken = first.local_addr().expect("it has an address");

        let second = listen_tcp(taken).expect_err("it is in use");

        assert_eq!(second.kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn a_socket_has_its_permissions_and_is_replaced_only_if_nothing_listens_on_it() {
        let dir = tempfile::tempdir().expect("the directory can be made");
        let path = dir.path().join("a.sock");
        let abandoned = listen_unix(&path, 0o666, None).expect("nothing is there");
        drop(abandoned);

        let live = listen_unix(&path, 0o640, None).expect("nothing listens there");
        let refused = listen_unix(&path, 0o600, None).expect_err("it is in use");

        assert_eq!(refused.kind(), io::ErrorKind::AddrInUse);
        let mode = fs::metadata(&path).expect("it is there").permissions();
        assert_eq!(mode.mode() & 0o777, 0o640);
        assert!(UnixStream::connect(&path).is_ok());
        drop(live);
    }

    #[test]
    fn a_file_that_is_not_a_socket_is_never_removed() {
        let dir = tempfile::tempdir().expect("the directory can be made");
        let path = dir.path().join("a.sock");
        fs::write(&path, "precious").expect("the directory can be written");

        let refused = listen_unix(&path, 0o600, None).expect_err("a file is there");

        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "precious");
    }

    #[test]
    fn a_path_of_the_maximum_length_is_accepted_and_a_longer_one_is_not() {
        let dir = tempfile::tempdir().expect("the directory can be made");
        let fill = SOCKET_PATH_MAX - dir.path().as_os_str().len() - 1;

        let fits = listen_unix(&dir.path().join("s".repeat(fill)), 0o600, None);
        let does_not = listen_unix(&dir.path().join("s".repeat(fill + 1)), 0o600, None);

        assert!(fits.is_ok(), "{fits:?}");
        assert_eq!(
            does_not.expect_err("it is too long").kind(),
            io::ErrorKind::InvalidInput
        );
    }
}
