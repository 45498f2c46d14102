//! The process's use of system resources.

use std::{fs, path::Path, time::Duration};

use rustix::{
    process::{Resource, getrlimit},
    time::{ClockId, clock_gettime},
};

/// The process's use of system resources at one point in time. A value that the system does not provide is `None`, never
/// zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProcessUse {
    /// Resident memory in bytes.
    pub resident_bytes: Option<u64>,
    /// Processor time of all threads so far, in user and kernel mode.
    pub cpu: Option<Duration>,
    /// The maximum number of open files and sockets; `None` also if there is no limit.
    pub open_files_max: Option<u64>,
    /// The number of threads.
    pub threads: Option<u64>,
}

impl ProcessUse {
    /// Reads the values of this process from the system. Takes some ten microseconds.
    #[must_use]
    pub fn read() -> Self {
        Self {
            cpu: cpu_time(),
            open_files_max: getrlimit(Resource::Nofile).current,
            ..Self::read_proc(Path::new("/proc/self"))
        }
    }

    /// Reads the values in `/proc`.
    fn read_proc(directory: &Path) -> Self {
        let status = fs::read_to_string(directory.join("status")).unwrap_or_default();
        Self {
            resident_bytes: number_of(&status, "VmRSS:").map(|kib| kib * 1024),
            threads: number_of(&status, "Threads:"),
            ..Self::default()
        }
    }
}

/// Returns the number of open files and sockets of this process, or `None` if the system does not list them.
///
/// Older kernels provide only the list, which takes milliseconds with ten thousand connections, so this runs on the
/// blocking thread pool.
pub async fn open_files() -> Option<u64> {
    outrigger_supervisor::blocking(count_open_files).await
}

/// Like [`open_files`], but on the current thread.
pub(crate) fn count_open_files() -> Option<u64> {
    files_in(Path::new("/proc/self/fd"))
}

fn files_in(directory: &Path) -> Option<u64> {
    // Listing the directory opens one more file.
    let entries = fs::read_dir(directory).ok()?;
    Some((entries.count() as u64).saturating_sub(1))
}

fn cpu_time() -> Option<Duration> {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Some(Duration::new(
        u64::try_from(time.tv_sec).ok()?,
        u32::try_from(time.tv_nsec).ok()?,
    ))
}

/// Parses the number in a line such as `VmRSS:      1234 kB`.
fn number_of(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with(name))?;
    line[name.len()..].split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_from_proc() {
        let directory = tempfile::tempdir().expect("a directory can be made");
        fs::write(
            directory.path().join("status"),
            "Name:\toutrigger\nVmPeak:\t  9000 kB\nVmRSS:\t    2048 kB\nThreads:\t7\n",
        )
        .expect("the file can be written");
        fs::create_dir(directory.path().join("fd")).expect("the directory can be made");
        for number in ["0", "1", "2", "3"] {
            fs::write(directory.path().join("fd").join(number), "").expect("it can be written");
        }

        let read = ProcessUse::read_proc(directory.path());
        let open_files = files_in(&directory.path().join("fd"));

        assert_eq!(read.resident_bytes, Some(2 << 20));
        assert_eq!(read.threads, Some(7));
        assert_eq!(open_files, Some(3));
    }

    #[test]
    fn without_proc_the_values_are_none() {
        let read = ProcessUse::read_proc(Path::new("/nowhere"));

        assert_eq!(read, ProcessUse::default());
    }

    #[test]
    fn a_running_process_has_used_the_processor() {
        assert!(
            ProcessUse::read()
                .cpu
                .is_some_and(|cpu| cpu > Duration::ZERO)
        );
    }
}
