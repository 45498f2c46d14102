//! Ports for temporary servers.
//!
//! A free port may be taken before a server binds it: by another test process, or by the system for an outgoing connection. A
//! port is therefore reserved by a lock that all test processes respect, in a range that the system does not use for outgoing
//! connections.

use std::{
    fs::File,
    net::{Ipv4Addr, TcpListener},
    ops::Range,
    sync::atomic::{AtomicU32, Ordering},
};

use rustix::fs::{FlockOperation, flock};

/// Below the default range of `net.ipv4.ip_local_port_range`, which starts at 32768.
const RANGE: Range<u16> = 20_000..32_000;

/// A TCP port of the loopback address that no other test uses while this value exists.
#[derive(Debug)]
pub struct ReservedPort {
    number: u16,
    /// Closing the file releases the lock.
    _lock: File,
}

impl ReservedPort {
    /// Reserves a free port.
    ///
    /// # Panics
    ///
    /// Panics if there is none, or if the directory of the locks is not writable.
    #[must_use]
    pub fn new() -> Self {
        static TAKEN: AtomicU32 = AtomicU32::new(0);
        let user = rustix::process::geteuid().as_raw();
        let locks = std::env::temp_dir().join(format!("outrigger-test-ports-{user}"));
        std::fs::create_dir_all(&locks).expect("the temporary directory is writable");
        let size = u32::from(RANGE.end - RANGE.start);
        // Processes start at different offsets, so that they rarely try the same port.
        let first = std::process::id().wrapping_mul(97);
        for _ in 0..size {
            let offset = first.wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed)) % size;
            let number =
                RANGE.start + u16::try_from(offset).expect("the offset is within the range");
            let lock =
                File::create(locks.join(number.to_string())).expect("the directory is writable");
            let is_ours = flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok();
            if is_ours && TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok() {
                return Self {
                    number,
                    _lock: lock,
                };
            }
        }
        panic!("every port from {RANGE:?} is in use");
    }

    /// Returns the port number.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.number
    }
}

impl Default for ReservedPort {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserved_port_is_not_reserved_twice_and_can_be_bound() {
        let ports: Vec<_> = (0..20).map(|_| ReservedPort::new()).collect();

        let mut numbers: Vec<_> = ports.iter().map(ReservedPort::number).collect();
        numbers.sort_unstable();
        numbers.dedup();

        assert_eq!(numbers.len(), 20);
        for number in numbers {
            assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok());
        }
    }
}
