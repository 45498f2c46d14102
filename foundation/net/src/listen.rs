//! Binds the sockets of listeners. They are bound before anything else starts, so that an address that is in use is an error of
//! the start. Connections wait in the system's queue until they are accepted.

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

/// The longest path of a Unix socket in bytes: the size of the system's address without its terminator.
pub const SOCKET_PATH_MAX: usize = 107;

/// How many connections may wait to be accepted. The system may have a lower limit.
const BACKLOG: i32 = 1024;

/// Listens on a TCP address. The listener does not block.
///
/// # Errors
///
/// The system's error, usually that another program listens there, or that this machine does not have the address.
pub fn listen_tcp(address: SocketAddr) -> io::Result<TcpListener> {
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

/// Listens on a Unix socket with these permissions, and this group if one is given. Replaces a socket that a killed process
/// left behind. The listener does not block. Dropping it does not remove the file; its owner does.
///
/// # Errors
///
/// [`io::ErrorKind::AddrInUse`] when a process answers there, [`io::ErrorKind::AlreadyExists`] when there is a file that is no
/// socket, [`io::ErrorKind::InvalidInput`] when the path is longer than [`SOCKET_PATH_MAX`], or the system's error.
pub fn listen_unix(path: &Path, mode: u32, group: Option<Gid>) -> io::Result<UnixListener> {
    let address = SockAddr::unix(path)?;
    remove_stale(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&address)?;
    // Nobody can connect before `listen`, so nobody gets in before the permissions are right.
    fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    if let Some(group) = group {
        chown(path, None, Some(group))?;
    }
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Removes a socket that nobody answers on, left behind by a process that was killed.
fn remove_stale(path: &Path) -> io::Result<()> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !found.file_type().is_socket() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    // Without blocking: a socket whose queue is full would be waited for.
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

        let refused = listen_unix(&path, 0o600, None).expect_err("somebody listens there");

        assert_eq!(refused.kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn an_address_is_taken_once() {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let first = listen_tcp(address).expect("a port is free");
        let taken = first.local_addr().expect("it has an address");

        let second = listen_tcp(taken).expect_err("somebody listens there");

        assert_eq!(second.kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn a_socket_has_its_permissions_and_is_replaced_only_when_nobody_answers() {
        let dir = tempfile::tempdir().expect("the directory can be made");
        let path = dir.path().join("a.sock");
        let abandoned = listen_unix(&path, 0o666, None).expect("nothing is there");
        drop(abandoned);

        let living = listen_unix(&path, 0o640, None).expect("nobody answers");
        let refused = listen_unix(&path, 0o600, None).expect_err("somebody answers");

        assert_eq!(refused.kind(), io::ErrorKind::AddrInUse);
        let mode = fs::metadata(&path).expect("it is there").permissions();
        assert_eq!(mode.mode() & 0o777, 0o640);
        assert!(UnixStream::connect(&path).is_ok());
        drop(living);
    }

    #[test]
    fn a_file_that_is_no_socket_stays() {
        let dir = tempfile::tempdir().expect("the directory can be made");
        let path = dir.path().join("a.sock");
        fs::write(&path, "precious").expect("the directory can be written");

        let refused = listen_unix(&path, 0o600, None).expect_err("a file is there");

        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "precious");
    }

    #[test]
    fn a_path_of_the_longest_length_is_taken_and_a_longer_one_is_not() {
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
