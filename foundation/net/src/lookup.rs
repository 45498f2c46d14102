//! Name resolution.

use std::{
    fmt, io,
    net::{IpAddr, ToSocketAddrs},
    sync::Arc,
};

use async_trait::async_trait;
use tokio::sync::Semaphore;

/// Resolves names. A trait, so that tests can supply the results.
#[async_trait]
pub trait Lookup: Send + Sync + 'static {
    /// Returns all addresses of `host`.
    ///
    /// # Errors
    ///
    /// Returns an error if the name server is unavailable or does not know the name.
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>>;

    /// Returns the addresses of this machine.
    ///
    /// # Errors
    ///
    /// Returns an error if the system does not list them.
    fn own_addresses(&self) -> io::Result<Vec<IpAddr>> {
        let interfaces = if_addrs::get_if_addrs()?;
        Ok(interfaces.iter().map(if_addrs::Interface::ip).collect())
    }
}

/// Resolves names with the system's resolver, like every other program.
///
/// The resolver blocks a thread until it has a result, even if the caller has stopped waiting. The number of threads that
/// resolve is bounded, so that slow name servers cannot occupy the whole blocking thread pool. Further lookups wait.
#[derive(Clone)]
pub struct SystemLookup {
    permits: Arc<Semaphore>,
    resolve: Resolve,
}

type Resolve = Arc<dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync>;

impl SystemLookup {
    /// Creates a resolver that uses at most `lookups_max` threads.
    #[must_use]
    pub fn new(lookups_max: u32) -> Self {
        Self::with(lookups_max, |host| {
            let found = (host, 0).to_socket_addrs()?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }

    fn with(
        lookups_max: u32,
        resolve: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(lookups_max as usize)),
            resolve: Arc::new(resolve),
        }
    }
}

#[async_trait]
impl Lookup for SystemLookup {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let (host, resolve) = (host.to_owned(), Arc::clone(&self.resolve));
        outrigger_supervisor::blocking(move || {
            // Held by the thread and not by the caller, because the caller can stop waiting.
            let _permit = permit;
            resolve(&host)
        })
        .await
    }
}

impl fmt::Debug for SystemLookup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SystemLookup")
            .field("free", &self.permits.available_permits())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, mpsc};

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn an_abandoned_lookup_keeps_its_thread_until_it_ends() {
        let (answer, answers) = mpsc::channel::<()>();
        let answers = Mutex::new(answers);
        let lookup = SystemLookup::with(1, move |_| {
            let answers = answers.lock().expect("no test fails while it holds this");
            answers.recv().map_err(io::Error::other)?;
            Ok(Vec::new())
        });

        let abandoned = lookup.addresses("one").now_or_never();
        let free = lookup.permits.available_permits();
        let mut second = lookup.addresses("two");
        let waits = second.as_mut().now_or_never().is_none();
        for _ in 0..2 {
            answer.send(()).expect("the resolver listens");
        }
        let outcome = second.await;

        assert!(abandoned.is_none());
        assert_eq!((free, waits), (0, true));
        assert!(outcome.is_ok(), "{outcome:?}");
    }
}
