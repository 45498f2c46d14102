//! Starts and stops the server.
//!
//! The steps that can fail because of the environment come first: data directory, logs, listeners, stores. Then the services
//! start and the banner is printed, so that everything in the banner works when it appears. Services stop in the order of
//! [`Phase`](outrigger_supervisor::Phase).

use std::{io::Write, sync::Arc};

use http::{Request, Response};
use outrigger_http_api::{Body, Peer};
use outrigger_stdx::{Clock, SystemClock};
use outrigger_supervisor::{CancellationToken, Signal, Supervisor, signals};
use outrigger_telemetry::{Log, LogHandle};
use tokio::sync::mpsc;

use crate::{
    BannerFor, DataDir, Loaded, StartError, banner,
    own_command::OwnCommand,
    wiring::{
        Listeners, ProcessContext, Server,
        access::{self, FirstLogin},
    },
};

/// Runs the server until a signal stops it, and prints a banner when it is ready. Blocks; starts its own runtime.
///
/// # Errors
///
/// The reason why it did not start, [`StartError::Stopped`], or [`StartError::Interrupted`].
pub fn serve(loaded: &Loaded, banner: BannerFor) -> Result<(), StartError> {
    let runtime = outrigger_supervisor::main_runtime().map_err(StartError::System)?;
    let outcome = runtime.block_on(run(loaded, banner));
    // After a second signal, nothing is awaited.
    runtime.shutdown_background();
    outcome
}

async fn run(loaded: &Loaded, banner: BannerFor) -> Result<(), StartError> {
    let config = &loaded.config;
    let clock = SystemClock::shared();
    let data_dir = DataDir::open(&config.server.data_dir)?;
    let log = Log::start(
        &config.log,
        data_dir.path(),
        loaded.colour(),
        Arc::clone(&clock),
    )
    .map_err(|error| StartError::part("the log", error.kind(), error.hint(), error))?;
    for warning in loaded.warnings() {
        tracing::warn!("the configuration has a value that is ignored: {warning}");
    }
    // Before anything is bound or opened, so that no early signal is lost.
    let mut signals = signals().map_err(StartError::System)?;
    let listeners = Listeners::bind(config, &data_dir)?;
    let mut supervisor = Supervisor::new(Arc::clone(&clock));
    let context = ProcessContext {
        http_address: listeners.http_address,
        listeners: listeners.shown.clone(),
        redis: Some(listeners.redis),
        services: supervisor.handle(),
        log: Some(log.handle()),
    };
    // Another process may be migrating the same data, which can take long.
    let mut server = tokio::select! {
        server = Server::build(loaded, &data_dir, Arc::clone(&clock), context) => server?,
        () = told_to_stop(&mut signals) => return Err(StartError::Stopped),
    };
    server.add_services(&mut supervisor, listeners.http, config)?;
    print_banner(&server, loaded, &data_dir, &listeners.shown, banner).await?;
    server.history.note_start();

    let stop = CancellationToken::new();
    let mut running =
        std::pin::pin!(supervisor.run(stop.clone(), config.server.shutdown_grace.get()));
    loop {
        tokio::select! {
            () = &mut running => break,
            signal = signals.recv() => match signal {
                Some(Signal::Reopen) => reopen(&log.handle()),
                Some(Signal::Stop) if stop.is_cancelled() => {
                    tracing::warn!("second signal: ending immediately");
                    return Err(StartError::Interrupted);
                }
                Some(Signal::Stop) | None => {
                    tracing::info!("stopping; a second signal ends the process immediately");
                    server.history.note_stop();
                    stop.cancel();
                }
            },
        }
    }
    tracing::info!("closing the stores");
    tokio::select! {
        () = server.close() => {
            tracing::info!("stopped");
            Ok(())
        }
        () = told_to_stop(&mut signals) => {
            tracing::warn!("second signal while closing the stores: ending immediately");
            Err(StartError::Interrupted)
        }
    }
}

async fn told_to_stop(signals: &mut mpsc::Receiver<Signal>) {
    while signals.recv().await == Some(Signal::Reopen) {}
}

fn reopen(log: &LogHandle) {
    log.reopen();
    tracing::info!("log files were reopened");
}

async fn print_banner(
    server: &Server,
    loaded: &Loaded,
    data_dir: &DataDir,
    listeners: &[outrigger_api_types::status::Listener],
    reader: BannerFor,
) -> Result<(), StartError> {
    let dashboard = format!("{}/admin/production/", server.api.base_url());
    let (link, without_link) = match access::first_login_link(&server.access).await? {
        FirstLogin::NotNeeded => (None, None),
        FirstLogin::Link(link) => (Some(server.api.login_link_url(&link)), None),
        FirstLogin::Impossible(reason) => (None, Some(reason)),
    };
    let facts = banner::Banner {
        server: &loaded.config.server.identity(),
        version: env!("CARGO_PKG_VERSION"),
        data_dir: &data_dir.path().display().to_string(),
        listeners,
        dashboard: &dashboard,
        login_link: link.as_deref(),
        without_link: without_link.as_deref(),
        command: &OwnCommand::new(&loaded.config.server, data_dir.path()),
    };
    let text = match reader {
        BannerFor::People => banner::render(&facts),
        BannerFor::Programs => banner::render_json(&facts),
    };
    tracing::info!(version = env!("CARGO_PKG_VERSION"), data_dir = %data_dir.path().display(), "started");
    // Standard output may be closed. The server works without it.
    let _ = std::io::stdout()
        .write_all(text.as_bytes())
        .and_then(|()| std::io::stdout().flush());
    Ok(())
}

/// The API without listeners, under the lock of the data directory, for commands that run while no server runs.
pub struct InProcess {
    server: Server,
    _data_dir: DataDir,
}

impl InProcess {
    /// Opens the stores of a data directory that exists.
    ///
    /// # Errors
    ///
    /// [`StartError::NoData`] if there is none, or the reason why its stores cannot be opened, such as a server that owns them.
    pub async fn open(loaded: &Loaded) -> Result<Self, StartError> {
        let clock: Arc<dyn Clock> = SystemClock::shared();
        let data_dir = DataDir::open_existing(&loaded.config.server.data_dir)?;
        let context = ProcessContext {
            http_address: loaded.config.http.listen,
            listeners: Vec::new(),
            redis: None,
            services: Supervisor::new(Arc::clone(&clock)).handle(),
            log: None,
        };
        let server = Server::build(loaded, &data_dir, clock, context).await?;
        Ok(Self {
            server,
            _data_dir: data_dir,
        })
    }

    /// Handles a request like the control socket. Both bodies are streamed.
    pub async fn request(&self, request: Request<Body>) -> Response<Body> {
        self.server.api.respond(request, Peer::Control).await
    }

    /// Closes the stores.
    pub async fn close(self) {
        self.server.close().await;
    }
}
