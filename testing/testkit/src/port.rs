//! Ports for throw-away servers.
//!
//! A port that is free now may be taken when the server binds it: by another test process that looked at the same time, or
//! by any connection, to which the system gives a port of its own choice. So a port is reserved here by a lock that all test
//! processes respect, from a range that the system does not choose from.

use std::{
    fs::File,
    net::{Ipv4Addr, TcpListener},
    ops::Range,
    sync::atomic::{AtomicU32, Ordering},
};

use rustix::fs::{FlockOperation, flock};

/// Below the range of `net.ipv4.ip_local_port_range`, which begins at 32768.
const RANGE: Range<u16> = 20_000..32_000;

/// A TCP port of the loopback address that no other test uses while this value exists, whether somebody listens on it or not.
#[derive(Debug)]
pub struct ReservedPort {
    number: u16,
    /// The lock ends with the file.
    _lock: File,
}

impl ReservedPort {
    /// Reserves a port that nobody listens on.
    ///
    /// # Panics
    ///
    /// When there is none, or the folder of the locks cannot be written.
    #[must_use]
    pub fn new() -> Self {
        static TAKEN: AtomicU32 = AtomicU32::new(0);
        let user = rustix::process::geteuid().as_raw();
        let locks = std::env::temp_dir().join(format!("outrigger-test-ports-{user}"));
        std::fs::create_dir_all(&locks).expect("the folder of temporary files can be written");
        let size = u32::from(RANGE.end - RANGE.start);
        // Processes begin at different places, so that they rarely ask for the same port.
        let first = std::process::id().wrapping_mul(97);
        for _ in 0..size {
            let offset = first.wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed)) % size;
            let number = RANGE.start + u16::try_from(offset).expect("the range is one of ports");
            let lock = File::create(locks.join(number.to_string())).expect("the folder is ours");
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

    /// The port.
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
