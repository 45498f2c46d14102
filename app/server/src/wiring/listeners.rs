//! Binds the listeners before anything else starts, so that a port in use is reported as a start-up error.

use std::{io, net::SocketAddr, path::PathBuf};

use outrigger_api_types::status::Listener;
use outrigger_net::{listen_tcp, listen_unix};
use outrigger_redis_api::{RedisError, RedisListener};

use crate::{Config, DataDir, StartError};

/// The control socket's name in the data directory.
const CONTROL_SOCKET: &str = "control.sock";
/// Only the user of the process may open it, because its clients act as the owner.
const CONTROL_MODE: u32 = 0o600;

/// The bound listeners, before they are served.
pub(crate) struct Listeners {
    pub(crate) http: HttpSockets,
    pub(crate) redis: RedisListener,
    /// The listeners as shown in the banner and the status.
    pub(crate) shown: Vec<Listener>,
    pub(crate) http_address: SocketAddr,
}

/// The sockets of the HTTP API.
pub(crate) struct HttpSockets {
    pub(crate) tcp: std::net::TcpListener,
    pub(crate) control: std::os::unix::net::UnixListener,
    pub(crate) control_path: PathBuf,
}

impl Listeners {
    pub(crate) fn bind(config: &Config, data_dir: &DataDir) -> Result<Self, StartError> {
        let refuse = |key: &'static str, address: String| {
            move |error: io::Error| StartError::Listen {
                address,
                key,
                error,
            }
        };
        let tcp = listen_tcp(config.http.listen)
            .map_err(refuse("http.listen", config.http.listen.to_string()))?;
        let http_address = tcp.local_addr().map_err(StartError::System)?;
        let control_path = data_dir.socket(CONTROL_SOCKET.as_ref(), "server.data_dir")?;
        let control = listen_unix(&control_path, CONTROL_MODE, None).map_err(refuse(
            "server.data_dir",
            control_path.display().to_string(),
        ))?;
        let redis = RedisListener::bind(&config.redis, data_dir.path()).map_err(|error| {
            StartError::part(
                "the Redis listener",
                error.kind(),
                error.hint(),
                with_cause(error),
            )
        })?;
        let shown = shown(config, http_address, &redis, &control_path);
        Ok(Self {
            http: HttpSockets {
                tcp,
                control,
                control_path,
            },
            redis,
            shown,
            http_address,
        })
    }
}

/// A start-up error is one line, so the cause is part of its text.
fn with_cause(error: RedisError) -> Box<dyn std::error::Error + Send + Sync> {
    match std::error::Error::source(&error) {
        Some(cause) => format!("{error}: {cause}").into(),
        None => Box::new(error),
    }
}

fn shown(
    config: &Config,
    http: SocketAddr,
    redis: &RedisListener,
    control: &std::path::Path,
) -> Vec<Listener> {
    let tls = config.http.tls_cert.is_some();
    let scheme = if tls { "https" } else { "http" };
    let mut shown = vec![Listener {
        name: "http".to_owned(),
        address: http.to_string(),
        url: format!("{scheme}://{http}"),
        tls,
    }];
    if let Some(address) = redis.local_addr() {
        let tls = config.redis.tls_cert.is_some();
        let scheme = if tls { "rediss" } else { "redis" };
        let url = format!("{scheme}://{address}");
        shown.push(Listener {
            name: "redis".to_owned(),
            address: address.to_string(),
            url,
            tls,
        });
    }
    for (name, path) in [
        ("redis-socket", redis.socket_path()),
        ("control", Some(control)),
    ] {
        let Some(path) = path else { continue };
        let address = path.display().to_string();
        shown.push(Listener {
            name: name.to_owned(),
            url: format!("unix://{address}"),
            address,
            tls: false,
        });
    }
    shown
}
