//! Reads small text files that a person names: the configuration file and the files with single values.
//!
//! A pipe is accepted, because shells pass generated files as one: `--config <(make-config)`. To open or read a FIFO can block
//! forever, so the file is opened without blocking, and the wait for its content is limited.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read},
    os::unix::fs::{FileTypeExt, OpenOptionsExt},
    path::Path,
    time::Duration,
};

use outrigger_stdx::{Clock, Monotonic, SystemClock};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// The maximum size of a file in bytes.
const SIZE_MAX: u64 = 1 << 20;
/// The maximum time for the content of a pipe to arrive.
const PIPE_TIMEOUT: Duration = Duration::from_secs(5);

/// Reads a file of at most 1 MiB. The content of a pipe must arrive within 5 seconds.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    let no_wait = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(no_wait)
        .open(path)?;
    let kind = file.metadata()?.file_type();
    let mut bytes = Vec::new();
    if kind.is_file() {
        file.take(SIZE_MAX + 1).read_to_end(&mut bytes)?;
    } else if kind.is_fifo() {
        read_pipe(&file, &mut bytes)?;
    } else {
        return Err(invalid("it is neither a regular file nor a pipe"));
    }
    if bytes.len() as u64 > SIZE_MAX {
        return Err(invalid("it is larger than 1 MiB"));
    }
    String::from_utf8(bytes).map_err(|_| invalid("it is not UTF-8 text"))
}

fn read_pipe(file: &File, bytes: &mut Vec<u8>) -> io::Result<()> {
    let clock = SystemClock::shared();
    let deadline = clock.monotonic() + PIPE_TIMEOUT;
    let mut reader = file.take(SIZE_MAX + 1);
    loop {
        match reader.read_to_end(bytes) {
            // Without a writer, a pipe looks like one that has ended.
            Ok(_) if bytes.is_empty() => {
                return Err(invalid("it is a pipe, and nothing was written to it"));
            }
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        if !wait(file, deadline, &*clock)? {
            return Err(invalid(
                "it is a pipe, and its content did not arrive within 5 seconds",
            ));
        }
    }
}

/// Waits until the pipe can be read or has ended. Returns whether that happened before the deadline.
fn wait(file: &File, deadline: Monotonic, clock: &dyn Clock) -> io::Result<bool> {
    let left = deadline.saturating_since(clock.monotonic());
    if left.is_zero() {
        return Ok(false);
    }
    let left = Timespec::try_from(left).map_err(io::Error::other)?;
    let mut files = [PollFd::new(file, PollFlags::IN)];
    match poll(&mut files, Some(&left)) {
        Ok(ready) => Ok(ready > 0),
        Err(rustix::io::Errno::INTR) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

fn invalid(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}
