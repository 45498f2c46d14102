//! From a configuration to a running process, and to its end.
//!
//! The order of starting is the order in which things can fail because of the environment: data directory, logs, listeners,
//! stores. Only then does the first service run, and only then is anything printed, so that whoever reads the banner can use
//! what it names. The order of stopping is [`Phase`](outrigger_supervisor::Phase)'s.

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

/// Runs the server until it is told to stop, and prints a banner once it can be used. Blocks; brings its own runtime.
///
/// # Errors
///
/// Why it did not start, [`StartError::Stopped`], or [`StartError::Interrupted`].
pub fn serve(loaded: &Loaded, banner: BannerFor) -> Result<(), StartError> {
    let runtime = outrigger_supervisor::main_runtime().map_err(StartError::System)?;
    let outcome = runtime.block_on(run(loaded, banner));
    // After a second signal nothing is waited for.
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
    // Before anything is bound or opened, so that a signal that comes early is not lost.
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
    // Somebody else may be migrating the same data, for as long as that takes.
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
                    tracing::warn!("told to stop a second time; ending at once");
                    return Err(StartError::Interrupted);
                }
                Some(Signal::Stop) | None => {
                    tracing::info!("stopping; a second signal ends it at once");
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
            tracing::warn!("told to stop a second time while closing; ending at once");
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
    // Nobody may be reading; that is no reason to stop.
    let _ = std::io::stdout()
        .write_all(text.as_bytes())
        .and_then(|()| std::io::stdout().flush());
    Ok(())
}

/// The API without listeners, under the data directory's lock: for commands that run while no server does.
pub struct InProcess {
    server: Server,
    _data_dir: DataDir,
}

impl InProcess {
    /// Opens the stores of a data directory that exists.
    ///
    /// # Errors
    ///
    /// [`StartError::NoData`] when there is none, or why its stores cannot be opened; among others because a server owns them.
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

    /// Answers a request as the control socket would. Both bodies go piece by piece.
    pub async fn request(&self, request: Request<Body>) -> Response<Body> {
        self.server.api.respond(request, Peer::Control).await
    }

    /// Closes the stores.
    pub async fn close(self) {
        self.server.close().await;
    }
}
