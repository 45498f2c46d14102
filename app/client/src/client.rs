//! The client: converts calls to requests, and responses to values or errors.

use std::{fmt, path::Path, sync::Arc};

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT},
};
use outrigger_api_types::{page::Page, problem::Problem};
use outrigger_stdx::Secret;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    ClientError, Pieces,
    transport::{Transport, TransportError, network::NetworkTransport},
};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");
const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("outrigger-client/", env!("CARGO_PKG_VERSION")));

/// The largest problem in bytes that is read from a refused streaming call.
const PROBLEM_MAX: usize = 64 << 10;
/// The number of items requested per page: the maximum of the API.
const PAGE: u32 = 500;

/// A client of the HTTP API. Cheap to clone; clones share the transport.
#[derive(Clone)]
pub struct Client {
    transport: Arc<dyn Transport>,
    authorization: Option<HeaderValue>,
}

impl Client {
    /// Creates a client for the control socket at `path`. It acts as the owner account `local`.
    ///
    /// It does not connect yet; the first call returns an error if there is no server.
    #[must_use]
    pub fn unix(path: impl AsRef<Path>) -> Self {
        Self::over(Arc::new(NetworkTransport::unix(path.as_ref())))
    }

    /// Creates a client for the server at `base_url`, such as `https://ops.example.com/outrigger`, that sends `token`.
    ///
    /// # Errors
    ///
    /// Returns [`ClientError::Address`] if the address is not an `http` or `https` URL, and [`ClientError::Token`] if the
    /// token cannot be sent in a header.
    pub fn tcp(base_url: &str, token: Option<&Secret>) -> Result<Self, ClientError> {
        let mut client = Self::over(Arc::new(NetworkTransport::tcp(base_url)?));
        if let Some(token) = token {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
                .map_err(|_| ClientError::Token)?;
            value.set_sensitive(true);
            client.authorization = Some(value);
        }
        Ok(client)
    }

    /// Creates a client with another transport, such as a router in the same process.
    #[must_use]
    pub fn over(transport: Arc<dyn Transport>) -> Self {
        Self {
            transport,
            authorization: None,
        }
    }

    /// Returns the address of the server, for display.
    #[must_use]
    pub fn address(&self) -> String {
        self.transport.address()
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        decode(&self.call(Method::GET, path, Bytes::new(), None).await?)
    }

    pub(crate) async fn get_bytes(&self, path: &str) -> Result<Bytes, ClientError> {
        let answer = self.call(Method::GET, path, Bytes::new(), None).await?;
        Ok(answer.into_body())
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        Ok(self.post_with_status(path, body).await?.1)
    }

    /// Sends a POST request whose successful responses differ in their status.
    pub(crate) async fn post_with_status<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<(StatusCode, T), ClientError> {
        let body = serde_json::to_vec(body).map_err(|source| ClientError::Encode { source })?;
        let answer = self
            .call(Method::POST, path, body.into(), Some(JSON))
            .await?;
        Ok((answer.status(), decode(&answer)?))
    }

    pub(crate) async fn put_bytes(&self, path: &str, value: Bytes) -> Result<(), ClientError> {
        self.call(Method::PUT, path, value, Some(BYTES)).await?;
        Ok(())
    }

    pub(crate) async fn delete(&self, path: &str) -> Result<(), ClientError> {
        self.call(Method::DELETE, path, Bytes::new(), None).await?;
        Ok(())
    }

    /// Returns all items of a list, page by page. The path may contain a query.
    pub(crate) async fn all<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, ClientError> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        let separator = if path.contains('?') { '&' } else { '?' };
        loop {
            let page: Page<T> = self
                .get(&format!("{path}{separator}limit={PAGE}{cursor}"))
                .await?;
            items.extend(page.items);
            match page.next {
                Some(next) => cursor = format!("&cursor={}", crate::key::encode(next.as_bytes())),
                None => return Ok(items),
            }
        }
    }

    /// Sends a GET request and streams the response.
    pub(crate) async fn get_pieces(&self, path: &str) -> Result<Pieces, ClientError> {
        let request = self.request(Method::GET, path, Bytes::new().into(), None)?;
        Ok(self.stream(request).await?.into_body())
    }

    /// Sends a PUT request with a streamed body.
    pub(crate) async fn put_pieces(&self, path: &str, body: Pieces) -> Result<(), ClientError> {
        let request = self.request(Method::PUT, path, body, Some(BYTES))?;
        self.stream(request).await?;
        Ok(())
    }

    /// Converts an error of the [`Pieces`] of a response of this client.
    #[must_use]
    pub fn explain_transport_error(&self, error: TransportError) -> ClientError {
        ClientError::from_transport(error, &*self.transport)
    }

    async fn stream(&self, request: Request<Pieces>) -> Result<Response<Pieces>, ClientError> {
        let failed = |error| self.explain_transport_error(error);
        let answer = self.transport.stream(request).await.map_err(failed)?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let (head, body) = answer.into_parts();
        let body = body.collect(PROBLEM_MAX).await.map_err(failed)?;
        Err(self.explain(&Response::from_parts(head, body)))
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        content_type: Option<HeaderValue>,
    ) -> Result<Response<Bytes>, ClientError> {
        let request = self.request(method, path, body, content_type)?;
        let answer = self
            .transport
            .send(request)
            .await
            .map_err(|error| ClientError::from_transport(error, &*self.transport))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        Err(self.explain(&answer))
    }

    fn request<B>(
        &self,
        method: Method,
        path: &str,
        body: B,
        content_type: Option<HeaderValue>,
    ) -> Result<Request<B>, ClientError> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(ACCEPT, "application/json, application/problem+json, */*")
            .header(USER_AGENT, AGENT)
            .body(body)
            .map_err(|source| ClientError::Path {
                path: path.to_owned(),
                source,
            })?;
        if let Some(content_type) = content_type {
            request.headers_mut().insert(CONTENT_TYPE, content_type);
        }
        if let Some(authorization) = &self.authorization {
            request
                .headers_mut()
                .insert(AUTHORIZATION, authorization.clone());
        }
        Ok(request)
    }

    /// Converts an unsuccessful response to an error.
    fn explain(&self, answer: &Response<Bytes>) -> ClientError {
        match serde_json::from_slice::<Problem>(answer.body()) {
            Ok(problem) => ClientError::Refused(Box::new(problem)),
            Err(_) => ClientError::NotOutrigger {
                address: self.address(),
                status: answer.status(),
            },
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Client")
            .field("address", &self.address())
            .field("authorization", &self.authorization)
            .finish()
    }
}

fn decode<T: DeserializeOwned>(answer: &Response<Bytes>) -> Result<T, ClientError> {
    let body = match answer.status() {
        StatusCode::NO_CONTENT => b"null",
        _ => &answer.body()[..],
    };
    serde_json::from_slice(body).map_err(|source| ClientError::Decode { source })
}
