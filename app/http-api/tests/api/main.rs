//! The mechanisms of the API, without a process: routes that exist only here, on a store in a temporary directory.

mod background;
mod bodies;
mod fixture;
mod guards;
mod heads;
mod idempotency;
mod sites;
mod streams;
