//! Tests of the API's mechanisms without a process, with routes of their own and a store in a temporary directory.

mod background;
mod bodies;
mod fixture;
mod guards;
mod heads;
mod idempotency;
mod sites;
mod streams;
