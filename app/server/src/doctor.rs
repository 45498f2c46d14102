//! Looks for what is wrong, or could be better. It probes nothing that was not configured.

use std::{net::SocketAddr, os::unix::fs::PermissionsExt};

use outrigger_api_types::status::{DoctorCheck, DoctorReport, DoctorResult};
use outrigger_stdx::ByteSize;

use crate::{folder, process::ServerProcess};

/// Below this much room on the data directory's disk something will fail soon.
const ROOM_MIN: ByteSize = ByteSize::mib(256);
/// Below this many files a busy Redis port runs out of them.
const FILES_MIN: u64 = 4096;

/// Makes every check.
pub(crate) async fn examine(process: &ServerProcess) -> DoctorReport {
    let mut checks = vec![
        data_dir_mode(process),
        disk_room(process),
        store(process).await,
        open_files(process),
    ];
    checks.push(owner(process).await);
    checks.push(redis_password(process));
    checks.push(public_url(process));
    checks.push(logs(process));
    DoctorReport { checks }
}

fn ok(name: &str, detail: impl Into<String>) -> DoctorCheck {
    DoctorCheck {
        name: name.to_owned(),
        result: DoctorResult::Ok,
        detail: detail.into(),
        fix: None,
    }
}

fn advice(name: &str, detail: impl Into<String>, fix: impl Into<String>) -> DoctorCheck {
    DoctorCheck {
        name: name.to_owned(),
        result: DoctorResult::Advice,
        detail: detail.into(),
        fix: Some(fix.into()),
    }
}

fn fail(name: &str, detail: impl Into<String>, fix: impl Into<String>) -> DoctorCheck {
    DoctorCheck {
        name: name.to_owned(),
        result: DoctorResult::Fail,
        detail: detail.into(),
        fix: Some(fix.into()),
    }
}

fn data_dir_mode(process: &ServerProcess) -> DoctorCheck {
    const NAME: &str = "data directory";
    let path = process.data_dir.display();
    match std::fs::metadata(&process.data_dir) {
        Ok(metadata) if metadata.permissions().mode() & 0o077 == 0 => {
            ok(NAME, format!("{path}, for this user only"))
        }
        Ok(metadata) => {
            let mode = metadata.permissions().mode() & 0o777;
            advice(
                NAME,
                format!("{path} has mode {mode:o}, so other users can look into it"),
                format!("run `chmod 700 {path}`"),
            )
        }
        Err(error) => fail(
            NAME,
            format!("{path}: {error}"),
            "make it readable for the user that runs Outrigger",
        ),
    }
}

fn disk_room(process: &ServerProcess) -> DoctorCheck {
    const NAME: &str = "room on the disk";
    let Some((free, all)) = folder::room(&process.data_dir) else {
        return advice(NAME, "the system does not tell", "check it by hand");
    };
    let gib = |bytes: u64| bytes as f64 / f64::from(1 << 30);
    let detail = format!("{:.1} GiB free of {:.1} GiB", gib(free), gib(all));
    if free < ROOM_MIN.as_u64() {
        return fail(
            NAME,
            detail,
            format!("make room: below {ROOM_MIN} writes will fail soon"),
        );
    }
    ok(NAME, detail)
}

async fn store(process: &ServerProcess) -> DoctorCheck {
    const NAME: &str = "store";
    if let Err(error) = process.store.ping().await {
        let fix = error
            .hint()
            .unwrap_or("check that it runs and can be reached");
        return fail(NAME, error.to_string(), fix);
    }
    match process.store.check_integrity().await {
        Ok(problems) if problems.is_empty() => {
            ok(NAME, "it answers, and its integrity check finds nothing")
        }
        Ok(problems) => fail(
            NAME,
            problems.join("; "),
            "stop, and restore the newest copy of the data directory",
        ),
        Err(error) => fail(NAME, error.to_string(), "look into the logs"),
    }
}

fn open_files(process: &ServerProcess) -> DoctorCheck {
    const NAME: &str = "open files";
    let used = outrigger_telemetry::ProcessUse::read();
    let wanted = u64::from(process.config.redis.connections_max).max(FILES_MIN);
    match used.open_files_max {
        Some(limit) if limit < wanted => advice(
            NAME,
            format!(
                "at most {limit} may be open, fewer than the {wanted} connections that are allowed"
            ),
            "raise the limit (`LimitNOFILE=` in the systemd unit, `ulimit -n` in a shell)",
        ),
        Some(limit) => ok(NAME, format!("at most {limit} may be open")),
        None => ok(NAME, "no limit"),
    }
}

async fn owner(process: &ServerProcess) -> DoctorCheck {
    const NAME: &str = "owner account";
    match process
        .access
        .owner()
        .await
        .map(|owner| owner.setup_required())
    {
        Ok(false) => ok(NAME, "it has an e-mail address and a password"),
        Ok(true) => advice(
            NAME,
            "it has no e-mail address and password yet",
            "run `outrigger admin link`, open what it prints and choose them",
        ),
        Err(error) => fail(NAME, error.to_string(), "look at the store first"),
    }
}

fn redis_password(process: &ServerProcess) -> DoctorCheck {
    const NAME: &str = "redis listener";
    let config = &process.config.redis;
    let beyond = config
        .listen
        .as_option()
        .filter(|address: &&SocketAddr| !address.ip().to_canonical().is_loopback());
    match beyond {
        Some(address) if config.tls_cert.is_none() => advice(
            NAME,
            format!(
                "{address} can be reached from other machines without TLS, so passwords can be read on the way"
            ),
            "set `[redis] tls_cert` and `tls_key`, or listen on a private network only",
        ),
        _ => ok(NAME, "only this machine can reach it, or it is encrypted"),
    }
}

fn public_url(process: &ServerProcess) -> DoctorCheck {
    const NAME: &str = "public address";
    match &process.config.http.public_url {
        Some(url) if url.starts_with("https://") => ok(NAME, url.clone()),
        Some(url) => advice(
            NAME,
            format!("{url} is not encrypted"),
            "let the proxy speak https, and say so in `[http] public_url`",
        ),
        None => ok(NAME, "none: links name the listener's own address"),
    }
}

fn logs(process: &ServerProcess) -> DoctorCheck {
    const NAME: &str = "logs";
    let Some(log) = &process.log else {
        return ok(NAME, "this process writes none");
    };
    match log.dropped() {
        0 => ok(
            NAME,
            log.dir().map_or_else(
                || "to standard error only".to_owned(),
                |dir| dir.display().to_string(),
            ),
        ),
        dropped => fail(
            NAME,
            format!("{dropped} lines were dropped since the start"),
            "make room where the logs are",
        ),
    }
}
