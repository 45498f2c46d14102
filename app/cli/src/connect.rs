//! Selects where a command sends its requests: another host, the server on the data directory, or the router in this process.

use std::{
    io,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::TryStreamExt;
use http::{Request, Response};
use outrigger_client::{Client, ClientError, Pieces, Transport, TransportError};
use outrigger_config::Environment;
use outrigger_server::{Body, DataDir, InProcess, LoadOptions, Loaded};
use outrigger_stdx::Secret;

use crate::{answer::Answer, error::CliError, global::Global};

/// The environment variable with the token for `--url`. A flag would be visible in the list of processes.
const TOKEN: &str = "OUTRIGGER_TOKEN";

/// Where a command that works without a server does its work, with the address or the data directory for people.
#[derive(Debug)]
pub(crate) enum Place {
    /// In the server at this address or on this data directory.
    Server(String),
    /// In this process, which opened this data directory because no server runs on it.
    Here(String),
}

/// Finds the server for a command.
#[derive(Debug)]
pub(crate) struct Connector<'a> {
    global: &'a Global,
    environment: &'a Environment,
}

impl<'a> Connector<'a> {
    pub(crate) fn new(global: &'a Global, environment: &'a Environment) -> Self {
        Self {
            global,
            environment,
        }
    }

    /// Loads the configuration from the command line, the environment and the file.
    pub(crate) fn load(&self) -> Result<Loaded, CliError> {
        outrigger_server::load(LoadOptions {
            config_file: self.global.config.clone(),
            sets: self.global.sets.clone(),
            data_dir: self.global.data_dir.clone(),
            environment: self.environment.clone(),
        })
        .map_err(CliError::Config)
    }

    /// Returns a client for the server at `--url`, or for the one that runs on the data directory.
    pub(crate) fn server(&self) -> Result<Client, CliError> {
        if let Some(remote) = self.remote()? {
            return Ok(remote);
        }
        let loaded = self.load()?;
        let data_dir = data_dir(&loaded);
        if let Some(client) = local(&data_dir)? {
            return Ok(client);
        }
        DataDir::require(&data_dir).map_err(CliError::Start)?;
        Err(CliError::NoLocalServer { data_dir })
    }

    /// Runs `work` with the running server, or with the router in this process if no server runs on the data directory.
    pub(crate) async fn with_server_or_here(
        &self,
        work: impl AsyncFnOnce(&Client, &Place) -> Result<Answer, CliError>,
    ) -> Result<Answer, CliError> {
        if let Some(remote) = self.remote()? {
            let place = Place::Server(remote.address());
            return work(&remote, &place).await;
        }
        let loaded = self.load()?;
        let shown = std::path::absolute(data_dir(&loaded)).unwrap_or_else(|_| data_dir(&loaded));
        let shown = shown.display().to_string();
        if let Some(client) = local(&data_dir(&loaded))? {
            return work(&client, &Place::Server(shown)).await;
        }
        let here = Arc::new(Here(
            InProcess::open(&loaded).await.map_err(CliError::Start)?,
        ));
        let client = Client::over(Arc::<Here>::clone(&here));
        let outcome = work(&client, &Place::Here(shown)).await;
        drop(client);
        if let Some(Here(router)) = Arc::into_inner(here) {
            router.close().await;
        }
        outcome
    }

    /// Returns a client for the server whose configuration is in effect: the one at `--url`, or the one on the data directory.
    /// `None` if no server runs there, or if `--set` or `--config` ask about another configuration.
    pub(crate) fn running(&self) -> Result<Option<Client>, CliError> {
        if let Some(remote) = self.remote()? {
            return Ok(Some(remote));
        }
        if !self.global.sets.is_empty() || self.global.config.is_some() {
            return Ok(None);
        }
        local(&data_dir(&self.load()?))
    }

    fn remote(&self) -> Result<Option<Client>, CliError> {
        let Some(url) = &self.global.url else {
            return Ok(None);
        };
        let token = self
            .environment
            .get(TOKEN)
            .map(|token| Secret::new(token.trim().to_owned()));
        match Client::tcp(url, token.as_ref()) {
            Ok(client) => Ok(Some(client)),
            Err(error @ ClientError::Token) => Err(CliError::WrongUse {
                message: error.to_string(),
                hint: Some(format!(
                    "set `{TOKEN}` to the token that `outrigger token create` printed"
                )),
            }),
            Err(error) => Err(error.into()),
        }
    }
}

fn data_dir(loaded: &Loaded) -> PathBuf {
    loaded.config.server.data_dir.clone()
}

/// Returns a client for the server on `data_dir`, or `None` if nothing accepts connections there. After a crash, the socket
/// remains but accepts no connections.
fn local(data_dir: &Path) -> Result<Option<Client>, CliError> {
    let socket = data_dir.join("control.sock");
    match UnixStream::connect(&socket) {
        Ok(_) => Ok(Some(Client::unix(socket))),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(CliError::NotYours { socket })
        }
        Err(_) => Ok(None),
    }
}

/// The router in this process.
struct Here(InProcess);

#[async_trait]
impl Transport for Here {
    fn address(&self) -> String {
        "this process".to_owned()
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let (head, pieces) = self.stream(request.map(Pieces::from)).await?.into_parts();
        Ok(Response::from_parts(
            head,
            pieces.collect(usize::MAX).await?,
        ))
    }

    async fn stream(&self, request: Request<Pieces>) -> Result<Response<Pieces>, TransportError> {
        let request = request.map(|pieces| Body::from_stream(pieces.into_stream()));
        let answer = self.0.request(request).await;
        Ok(answer.map(|body| {
            let failed = |error| TransportError::Exchange(Box::new(error));
            Pieces::new(body.into_data_stream().map_err(failed))
        }))
    }
}
