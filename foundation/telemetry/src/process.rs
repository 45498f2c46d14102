//! What the process uses of the machine.

use std::{fs, path::Path, time::Duration};

use rustix::{
    process::{Resource, getrlimit},
    time::{ClockId, clock_gettime},
};

/// What the process uses of the machine at one moment. What the system does not tell is none, and nobody should mistake it
/// for zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProcessUse {
    /// Resident memory in bytes.
    pub resident_bytes: Option<u64>,
    /// Processor time used so far, of all threads, in user and kernel mode.
    pub cpu: Option<Duration>,
    /// Open files and sockets.
    pub open_files: Option<u64>,
    /// How many may be open; none also where there is no limit.
    pub open_files_max: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
}

impl ProcessUse {
    /// Asks the system about this process. Takes some ten microseconds, and more with thousands of open files.
    #[must_use]
    pub fn read() -> Self {
        Self {
            cpu: cpu_time(),
            open_files_max: getrlimit(Resource::Nofile).current,
            ..Self::read_proc(Path::new("/proc/self"))
        }
    }

    /// The part that is read from the files of `/proc`.
    fn read_proc(directory: &Path) -> Self {
        let status = fs::read_to_string(directory.join("status")).unwrap_or_default();
        // Listing the directory opens one file more than the process has.
        let open_files = fs::read_dir(directory.join("fd"))
            .ok()
            .map(|entries| (entries.count() as u64).saturating_sub(1));
        Self {
            resident_bytes: number_of(&status, "VmRSS:").map(|kib| kib * 1024),
            threads: number_of(&status, "Threads:"),
            open_files,
            ..Self::default()
        }
    }
}

fn cpu_time() -> Option<Duration> {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Some(Duration::new(
        u64::try_from(time.tv_sec).ok()?,
        u32::try_from(time.tv_nsec).ok()?,
    ))
}

/// The number in a line such as `VmRSS:      1234 kB`.
fn number_of(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with(name))?;
    line[name.len()..].split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_from_the_files_of_proc() {
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

        assert_eq!(read.resident_bytes, Some(2 << 20));
        assert_eq!(read.threads, Some(7));
        assert_eq!(read.open_files, Some(3));
    }

    #[test]
    fn where_there_is_no_proc_there_are_no_figures() {
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
