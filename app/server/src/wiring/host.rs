//! The process and its machine as a part of the server: data directory, disk space, open files, public URL.

use std::os::unix::fs::PermissionsExt;

use async_trait::async_trait;
use outrigger_api_types::status::DoctorCheck;
use outrigger_history::{Report, Severity};
use outrigger_stdx::ByteSize;
use outrigger_supervisor::SupervisorHandle;
use outrigger_telemetry::{CounterRate, ProcessUse};

use crate::{
    Config,
    data_dir::{FormerOwner, Place},
    doctor::{advice, fail, ok},
    folder,
    part::{Part, Sampler},
};

/// The minimum free space on the data directory's disk. With less, writes fail soon.
const FREE_MIN: ByteSize = ByteSize::mib(256);
/// The minimum limit of open files. With less, a busy Redis port runs out of them.
const FILES_MIN: u64 = 4096;

const MOVED_FIX: &str = "stop the server, move its data directory back, and start it again";

/// The process and its machine.
pub(crate) struct Host {
    pub(crate) place: Place,
    pub(crate) former_owner: Option<FormerOwner>,
    pub(crate) services: SupervisorHandle,
    pub(crate) config: Config,
}

#[async_trait]
impl Part for Host {
    fn sampler(&self) -> Option<Sampler> {
        let mut cpu = CounterRate::default();
        Some(Box::new(move |now, sample| {
            let used = ProcessUse::read();
            sample.set_some(
                "process_resident_bytes",
                used.resident_bytes.map(|bytes| bytes as f64),
            );
            let micros = used
                .cpu
                .and_then(|used| u64::try_from(used.as_micros()).ok());
            let rate = micros.and_then(|micros| cpu.per_second(now, micros));
            sample.set_some("process_cpu_ratio", rate.map(|micros| micros / 1e6));
        }))
    }

    async fn problems(&self) -> Vec<Report> {
        let moved = self.place.has_changed().then(|| Report {
            code: "data_dir_moved",
            object: None,
            capability: "server",
            severity: Severity::Error,
            title: "The data directory was moved or replaced while the server was running"
                .to_owned(),
            detail: self.moved(),
            fix: MOVED_FIX.to_owned(),
            page: "/",
            guide: None,
            occurrences: None,
        });
        let failed = self
            .services
            .statuses()
            .into_iter()
            .filter(|service| service.restarts > 0)
            .map(|service| Report {
                code: "service_failed",
                capability: "server",
                severity: Severity::Error,
                title: format!("The background service {} failed", service.name),
                detail: format!(
                    "{}; it is restarted each time",
                    service
                        .last_error
                        .as_deref()
                        .unwrap_or("there is no error message")
                ),
                fix: format!("search the logs for `{}`", service.name),
                page: "/",
                guide: None,
                occurrences: Some(service.restarts),
                object: Some(service.name.into_owned()),
            });
        moved.into_iter().chain(failed).collect()
    }

    async fn checks(&self) -> Vec<DoctorCheck> {
        let mut checks = vec![
            self.data_dir(),
            self.free_space(),
            self.open_files(),
            self.public_url(),
        ];
        checks.extend(self.key_file());
        checks
    }
}

impl Host {
    fn moved(&self) -> String {
        format!(
            "{} is not the directory that this server opened at the start",
            self.place.path.display()
        )
    }

    fn data_dir(&self) -> DoctorCheck {
        const NAME: &str = "data directory";
        let path = self.place.path.display();
        if self.place.has_changed() {
            return fail(NAME, self.moved(), MOVED_FIX);
        }
        if let Some(former) = &self.former_owner {
            let (pid, lock) = (former.pid, former.lock.display());
            return fail(
                NAME,
                format!(
                    "process {pid} opened this data before it was moved or copied, and is still running with {lock}"
                ),
                format!("stop process {pid} before you start a server here"),
            );
        }
        match std::fs::metadata(&self.place.path) {
            Ok(metadata) if metadata.permissions().mode() & 0o077 == 0 => {
                ok(NAME, format!("{path}, accessible only to this user"))
            }
            Ok(metadata) => {
                let mode = metadata.permissions().mode() & 0o777;
                advice(
                    NAME,
                    format!("{path} has mode {mode:o}, so other users can read it"),
                    format!("run `chmod 700 {path}`"),
                )
            }
            Err(error) => fail(
                NAME,
                format!("{path}: {error}"),
                "make it readable by the user that runs Outrigger",
            ),
        }
    }

    /// Returns advice if other users have access to the key file. A file that they can read is refused at the start.
    fn key_file(&self) -> Option<DoctorCheck> {
        if self.config.crypto.key.is_some() {
            return None;
        }
        let shared = folder::shared_with(&self.config.crypto.keyring(&self.place.path))?;
        Some(advice("key file", shared.detail, shared.fix))
    }

    fn free_space(&self) -> DoctorCheck {
        const NAME: &str = "disk space";
        let Some((free, all)) = folder::room(&self.place.path) else {
            return advice(
                NAME,
                "the system does not report the free space",
                "check it manually",
            );
        };
        let gib = |bytes: u64| bytes as f64 / f64::from(1 << 30);
        let detail = format!("{:.1} GiB free of {:.1} GiB", gib(free), gib(all));
        if free < FREE_MIN.as_u64() {
            return fail(
                NAME,
                detail,
                format!("free some disk space; with less than {FREE_MIN}, writes fail soon"),
            );
        }
        ok(NAME, detail)
    }

    fn open_files(&self) -> DoctorCheck {
        const NAME: &str = "open files";
        let used = ProcessUse::read();
        let wanted = u64::from(self.config.redis.connections_max).max(FILES_MIN);
        match used.open_files_max {
            Some(limit) if limit < wanted => advice(
                NAME,
                format!("the limit is {limit}, but up to {wanted} connections are allowed"),
                "raise the limit (`LimitNOFILE=` in the systemd unit, `ulimit -n` in a shell)",
            ),
            Some(limit) => ok(NAME, format!("the limit is {limit}")),
            None => ok(NAME, "no limit"),
        }
    }

    fn public_url(&self) -> DoctorCheck {
        const NAME: &str = "public address";
        match &self.config.http.public_url {
            Some(url) if url.starts_with("https://") => ok(NAME, url.clone()),
            Some(url) => advice(
                NAME,
                format!("{url} is not encrypted"),
                "serve HTTPS with the proxy, and set `[http] public_url` to that URL",
            ),
            None => ok(NAME, "none; links use the listener's address"),
        }
    }
}
